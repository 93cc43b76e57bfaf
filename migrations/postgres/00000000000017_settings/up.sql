-- The name that mails come from, where it is another than the organisation's own.
ALTER TABLE organisation ADD COLUMN sender_name TEXT;
-- What concerns no single invoice or mail is found in the audit log without reading past the many rows that do. Those, which
-- the sending and the imports write, are not in it.
CREATE INDEX audit_of_changes ON audit (organisation_id, id) WHERE invoice_id IS NULL AND mail_id IS NULL;
