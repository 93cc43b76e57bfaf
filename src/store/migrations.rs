//! The tables: embedded migrations, one folder for each database, the same steps in both; and their housekeeping.

use diesel::connection::SimpleConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::AnyConnection;
use super::{Store, StoreError, lease, off_thread};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

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

    /// Brings the database up to date; a second call changes nothing.
    ///
    /// # Errors
    /// When a step is refused; what went before it stays.
    pub fn migrate(&self) -> Result<(), StoreError> {
        let mut connection = lease(&self.0.writers)?;
        match &mut *connection {
            AnyConnection::Sqlite(embedded) => embedded.run_pending_migrations(SQLITE).map(|_| ()),
            AnyConnection::Postgres(server) => server.run_pending_migrations(POSTGRES).map(|_| ()),
        }
        .map_err(|error| StoreError::Migration(error.to_string()))
    }
}
