//! The machine's door: takes mails from the outbox and sends them, as fast as the mail server answers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::actions::{ActionError, Actions, Composed, Go};
use crate::domain::mail_message::Outcome;
use crate::mail::Relay;
use crate::store::ClaimedMail;

/// Mails taken by one claim.
const CLAIM: usize = 100;
/// How often the outbox is looked at when nothing says that a mail was queued.
const LOOK: Duration = Duration::from_millis(500);

/// Sends what is in the outbox.
#[derive(Clone)]
pub struct Worker {
    actions: Actions,
    relay: Arc<Relay>,
    connections: usize,
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
    pub fn new(actions: Actions, relay: Arc<Relay>, connections: usize, retry_base: Duration) -> Self {
        Self { actions, relay, connections, breaker_base: retry_base / 60 }
    }

    /// Sends until told to stop. A mail in the middle of a conversation is finished first.
    ///
    /// # Errors
    /// When what an earlier process left behind cannot be resolved: nothing may be sent before that.
    pub async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), ActionError> {
        let resolved = self.actions.resolve_abandoned(self.relay.captured()).await?;
        if resolved > 0 {
            info!(resolved, "resolved mails that an earlier process had left behind");
        }
        let mut failures = 0_usize;
        while !*stop.borrow() {
            let pause = match self.round(&stop).await {
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
        Ok(())
    }

    /// Sends everything that may leave now.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn send_until_idle(&self) -> Result<(), ActionError> {
        let (_keep, stop) = watch::channel(false);
        let mut failures = 1;
        loop {
            let round = self.round(&stop).await?;
            self.tell(&round, &mut failures).await;
            if round != Round::Worked {
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
                warn!(problem, "the mail server cannot be used");
                *failures += 1;
                self.actions.note_relay(Some(problem.clone())).await
            }
            Round::Worked if std::mem::take(failures) > 0 => self.actions.note_relay(None).await,
            Round::Worked | Round::Idle => Ok(()),
        };
        if let Err(error) = told {
            error!(%error, "the state of the mail server could not be recorded");
        }
    }

    /// Claims some mails and sends them over up to `connections` connections.
    async fn round(&self, stop: &watch::Receiver<bool>) -> Result<Round, ActionError> {
        let claimed = self.actions.claim_mails(CLAIM).await?;
        let Some(token) = claimed.first().map(|mail| mail.token) else { return Ok(Round::Idle) };
        let mut waiting = claimed.into_iter();
        let mut sending = JoinSet::new();
        let mut down = None;
        loop {
            while sending.len() < self.connections && down.is_none() && !*stop.borrow() {
                let Some(mail) = waiting.next() else { break };
                let worker = self.clone();
                sending.spawn(async move { worker.send(mail).await });
            }
            match sending.join_next().await {
                None => break,
                Some(Ok(Ok(Outcome::RelayDown { problem }))) => down = Some(problem),
                Some(Ok(Ok(_))) => {}
                Some(Ok(Err(error))) => {
                    error!(%error, "a mail could not be settled; the next start resolves it")
                }
                Some(Err(error)) => error!(%error, "sending a mail broke off; the next start resolves it"),
            }
        }
        self.actions.release_claims(token).await?;
        Ok(down.map_or(Round::Worked, Round::RelayDown))
    }

    /// One mail, from composing to its outcome.
    async fn send(&self, claimed: ClaimedMail) -> Result<Outcome, ActionError> {
        let stopped = Outcome::TryLater { reply: String::new() };
        let letter = match self.actions.compose_mail(&claimed).await? {
            Composed::Ready(letter) => letter,
            Composed::Stopped => return Ok(stopped),
        };
        let prepared = match self.relay.prepare(&letter.mail).await {
            Ok(prepared) => prepared,
            Err(outcome) => {
                self.actions.settle_mail(&claimed, outcome.clone(), false).await?;
                return Ok(outcome);
            }
        };
        match self.actions.commit_mail(&claimed, &letter).await? {
            Go::Send => {
                let outcome = prepared.finish().await;
                self.actions.settle_mail(&claimed, outcome.clone(), true).await?;
                Ok(outcome)
            }
            Go::Stop => {
                prepared.abandon();
                Ok(stopped)
            }
        }
    }
}
