DROP INDEX outbox_by_batch;
CREATE INDEX outbox_by_batch ON outbox (batch_id, state, id) WHERE batch_id IS NOT NULL;
ALTER TABLE outbox DROP COLUMN kept_here;
