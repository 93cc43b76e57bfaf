ALTER TABLE membership DROP COLUMN entered_at;
