ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check CHECK (kind IN ('reminder', 'test', 'invitation', 'password_reset'));

-- Mails with a link of their own: invitations and password resets. Of a link's secret only the hash is kept; what it is made
-- from stands with the mail until that has left, and makes it only together with the installation's key.
CREATE TABLE invitation (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'clerk', 'support', 'viewer')),
    token_hash TEXT NOT NULL UNIQUE,
    mail_id TEXT NOT NULL REFERENCES outbox (id),
    created_by TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    accepted_at TIMESTAMP,
    withdrawn_at TIMESTAMP
);
CREATE UNIQUE INDEX invitation_open ON invitation (organisation_id, email_folded)
    WHERE accepted_at IS NULL AND withdrawn_at IS NULL;

CREATE TABLE password_reset (
    id TEXT PRIMARY KEY NOT NULL,
    person_id TEXT NOT NULL REFERENCES person (id),
    token_hash TEXT NOT NULL UNIQUE,
    mail_id TEXT NOT NULL REFERENCES outbox (id),
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);
CREATE INDEX password_reset_by_person ON password_reset (person_id);

-- These go before the reminders of a batch.
CREATE INDEX outbox_due_first ON outbox (not_before, id)
    WHERE state = 'Pending' AND kind IN ('invitation', 'password_reset');

-- A person is disabled in one organisation and may work in another.
ALTER TABLE membership ADD COLUMN disabled_at TIMESTAMP;
ALTER TABLE person ADD COLUMN signed_in_at TIMESTAMP;

-- Whose a session is and on what, so that it can be listed and ended.
DELETE FROM session;
ALTER TABLE session ADD COLUMN handle TEXT;
ALTER TABLE session ADD COLUMN person_id TEXT REFERENCES person (id);
ALTER TABLE session ADD COLUMN organisation_id TEXT REFERENCES organisation (id);
ALTER TABLE session ADD COLUMN device TEXT;
CREATE UNIQUE INDEX session_handle ON session (handle) WHERE handle IS NOT NULL;
CREATE INDEX session_by_person ON session (person_id) WHERE person_id IS NOT NULL;
