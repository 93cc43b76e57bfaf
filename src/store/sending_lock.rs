//! The right to send: one process of an installation has it, and loses it when it dies.

use std::fs::{File, TryLockError};

use diesel::RunQueryDsl;
use diesel::r2d2::PooledConnection;
use diesel::sql_types::Bool;

use super::connection::{AnyConnection, DatabaseAddress, Opener};
use super::{Store, StoreError, lease};

/// Held for as long as this lives. SQLite: a lock on a file beside the database; PostgreSQL: a session's advisory lock.
pub struct SendingLock(#[expect(dead_code, reason = "what is held matters, not what it says")] Held);

enum Held {
    File(#[expect(dead_code, reason = "closing the file frees the lock")] File),
    Session(
        #[expect(dead_code, reason = "closing the session frees the lock")] Box<PooledConnection<Opener>>,
    ),
}

/// The advisory lock's number: "dunlin" in ASCII.
const ADVISORY: i64 = 0x64_75_6e_6c_69_6e;

#[derive(diesel::QueryableByName)]
struct Granted {
    #[diesel(sql_type = Bool)]
    granted: bool,
}

impl Store {
    /// Takes the right to send, if no other process has it.
    ///
    /// # Errors
    /// When the lock's file or session cannot be had.
    pub fn try_sending_lock(&self) -> Result<Option<SendingLock>, StoreError> {
        match self.address() {
            DatabaseAddress::Sqlite(path) => {
                let unreachable = |error: std::io::Error| StoreError::Unreachable(error.to_string());
                let file = File::create(path.with_extension("sending")).map_err(unreachable)?;
                match file.try_lock() {
                    Ok(()) => Ok(Some(SendingLock(Held::File(file)))),
                    Err(TryLockError::WouldBlock) => Ok(None),
                    Err(TryLockError::Error(error)) => Err(unreachable(error)),
                }
            }
            DatabaseAddress::Postgres(_) => {
                let mut connection = lease(&self.0.writers)?;
                let AnyConnection::Postgres(server) = &mut *connection else { return Ok(None) };
                let found: Granted =
                    diesel::sql_query(format!("SELECT pg_try_advisory_lock({ADVISORY}) AS granted"))
                        .get_result(server)?;
                Ok(found.granted.then(|| SendingLock(Held::Session(Box::new(connection)))))
            }
        }
    }
}
