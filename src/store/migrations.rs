//! The tables: embedded migrations, one folder for each database, the same steps in both.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::AnyConnection;
use super::{Store, StoreError, lease};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

impl Store {
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
