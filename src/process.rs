//! What a process stands on: data folder, key, clock, database, verbs.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use thiserror::Error;

use crate::actions::{ActionError, Actions, Settings};
use crate::clock::{Clock, Ids, real_now};
use crate::config::Config;
use crate::domain::delivery::RetryPolicy;
use crate::mail::{MailTimeouts, Relay};
use crate::store::{DatabaseAddress, MarkKeeper, Store, StoreError};

/// Why a command failed.
#[derive(Debug, Error)]
pub enum Failure {
    /// Files.
    #[error("{what}: {source}")]
    Files {
        /// Which.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A verb.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// What was asked for cannot be done.
    #[error("{0}")]
    Refused(String),
}

/// An installation, opened: its database is up to date.
#[derive(Clone)]
pub struct Installation {
    /// The store.
    pub store: Store,
    /// The verbs.
    pub actions: Actions,
    /// The key that cookies and confirmations are signed with.
    pub secret: [u8; 32],
}

impl Installation {
    /// Opens the installation that a configuration describes; makes it when it is new.
    ///
    /// # Errors
    /// What keeps it from being opened.
    pub async fn open(config: &Config) -> Result<Self, Failure> {
        let files = |what: &Path| {
            let what = what.display().to_string();
            move |source| Failure::Files { what, source }
        };
        // Customers' data: nobody else's business.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.data_dir)
            .map_err(files(&config.data_dir))?;
        let address: DatabaseAddress = config
            .database_url
            .parse()
            .map_err(|error| Failure::Refused(format!("DUNLIN_DATABASE_URL: {error}")))?;
        let is_embedded = matches!(address, DatabaseAddress::Sqlite(_));
        let store = Store::open(address)?;
        store.migrate()?;
        let secret = match is_embedded {
            true => kept_secret(&config.data_dir.join("secret.key")).map_err(files(&config.data_dir))?,
            false => shared_secret(&store).await?,
        };
        let clock = clock(config, &store).await?;
        let settings = Settings {
            undo: delta(config.undo),
            window: delta(config.reminder_window),
            retry: RetryPolicy { base: delta(config.retry_base), on_unconfirmed: config.on_unconfirmed },
            retry_deadline: delta(config.retry_deadline),
            api_wait: config.api_wait,
            default_from: config
                .default_sender_host()
                .and_then(|host| format!("reminders@{host}").parse().ok()),
            secret,
        };
        let keeper = MarkKeeper::new(store.address(), &config.data_dir);
        let actions = Actions::of_installation(store.clone(), clock, settings, keeper);
        actions.mark_new().await?;
        Ok(Self { store, actions, secret })
    }

    /// The way out for its mails.
    ///
    /// # Errors
    /// When the folder for captured mails cannot be made.
    pub fn relay(&self, config: &Config) -> Result<Arc<Relay>, Failure> {
        let timeouts = MailTimeouts { step: config.mail_timeout, dot: config.mail_dot_timeout };
        let hello = config.base_url.as_ref().and_then(|url| url.domain()).unwrap_or("localhost").to_owned();
        let folder = config.mail_folder();
        let dedup_header = config.mail_dedup_header.as_ref().map(ToString::to_string);
        Relay::new(&config.mail, folder.clone(), hello, timeouts, dedup_header)
            .map(Arc::new)
            .map_err(|source| Failure::Files { what: folder.display().to_string(), source })
    }
}

/// What people use, for a line on standard output.
pub fn address_line(bound: SocketAddr) -> String {
    format!("Listening on http://{bound}")
}

fn delta(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// The clock of the installation. One that was set continues from where an earlier process with the same value is.
async fn clock(config: &Config, store: &Store) -> Result<Clock, StoreError> {
    let Some(origin) = config.clock else { return Ok(Clock::real()) };
    let now = real_now();
    let first_seen = store.write::<_, StoreError>(move |tx| tx.clock_first_seen(origin, now)).await?;
    Ok(Clock::starting_at(origin + (now - first_seen)))
}

fn kept_secret(path: &Path) -> io::Result<[u8; 32]> {
    match fs::read(path) {
        Ok(bytes) => {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
            bytes.try_into().map_err(|_| {
                io::Error::other("secret.key is damaged; restore it, or remove it to begin anew")
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = Ids.secret();
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(&secret)?;
            file.sync_all()?;
            Ok(secret)
        }
        Err(error) => Err(error),
    }
}

async fn shared_secret(store: &Store) -> Result<[u8; 32], Failure> {
    let fresh: String = Ids.secret().iter().map(|byte| format!("{byte:02x}")).collect();
    let kept = store.write::<_, StoreError>(move |tx| tx.shared_secret(&fresh)).await?;
    let mut secret = [0; 32];
    for (byte, pair) in secret.iter_mut().zip(kept.as_bytes().chunks(2)) {
        let text = std::str::from_utf8(pair).unwrap_or("");
        *byte = u8::from_str_radix(text, 16)
            .map_err(|_| Failure::Refused("the stored key is damaged".to_owned()))?;
    }
    Ok(secret)
}
