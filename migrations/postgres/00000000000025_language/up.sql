-- The language that an organisation's customers read. A letterhead keeps it for what is queued, a letter for what was
-- written with it.
ALTER TABLE organisation ADD COLUMN language TEXT NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'de', 'fr', 'es'));
ALTER TABLE letterhead ADD COLUMN language TEXT NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'de', 'fr', 'es'));
ALTER TABLE form_letter ADD COLUMN language TEXT NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'de', 'fr', 'es'));
