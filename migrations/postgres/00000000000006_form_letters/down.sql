-- The bodies are whole again only where a mail had a letter of its own.
ALTER TABLE mail_content ADD COLUMN body_text TEXT;
ALTER TABLE mail_content ADD COLUMN body_html TEXT;
UPDATE mail_content m SET body_text = l.body_text, body_html = l.body_html FROM form_letter l WHERE l.id = m.letter_id;
ALTER TABLE mail_content ALTER COLUMN body_text SET NOT NULL;
ALTER TABLE mail_content ALTER COLUMN body_html SET NOT NULL;
ALTER TABLE mail_content DROP COLUMN filled;
ALTER TABLE mail_content DROP COLUMN letter_id;
DROP TABLE form_letter;
