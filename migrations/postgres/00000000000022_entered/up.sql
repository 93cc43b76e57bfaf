-- When a person last entered an organisation: signing in leads to the one they worked in last.
ALTER TABLE membership ADD COLUMN entered_at TIMESTAMP;
