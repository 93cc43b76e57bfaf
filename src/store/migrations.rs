//! The tables: embedded migrations, one folder for each database, the same steps in both; and their housekeeping.

use diesel::Connection;
use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::{MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::AnyConnection;
use super::{Store, StoreError, lease, off_thread};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The advisory lock of who migrates; the workers' locks are numbers by chance.
const MIGRATING: i64 = 1;

impl Store {
    /// After many rows have come in: lets the database learn how many there are of what, and PostgreSQL which pages
    /// need no second look. Without it the lists are read by the wrong indexes until housekeeping comes by itself.
    ///
    /// # Errors
    /// When the database refuses; nothing is lost then but time.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        let store = self.clone();
        off_thread(move || {
            let mut connection = lease(&store.0.writers)?;
            let statements: &[&str] = match &mut *connection {
                AnyConnection::Sqlite(_) => &["ANALYZE"],
                AnyConnection::Postgres(_) => &["VACUUM (ANALYZE) customer", "VACUUM (ANALYZE) invoice"],
            };
            for statement in statements {
                connection.batch_execute(statement)?;
            }
            Ok(())
        })
        .await
    }

    /// Before the process ends: an SQLite database becomes one file, so that who copies or replaces that file while
    /// nothing runs has all of it. Another process that uses it is not waited for long; the last one to end does it.
    ///
    /// # Errors
    /// When the database refuses; nothing is lost then.
    pub async fn put_away(&self) -> Result<(), StoreError> {
        let store = self.clone();
        off_thread(move || {
            let mut connection = lease(&store.0.writers)?;
            match &mut *connection {
                AnyConnection::Sqlite(embedded) => {
                    embedded.batch_execute("PRAGMA busy_timeout = 500; PRAGMA wal_checkpoint(TRUNCATE)")?
                }
                AnyConnection::Postgres(_) => {}
            }
            Ok(())
        })
        .await
    }

    /// Brings the database up to date, wholly or not at all; a second call changes nothing. Of processes that start at once
    /// one does it and the others wait.
    ///
    /// # Errors
    /// When a step is refused, or one has been taken that this program does not know; nothing is changed then.
    pub fn migrate(&self) -> Result<(), StoreError> {
        let mut connection = lease(&self.0.writers)?;
        match &mut *connection {
            AnyConnection::Sqlite(embedded) => {
                embedded.immediate_transaction(|embedded| take_missing(embedded, SQLITE))
            }
            AnyConnection::Postgres(server) => server.transaction(|server| {
                server.batch_execute(&format!("SELECT pg_advisory_xact_lock({MIGRATING})"))?;
                take_missing(server, POSTGRES)
            }),
        }
        .map_err(|error| StoreError::Migration(error.to_string()))
    }
}

/// Takes the steps that a database has not taken. One that it has taken and that is not among these is a newer program's,
/// whose tables this one would misread.
fn take_missing<DB: Backend>(
    connection: &mut impl MigrationHarness<DB>,
    steps: EmbeddedMigrations,
) -> diesel::migration::Result<()> {
    let known = MigrationSource::<DB>::migrations(&steps)?;
    let is_known = |taken: &MigrationVersion<'_>| known.iter().any(|step| step.name().version() == *taken);
    if !connection.applied_migrations()?.iter().all(is_known) {
        return Err("a newer Dunlin has used it; start that one, or a newer one".into());
    }
    connection.run_pending_migrations(steps).map(drop)
}
