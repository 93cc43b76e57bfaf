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
}

/// How a round of sending ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Round {
    Idle,
    Worked,
    RelayDown(String),
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
        let mut failures = 0_usize;
        while !*stop.borrow() {
            let pause = match self.round(stop).await {
                Ok(round) => {
                    self.tell(&round, &mut failures).await;
                    match round {
                        Round::Worked => continue,
                        Round::Idle => LOOK,
                        Round::RelayDown(_) => self.breaker_pause(failures),
                    }
                }
                Err(error) => {
                    error!(%error, "the outbox could not be read");
                    LOOK * 4
                }
            };
            let is_down = failures > 0;
            tokio::select! {
                _ = stop.changed() => {}
                () = tokio::time::sleep(pause) => {}
                // While the mail server is down a new mail changes nothing.
                () = self.actions.mail_queued(), if !is_down => {}
            }
        }
    }

    /// Sends everything that may leave now.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn send_until_idle(&self) -> Result<(), ActionError> {
        let (_keep, stop) = watch::channel(false);
        let mut failures = 1;
        loop {
            let has_served = self.send_what_programs_wait_for(&stop).await?;
            let round = self.round(&stop).await?;
            self.tell(&round, &mut failures).await;
            if round != Round::Worked && !has_served {
                return Ok(());
            }
        }
    }

    /// 5 s, 15 s, 1 min, then 5 min with the usual base of 5 min.
    fn breaker_pause(&self, failures: usize) -> Duration {
        const FACTORS: [u32; 3] = [1, 3, 12];
        self.breaker_base * FACTORS.get(failures - 1).copied().unwrap_or(60)
    }

    /// Says on every page that the mail server cannot be used, or that it can be used again.
    async fn tell(&self, round: &Round, failures: &mut usize) {
        let told = match round {
            Round::RelayDown(problem) => {
                warn!(problem = without_addresses(problem), "the mail server cannot be used");
                *failures += 1;
                match self.actions.note_relay(Some(problem)).await {
                    Ok(()) => self.actions.expire_mails(self.id).await,
                    Err(error) => Err(error),
                }
            }
            Round::Worked if std::mem::take(failures) > 0 => self.actions.note_relay(None).await,
            Round::Worked | Round::Idle => Ok(()),
        };
        if let Err(error) = told {
            error!(%error, "the state of the mail server could not be recorded");
        }
    }
}
