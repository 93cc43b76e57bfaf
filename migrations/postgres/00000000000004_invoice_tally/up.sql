-- How many invoices there are of each kind and what is owed on them, kept by the database itself: the figures of the list
-- are then read from a few rows, however large the ledger is. Invoices are never deleted.
--
-- A kind may have several rows, whose sum counts. Who changes a kind replaces those of its rows that nobody else is
-- changing by one: so two transactions never wait for one another, and the rows stay few.
CREATE TABLE invoice_tally (
    organisation_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    is_archived BOOLEAN NOT NULL,
    due_on DATE NOT NULL,
    number BIGINT NOT NULL,
    owed BIGINT NOT NULL
);
CREATE INDEX invoice_tally_kind ON invoice_tally (organisation_id, currency, state, is_archived, due_on);

INSERT INTO invoice_tally
SELECT organisation_id, currency, state, archived_at IS NOT NULL, due_on, COUNT(*), SUM(balance)
FROM invoice GROUP BY 1, 2, 3, 4, 5;

CREATE FUNCTION invoice_tally_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH new_kind AS (
        SELECT organisation_id, currency, state, archived_at IS NOT NULL AS is_archived, due_on,
            COUNT(*) AS number, SUM(balance) AS owed
        FROM added GROUP BY 1, 2, 3, 4, 5
    ), replaced AS (
        DELETE FROM invoice_tally WHERE ctid = ANY (ARRAY(
            SELECT t.ctid FROM new_kind JOIN invoice_tally t USING (organisation_id, currency, state, is_archived, due_on)
            FOR UPDATE OF t SKIP LOCKED
        )) RETURNING *
    )
    INSERT INTO invoice_tally
    SELECT organisation_id, currency, state, is_archived, due_on, SUM(number), SUM(owed)
    FROM (SELECT * FROM new_kind UNION ALL SELECT * FROM replaced) AS together
    GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END
$$;
CREATE TRIGGER invoice_tally_added AFTER INSERT ON invoice
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION invoice_tally_added();

CREATE FUNCTION invoice_tally_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH changed (organisation_id, currency, state, is_archived, due_on, number, owed) AS (VALUES
        (OLD.organisation_id, OLD.currency, OLD.state, OLD.archived_at IS NOT NULL, OLD.due_on, -1, -OLD.balance),
        (NEW.organisation_id, NEW.currency, NEW.state, NEW.archived_at IS NOT NULL, NEW.due_on, 1, NEW.balance)
    ), replaced AS (
        DELETE FROM invoice_tally WHERE ctid = ANY (ARRAY(
            SELECT t.ctid FROM changed JOIN invoice_tally t USING (organisation_id, currency, state, is_archived, due_on)
            FOR UPDATE OF t SKIP LOCKED
        )) RETURNING *
    )
    INSERT INTO invoice_tally
    SELECT organisation_id, currency, state, is_archived, due_on, SUM(number), SUM(owed)
    FROM (SELECT * FROM changed UNION ALL SELECT * FROM replaced) AS together
    GROUP BY 1, 2, 3, 4, 5
    HAVING SUM(number) <> 0 OR SUM(owed) <> 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER invoice_tally_changed AFTER UPDATE ON invoice FOR EACH ROW
WHEN (OLD.currency <> NEW.currency OR OLD.state <> NEW.state OR OLD.due_on <> NEW.due_on OR OLD.balance <> NEW.balance
    OR (OLD.archived_at IS NULL) <> (NEW.archived_at IS NULL))
EXECUTE FUNCTION invoice_tally_changed();

-- Only the figures were read from these.
DROP INDEX invoice_by_state;
DROP INDEX invoice_totals;
