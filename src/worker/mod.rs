//! The machine's door: takes mails from the outbox and sends them, as fast as the mail server answers.
//!
//! A round (`round`) sends everything that is due over up to `c` connections. Between rounds the worker waits for mails,
//! for the mail server to come back (the breaker). Beside them `programs` sends what programs wait for, and `life` shows
//! that it lives and takes over from workers that do not.

mod life;
mod lines;
mod programs;
mod round;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, warn};

use crate::actions::{ActionError, Actions};
use crate::domain::email_address::without_addresses;
use crate::domain::ids::WorkerId;
use crate::mail::Relay;
use crate::store::Store;
use lines::Lines;

pub use life::Life;

/// How often the outbox is looked at when nothing says that a mail was queued.
const LOOK: Duration = Duration::from_millis(500);

/// Sends what is in the outbox.
#[derive(Clone)]
pub struct Worker {
    id: WorkerId,
    actions: Actions,
    relay: Arc<Relay>,
    connections: usize,
    lines: Lines,
    breaker_base: Duration,
    /// Whether the last round broke off: perhaps before it could put back what it had claimed.
    has_stumbled: Arc<AtomicBool>,
}

/// How a round of sending ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Round {
    Idle,
    Worked,
    RelayDown(String),
    /// Nothing could be sent but mails of a sender that the mail server does not take.
    SenderRefused(String),
}

impl Worker {
    /// A worker with at most so many connections; `retry_base` scales the breaker's waits.
    pub fn new(
        id: WorkerId,
        actions: Actions,
        relay: Arc<Relay>,
        connections: usize,
        retry_base: Duration,
    ) -> Self {
        Self {
            id,
            actions,
            relay,
            connections,
            lines: Lines::new(connections),
            breaker_base: retry_base / 60,
            has_stumbled: Arc::default(),
        }
    }

    /// Sends until told to stop, once this process may. A mail in the middle of a conversation is finished first.
    pub async fn run(self, store: Store, lease: Duration, mut stop: watch::Receiver<bool>) {
        let life = Life::new(self.id, self.actions.clone(), self.relay.clone(), store, lease);
        let Some(life) = life.begin(&mut stop).await else { return };
        let living = tokio::spawn(life.go_on(stop.clone()));
        tokio::join!(self.send_for_programs(stop.clone()), self.send_while_running(&mut stop));
        match living.await {
            Ok(life) => life.end().await,
            Err(error) => error!(%error, "the worker\u{2019}s sign of life broke off"),
        }
    }

    async fn send_while_running(&self, stop: &mut watch::Receiver<bool>) {
        let mut breaker = Breaker::new();
        while !*stop.borrow() {
            let pause = match self.round(stop).await {
                Ok(round) => match self.tell(round, &mut breaker, stop).await {
                    Round::Worked => continue,
                    Round::Idle | Round::SenderRefused(_) => LOOK,
                    Round::RelayDown(_) => self.breaker_base * breaker.factor(),
                },
                Err(error) => {
                    error!(%error, "the outbox could not be read");
                    LOOK * 4
                }
            };
            tokio::select! {
                _ = stop.changed() => {}
                () = tokio::time::sleep(pause) => {}
                // While the mail server is down a new mail changes nothing.
                () = self.actions.mail_queued(), if breaker.failures == 0 => {}
            }
        }
    }

    /// Sends everything that may leave now.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn send_until_idle(&self) -> Result<(), ActionError> {
        let (_keep, stop) = watch::channel(false);
        let mut breaker = Breaker::new();
        loop {
            let has_served = self.send_what_programs_wait_for(&stop).await?;
            let round = self.round(&stop).await?;
            if self.tell(round, &mut breaker, &stop).await != Round::Worked && !has_served {
                return Ok(());
            }
        }
    }

    async fn is_mail_waiting(&self) -> bool {
        self.actions.is_mail_waiting().await.unwrap_or(false)
    }

    /// Says on every page that the mail server cannot be used, or that it can be used again. Where nothing was to be sent and
    /// it is said to be down, it is looked at: it may have come back unseen.
    async fn tell(&self, round: Round, breaker: &mut Breaker, stop: &watch::Receiver<bool>) -> Round {
        let round = match round {
            Round::Idle if breaker.noted == Noted::RelayDown => {
                let mut stop = stop.clone();
                tokio::select! {
                    looked = self.relay.check() => looked.map_or_else(Round::RelayDown, |()| Round::Idle),
                    _ = stop.changed() => return Round::Idle,
                }
            }
            round => round,
        };
        let told = match &round {
            Round::RelayDown(problem) => {
                warn!(problem = without_addresses(problem), "the mail server cannot be used");
                *breaker = Breaker { failures: breaker.failures + 1, noted: Noted::RelayDown };
                match self.actions.note_relay(Some(problem)).await {
                    Ok(()) => self.actions.expire_mails(self.id).await,
                    Err(error) => Err(error),
                }
            }
            Round::SenderRefused(problem) => {
                warn!(problem = without_addresses(problem), "the mail server does not take a sender");
                *breaker = Breaker { failures: 0, noted: Noted::SenderRefused };
                self.actions.note_sender_refused(problem).await
            }
            Round::Worked | Round::Idle if breaker.noted == Noted::Nothing => Ok(()),
            Round::Idle if breaker.noted == Noted::SenderRefused && self.is_mail_waiting().await => Ok(()),
            Round::Worked | Round::Idle => {
                breaker.failures = 0;
                let told = self.actions.note_relay(None).await;
                if told.is_ok() {
                    breaker.noted = Noted::Nothing;
                }
                told
            }
        };
        if let Err(error) = told {
            error!(%error, "the state of the mail server could not be recorded");
        }
        round
    }
}

/// What stops the sending while the mail server cannot be used.
struct Breaker {
    /// Rounds in a row in which it could not be.
    failures: usize,
    noted: Noted,
}

/// What every page may say of the mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Noted {
    Nothing,
    RelayDown,
    /// It is so until others are taken, or none is left that waits.
    SenderRefused,
}

impl Breaker {
    /// Whatever the worker before this one noted may still stand.
    fn new() -> Self {
        Self { failures: 0, noted: Noted::RelayDown }
    }

    /// How long to wait: 5 s, 15 s, 1 min, then 5 min with the usual base of 5 s.
    fn factor(&self) -> u32 {
        const FACTORS: [u32; 4] = [0, 1, 3, 12];
        FACTORS.get(self.failures).copied().unwrap_or(60)
    }
}
