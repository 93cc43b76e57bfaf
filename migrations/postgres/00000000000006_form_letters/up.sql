-- What all mails of a text have in common is kept once, with places for what differs (src/domain/email/form_letter.rs);
-- of each mail only its subject and what stands in the places, a line each.
CREATE TABLE form_letter (
    id TEXT PRIMARY KEY NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL
);
INSERT INTO form_letter SELECT mail_id, body_text, body_html FROM mail_content;

CREATE TABLE mail_content_new (
    mail_id TEXT PRIMARY KEY NOT NULL REFERENCES outbox (id),
    letter_id TEXT NOT NULL REFERENCES form_letter (id),
    subject TEXT NOT NULL,
    filled TEXT NOT NULL
);
INSERT INTO mail_content_new SELECT mail_id, mail_id, subject, '' FROM mail_content;
DROP TABLE mail_content;
ALTER TABLE mail_content_new RENAME TO mail_content;
