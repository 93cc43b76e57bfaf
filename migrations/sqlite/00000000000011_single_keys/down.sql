ALTER TABLE person DROP COLUMN has_single_keys;
