ALTER TABLE form_letter DROP COLUMN language;
ALTER TABLE letterhead DROP COLUMN language;
ALTER TABLE organisation DROP COLUMN language;
