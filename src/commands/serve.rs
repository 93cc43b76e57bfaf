//! The long-running commands: serve, work, demo.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::CommandError;
use crate::actions::Newcomer;
use crate::cli::Demo;
use crate::clock::Ids;
use crate::config::{Config, is_setting};
use crate::domain::mail_target::MailTarget;
use crate::domain::organisation::Organisation;
use crate::domain::person::{Actor, Role};
use crate::process::{Failure, Installation, address_line};
use crate::server::{PATIENCE, Serving, start};
use crate::store::{DatabaseAddress, StoreError};
use crate::web::{Rates, WebState, assets};
use crate::worker::Worker;

/// Longest wait for the database when all else has ended.
const PUT_AWAY: Duration = Duration::from_secs(2);

/// What a server is started for.
pub(super) enum Occasion {
    /// To be used; whether this process sends too.
    Use { with_worker: bool },
    /// To look around in; what is said first of a new one.
    Demo { announcement: Option<String> },
}

/// Web and API, and the worker unless it is left out, until told to stop.
pub(super) async fn serve(config: &Config, occasion: Occasion) -> Result<(), CommandError> {
    let (is_demo, with_worker, announcement) = match occasion {
        Occasion::Use { with_worker } => (false, with_worker, None),
        Occasion::Demo { announcement } => (true, true, announcement),
    };
    let installation = Installation::open(config).await?;
    begin(&installation).await?;
    let failure = |what: String| move |source| CommandError::Failed(Failure::Files { what, source });
    let listener = TcpListener::bind(config.bind).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => CommandError::Failed(Failure::Refused(format!(
            "{} is in use: stop what listens there, or listen elsewhere with --bind",
            config.bind
        ))),
        _ => failure(config.bind.to_string())(error),
    })?;
    let bound = listener.local_addr().map_err(failure(config.bind.to_string()))?;
    let static_folder =
        assets::unpack(&config.data_dir).map_err(failure(config.data_dir.display().to_string()))?;
    let setup_token = setup_token(&installation).await?;
    let base_url = config.base_url_at(bound);
    let server = start(Serving {
        listener,
        state: WebState {
            actions: installation.actions.clone(),
            reader: installation.store.reader(),
            ids: Ids,
            mail: config.mail.clone(),
            mail_folder: matches!(config.mail, MailTarget::Capture).then(|| config.mail_folder()),
            write_mail: crate::mail::writer(config.mail_dedup_header.as_ref().map(ToString::to_string)),
            base_url: base_url.clone(),
            is_demo,
            setup_token: setup_token.clone(),
            rates: Rates::default(),
        },
        static_folder,
        secret: installation.secret,
        is_https: config.is_https(),
        shutdown: config.shutdown,
        api_rate_per_minute: config.api_rate_per_minute,
        patience: PATIENCE,
        trusted_proxies: config.trusted_proxies.clone(),
        threads: std::thread::available_parallelism().map_or(2, usize::from),
    })
    .map_err(failure(bound.to_string()))?;
    let handle = server.handle();
    let mut signals = Signals::heard().map_err(failure("signals".to_owned()))?;
    if let Some(token) = setup_token {
        println!("Set up Dunlin: {base_url}/setup?token={token}");
    }
    if let Some(announcement) = announcement {
        println!("{announcement}");
    }
    println!("{}", address_line(bound));
    let (stop, stopped) = watch::channel(false);
    let (store, actions) = (installation.store.clone(), installation.actions.clone());
    let worker = with_worker.then(|| tokio::spawn(send(installation, config.clone(), stopped)));
    let serving = tokio::spawn(server);
    signals.next().await;
    info!("stopping");
    stop.send_replace(true);
    let sending = async {
        if let Some(worker) = worker {
            finish(worker, config.shutdown).await;
        }
        actions.stop_waiting();
    };
    tokio::join!(handle.stop(true), sending);
    finish(serving, config.shutdown).await;
    match tokio::time::timeout(PUT_AWAY, store.put_away()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(%error, "the database was not put into one file"),
        Err(_) => warn!("the database is still in use; it was not put into one file"),
    }
    Ok(())
}

/// The worker alone.
pub(super) async fn work(config: &Config) -> Result<(), CommandError> {
    let installation = Installation::open(config).await?;
    if matches!(installation.store.address(), DatabaseAddress::Sqlite(_)) {
        return Err(CommandError::Usage(
            "`dunlin work` needs PostgreSQL; with SQLite `dunlin serve` sends".to_owned(),
        ));
    }
    begin(&installation).await?;
    let mut signals =
        Signals::heard().map_err(|source| Failure::Files { what: "signals".to_owned(), source })?;
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn(send(installation, config.clone(), stopped));
    signals.next().await;
    stop.send_replace(true);
    finish(worker, config.shutdown).await;
    Ok(())
}

/// A throw-away instance to look around in.
pub(super) async fn demo(flags: &Demo, mut variables: BTreeMap<String, String>) -> Result<(), CommandError> {
    let folder = match &flags.data_dir {
        Some(folder) => folder.clone(),
        None => std::env::temp_dir().join(format!("dunlin-demo-{}", Ids.next::<uuid::Uuid>())),
    };
    variables.retain(|name, _| !is_setting(name) || name == "DUNLIN_LOG" || name == "DUNLIN_CLOCK");
    variables.insert("DUNLIN_DATA_DIR".to_owned(), folder.display().to_string());
    variables.insert("DUNLIN_BIND".to_owned(), flags.bind.clone());
    let config = Config::read(&variables).map_err(|problems| CommandError::Usage(problems.to_string()))?;
    let ended = match furnish(&config).await {
        Ok(announcement) => serve(&config, Occasion::Demo { announcement }).await,
        Err(error) => Err(error),
    };
    if flags.data_dir.is_none() {
        remove(&folder);
    }
    ended
}

/// Fills a new demo; `None` for one that is there already.
async fn furnish(config: &Config) -> Result<Option<String>, CommandError> {
    let installation = Installation::open(config).await?;
    if !installation.store.read::<_, StoreError>(|snapshot| snapshot.organisations()).await?.is_empty() {
        return Ok(None);
    }
    let euro = "EUR".parse().map_err(|_| CommandError::Usage("EUR".to_owned()))?;
    let organisation = Organisation {
        from: "ar@acme.example".parse().ok(),
        ..Organisation::new(Ids.next(), line("Acme Receivables"), chrono_tz::UTC, euro)
    };
    let id = organisation.id;
    installation.actions.add_organisation(organisation).await?;
    let password: String = installation.actions.secret().chars().take(16).collect();
    let mut people = Vec::new();
    for role in Role::ALL {
        let email = format!("{role}@acme.example");
        let name = format!("{}{}", &role.as_str()[..1].to_uppercase(), &role.as_str()[1..]);
        let parsed = email.parse().ok().zip(password.parse().ok());
        let Some((address, secret)) = parsed else { continue };
        let newcomer = Newcomer { email: address, name: line(&name), role: *role, password: secret };
        installation.actions.add_user(id, newcomer).await?;
        people.push(format!("  {email}"));
    }
    installation.actions.import_sample(Actor::System, id).await?;
    let key = installation.actions.add_api_key(id, line("A program that looks around")).await?;
    let people = people.join("\n");
    Ok(Some(format!(
        "Sign in with the password {password} as one of\n{people}\nA program uses this key:\nKEY={key}"
    )))
}

fn line(text: &str) -> crate::domain::text::Line {
    #[expect(clippy::expect_used, reason = "only called with fixed names")]
    text.parse().expect("a line")
}

fn remove(folder: &Path) {
    if let Err(error) = std::fs::remove_dir_all(folder) {
        warn!(%error, folder = %folder.display(), "the demo's folder could not be removed");
    }
}

/// Counts the start; a copy begins paused.
async fn begin(installation: &Installation) -> Result<(), CommandError> {
    if let Some(copied) = installation.actions.begin().await? {
        warn!("sending is paused: {}", copied.sentence());
    }
    Ok(())
}

/// Sends, as soon as this process may.
async fn send(installation: Installation, config: Config, stop: watch::Receiver<bool>) {
    let relay = match installation.relay(&config) {
        Ok(relay) => relay,
        Err(error) => return error!(%error, "nothing can be sent"),
    };
    let (actions, id) = (installation.actions, Ids.next());
    let worker = Worker::new(id, actions, relay, config.mail_connections, config.retry_base);
    worker.run(installation.store, config.lease, stop).await;
}

async fn setup_token(installation: &Installation) -> Result<Option<String>, StoreError> {
    let people = installation.store.read::<_, StoreError>(|snapshot| snapshot.count_people()).await?;
    Ok((people == 0).then(|| installation.actions.secret()))
}

/// What tells a process to end; heard from before anybody is told that it runs.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn heard() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn finish<T>(task: tokio::task::JoinHandle<T>, grace: Duration) {
    if tokio::time::timeout(grace, task).await.is_err() {
        warn!("the grace time is over; what was in hand is resolved at the next start");
    }
}
