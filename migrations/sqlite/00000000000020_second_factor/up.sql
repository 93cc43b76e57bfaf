-- Signing in with a second factor (RFC 6238). The secret is sealed with the installation's key; a step that was used is not
-- used again.
ALTER TABLE person ADD COLUMN totp_secret TEXT;
ALTER TABLE person ADD COLUMN totp_step BIGINT;
CREATE TABLE recovery_code (
    person_id TEXT NOT NULL REFERENCES person (id),
    code_hash TEXT NOT NULL,
    used_at TIMESTAMP,
    PRIMARY KEY (person_id, code_hash)
);
ALTER TABLE organisation ADD COLUMN requires_two_factor BOOLEAN NOT NULL DEFAULT FALSE;
