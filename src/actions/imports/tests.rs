use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use tempfile::TempDir;

use super::*;
use crate::actions::Settings;
use crate::clock::{Clock, Ids};
use crate::domain::invoice::InvoiceState;
use crate::domain::organisation::Organisation;
use crate::domain::person::{Role, Theme};
use crate::store::{AuditFilter, InvoiceRow, Reader, Store};

const HEADER: &str = "customer_name,customer_email,invoice_number,currency,total,balance,status\n";

/// An organisation with an empty ledger and a clerk.
struct Desk {
    actions: Actions,
    clerk: User,
    _folder: TempDir,
}

impl Desk {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite://{}", folder.path().join("dunlin.db").display());
        let store = Store::open(address.parse().unwrap()).unwrap();
        store.migrate().unwrap();
        let settings = Settings {
            undo: TimeDelta::zero(),
            window: TimeDelta::seconds(60),
            retry: crate::domain::delivery::RetryPolicy {
                base: TimeDelta::seconds(300),
                on_unconfirmed: crate::domain::delivery::OnUnconfirmed::Hold,
            },
            retry_deadline: TimeDelta::days(2),
            api_wait: std::time::Duration::ZERO,
            default_from: "reminders@dunlin.example".parse().ok(),
            secret: [7; 32],
        };
        let now = "2025-12-01T09:00:00Z".parse().unwrap();
        let actions = Actions::new(store, Clock::starting_at(now), settings);
        let clerk = Self::clerk_of(&actions, "Acme").await;
        Self { actions, clerk, _folder: folder }
    }

    async fn clerk_of(actions: &Actions, name: &str) -> User {
        let organisation =
            Organisation::new(Ids.next(), name.parse().unwrap(), chrono_tz::UTC, "EUR".parse().unwrap());
        let clerk = User {
            id: Ids.next(),
            organisation_id: organisation.id,
            name: "Cleo".parse().unwrap(),
            email: "cleo@acme.example".parse().unwrap(),
            role: Role::Clerk,
            theme: Theme::Auto,
            has_single_keys: true,
        };
        actions.add_organisation(organisation).await.unwrap();
        clerk
    }

    fn reader(&self) -> Reader {
        self.actions.reader()
    }

    async fn bring(&self, csv: impl Into<String>) -> ImportReport {
        self.bring_with(csv, false).await
    }

    async fn bring_with(&self, csv: impl Into<String>, reopen: bool) -> ImportReport {
        let file = Cursor::new(csv.into());
        let (actor, organisation) = (Actor::User(self.clerk.id), self.clerk.organisation_id);
        self.actions.import_ledger(actor, organisation, file, reopen).await.unwrap()
    }

    /// The invoices of one customer name, by number.
    async fn invoices(&self, customer: &str) -> Vec<InvoiceRow> {
        let (organisation, customer) = (self.clerk.organisation_id, customer.to_owned());
        let reader = self.reader();
        let read = reader.read::<_, StoreError>(move |snapshot| {
            let mut rows = Vec::new();
            for known in snapshot.ledger_customers(organisation)? {
                for number in ["INV-1", "INV-2", "INV-3"] {
                    let key = (known.id, number.parse().unwrap());
                    for stored in snapshot.ledger_invoices(&[key])? {
                        rows.extend(snapshot.invoice(organisation, stored.invoice.id)?);
                    }
                }
            }
            rows.retain(|row| row.customer_name.as_str() == customer);
            Ok(rows)
        });
        read.await.unwrap()
    }

    async fn events(&self, invoice: InvoiceId) -> Vec<String> {
        let read =
            self.reader().read::<_, StoreError>(move |snapshot| snapshot.invoice_timeline(invoice)).await;
        read.unwrap().into_iter().map(|entry| format!("{} {}", entry.event, entry.detail)).collect()
    }

    async fn log(&self) -> Vec<String> {
        let (organisation, all) = (self.clerk.organisation_id, AuditFilter::default());
        let reader = self.reader();
        let read =
            reader.read::<_, StoreError>(move |snapshot| snapshot.audit_log(organisation, &all, None, 10));
        let rows = read.await.unwrap();
        rows.into_iter().map(|row| format!("{} {}", row.entry.event, row.entry.detail)).collect()
    }
}

fn file(rows: &[&str]) -> String {
    format!("{HEADER}{}\n", rows.join("\n"))
}

#[tokio::test]
async fn a_file_is_written_and_tells_so_on_each_timeline() {
    let desk = Desk::open().await;
    let report = desk.bring(file(&["Acme,ar@acme.example,INV-1,EUR,100,,", "Acme,,INV-2,USD,50,20,"])).await;
    assert!(report.is_written);
    assert_eq!(report.summary.to_string(), "2 new, 0 updated, 0 unchanged, 0 errors");
    let invoices = desk.invoices("Acme").await;
    assert_eq!(invoices.len(), 2);
    assert_eq!(invoices[0].recipient.as_ref().unwrap().as_str(), "ar@acme.example");
    assert_eq!(desk.events(invoices[0].invoice.id).await, ["invoice.created "]);
    desk.bring(file(&["Acme,,INV-1,EUR,100,40,"])).await;
    let events = desk.events(invoices[0].invoice.id).await;
    let update = "invoice.updated status from Sent to PartiallyPaid; balance from 100.00 EUR to 40.00 EUR";
    assert!(events.contains(&update.to_owned()), "{events:?}");
}

#[tokio::test]
async fn with_one_error_nothing_of_the_file_is_written() {
    let desk = Desk::open().await;
    let report = desk.bring(file(&["Acme,,INV-1,EUR,100,,", "Beta,,INV-1,EUR,ten,,"])).await;
    assert!(!report.is_written);
    assert_eq!(report.summary.to_string(), "1 new, 0 updated, 0 unchanged, 1 error");
    assert!(desk.invoices("Acme").await.is_empty());
}

#[tokio::test]
async fn a_check_writes_nothing() {
    let desk = Desk::open().await;
    let csv = Cursor::new(file(&["Acme,,INV-1,EUR,100,,"]));
    let report = desk.actions.check_ledger(desk.clerk.organisation_id, csv, false).await.unwrap();
    assert_eq!(report.summary.new, 1);
    assert!(desk.invoices("Acme").await.is_empty());
}

/// A file of which it is counted how many like it are being read.
struct Counted {
    file: Cursor<String>,
    is_begun: bool,
    read: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if !self.is_begun {
            self.is_begun = true;
            self.most.fetch_max(self.read.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        }
        std::thread::yield_now();
        let few = into.len().min(1);
        self.file.read(&mut into[..few])
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.read.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn of_many_files_at_once_few_are_looked_at() {
    let desk = Desk::open().await;
    let (read, most) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
    let check = |_| {
        let csv = Cursor::new(file(&["Acme,,INV-1,EUR,100,,"; 100]));
        let counted =
            Counted { file: csv, is_begun: false, read: Arc::clone(&read), most: Arc::clone(&most) };
        let (actions, organisation) = (desk.actions.clone(), desk.clerk.organisation_id);
        tokio::spawn(async move { actions.check_ledger(organisation, counted, false).await })
    };
    for check in (0..12).map(check).collect::<Vec<_>>() {
        assert_eq!(check.await.unwrap().unwrap().summary.errors, 99);
    }
    assert!(most.load(Ordering::SeqCst) <= 2, "{most:?} at once");
}

#[tokio::test]
async fn the_sample_twice_is_refused_and_as_a_file_changes_nothing() {
    let desk = Desk::open().await;
    let (actor, organisation) = (Actor::User(desk.clerk.id), desk.clerk.organisation_id);
    let first = desk.actions.import_sample(actor, organisation).await.unwrap();
    assert_eq!(first.summary.new, 300);
    assert_eq!(desk.log().await, ["data.sample 300 invoices of 55 customers."]);
    assert!(matches!(desk.actions.import_sample(actor, organisation).await, Err(ActionError::Refused(_))));
    let again = desk.bring(sample_ledger("2025-12-01".parse().unwrap())).await;
    assert_eq!(again.summary.unchanged, 300);
}

#[tokio::test]
async fn a_payment_recorded_in_dunlin_stays_unless_the_file_may_reopen() {
    let desk = Desk::open().await;
    let csv = file(&["Acme,,INV-1,EUR,100,,Sent"]);
    desk.bring(csv.clone()).await;
    let id = desk.invoices("Acme").await[0].invoice.id;
    desk.actions.mark_as_paid(&desk.clerk.principal(), id).await.unwrap();
    let kept = desk.bring(csv.clone()).await;
    assert!(
        kept.is_written && kept.summary.warnings == 0,
        "an empty balance says nothing against the payment"
    );
    let full = file(&["Acme,,INV-1,EUR,100,100,Sent"]);
    let warned = desk.bring(full.clone()).await;
    assert_eq!((warned.is_written, warned.summary.warnings), (true, 1));
    assert_eq!(desk.invoices("Acme").await[0].invoice.state, InvoiceState::Paid);
    desk.bring_with(full, true).await;
    assert_eq!(desk.invoices("Acme").await[0].invoice.state, InvoiceState::Sent);
    assert!(desk.events(id).await.iter().any(|event| event.starts_with("invoice.reopened ")));
}

#[tokio::test]
async fn an_invoice_archived_in_dunlin_stays_archived() {
    let desk = Desk::open().await;
    desk.bring(file(&["Acme,,INV-1,EUR,100,,"])).await;
    let id = desk.invoices("Acme").await[0].invoice.id;
    desk.actions.archive_invoice(&desk.clerk.principal(), id).await.unwrap();
    let csv = "customer_name,invoice_number,currency,total,archived\nAcme,INV-1,EUR,100,false\n";
    assert_eq!(desk.bring(csv).await.summary.warnings, 1);
    assert!(desk.invoices("Acme").await[0].invoice.archived_at.is_some());
}

#[tokio::test]
async fn a_kept_file_is_written_once_however_often_it_is_asked_for() {
    let desk = Desk::open().await;
    let csv = file(&["Acme,,INV-1,EUR,100,,"]).into_bytes();
    let kept = desk.actions.keep_import(&desk.clerk, "ledger.csv".to_owned(), csv, false).await.unwrap();
    let id = kept.0.unwrap();
    assert!(desk.invoices("Acme").await.is_empty());
    let (first, second) =
        tokio::join!(desk.actions.write_import(&desk.clerk, id), desk.actions.write_import(&desk.clerk, id));
    assert!(first.unwrap().is_written && second.unwrap().is_written);
    let invoices = desk.invoices("Acme").await;
    assert_eq!(invoices.len(), 1);
    assert_eq!(desk.events(invoices[0].invoice.id).await.len(), 1);
}

#[tokio::test]
async fn a_kept_file_is_checked_again_when_it_is_written() {
    let desk = Desk::open().await;
    let csv = file(&["Acme,,INV-1,EUR,100,40,"]).into_bytes();
    let kept = desk.actions.keep_import(&desk.clerk, "ledger.csv".to_owned(), csv, false).await.unwrap();
    desk.bring(file(&["Acme,,INV-1,EUR,100,,Void"])).await;
    let report = desk.actions.write_import(&desk.clerk, kept.0.unwrap()).await.unwrap();
    assert!(!report.is_written);
    assert_eq!(desk.invoices("Acme").await[0].invoice.state, InvoiceState::Void);
}

#[tokio::test]
async fn organisations_do_not_see_each_others_files_and_customers() {
    let desk = Desk::open().await;
    let csv = file(&["Acme,,INV-1,EUR,100,,"]);
    let kept = desk
        .actions
        .keep_import(&desk.clerk, "ledger.csv".to_owned(), csv.clone().into_bytes(), false)
        .await
        .unwrap();
    desk.bring(csv.clone()).await;
    let stranger = Desk::clerk_of(&desk.actions, "Other").await;
    let theirs = desk.actions.write_import(&stranger, kept.0.unwrap()).await;
    assert!(matches!(theirs, Err(ActionError::NotFound)));
    let report = desk
        .actions
        .import_ledger(Actor::System, stranger.organisation_id, Cursor::new(csv), false)
        .await
        .unwrap();
    assert_eq!(report.summary.new, 1);
    assert_eq!(desk.invoices("Acme").await.len(), 1);
}
