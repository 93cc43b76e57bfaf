//! Mails kept as files instead of being sent: the file, synced and renamed, is the mail server's "250".

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::domain::ids::ReminderId;
use crate::domain::mail_message::MailKind;

/// Where a mail is kept: `<id>.eml` for a reminder, `<kind>-<id>.eml` for others.
pub(super) fn path(folder: &Path, id: ReminderId, kind: MailKind) -> PathBuf {
    match kind {
        MailKind::Reminder => folder.join(format!("{id}.eml")),
        MailKind::Test | MailKind::Invitation | MailKind::PasswordReset | MailKind::AccountNotice => {
            folder.join(format!("{kind}-{id}.eml"))
        }
    }
}

/// Keeps a mail; durable when this returns.
pub(super) fn keep(folder: &Path, id: ReminderId, kind: MailKind, bytes: &[u8]) -> io::Result<()> {
    let (kept, unfinished) = (path(folder, id, kind), folder.join(format!(".{id}.part")));
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, &kept)?;
    File::open(folder)?.sync_all()
}
