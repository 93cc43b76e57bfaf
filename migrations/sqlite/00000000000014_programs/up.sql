-- What programs ask for is found at once, however much else waits.
CREATE INDEX outbox_due_api ON outbox (channel, not_before, id) WHERE state = 'Pending' AND channel = 'api';

-- What a program says instead of the text of the stage; kept for a resend.
CREATE TABLE own_words (
    mail_id TEXT PRIMARY KEY NOT NULL REFERENCES outbox (id),
    subject TEXT,
    message TEXT,
    CHECK (subject IS NOT NULL OR message IS NOT NULL)
);

-- A request that a program may repeat under a key of its own: what it was, the id of what comes of it, and, once it has
-- been answered, the answer.
CREATE TABLE idempotency_key (
    api_key_id TEXT NOT NULL REFERENCES api_key (id),
    word TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    thing_id TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    status INTEGER,
    body TEXT,
    PRIMARY KEY (api_key_id, word),
    CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
