-- Whether single letters are commands on a person's pages (WCAG 2.1.4).
ALTER TABLE person ADD COLUMN has_single_keys BOOLEAN NOT NULL DEFAULT TRUE;
