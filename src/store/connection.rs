//! One connection type over both databases, and the pools that hand it out.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::{Connection, ConnectionError, MultiConnection, PgConnection, SqliteConnection};

/// A connection to either database; diesel's query language runs alike on both.
#[derive(MultiConnection)]
pub(super) enum AnyConnection {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}

/// Which database; the scheme says it, so a path is never taken for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseAddress {
    /// `sqlite://<path>`
    Sqlite(PathBuf),
    /// `postgres://...`, kept whole because it holds a password and options.
    Postgres(String),
}

/// An address without a scheme that Dunlin knows.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a database address begins with sqlite:// or postgres://")]
pub struct InvalidDatabaseAddress;

impl FromStr for DatabaseAddress {
    type Err = InvalidDatabaseAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => {
                Ok(Self::Postgres(text.to_owned()))
            }
            _ => Err(InvalidDatabaseAddress),
        }
    }
}

/// What a pool's connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// Opens connections of one purpose to one address.
#[derive(Debug)]
pub(super) struct Opener {
    pub(super) address: DatabaseAddress,
    pub(super) purpose: Purpose,
}

impl ManageConnection for Opener {
    type Connection = AnyConnection;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<AnyConnection, Self::Error> {
        match &self.address {
            DatabaseAddress::Sqlite(path) => open_sqlite(path, self.purpose).map(AnyConnection::Sqlite),
            DatabaseAddress::Postgres(url) => open_postgres(url, self.purpose).map(AnyConnection::Postgres),
        }
        .map_err(diesel::r2d2::Error::ConnectionError)
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<(), Self::Error> {
        match connection {
            AnyConnection::Sqlite(_) => Ok(()),
            AnyConnection::Postgres(server) => server.ping().map_err(diesel::r2d2::Error::QueryError),
        }
    }

    /// A panic inside a transaction leaves it open: such a connection is dropped.
    fn has_broken(&self, connection: &mut AnyConnection) -> bool {
        std::thread::panicking() || connection.is_broken()
    }
}

fn open_sqlite(path: &Path, purpose: Purpose) -> Result<SqliteConnection, ConnectionError> {
    let mut connection = SqliteConnection::establish(&path.to_string_lossy())?;
    // The caches are the largest part of the program's memory; the system keeps the file's pages as well.
    let (query_only, kilobytes) = match purpose {
        Purpose::Read => ("ON", 2_000),
        Purpose::Write => ("OFF", 8_000),
    };
    connection
        .batch_execute(&format!(
            "PRAGMA busy_timeout = 15000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000; \
             PRAGMA foreign_keys = ON; PRAGMA cache_size = -{kilobytes}; PRAGMA temp_store = MEMORY; PRAGMA analysis_limit = 1000; PRAGMA query_only = {query_only};"
        ))
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

fn open_postgres(url: &str, purpose: Purpose) -> Result<PgConnection, ConnectionError> {
    let mut connection = PgConnection::establish(url)?;
    // A plan made once serves the searches badly, whose best plan hangs on the words; what writes does the same each time.
    let plans = match purpose {
        Purpose::Read => "force_custom_plan",
        Purpose::Write => "auto",
    };
    connection
        .batch_execute(&format!("SET TIME ZONE 'UTC'; SET plan_cache_mode = '{plans}';"))
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

impl AnyConnection {
    /// Begins a transaction that will write. SQLite takes the write lock at once: a later upgrade could fail.
    pub(super) fn begin_write(&mut self) -> diesel::QueryResult<()> {
        match self {
            Self::Sqlite(embedded) => embedded.batch_execute("BEGIN IMMEDIATE"),
            Self::Postgres(server) => server.batch_execute("BEGIN"),
        }
    }

    /// Commits a transaction. PostgreSQL answers the commit of one in which a statement failed as if nothing were wrong, and
    /// rolls it back; a statement before it is refused then.
    pub(super) fn commit(&mut self) -> diesel::QueryResult<()> {
        match self {
            Self::Sqlite(embedded) => embedded.batch_execute("COMMIT"),
            Self::Postgres(server) => server.batch_execute("SELECT 1; COMMIT"),
        }
    }

    /// The rows of a JSON array of texts, for `IN (...)`: one statement for ten thousand ids.
    pub(super) fn listed(&self, place: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("SELECT value FROM json_each({place})"),
            Self::Postgres(_) => format!("SELECT json_array_elements_text(CAST({place} AS json))"),
        }
    }

    /// What stands before and behind a JSON array of arrays to make rows of it: `one.value ->> 0` is the first text of one.
    pub(super) fn rows(&self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite(_) => ("json_each(", ") AS one"),
            Self::Postgres(_) => ("json_array_elements(CAST(", " AS json)) AS one(value)"),
        }
    }

    /// Makes a choice of rows skip those that another transaction is about to change.
    pub(super) fn skip_locked(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// Keeps other transactions from changing the rows of table alias `table` before this one ends. What only names such a
    /// row, as an entry of the audit log does, is written all the same: else two transactions could wait for each other.
    pub(super) fn locked(&self, table: &str) -> String {
        match self {
            Self::Sqlite(_) => String::new(),
            Self::Postgres(_) => format!(" FOR NO KEY UPDATE OF {table}"),
        }
    }

    /// Keeps other transactions from changing rows of these tables or aliases before this one ends; several may read so.
    pub(super) fn shared(&self, tables: &str) -> String {
        match self {
            Self::Sqlite(_) => String::new(),
            Self::Postgres(_) => format!(" FOR SHARE OF {tables}"),
        }
    }

    /// Begins a transaction that sees one state of the database.
    pub(super) fn begin_read(&mut self) -> diesel::QueryResult<()> {
        match self {
            Self::Sqlite(embedded) => embedded.batch_execute("BEGIN"),
            Self::Postgres(server) => server.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        }
    }
}

/// Writes one body for each concrete connection, for what the common type cannot express.
macro_rules! each_backend {
    ($connection:expr, $bound:ident => $body:expr) => {
        match $connection {
            $crate::store::connection::AnyConnection::Sqlite($bound) => $body,
            $crate::store::connection::AnyConnection::Postgres($bound) => $body,
        }
    };
}

pub(super) use each_backend;
