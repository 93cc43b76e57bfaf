-- One more kind of mail: what a person is told of their account.
ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check
    CHECK (kind IN ('reminder', 'test', 'invitation', 'password_reset', 'account_notice'));

-- These too go before the reminders of a batch.
DROP INDEX outbox_due_first;
CREATE INDEX outbox_due_first ON outbox (not_before, id)
    WHERE state = 'Pending' AND kind IN ('invitation', 'password_reset', 'account_notice');

-- A person is disabled in an organisation, never as a whole.
ALTER TABLE person DROP COLUMN disabled_at;
