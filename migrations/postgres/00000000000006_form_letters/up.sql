-- What all mails of a text have in common is kept once, with places for what differs (src/domain/email/form_letter.rs);
-- of each mail only its subject and what stands in the places, a line each.
CREATE TABLE form_letter (
    id TEXT PRIMARY KEY NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL
);
INSERT INTO form_letter SELECT mail_id, body_text, body_html FROM mail_content;

ALTER TABLE mail_content ADD COLUMN letter_id TEXT REFERENCES form_letter (id);
ALTER TABLE mail_content ADD COLUMN filled TEXT NOT NULL DEFAULT '';
UPDATE mail_content SET letter_id = mail_id;
ALTER TABLE mail_content ALTER COLUMN letter_id SET NOT NULL;
ALTER TABLE mail_content ALTER COLUMN filled DROP DEFAULT;
ALTER TABLE mail_content DROP COLUMN body_text;
ALTER TABLE mail_content DROP COLUMN body_html;
