-- When a person last entered an organisation: signing in leads to the one they worked in last.
ALTER TABLE membership ADD COLUMN entered_at TIMESTAMP;

-- How many mails of one organisation wait is counted in the index alone.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (not_before, id, organisation_id) WHERE state = 'Pending';
