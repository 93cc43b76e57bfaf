//! One open reminder for an invoice, and the slot that says whose turn it was.

use diesel::result::{DatabaseErrorKind, Error};
use dunlin::clock::Ids;
use dunlin::domain::delivery::Settlement;
use dunlin::domain::ids::{InvoiceId, ReminderId};
use dunlin::domain::reminder::{FailureKind, ReminderState};
use dunlin::store::{NewReminder, StoreError};

use crate::on_both_databases;
use crate::test_store::{TestStore, at};

impl TestStore {
    async fn slot_holder(&self, invoice: InvoiceId) -> Option<ReminderId> {
        let organisation = self.organisation;
        let found = self.read(move |snapshot| snapshot.candidates(organisation, &[invoice])).await.unwrap();
        found[0].slot.as_ref().map(|slot| slot.reminder_id)
    }
}

fn is_refused_as_second<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Database(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))))
}

on_both_databases! {
    async fn a_second_open_reminder_of_an_invoice_is_refused_with_all_that_was_queued_beside_it(store: TestStore) {
        let invoices = store.invoices(3).await;
        let first = store.enqueue(&invoices[1..2], None, at(0)).await.unwrap()[0];
        assert!(is_refused_as_second(&store.enqueue(&invoices, None, at(1)).await));
        for (invoice, number) in invoices.iter().zip([0, 1, 0]) {
            assert_eq!(store.reminders_of(invoice.id).await.len(), number);
        }
        assert_eq!(store.slot_holder(invoices[1].id).await, Some(first));
        assert_eq!(store.slot_holder(invoices[0].id).await, None);
    }

    async fn a_reminder_keeps_others_of_its_invoice_away_in_every_open_state_and_in_no_other(store: TestStore) {
        let invoices = store.invoices(1).await;
        let mut holder = store.enqueue(&invoices, None, at(0)).await.unwrap()[0];
        for state in ReminderState::ALL {
            let token = matches!(state, ReminderState::Claimed | ReminderState::Committed);
            store.execute(&format!(
                "UPDATE outbox SET state = '{state}', phase = {}, reason = 'a reason', claim_token = {}, sent_at = created_at, \
                 cancelled_at = created_at WHERE id = '{holder}'",
                if token { "'InFlight'".to_owned() } else { format!("'{state}'") },
                if token { "id" } else { "NULL" }
            )).unwrap();
            let is_open = matches!(state, ReminderState::Pending | ReminderState::Claimed | ReminderState::Committed);
            match store.enqueue(&invoices, None, at(1)).await {
                Ok(ids) => {
                    assert!(!is_open, "{state}");
                    holder = ids[0];
                }
                refused => assert!(is_open && is_refused_as_second(&refused), "{state}: {refused:?}"),
            }
            assert_eq!(store.slot_holder(invoices[0].id).await, Some(holder), "{state}");
        }
    }

    async fn transactions_that_queue_for_one_invoice_at_once_leave_one_reminder_which_has_the_slot(store: TestStore) {
        let invoices = store.invoices(10).await;
        for invoice in &invoices {
            let writers = (0..4).map(|_| {
                let (store, invoice) = (store.another_process(), invoice.clone());
                tokio::spawn(async move { store.enqueue(&[invoice], None, at(0)).await })
            });
            let mut queued = Vec::new();
            for writer in writers.collect::<Vec<_>>() {
                let outcome = writer.await.unwrap();
                assert!(outcome.is_ok() || is_refused_as_second(&outcome), "{outcome:?}");
                queued.extend(outcome.into_iter().flatten());
            }
            let kept: Vec<ReminderId> =
                store.reminders_of(invoice.id).await.iter().map(|row| row.reminder.id).collect();
            assert_eq!(kept, queued);
            assert_eq!(kept.len(), 1);
            assert_eq!(store.slot_holder(invoice.id).await, Some(kept[0]));
        }
    }

    async fn every_reminder_of_an_invoice_is_listed_however_many_there_are(store: TestStore) {
        const MANY: usize = 1_200;
        let invoice = store.invoices(1).await.remove(0);
        let posting = store.reminder_posting(at(0), None);
        let new = || NewReminder { id: Ids.next(), invoice_id: invoice.id, customer_id: invoice.customer_id, resend_of: None };
        let reminders: Vec<_> = (0..MANY).map(|_| new()).collect();
        let recorded: Vec<_> = reminders.iter().map(|reminder| reminder.id).collect();
        let address = "ar@acme-customer.example".parse().unwrap();
        let recording = store.write(move |tx| {
            reminders.iter().try_for_each(|new| tx.record_failed_reminder(&posting, new, &address, "suppressed: a test"))
        });
        recording.await.unwrap();
        let listed: Vec<_> = store.reminders_of(invoice.id).await.iter().map(|row| row.reminder.id).collect();
        assert!(listed == recorded, "{} of {MANY}", listed.len());
    }

    async fn those_that_have_settled_are_told_from_the_others_in_one_reading(store: TestStore) {
        let invoices = store.invoices(4).await;
        let ids = store.enqueue(&invoices, None, at(0)).await.unwrap();
        let claimed = store.claim(Ids.next(), 3, at(0)).await;
        let failed = Settlement::failed(FailureKind::Refused, "a test");
        assert!(store.settle(&claimed[0], &[ReminderState::Claimed], failed).await);
        let cancelled = Settlement::Cancelled { reason: "A test.".to_owned() };
        assert!(store.settle(&claimed[1], &[ReminderState::Claimed], cancelled).await);
        let asked = [&ids[..], &[Ids.next()]].concat();
        let mut settled = store.read(move |snapshot| snapshot.settled(&asked)).await.unwrap();
        settled.sort_unstable();
        assert_eq!(settled, [claimed[0].id, claimed[1].id]);
        assert_eq!(store.read(|snapshot| snapshot.settled(&[])).await.unwrap(), []);
    }
}
