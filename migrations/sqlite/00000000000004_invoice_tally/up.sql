-- How many invoices there are of each kind and what is owed on them, kept by the database itself: the figures of the list
-- are then read from a few rows, however large the ledger is. Invoices are never deleted.
CREATE TABLE invoice_tally (
    organisation_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    is_archived BOOLEAN NOT NULL,
    due_on DATE NOT NULL,
    number BIGINT NOT NULL,
    owed BIGINT NOT NULL,
    PRIMARY KEY (organisation_id, currency, state, is_archived, due_on)
) WITHOUT ROWID;

INSERT INTO invoice_tally
SELECT organisation_id, currency, state, archived_at IS NOT NULL, due_on, COUNT(*), SUM(balance)
FROM invoice GROUP BY 1, 2, 3, 4, 5;

CREATE TRIGGER invoice_tally_added AFTER INSERT ON invoice
BEGIN
    INSERT INTO invoice_tally
    VALUES (NEW.organisation_id, NEW.currency, NEW.state, NEW.archived_at IS NOT NULL, NEW.due_on, 1, NEW.balance)
    ON CONFLICT DO UPDATE SET number = number + 1, owed = owed + excluded.owed;
END;

CREATE TRIGGER invoice_tally_changed AFTER UPDATE OF currency, state, archived_at, due_on, balance ON invoice
WHEN OLD.currency <> NEW.currency OR OLD.state <> NEW.state OR OLD.due_on <> NEW.due_on OR OLD.balance <> NEW.balance
    OR (OLD.archived_at IS NULL) <> (NEW.archived_at IS NULL)
BEGIN
    UPDATE invoice_tally SET number = number - 1, owed = owed - OLD.balance
    WHERE organisation_id = OLD.organisation_id AND currency = OLD.currency AND state = OLD.state
        AND is_archived = (OLD.archived_at IS NOT NULL) AND due_on = OLD.due_on;
    INSERT INTO invoice_tally
    VALUES (NEW.organisation_id, NEW.currency, NEW.state, NEW.archived_at IS NOT NULL, NEW.due_on, 1, NEW.balance)
    ON CONFLICT DO UPDATE SET number = number + 1, owed = owed + excluded.owed;
END;

-- Only the figures were read from these.
DROP INDEX invoice_by_state;
DROP INDEX invoice_totals;
