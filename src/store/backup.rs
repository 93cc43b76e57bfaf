//! A copy of an SQLite database while others write to it.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::r2d2::ManageConnection;
use diesel::{Connection, SqliteConnection};

use super::connection::{DatabaseAddress, Opener, Purpose};
use super::{StoreError, off_thread};

/// Writes one state of a database into an empty file. The copy has no id, so that whoever starts it finds it paused.
///
/// # Errors
/// When it is not an SQLite database, or it cannot be read, or the file cannot be written.
pub async fn copy_database(database: &Path, into: &Path) -> Result<(), StoreError> {
    let (database, into) = (database.to_owned(), into.to_string_lossy().into_owned());
    off_thread(move || {
        let unreachable = |error: diesel::r2d2::Error| StoreError::Unreachable(error.to_string());
        // A connection of its own: the copy is one long reading, which keeps nobody from writing.
        let opener = Opener { address: DatabaseAddress::Sqlite(database), purpose: Purpose::Write };
        let mut original = opener.connect().map_err(unreachable)?;
        original.batch_execute(&format!("VACUUM INTO '{}'", into.replace('\'', "''")))?;
        let mut copy =
            SqliteConnection::establish(&into).map_err(|error| StoreError::Unreachable(error.to_string()))?;
        // In one file alone: nothing beside it belongs to a backup.
        copy.batch_execute("PRAGMA journal_mode = DELETE; UPDATE installation SET instance_id = ''")?;
        Ok(())
    })
    .await
}
