-- Sending can be stopped, for the whole installation or for one batch.
ALTER TABLE installation ADD COLUMN paused_at TIMESTAMP;
ALTER TABLE installation ADD COLUMN pause_reason TEXT;
ALTER TABLE reminder_batch ADD COLUMN paused_at TIMESTAMP;
ALTER TABLE reminder_batch ADD COLUMN pause_reason TEXT;

-- The clone marker: also kept beside the database, so that a copy is noticed.
ALTER TABLE installation ADD COLUMN instance_id TEXT;
ALTER TABLE installation ADD COLUMN starts BIGINT NOT NULL DEFAULT 0;

-- "Do not remind": while there is a reason, up to and with the day `hold_until`, or without an end.
ALTER TABLE customer ADD COLUMN hold_reason TEXT;
ALTER TABLE customer ADD COLUMN hold_until DATE;
ALTER TABLE invoice ADD COLUMN hold_reason TEXT;
ALTER TABLE invoice ADD COLUMN hold_until DATE;

-- Addresses that must not be mailed. A lifted one is kept for the record.
CREATE TABLE suppression (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    address TEXT NOT NULL,
    address_folded TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('hard_bounce', 'complaint', 'opted_out', 'manual')),
    evidence TEXT NOT NULL,
    actor TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    lifted_at TIMESTAMP,
    lifted_by TEXT,
    lift_reason TEXT,
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL))
);
CREATE UNIQUE INDEX suppression_active ON suppression (organisation_id, address_folded) WHERE lifted_at IS NULL;
CREATE INDEX suppression_by_organisation ON suppression (organisation_id, id);

-- A process that sends. It raises `beat`; who does not see it change takes its mails over.
CREATE TABLE worker (
    id TEXT PRIMARY KEY NOT NULL,
    beat BIGINT NOT NULL,
    started_at TIMESTAMP NOT NULL
);

-- Which worker holds a claim.
ALTER TABLE outbox ADD COLUMN claimed_by TEXT;
-- The token of the try whose outcome is not known: late evidence still settles it.
ALTER TABLE outbox ADD COLUMN commit_token TEXT;
-- Whether the next try repeats the kept bytes instead of rendering anew.
ALTER TABLE outbox ADD COLUMN is_repeat BOOLEAN NOT NULL DEFAULT FALSE;
-- What the kept text was rendered from, and the date in it.
ALTER TABLE outbox ADD COLUMN rendered_balance BIGINT;
ALTER TABLE outbox ADD COLUMN rendered_due_on DATE;
ALTER TABLE outbox ADD COLUMN dated_at TIMESTAMP;
-- Since when the mailbox is full.
ALTER TABLE outbox ADD COLUMN full_since TIMESTAMP;
CREATE INDEX outbox_unconfirmed ON outbox (organisation_id, id) WHERE state = 'Unconfirmed';

-- Suppressed addresses and holds are reasons to be left out.
ALTER TABLE batch_left_out DROP CONSTRAINT batch_left_out_reason_check;
ALTER TABLE batch_left_out ADD CONSTRAINT batch_left_out_reason_check CHECK (reason IN
    ('no_email', 'suppressed', 'on_hold', 'on_its_way', 'unconfirmed', 'archived', 'draft', 'paid', 'void', 'credited'));

-- Each try's outcome and reply are in the audit log.
DROP TABLE attempt;
