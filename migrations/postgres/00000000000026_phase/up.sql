-- What the indexes go by: the state, but one phase for Claimed and Committed. Then the point of no return, which is passed for
-- each mail, moves no entry of an index, and the row stays on its page while that has room.
ALTER TABLE outbox ADD COLUMN phase TEXT NOT NULL DEFAULT 'Pending';
UPDATE outbox SET phase = CASE WHEN state IN ('Claimed', 'Committed') THEN 'InFlight' ELSE state END;
ALTER TABLE outbox ALTER COLUMN phase DROP DEFAULT;
ALTER TABLE outbox ADD CONSTRAINT outbox_phase_check
    CHECK (phase = CASE WHEN state IN ('Claimed', 'Committed') THEN 'InFlight' ELSE state END);
ALTER TABLE outbox SET (fillfactor = 60);
-- So does that of an invoice when it notes its last reminder, which no index holds.
ALTER TABLE invoice SET (fillfactor = 85);
DROP INDEX outbox_one_open;
CREATE UNIQUE INDEX outbox_one_open ON outbox (invoice_id)
    WHERE kind = 'reminder' AND phase IN ('Pending', 'InFlight');
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (not_before, id, organisation_id) WHERE phase = 'Pending';
DROP INDEX outbox_due_api;
CREATE INDEX outbox_due_api ON outbox (channel, not_before, id) WHERE phase = 'Pending' AND channel = 'api';
DROP INDEX outbox_due_first;
CREATE INDEX outbox_due_first ON outbox (not_before, id)
    WHERE phase = 'Pending' AND kind IN ('invitation', 'password_reset', 'account_notice');
DROP INDEX outbox_in_flight;
CREATE INDEX outbox_in_flight ON outbox (id) WHERE phase = 'InFlight';
DROP INDEX outbox_unconfirmed;
CREATE INDEX outbox_unconfirmed ON outbox (organisation_id, id) WHERE phase = 'Unconfirmed';
DROP INDEX outbox_by_batch;
CREATE INDEX outbox_by_batch ON outbox (batch_id, phase, kept_here, id) WHERE batch_id IS NOT NULL;
