CREATE INDEX invoice_totals ON invoice (organisation_id, currency, state, archived_at, due_on, balance);
CREATE INDEX invoice_by_state ON invoice (organisation_id, state, archived_at, due_on);
DROP TRIGGER invoice_tally_changed;
DROP TRIGGER invoice_tally_added;
DROP TABLE invoice_tally;
