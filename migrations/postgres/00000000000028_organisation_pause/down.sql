-- Rather all stand still than that mails go out which an organisation has stopped.
UPDATE installation SET paused_at = COALESCE(paused_at, (SELECT MIN(paused_at) FROM organisation)),
    pause_reason = COALESCE(pause_reason, 'stopped by an organisation; “dunlin resume” lets it go on.')
WHERE EXISTS (SELECT 1 FROM organisation WHERE paused_at IS NOT NULL);
DROP INDEX organisation_paused;
ALTER TABLE organisation DROP COLUMN pause_reason;
ALTER TABLE organisation DROP COLUMN paused_at;
