DROP INDEX outbox_one_open;
CREATE UNIQUE INDEX outbox_one_open ON outbox (invoice_id)
    WHERE kind = 'reminder' AND state IN ('Pending', 'Claimed', 'Committed');
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (not_before, id, organisation_id) WHERE state = 'Pending';
DROP INDEX outbox_due_api;
CREATE INDEX outbox_due_api ON outbox (channel, not_before, id) WHERE state = 'Pending' AND channel = 'api';
DROP INDEX outbox_due_first;
CREATE INDEX outbox_due_first ON outbox (not_before, id)
    WHERE state = 'Pending' AND kind IN ('invitation', 'password_reset', 'account_notice');
DROP INDEX outbox_in_flight;
CREATE INDEX outbox_in_flight ON outbox (id) WHERE state IN ('Claimed', 'Committed');
DROP INDEX outbox_unconfirmed;
CREATE INDEX outbox_unconfirmed ON outbox (organisation_id, id) WHERE state = 'Unconfirmed';
DROP INDEX outbox_by_batch;
CREATE INDEX outbox_by_batch ON outbox (batch_id, state, kept_here, id) WHERE batch_id IS NOT NULL;
ALTER TABLE invoice RESET (fillfactor);
ALTER TABLE outbox RESET (fillfactor);
ALTER TABLE outbox DROP CONSTRAINT outbox_phase_check;
ALTER TABLE outbox DROP COLUMN phase;
