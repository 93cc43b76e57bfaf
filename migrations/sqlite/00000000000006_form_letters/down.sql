-- The bodies are whole again only where a mail had a letter of its own.
CREATE TABLE mail_content_old (
    mail_id TEXT PRIMARY KEY NOT NULL REFERENCES outbox (id),
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL
);
INSERT INTO mail_content_old
SELECT m.mail_id, m.subject, l.body_text, l.body_html FROM mail_content m JOIN form_letter l ON l.id = m.letter_id;
DROP TABLE mail_content;
ALTER TABLE mail_content_old RENAME TO mail_content;
DROP TABLE form_letter;
