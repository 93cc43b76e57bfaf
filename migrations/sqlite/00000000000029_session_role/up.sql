-- The role that a session was last used with: the first request that finds another one renews the session, and no other does.
ALTER TABLE session ADD COLUMN role TEXT CHECK (role IN ('admin', 'clerk', 'support', 'viewer'));
UPDATE session SET role = (SELECT m.role FROM membership m
    WHERE m.person_id = session.person_id AND m.organisation_id = session.organisation_id);
