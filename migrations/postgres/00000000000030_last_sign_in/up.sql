-- When a person was last here is told of each organisation by itself. Until now a sign-in with a code was noted of the person alone.
UPDATE membership SET entered_at = (SELECT p.signed_in_at FROM person p WHERE p.id = membership.person_id)
WHERE (SELECT COUNT(*) FROM membership other WHERE other.person_id = membership.person_id) = 1;
ALTER TABLE person DROP COLUMN signed_in_at;
