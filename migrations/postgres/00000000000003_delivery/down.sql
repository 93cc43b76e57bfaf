CREATE TABLE attempt (
    mail_id TEXT NOT NULL REFERENCES outbox (id),
    number INTEGER NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP NOT NULL,
    outcome TEXT NOT NULL,
    reply TEXT NOT NULL,
    PRIMARY KEY (mail_id, number)
);
DELETE FROM batch_left_out WHERE reason IN ('suppressed', 'on_hold');
ALTER TABLE batch_left_out DROP CONSTRAINT batch_left_out_reason_check;
ALTER TABLE batch_left_out ADD CONSTRAINT batch_left_out_reason_check CHECK (reason IN
    ('no_email', 'on_its_way', 'unconfirmed', 'archived', 'draft', 'paid', 'void', 'credited'));
DROP INDEX outbox_unconfirmed;
ALTER TABLE outbox DROP COLUMN full_since;
ALTER TABLE outbox DROP COLUMN dated_at;
ALTER TABLE outbox DROP COLUMN rendered_due_on;
ALTER TABLE outbox DROP COLUMN rendered_balance;
ALTER TABLE outbox DROP COLUMN is_repeat;
ALTER TABLE outbox DROP COLUMN commit_token;
ALTER TABLE outbox DROP COLUMN claimed_by;
DROP TABLE worker;
DROP TABLE suppression;
ALTER TABLE invoice DROP COLUMN hold_until;
ALTER TABLE invoice DROP COLUMN hold_reason;
ALTER TABLE customer DROP COLUMN hold_until;
ALTER TABLE customer DROP COLUMN hold_reason;
ALTER TABLE installation DROP COLUMN starts;
ALTER TABLE installation DROP COLUMN instance_id;
ALTER TABLE reminder_batch DROP COLUMN pause_reason;
ALTER TABLE reminder_batch DROP COLUMN paused_at;
ALTER TABLE installation DROP COLUMN pause_reason;
ALTER TABLE installation DROP COLUMN paused_at;
