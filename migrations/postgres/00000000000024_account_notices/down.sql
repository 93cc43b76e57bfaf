ALTER TABLE person ADD COLUMN disabled_at TIMESTAMP;
DROP INDEX outbox_due_first;
CREATE INDEX outbox_due_first ON outbox (not_before, id)
    WHERE state = 'Pending' AND kind IN ('invitation', 'password_reset');
DELETE FROM mail_content WHERE mail_id IN (SELECT id FROM outbox WHERE kind = 'account_notice');
DELETE FROM outbox WHERE kind = 'account_notice';
ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check CHECK (kind IN ('reminder', 'test', 'invitation', 'password_reset'));
