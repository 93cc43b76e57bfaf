ALTER TABLE person ADD COLUMN signed_in_at TIMESTAMP;
UPDATE person SET signed_in_at = (SELECT MAX(m.entered_at) FROM membership m WHERE m.person_id = person.id);
