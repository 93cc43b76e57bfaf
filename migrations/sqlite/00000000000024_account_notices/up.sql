-- One more kind of mail: what a person is told of their account. As with the kinds before it, the check's text alone changes.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, '''invitation'', ''password_reset''', '''invitation'', ''password_reset'', ''account_notice''')
WHERE type = 'table' AND name = 'outbox';
PRAGMA writable_schema = RESET;

-- These too go before the reminders of a batch.
DROP INDEX outbox_due_first;
CREATE INDEX outbox_due_first ON outbox (not_before, id)
    WHERE state = 'Pending' AND kind IN ('invitation', 'password_reset', 'account_notice');

-- A person is disabled in an organisation, never as a whole.
ALTER TABLE person DROP COLUMN disabled_at;
