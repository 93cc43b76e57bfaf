DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (not_before, id) WHERE state = 'Pending';
ALTER TABLE membership DROP COLUMN entered_at;
