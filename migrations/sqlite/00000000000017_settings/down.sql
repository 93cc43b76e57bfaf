DROP INDEX audit_of_changes;
ALTER TABLE organisation DROP COLUMN sender_name;
