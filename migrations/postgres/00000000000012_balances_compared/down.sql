DROP INDEX invoice_open_by_balance;
DROP INDEX invoice_by_balance;
CREATE INDEX invoice_open_by_balance ON invoice (organisation_id, balance, id)
    WHERE state IN ('Sent', 'PartiallyPaid') AND archived_at IS NULL;
CREATE INDEX invoice_by_balance ON invoice (organisation_id, balance, id);
