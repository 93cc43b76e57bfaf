-- Whether a mail was kept as a file instead of being handed to a mail server: told from here, whatever the setting is now.
-- Only Sent rows are it; the index lets a batch be counted without its rows.
ALTER TABLE outbox ADD COLUMN kept_here BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE outbox SET kept_here = TRUE WHERE state = 'Sent' AND reply = '250 kept';
DROP INDEX outbox_by_batch;
CREATE INDEX outbox_by_batch ON outbox (batch_id, state, kept_here, id) WHERE batch_id IS NOT NULL;
