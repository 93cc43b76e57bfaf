//! A write is all or nothing, writers wait for each other, and a read sees one state of the database.

use std::sync::mpsc;
use std::time::Duration;

use dunlin::clock::Ids;
use dunlin::domain::ids::{InvoiceId, OrganisationId};
use dunlin::domain::person::Actor;
use dunlin::store::{AuditEntry, DatabaseAddress, StoreError, TemplateVersion};
use tokio::sync::oneshot;

use crate::ledger::customer;
use crate::on_both_databases;
use crate::test_store::{TestStore, at, organisation, version};

/// More closures than any pool has connections.
const OFTEN: usize = 12;

/// How long a transaction waits for another one that may have to wait for it.
const PATIENCE: Duration = Duration::from_millis(300);

fn entry(organisation_id: OrganisationId, invoice: InvoiceId) -> AuditEntry {
    AuditEntry {
        id: Ids.next(),
        organisation_id,
        at: at(0),
        actor: Actor::System,
        event: "invoice.changed",
        invoice_id: Some(invoice),
        mail_id: None,
        batch_id: None,
        detail: String::new(),
    }
}

impl TestStore {
    async fn customers(&self) -> usize {
        let organisation = self.organisation;
        self.read(move |snapshot| Ok(snapshot.ledger_customers(organisation)?.len())).await.unwrap()
    }

    async fn history(&self) -> Vec<TemplateVersion> {
        let template = self.version.template_id;
        let history = self.read(move |snapshot| snapshot.template_history(template)).await.unwrap();
        history.into_iter().map(|saved| saved.version).collect()
    }
}

on_both_databases! {
    async fn a_closure_that_returns_an_error_leaves_nothing_behind(store: TestStore) {
        let id = store.organisation;
        for _ in 0..OFTEN {
            let outcome = store
                .write(move |tx| {
                    tx.write_customers(id, &[customer("Acme")], at(0))?;
                    Err::<(), _>(StoreError::Missing("reason to go on"))
                })
                .await;
            assert!(matches!(outcome, Err(StoreError::Missing("reason to go on"))), "{outcome:?}");
        }
        assert_eq!(store.customers().await, 0);
        store.keep(&[customer("Acme")], &[]).await.unwrap();
        assert_eq!(store.customers().await, 1);
    }

    async fn a_statement_that_is_refused_leaves_nothing_of_its_transaction_behind(store: TestStore) {
        let (id, twice) = (store.organisation, organisation("Twice"));
        for _ in 0..OFTEN {
            let twice = twice.clone();
            let outcome = store
                .write(move |tx| {
                    tx.write_customers(id, &[customer("Acme")], at(0))?;
                    tx.add_organisation(&twice, at(0))?;
                    tx.add_organisation(&twice, at(0))
                })
                .await;
            assert!(matches!(outcome, Err(StoreError::Database(_))), "{outcome:?}");
        }
        assert_eq!(store.customers().await, 0);
    }

    async fn a_write_that_is_said_to_be_done_is_done_even_after_an_error_that_nobody_minded(store: TestStore) {
        let (id, twice) = (store.organisation, organisation("Twice"));
        let outcome = store
            .write(move |tx| {
                tx.write_customers(id, &[customer("Acme")], at(0))?;
                tx.add_organisation(&twice, at(0))?;
                tx.add_organisation(&twice, at(0)).ok();
                Ok(())
            })
            .await;
        assert_eq!(store.customers().await == 1, outcome.is_ok(), "{outcome:?}");
    }

    async fn a_closure_that_panics_leaves_nothing_behind_and_the_pools_work_afterwards(store: TestStore) {
        let id = store.organisation;
        for _ in 0..OFTEN {
            let (writing, reading) = (store.store.clone(), store.store.clone());
            let written = tokio::spawn(async move {
                writing
                    .write::<(), StoreError>(move |tx| {
                        tx.write_customers(id, &[customer("Acme")], at(0))?;
                        panic!("a test's own panic")
                    })
                    .await
            });
            let read = tokio::spawn(async move {
                reading
                    .read::<(), StoreError>(|snapshot| {
                        snapshot.organisations()?;
                        panic!("a test's own panic")
                    })
                    .await
            });
            assert!(matches!(written.await.unwrap(), Err(StoreError::Interrupted)));
            assert!(matches!(read.await.unwrap(), Err(StoreError::Interrupted)));
        }
        assert_eq!(store.customers().await, 0);
        store.keep(&[customer("Acme")], &[]).await.unwrap();
        assert_eq!(store.customers().await, 1);
    }

    async fn four_writers_that_read_before_they_write_lose_nothing_and_never_find_it_locked(store: TestStore) {
        let (organisation, template) = (store.organisation, store.version.template_id);
        let writers = (0..4).map(|_| {
            let store = store.another_process();
            tokio::spawn(async move {
                for _ in 0..25 {
                    store
                        .write(move |tx| {
                            tx.lock_organisation(organisation)?;
                            let number = tx.next_template_number(template)?;
                            tx.add_template_version(&version(template, number))?;
                            let seen = tx.sign_in_failures("counter")?.map_or(0, |(failures, _)| failures);
                            assert_eq!(seen + 2, number, "each writer sees what the one before it has written");
                            tx.note_sign_in_failure("counter", at(-86_400), at(0))
                        })
                        .await
                        .unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let numbers: Vec<u32> = store.history().await.iter().map(|version| version.number).collect();
        assert_eq!(numbers, (1..=101).rev().collect::<Vec<_>>());
    }

    async fn who_changes_an_invoice_and_who_has_locked_its_organisation_never_wait_for_each_other(store: TestStore) {
        let (organisation, invoice) = (store.organisation, store.invoices(1).await[0].id);
        for is_import in [false, true] {
            let (changing, locking) = (store.another_process(), store.another_process());
            let ((begun, has_begun), (locked, is_locked)) = (oneshot::channel(), mpsc::channel());
            let changed = tokio::spawn(async move {
                changing
                    .write(move |tx| {
                        tx.invoice_to_change(organisation, invoice)?;
                        begun.send(()).unwrap();
                        // SQLite has one writer: there it has to wait.
                        is_locked.recv_timeout(PATIENCE).ok();
                        tx.record(&entry(organisation, invoice))
                    })
                    .await
            });
            has_begun.await.unwrap();
            let locking = locking.write(move |tx| {
                match is_import {
                    true => tx.lock_ledger(organisation)?,
                    false => tx.lock_organisation(organisation)?,
                }
                locked.send(()).ok();
                tx.ledger_invoice_to_change(organisation, invoice)
            });
            locking.await.unwrap();
            changed.await.unwrap().unwrap();
        }
    }

    async fn who_waits_for_an_organisation_has_it_before_those_who_come_after(store: TestStore) {
        // SQLite has one writer.
        let DatabaseAddress::Postgres(_) = store.address() else { return };
        let (organisation, invoices) = (store.organisation, store.invoices(2).await);
        let (before, after) = (invoices[0].id, invoices[1].id);
        let [first, second, third] = [(); 3].map(|()| store.another_process());
        let ((begun, has_begun), (end, is_over)) = (oneshot::channel(), mpsc::channel());
        let first = tokio::spawn(async move {
            first
                .write(move |tx| {
                    tx.lock_invoice(organisation, before)?;
                    begun.send(()).unwrap();
                    is_over.recv().unwrap();
                    Ok(())
                })
                .await
        });
        has_begun.await.unwrap();
        let second = tokio::spawn(async move { second.write(move |tx| tx.lock_organisation(organisation)).await });
        let somebody_waits = "SELECT 1 / (SELECT COUNT(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock')";
        while store.execute(somebody_waits).is_err() {
            tokio::task::yield_now().await;
        }
        let mut third = tokio::spawn(async move { third.write(move |tx| tx.lock_invoice(organisation, after)).await });
        assert!(tokio::time::timeout(PATIENCE, &mut third).await.is_err(), "it passed by the one who waits");
        end.send(()).unwrap();
        for turn in [first, second, third] {
            turn.await.unwrap().unwrap();
        }
    }

    async fn increments_of_one_row_by_four_writers_all_count(store: TestStore) {
        let writers = (0..4).map(|_| {
            let store = store.another_process();
            tokio::spawn(async move {
                for _ in 0..25 {
                    store.write(|tx| tx.note_sign_in_failure("counter", at(-86_400), at(0))).await.unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let counted = store.read(|snapshot| snapshot.sign_in_failures("counter")).await.unwrap();
        assert_eq!(counted, Some((100, at(0))));
    }

    async fn a_read_sees_one_state_of_the_database_while_a_writer_commits(store: TestStore) {
        let id = store.organisation;
        let (begun, is_begun) = oneshot::channel();
        let (committed, is_committed) = mpsc::channel();
        let reading = store.store.clone();
        let reader = tokio::spawn(async move {
            reading
                .read::<_, StoreError>(move |snapshot| {
                    let before = snapshot.ledger_customers(id)?.len();
                    begun.send(()).unwrap();
                    is_committed.recv().unwrap();
                    Ok((before, snapshot.ledger_customers(id)?.len()))
                })
                .await
        });
        is_begun.await.unwrap();
        store.keep(&[customer("Acme")], &[]).await.unwrap();
        committed.send(()).unwrap();
        assert_eq!(reader.await.unwrap().unwrap(), (0, 0));
        assert_eq!(store.customers().await, 1);
    }
}
