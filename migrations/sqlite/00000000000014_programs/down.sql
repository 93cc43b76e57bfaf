DROP TABLE idempotency_key;
DROP TABLE own_words;
DROP INDEX outbox_due_api;
