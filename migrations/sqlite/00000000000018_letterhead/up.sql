-- How an organisation's mails look around their text. A letterhead and a logo never change: a change makes others, and what
-- was queued or sent with the old ones keeps them.
CREATE TABLE logo (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    picture TEXT NOT NULL CHECK (picture IN ('png', 'jpeg')),
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    content BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE TABLE letterhead (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    colour TEXT,
    logo_id TEXT REFERENCES logo (id),
    footer TEXT,
    created_at TIMESTAMP NOT NULL
);
ALTER TABLE organisation ADD COLUMN colour TEXT;
ALTER TABLE organisation ADD COLUMN logo_id TEXT REFERENCES logo (id);
ALTER TABLE organisation ADD COLUMN footer TEXT;
ALTER TABLE organisation ADD COLUMN letterhead_id TEXT REFERENCES letterhead (id);
ALTER TABLE outbox ADD COLUMN letterhead_id TEXT REFERENCES letterhead (id);
ALTER TABLE form_letter ADD COLUMN logo_id TEXT REFERENCES logo (id);
