//! A store of the test's own with an organisation and a text to send: where every test begins.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use dunlin::clock::Ids;
use dunlin::domain::email::VersionOrigin;
use dunlin::domain::ids::{BatchId, OrganisationId, TemplateId, TemplateVersionId};
use dunlin::domain::invoice_list::InvoiceList;
use dunlin::domain::organisation::{Organisation, Sender};
use dunlin::domain::person::Actor;
use dunlin::domain::reminder::Channel;
use dunlin::store::{
    DatabaseAddress, InvoicePage, Posting, ReminderPosting, Snapshot, Store, StoreError, TemplateVersion, Tx,
};
use tempfile::TempDir;

use crate::database::{Database, fresh_store};
use crate::sql;

pub struct TestStore {
    pub store: Store,
    pub organisation: OrganisationId,
    pub version: TemplateVersion,
    /// The database lives as long as the test.
    _folder: Arc<TempDir>,
}

/// The day every test is on.
pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 12, 1).unwrap()
}

/// So many seconds after nine o'clock that day.
pub fn at(seconds: i64) -> DateTime<Utc> {
    today().and_hms_opt(9, 0, 0).unwrap().and_utc() + TimeDelta::seconds(seconds)
}

pub fn organisation(name: &str) -> Organisation {
    let new = Organisation::new(Ids.next(), name.parse().unwrap(), chrono_tz::UTC, "EUR".parse().unwrap());
    Organisation { from: "ar@acme.example".parse().ok(), ..new }
}

/// The next version of a template.
pub fn version(template_id: TemplateId, number: u32) -> TemplateVersion {
    TemplateVersion {
        id: Ids.next::<TemplateVersionId>(),
        template_id,
        number,
        subject: "Invoice {{ invoice.number }}".to_owned(),
        message: "Please pay.".to_owned(),
        origin: VersionOrigin::BuiltIn,
        actor: Actor::System,
        created_at: at(0),
    }
}

impl TestStore {
    pub async fn start(database: Database) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let store = fresh_store(database, &folder)?;
        let acme = organisation("Acme Receivables");
        let started =
            Self { store, organisation: acme.id, version: version(Ids.next(), 1), _folder: Arc::new(folder) };
        let first = started.version.clone();
        started
            .write(move |tx| {
                tx.add_organisation(&acme, at(0))?;
                tx.add_template(acme.id, "invoice-reminder", None, &first)
            })
            .await
            .unwrap();
        Some(started)
    }

    /// The same database with connections of their own, as another process has it.
    pub fn another_process(&self) -> Self {
        Self {
            store: Store::open(self.address().clone()).unwrap(),
            organisation: self.organisation,
            version: self.version.clone(),
            _folder: self._folder.clone(),
        }
    }

    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Snapshot<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.store.read(work).await
    }

    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.store.write(work).await
    }

    /// The one place that asks for a page of invoices.
    pub async fn page(&self, list: InvoiceList) -> InvoicePage {
        let organisation = self.organisation;
        self.read(move |snapshot| snapshot.invoice_page(organisation, &list, today())).await.unwrap()
    }

    /// Changes what no method changes.
    pub fn execute(&self, statements: &str) -> diesel::QueryResult<()> {
        sql::execute(self.address(), statements)
    }

    pub fn address(&self) -> &DatabaseAddress {
        self.store.address()
    }

    /// What mails have in common that are asked for at an instant, leave at once and have a minute to do so.
    pub fn posting(&self, now: DateTime<Utc>) -> Posting {
        Posting {
            organisation_id: self.organisation,
            actor: Actor::System,
            sender: Sender {
                name: "Acme Receivables".parse().unwrap(),
                from: "ar@acme.example".parse().unwrap(),
                reply_to: None,
                letterhead: None,
            },
            scheduled_at: now,
            expires_at: now + TimeDelta::seconds(60),
            now,
        }
    }

    pub fn reminder_posting(&self, now: DateTime<Utc>, batch_id: Option<BatchId>) -> ReminderPosting {
        ReminderPosting {
            posting: self.posting(now),
            channel: Channel::Bulk,
            batch_id,
            template_version_id: self.version.id,
        }
    }
}
