-- Balances of several currencies in one order: in ten-thousandths of the major unit. The expression is the one that
-- `src/store/balances.rs` writes, or the indexes are not found.
DROP INDEX invoice_open_by_balance;
DROP INDEX invoice_by_balance;
CREATE INDEX invoice_open_by_balance ON invoice (organisation_id, (balance * CASE WHEN currency IN ('BIF','CLP','DJF','GNF','ISK','JPY','KMF','KRW','PYG','RWF','UGX','UYI','VND','VUV','XAF','XOF','XPF') THEN 10000 WHEN currency IN ('BHD','IQD','JOD','KWD','LYD','OMR','TND') THEN 10 WHEN currency IN ('CLF','UYW') THEN 1 ELSE 100 END), id)
    WHERE state IN ('Sent', 'PartiallyPaid') AND archived_at IS NULL;
CREATE INDEX invoice_by_balance ON invoice (organisation_id, (balance * CASE WHEN currency IN ('BIF','CLP','DJF','GNF','ISK','JPY','KMF','KRW','PYG','RWF','UGX','UYI','VND','VUV','XAF','XOF','XPF') THEN 10000 WHEN currency IN ('BHD','IQD','JOD','KWD','LYD','OMR','TND') THEN 10 WHEN currency IN ('CLF','UYW') THEN 1 ELSE 100 END), id);
