-- Who made a key. Those from before were made by the command.
ALTER TABLE api_key ADD COLUMN actor TEXT NOT NULL DEFAULT 'system';
