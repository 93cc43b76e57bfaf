ALTER TABLE installation DROP COLUMN copy_reason;
ALTER TABLE installation DROP COLUMN instance_place;
