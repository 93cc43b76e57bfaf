//! Which processes send, and which of them are alive. With SQLite one process sends: it holds a lock on a file beside the
//! database. With PostgreSQL any number do: each holds a session's advisory lock of its own and raises its beat.

use std::fs::{File, TryLockError};
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::sql_types::{BigInt, Bool, Text};

use super::columns::parsed;
use super::connection::{AnyConnection, DatabaseAddress, Opener, Purpose};
use super::sql::Sql;
use super::{Snapshot, Store, StoreError, Tx};
use crate::domain::ids::WorkerId;

/// A worker's sign of life; it ends with this value, or with the process.
pub struct Enlisted(Held);

enum Held {
    File(#[expect(dead_code, reason = "closing the file frees the lock")] File),
    Session(Mutex<Box<AnyConnection>>),
}

#[derive(QueryableByName)]
struct Granted {
    #[diesel(sql_type = Bool)]
    granted: bool,
}

impl Enlisted {
    /// Whether it still stands: a session with a database server can be lost.
    pub fn is_intact(&self) -> bool {
        match &self.0 {
            Held::File(_) => true,
            Held::Session(session) => session.lock().is_ok_and(|mut session| session.ping().is_ok()),
        }
    }
}

impl Store {
    /// Gives a worker its sign of life; `None` when another process sends and only one may.
    ///
    /// # Errors
    /// When the lock's file or session cannot be had.
    pub fn enlist(&self, worker: WorkerId) -> Result<Option<Enlisted>, StoreError> {
        match self.address() {
            DatabaseAddress::Sqlite(path) => {
                let unreachable = |error: std::io::Error| StoreError::Unreachable(error.to_string());
                let file = File::create(path.with_extension("sending")).map_err(unreachable)?;
                match file.try_lock() {
                    Ok(()) => Ok(Some(Enlisted(Held::File(file)))),
                    Err(TryLockError::WouldBlock) => Ok(None),
                    Err(TryLockError::Error(error)) => Err(unreachable(error)),
                }
            }
            DatabaseAddress::Postgres(_) => {
                Ok(self.session_lock(worker)?.map(|held| Enlisted(Held::Session(Mutex::new(held)))))
            }
        }
    }

    /// Whether a worker has no sign of life. Only to be asked of a server's database.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn is_gone(&self, worker: WorkerId) -> Result<bool, StoreError> {
        Ok(self.session_lock(worker)?.is_some())
    }

    /// Whether several processes may send at the same time.
    pub fn shares_sending(&self) -> bool {
        matches!(self.address(), DatabaseAddress::Postgres(_))
    }

    fn session_lock(&self, worker: WorkerId) -> Result<Option<Box<AnyConnection>>, StoreError> {
        let opener = Opener { address: self.address().clone(), purpose: Purpose::Write };
        let mut session = opener.connect().map_err(|error| StoreError::Unreachable(error.to_string()))?;
        let AnyConnection::Postgres(server) = &mut session else { return Ok(None) };
        // The last 64 bits of a UUIDv7 are chance.
        let (_, number) = worker.as_uuid().as_u64_pair();
        let found: Granted =
            diesel::sql_query(format!("SELECT pg_try_advisory_lock({}) AS granted", number.cast_signed()))
                .get_result(server)?;
        Ok(found.granted.then(|| Box::new(session)))
    }
}

#[derive(QueryableByName)]
struct WorkerRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = BigInt)]
    beat: i64,
}

impl Snapshot<'_> {
    /// The workers that are known, each with its beat: also one that was forgotten and has mails in hand all the same, with
    /// a beat of 0.
    pub fn workers(&mut self) -> Result<Vec<(WorkerId, i64)>, StoreError> {
        Sql::new(
            "SELECT id, beat FROM worker UNION ALL SELECT DISTINCT o.claimed_by, 0 FROM outbox o \
             WHERE o.phase = 'InFlight' AND o.claimed_by IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM worker w WHERE w.id = o.claimed_by)",
        )
        .load::<WorkerRow>(self.connection())?
        .into_iter()
        .map(|row| Ok((parsed("worker.id", &row.id)?, row.beat)))
        .collect()
    }
}

impl Tx<'_> {
    /// Raises a worker's beat; one that was given up meanwhile begins anew.
    pub fn beat(&mut self, worker: WorkerId, now: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new(
            "INSERT INTO worker (id, beat, started_at) VALUES ($1, 1, $2) \
             ON CONFLICT (id) DO UPDATE SET beat = worker.beat + 1",
        )
        .bind(worker.to_string())
        .bind(now)
        .kept_for(1)
        .execute(self.connection())?;
        Ok(())
    }

    /// Forgets a worker.
    pub fn forget_worker(&mut self, worker: WorkerId) -> Result<(), StoreError> {
        Sql::new("DELETE FROM worker WHERE id = $1").bind(worker.to_string()).execute(self.connection())?;
        Ok(())
    }

    /// Forgets every worker but this one.
    pub fn forget_other_workers(&mut self, worker: WorkerId) -> Result<(), StoreError> {
        Sql::new("DELETE FROM worker WHERE id <> $1").bind(worker.to_string()).execute(self.connection())?;
        Ok(())
    }
}
