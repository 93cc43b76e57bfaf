-- Where the database was when its mark was written: what tells a copy on PostgreSQL. With SQLite the file `instance` counts.
ALTER TABLE installation ADD COLUMN instance_place TEXT;
-- Why this looks like a copy, until somebody confirms it. A person's own pause keeps its reason beside it.
ALTER TABLE installation ADD COLUMN copy_reason TEXT;
