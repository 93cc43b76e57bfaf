ALTER TABLE organisation DROP COLUMN requires_two_factor;
DROP TABLE recovery_code;
ALTER TABLE person DROP COLUMN totp_step;
ALTER TABLE person DROP COLUMN totp_secret;
