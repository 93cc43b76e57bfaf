CREATE TABLE audit_old (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT REFERENCES organisation (id),
    at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL,
    invoice_id TEXT,
    mail_id TEXT,
    batch_id TEXT,
    detail TEXT NOT NULL
);
INSERT INTO audit_old SELECT id, organisation_id, at, actor, event, invoice_id, mail_id, batch_id, detail FROM audit;
DROP TABLE audit;
ALTER TABLE audit_old RENAME TO audit;
CREATE INDEX audit_by_invoice ON audit (invoice_id, id) WHERE invoice_id IS NOT NULL;
CREATE INDEX audit_by_mail ON audit (mail_id, id) WHERE mail_id IS NOT NULL;
CREATE INDEX audit_by_batch ON audit (batch_id, id) WHERE batch_id IS NOT NULL;
