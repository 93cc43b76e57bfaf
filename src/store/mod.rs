//! The only place that knows diesel. Takes and returns domain types, on SQLite and PostgreSQL alike.
//!
//! Doors hold a [`Reader`]; only `actions` hold the [`Store`], whose [`Store::write`] is one transaction in one closure.
//! Closures are synchronous and run off the async threads: nobody can wait for a mail server inside a transaction.

mod account_links;
mod api_keys;
mod audit;
mod audit_log;
mod backup;
mod balances;
mod batch_pace;
mod batches;
mod cancelling;
mod candidates;
mod columns;
mod connection;
mod customers;
mod email_templates;
mod enqueue;
mod holds;
mod idempotency;
mod imports;
mod installation;
mod instance;
mod invoice_counts;
mod invoice_filter;
mod invoice_list;
mod invoices;
mod kept_mails;
mod ledger;
mod ledger_lines;
mod letterheads;
mod liveness;
mod mail_counts;
mod members;
mod migrations;
mod organisations;
mod outbox;
mod own_words;
mod pause;
mod people;
mod reminders;
mod row_change;
mod schema;
mod second_factors;
mod sessions;
mod settling;
mod sql;
mod suppressions;
mod templates;
mod test_mails;
mod unconfirmed;

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ManageConnection, NopErrorHandler, Pool, PooledConnection};
use thiserror::Error;

pub use account_links::{Invitation, LinkMail, NewInvitation};
pub use api_keys::{KeyInUse, LAST_USED_WITHIN, NewApiKey};
pub use audit::{AuditEntry, TimelineEntry};
pub use audit_log::{AuditFilter, AuditRow};
pub use backup::copy_database;
pub use batches::{BatchProgress, BatchRow, NewBatch};
pub use cancelling::CalledBack;
use connection::{AnyConnection, Opener, Purpose};
pub use connection::{DatabaseAddress, InvalidDatabaseAddress};
pub use customers::CustomerRow;
pub use email_templates::{DraftText, EmailTemplate, SavedText};
pub use enqueue::{NewMail, NewReminder, Posting, ReminderPosting};
pub use idempotency::{KeptAnswer, KeyedRequest, KnownRequest};
pub use imports::KeptFile;
pub use installation::RelayDown;
pub use instance::MarkKeeper;
pub use invoice_counts::{Figures, Matching};
pub use invoice_list::InvoicePage;
pub use invoices::InvoiceRow;
pub use kept_mails::UsedText;
pub use ledger::{WrittenCustomer, WrittenInvoice};
pub use ledger_lines::LedgerLine;
pub use liveness::Enlisted;
pub use members::Member;
pub use outbox::{ClaimedMail, Hands, HeldMail, Lane, Repeat};
pub use pause::{Pause, Pauses, Stopped};
pub use people::{Credentials, NewPerson};
pub use reminders::{ReminderFilter, ReminderRow};
pub use second_factors::{SecondFactor, SecondFactorState};
pub use sessions::{ListedSession, SessionOwner, SessionUse, Sessions, StoredSession};
pub use settling::{Accepted, Leaving};
pub use suppressions::Suppress;
pub use templates::TemplateVersion;
pub use test_mails::TestMail;
pub use unconfirmed::UnconfirmedReminder;

/// What the store could not do.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No connection could be had.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// A file beside the database.
    #[error("{what}: {source}")]
    Files {
        /// Which.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// The database refused a statement.
    #[error("the database refused: {0}")]
    Database(#[from] diesel::result::Error),
    /// A row that must be there is not.
    #[error("no such {0}")]
    Missing(&'static str),
    /// A stored value that this version does not understand.
    #[error("{column} holds a value that cannot be read: {why}")]
    Unreadable {
        /// Table and column.
        column: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The migrations failed.
    #[error("the database could not be brought up to date: {0}")]
    Migration(String),
    /// The thread that ran a closure did not finish it.
    #[error("a database call was interrupted")]
    Interrupted,
}

struct Pools {
    address: DatabaseAddress,
    readers: Pool<Opener>,
    writers: Pool<Opener>,
}

/// Both databases' reads and writes.
#[derive(Clone)]
pub struct Store(Arc<Pools>);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens an existing or new database; [`Store::migrate`] makes its tables.
    ///
    /// # Errors
    /// When the file cannot be opened or the server not be reached within 30 s.
    pub fn open(address: DatabaseAddress) -> Result<Self, StoreError> {
        if let DatabaseAddress::Sqlite(file) = &address {
            may_be_opened(file)?;
        }
        let writers = match address {
            DatabaseAddress::Sqlite(_) => 1,
            DatabaseAddress::Postgres(_) => 8,
        };
        let writers = pool(&address, Purpose::Write, writers)?;
        let readers = pool(&address, Purpose::Read, 4)?;
        Ok(Self(Arc::new(Pools { address, readers, writers })))
    }

    /// Which database this is.
    pub fn address(&self) -> &DatabaseAddress {
        &self.0.address
    }

    /// The reading half, for doors.
    pub fn reader(&self) -> Reader {
        Reader(self.clone())
    }

    /// Reads one state of the database.
    ///
    /// # Errors
    /// Whatever the closure returns, or that the database cannot be reached.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Snapshot<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let store = self.clone();
        off_thread(move || store.read_blocking(work)).await
    }

    /// Runs one transaction: committed when the closure returns `Ok`, rolled back otherwise.
    ///
    /// # Errors
    /// Whatever the closure returns, or that the database cannot be reached or refuses the commit.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let store = self.clone();
        off_thread(move || store.write_blocking(work)).await
    }

    fn read_blocking<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Snapshot<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = lease(&self.0.readers)?;
        connection.begin_read().map_err(StoreError::from)?;
        let result = work(&mut Snapshot(&mut connection));
        connection.batch_execute("ROLLBACK").map_err(StoreError::from)?;
        result
    }

    /// [`Store::write`] on a thread that may wait.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_blocking<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = lease(&self.0.writers)?;
        connection.begin_write().map_err(StoreError::from)?;
        let result = work(&mut Tx(Snapshot(&mut connection)));
        let end = match &result {
            Ok(_) => connection.commit(),
            Err(_) => connection.batch_execute("ROLLBACK"),
        };
        if let Err(refused) = end {
            // The connection is of no use with its transaction open; the error that came first is the one to tell.
            connection.batch_execute("ROLLBACK").ok();
            result?;
            return Err(StoreError::from(refused).into());
        }
        result
    }
}

/// What cannot be opened now will not be by waiting, unless another process holds it.
fn may_be_opened(file: &Path) -> Result<(), StoreError> {
    let opener = Opener { address: DatabaseAddress::Sqlite(file.to_owned()), purpose: Purpose::Write };
    match opener.connect().map(drop).map_err(|error| error.to_string()) {
        Err(why) if !why.contains("locked") => Err(StoreError::Unreachable(format!(
            "{}: {why}. Dunlin must be able to read and write this file and its folder.",
            file.display()
        ))),
        _ => Ok(()),
    }
}

fn pool(address: &DatabaseAddress, purpose: Purpose, size: u32) -> Result<Pool<Opener>, StoreError> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .connection_timeout(Duration::from_secs(30))
        // Whoever waits for a connection is told why there is none.
        .error_handler(Box::new(NopErrorHandler))
        .build(Opener { address: address.clone(), purpose })
        .map_err(|error| StoreError::Unreachable(error.to_string()))
}

fn lease(pool: &Pool<Opener>) -> Result<PooledConnection<Opener>, StoreError> {
    pool.get().map_err(|error| StoreError::Unreachable(error.to_string()))
}

async fn off_thread<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    // A panic has been told by then; it is to end what asked for the work, not the task that did.
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(StoreError::Interrupted.into()))
}

/// The reading half of the store: who holds only this cannot write.
#[derive(Clone, Debug)]
pub struct Reader(Store);

impl Reader {
    /// Which database this is.
    pub fn address(&self) -> &DatabaseAddress {
        self.0.address()
    }

    /// See [`Store::read`].
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&mut Snapshot<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.0.read(work).await
    }
}

/// One state of the database; the queries are its methods, in the file of their noun.
pub struct Snapshot<'a>(&'a mut AnyConnection);

impl Snapshot<'_> {
    fn connection(&mut self) -> &mut AnyConnection {
        self.0
    }
}

/// A transaction that writes; it reads what it has written.
pub struct Tx<'a>(Snapshot<'a>);

impl<'a> Deref for Tx<'a> {
    type Target = Snapshot<'a>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}
