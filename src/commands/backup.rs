//! `dunlin backup`: a consistent copy of an SQLite installation while it runs.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::CommandError;
use crate::clock::Ids;
use crate::config::Config;
use crate::process::Failure;
use crate::store::{DatabaseAddress, copy_database};

/// Writes the copy under a temporary name beside the target, and gives it its name when it is whole and on disk.
pub(super) async fn backup(config: &Config, target: &Path) -> Result<(), CommandError> {
    let database = match config.database_url.parse() {
        Ok(DatabaseAddress::Sqlite(database)) => database,
        Ok(DatabaseAddress::Postgres(_)) => {
            return Err(CommandError::Usage(
                "`dunlin backup` copies SQLite; back up PostgreSQL with its own `pg_dump`".to_owned(),
            ));
        }
        Err(error) => return Err(CommandError::Usage(format!("DUNLIN_DATABASE_URL: {error}"))),
    };
    // Opening would make a new installation, and there is nothing in that to keep.
    fs::metadata(&database).map_err(failed(&database))?;
    refuse_existing(target)?;
    let part = part_of(target)?;
    // Customers' data: nobody else's business.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .map_err(failed(folder_of(target)))?;
    let written = match copy_database(&database, &part).await {
        Ok(()) => keep(&part, target),
        Err(error) => Err(error.into()),
    };
    if written.is_err() {
        // What was wrong is told; that a part of it may be left over is not the news.
        fs::remove_file(&part).ok();
    }
    written
}

fn keep(part: &Path, target: &Path) -> Result<(), CommandError> {
    File::open(part).and_then(|file| file.sync_all()).map_err(failed(part))?;
    refuse_existing(target)?;
    fs::rename(part, target).map_err(failed(target))?;
    let folder = folder_of(target);
    Ok(File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?)
}

fn refuse_existing(target: &Path) -> Result<(), Failure> {
    match fs::symlink_metadata(target) {
        Ok(_) => Err(Failure::Refused(format!("{} is there already; choose another name", target.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(target)(error)),
    }
}

fn part_of(target: &Path) -> Result<PathBuf, CommandError> {
    let name = target
        .file_name()
        .ok_or_else(|| CommandError::Usage(format!("{} is no name for a file", target.display())))?;
    let id = Ids.next::<uuid::Uuid>();
    Ok(folder_of(target).join(format!("{}.{id}.part", name.to_string_lossy())))
}

fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn failed(what: &Path) -> impl FnOnce(io::Error) -> Failure {
    let what = what.display().to_string();
    move |source| Failure::Files { what, source }
}
