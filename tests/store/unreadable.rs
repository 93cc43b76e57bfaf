//! What no value of ours is: refused by the database, or an error that names the column; never a default.

use dunlin::clock::Ids;
use dunlin::domain::person::Actor;
use dunlin::store::{AuditEntry, Lane, StoreError};

use crate::on_both_databases;
use crate::test_store::{TestStore, at};

fn column_of<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> &'static str {
    match outcome {
        Err(StoreError::Unreadable { column, .. }) => column,
        other => panic!("{other:?} is not a value that cannot be read"),
    }
}

impl TestStore {
    fn in_state(&self, state: &str) -> usize {
        let query = format!("SELECT id AS line FROM outbox WHERE state = '{state}'");
        crate::sql::lines(self.address(), &query).len()
    }
}

on_both_databases! {
    async fn a_stored_value_that_cannot_be_read_is_an_error_that_names_its_column(store: TestStore) {
        let invoices = store.invoices(1).await;
        let (organisation, id) = (store.organisation, invoices[0].id);
        let reminder = store.enqueue(&invoices, None, at(0)).await.unwrap()[0];
        let entry = AuditEntry {
            id: Ids.next(),
            organisation_id: organisation,
            at: at(0),
            actor: Actor::System,
            event: "reminder.queued",
            invoice_id: Some(id),
            mail_id: None,
            batch_id: None,
            detail: String::new(),
        };
        store.write(move |tx| tx.record(&entry)).await.unwrap();
        let spoil = |statement: &str| store.execute(statement).unwrap();

        spoil("UPDATE outbox SET actor = 'nobody'");
        let found = store.read(move |snapshot| snapshot.reminder(organisation, reminder)).await;
        assert_eq!(column_of(found), "outbox.actor");
        spoil("UPDATE outbox SET message_id = message_id, from_email = 'no address'");
        let taken = store.write(move |tx| tx.claim_mails(Lane::Others, Ids.next(), Ids.next(), 1, at(0))).await;
        assert_eq!(column_of(taken), "outbox.from_email");
        assert_eq!(store.in_state("Pending"), 1, "a claim that cannot be read is given up whole");
        spoil("UPDATE audit SET actor = 'rule:'");
        assert_eq!(column_of(store.read(move |snapshot| snapshot.invoice_timeline(id)).await), "audit.actor");

        spoil("UPDATE customer SET email = 'a, b'");
        assert_eq!(column_of(store.read(move |snapshot| snapshot.invoice(organisation, id)).await), "customer.email");
        spoil("UPDATE customer SET email = NULL");
        spoil("UPDATE invoice SET currency = 'XXL'");
        assert_eq!(column_of(store.read(move |snapshot| snapshot.invoice(organisation, id)).await), "invoice.total");
        spoil("UPDATE organisation SET time_zone = 'Mars/Olympus Mons'");
        assert_eq!(column_of(store.read(|snapshot| snapshot.organisations()).await), "organisation.time_zone");
    }

    async fn words_and_figures_that_no_value_has_are_refused_by_the_database_itself(store: TestStore) {
        let invoices = store.invoices(1).await;
        store.enqueue(&invoices, None, at(0)).await.unwrap();
        for statement in [
            "UPDATE invoice SET state = 'Lost'",
            "UPDATE invoice SET state = 'sent'",
            "UPDATE invoice SET state = 'Paid'",
            "UPDATE invoice SET balance = 0",
            "UPDATE invoice SET balance = total + 1",
            "UPDATE invoice SET balance = -1",
            "UPDATE invoice SET customer_id = 'nobody'",
            "UPDATE outbox SET state = 'Lost', phase = 'Lost'",
            "UPDATE outbox SET state = 'Sent', phase = 'Sent'",
            "UPDATE outbox SET state = 'Cancelled', phase = 'Cancelled'",
            "UPDATE outbox SET state = 'Failed', phase = 'Failed'",
            "UPDATE outbox SET state = 'Unconfirmed', phase = 'Unconfirmed'",
            "UPDATE outbox SET state = 'Claimed', phase = 'InFlight'",
            "UPDATE outbox SET phase = 'InFlight'",
            "UPDATE outbox SET claim_token = 'token'",
            "UPDATE outbox SET channel = 'pigeon'",
            "UPDATE outbox SET channel = NULL",
            "UPDATE outbox SET kind = 'letter'",
            "UPDATE outbox SET stage = 'Never'",
            "UPDATE template_version SET origin = 'copied'",
            "DELETE FROM customer",
            "DELETE FROM organisation",
            "INSERT INTO installation (id) VALUES (2)",
        ] {
            assert!(store.execute(statement).is_err(), "{statement}");
        }
        assert_eq!(store.in_state("Pending"), 1);
    }
}
