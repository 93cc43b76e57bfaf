//! Taking data out: a backup of an embedded database as a file that is gone when it has been read, and the record of who
//! took what.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{ActionError, Actions};
use crate::domain::person::Principal;
use crate::store::{DatabaseAddress, StoreError, copy_database};

/// Why nobody can download a backup; whoever runs the server makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoBackup {
    /// The database is on a server.
    #[error("The data is on a PostgreSQL server. Back it up with its own pg_dump.")]
    OnServer,
    /// It holds other organisations' data too.
    #[error(
        "A backup holds the data of every organisation of this installation, and there are several. Whoever runs the server \
         makes it with the command dunlin backup FILE."
    )]
    SeveralOrganisations,
}

impl Actions {
    /// Why there is no backup to download; `None` where there is one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn no_backup(&self) -> Result<Option<NoBackup>, StoreError> {
        if !matches!(self.0.store.address(), DatabaseAddress::Sqlite(_)) {
            return Ok(Some(NoBackup::OnServer));
        }
        let organisations = self.0.store.read::<_, StoreError>(|snapshot| snapshot.organisations()).await?;
        Ok((organisations.len() > 1).then_some(NoBackup::SeveralOrganisations))
    }

    /// A consistent copy of an embedded database, one at a time. The file has no name any more: it goes with its handle.
    ///
    /// # Errors
    /// When there is none to download ([`NoBackup`]), another copy is being made, or the disk refuses.
    pub async fn take_backup(&self, by: &Principal) -> Result<File, ActionError> {
        if let Some(why) = self.no_backup().await? {
            return Err(ActionError::Refused(why.to_string()));
        }
        let DatabaseAddress::Sqlite(database) = self.0.store.address().clone() else {
            return Err(ActionError::Refused(NoBackup::OnServer.to_string()));
        };
        let Ok(_alone) = self.0.backup.try_lock() else {
            let sentence = "Another backup is being made. Wait until it is there, then try again.";
            return Err(ActionError::Refused(sentence.to_owned()));
        };
        // In the folder of the database: there is room for such a file, and nobody else reads it.
        let part = PathBuf::from(format!("{}.part", database.display()));
        make_empty(&part).map_err(failed(&part))?;
        let copied = copy_database(&database, &part).await;
        let file = File::open(&part).map_err(failed(&part));
        fs::remove_file(&part).map_err(failed(&part))?;
        copied?;
        self.note_export(by, "A backup of the database.".to_owned()).await?;
        Ok(file?)
    }

    /// Records that somebody takes data out.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_export(&self, by: &Principal, what: String) -> Result<(), ActionError> {
        let (actions, actor, organisation) = (self.clone(), by.actor, by.organisation_id);
        self.0
            .store
            .write(move |tx| {
                let now = actions.clock().now();
                Ok(actions.note(tx, organisation, actor, "data.exported", None, what, now)?)
            })
            .await
    }
}

/// An empty file that nobody else reads; what a process that died left there is of no use.
fn make_empty(part: &Path) -> io::Result<()> {
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(part).map(|_| ())
}

fn failed(what: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let what = what.display().to_string();
    move |source| StoreError::Files { what, source }
}
