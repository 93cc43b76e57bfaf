//! The two halves of an installation's mark: the row in the database, and what is kept apart from it. With SQLite that is
//! the file `instance` in the data folder; with PostgreSQL the server itself says where the row is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::columns::parsed;
use super::connection::DatabaseAddress;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::instance::{Kept, Mark, Name, Seen};

/// Where the half of the mark is that a copied database does not take along.
#[derive(Clone, Debug)]
pub enum MarkKeeper {
    /// In a file, which knows the database by its inode.
    File {
        /// The file `instance`.
        mark: PathBuf,
        /// The database.
        database: PathBuf,
    },
    /// In the row itself, which knows the server, the database and the table by their numbers.
    Server,
}

#[derive(QueryableByName)]
struct MarkRow {
    #[diesel(sql_type = Nullable<Text>)]
    instance_id: Option<String>,
    #[diesel(sql_type = BigInt)]
    starts: i64,
    #[diesel(sql_type = Nullable<Text>)]
    instance_place: Option<String>,
    #[diesel(sql_type = Bool)]
    is_empty: bool,
}

#[derive(QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = Text)]
    place: String,
}

impl MarkKeeper {
    /// For a database and the data folder of its installation.
    pub fn new(address: &DatabaseAddress, data_folder: &Path) -> Self {
        match address {
            DatabaseAddress::Sqlite(database) => {
                Self::File { mark: data_folder.join("instance"), database: database.clone() }
            }
            DatabaseAddress::Postgres(_) => Self::Server,
        }
    }

    /// Both halves. Where something follows from it, after [`Tx::lock_installation`]: then no other process changes its
    /// half in the database meanwhile, and the number in the file is never ahead of it by mere timing.
    ///
    /// # Errors
    /// When the file or the database cannot be read.
    pub fn seen(&self, snapshot: &mut Snapshot<'_>) -> Result<Seen, StoreError> {
        let row = snapshot.mark_row()?;
        let name = match row.instance_id.as_deref() {
            None => Name::Never,
            Some("") => Name::Blank,
            Some(id) => Name::Id(parsed("installation.instance_id", id)?),
        };
        let (kept, place) = match self {
            Self::File { mark, database } => {
                let place = fs::metadata(database).map_err(file_error(database))?.ino().to_string();
                (read(mark)?, place)
            }
            Self::Server => {
                let kept = match (name, row.instance_place) {
                    (Name::Id(id), Some(place)) => Kept::Mark(Mark { id, starts: row.starts, place }),
                    _ => Kept::Nothing,
                };
                (kept, snapshot.server_place()?)
            }
        };
        Ok(Seen { name, starts: row.starts, is_empty: row.is_empty, kept, place })
    }

    /// Writes the half apart from the database; durable, and never half written.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&self, mark: &Mark) -> Result<(), StoreError> {
        match self {
            Self::File { mark: file, .. } => replace(file, &mark.to_string()).map_err(file_error(file)),
            Self::Server => Ok(()),
        }
    }
}

impl Snapshot<'_> {
    fn mark_row(&mut self) -> Result<MarkRow, StoreError> {
        Sql::new(
            "SELECT instance_id, starts, instance_place, NOT EXISTS (SELECT 1 FROM organisation) AS is_empty \
             FROM installation",
        )
        .first(self.connection())?
        .ok_or(StoreError::Missing("installation"))
    }

    /// A dump that is restored makes the table anew, a copy of the database has another number, and so has another server.
    fn server_place(&mut self) -> Result<String, StoreError> {
        Sql::new(
            "SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) \
             || '/' || CAST(CAST('installation' AS regclass) AS oid) AS place FROM pg_control_system()",
        )
        .first::<PlaceRow>(self.connection())?
        .map(|row| row.place)
        .ok_or(StoreError::Missing("server"))
    }
}

impl Tx<'_> {
    /// Makes other transactions that want the same wait for the end of this one.
    pub fn lock_installation(&mut self) -> Result<(), StoreError> {
        let locked = self.connection().locked("installation");
        Sql::new(&format!("SELECT id FROM installation{locked}")).execute(self.connection())?;
        Ok(())
    }

    /// Writes the half in the database.
    pub fn set_mark(&mut self, mark: &Mark) -> Result<(), StoreError> {
        Sql::new("UPDATE installation SET instance_id = $1, starts = $2, instance_place = $3 WHERE id = 1")
            .bind(mark.id.to_string())
            .bind(mark.starts)
            .bind(mark.place.as_str())
            .execute(self.connection())?;
        Ok(())
    }
}

fn read(file: &Path) -> Result<Kept, StoreError> {
    match fs::read(file) {
        Ok(bytes) => {
            let mark = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok());
            Ok(mark.map_or(Kept::Damaged, Kept::Mark))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Kept::Nothing),
        Err(error) => Err(file_error(file)(error)),
    }
}

fn replace(file: &Path, text: &str) -> io::Result<()> {
    // Two processes may start at the same time.
    let fresh = file.with_extension(format!("{}.new", std::process::id()));
    let mut writing = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    writing.write_all(text.as_bytes())?;
    writing.sync_all()?;
    fs::rename(&fresh, file)?;
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn file_error(file: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let what = file.display().to_string();
    move |source| StoreError::Files { what, source }
}
