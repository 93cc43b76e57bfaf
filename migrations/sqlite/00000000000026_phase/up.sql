-- What the indexes go by: the state, but one phase for Claimed and Committed. Then the point of no return, which is passed for
-- each mail, moves no entry of an index.
ALTER TABLE outbox ADD COLUMN phase TEXT NOT NULL DEFAULT 'Pending';
UPDATE outbox SET phase = CASE WHEN state IN ('Claimed', 'Committed') THEN 'InFlight' ELSE state END;
-- SQLite tests a list of more than two by a table of its own, which it fills anew in each statement. A check cannot be altered
-- without copying the table; its text can (see 00000000000019_accounts).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(replace(sql, 'phase TEXT NOT NULL DEFAULT ''Pending''',
    'phase TEXT NOT NULL CHECK (phase = CASE WHEN state IN (''Claimed'', ''Committed'') THEN ''InFlight'' ELSE state END)'),
    'CHECK (state IN
        (''Scheduled'', ''Pending'', ''Claimed'', ''Committed'', ''Sent'', ''Failed'', ''Unconfirmed'', ''Cancelled''))',
    'CHECK (state = ''Sent'' OR state = ''Committed'' OR state = ''Claimed'' OR state = ''Pending''
        OR state = ''Failed'' OR state = ''Unconfirmed'' OR state = ''Cancelled'' OR state = ''Scheduled'')')
WHERE type = 'table' AND name = 'outbox';
PRAGMA writable_schema = RESET;
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
