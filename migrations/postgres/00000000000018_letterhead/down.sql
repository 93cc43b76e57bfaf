ALTER TABLE form_letter DROP COLUMN logo_id;
ALTER TABLE outbox DROP COLUMN letterhead_id;
ALTER TABLE organisation DROP COLUMN letterhead_id;
ALTER TABLE organisation DROP COLUMN footer;
ALTER TABLE organisation DROP COLUMN logo_id;
ALTER TABLE organisation DROP COLUMN colour;
DROP TABLE letterhead;
DROP TABLE logo;
