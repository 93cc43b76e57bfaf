//! What programs wait for: sent at once, beside the rounds and whatever the breaker says, each mail tried once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::error;

use super::round::record;
use super::{LOOK, Worker};
use crate::actions::{ActionError, Go, Grouping, Letter};
use crate::store::Lane;

/// Mails taken by one claim.
const CLAIM: usize = 100;
/// How long to wait before a database that refuses is asked again.
const AGAIN: Duration = Duration::from_secs(1);

impl Worker {
    /// Sends what programs wait for until told to stop. What is in a conversation then is finished.
    pub(super) async fn send_for_programs(&self, mut stop: watch::Receiver<bool>) {
        let writer = self.actions.grouping(self.connections);
        let (mut sending, mut has_stumbled) = (JoinSet::new(), false);
        while !*stop.borrow() {
            while let Some(sent) = sending.try_join_next() {
                has_stumbled |= sent.is_err();
            }
            let begun = match has_stumbled {
                true => self.begin_again_for_programs(&mut sending, &writer, &stop).await,
                false => self.begin_for_programs(&mut sending, &writer, &stop).await,
            };
            has_stumbled = begun.is_err();
            let pause = match begun {
                Ok(true) => continue,
                Ok(false) => LOOK,
                Err(error) => {
                    error!(%error, "the outbox could not be read for programs");
                    AGAIN
                }
            };
            tokio::select! {
                _ = stop.changed() => {}
                () = tokio::time::sleep(pause) => {}
                () = self.actions.program_asked() => {}
            }
        }
        while sending.join_next().await.is_some() {}
    }

    /// Sends what programs wait for now; says whether there was anything.
    pub(super) async fn send_what_programs_wait_for(
        &self,
        stop: &watch::Receiver<bool>,
    ) -> Result<bool, ActionError> {
        let writer = self.actions.grouping(self.connections);
        let (mut sending, mut has_served) = (JoinSet::new(), false);
        while self.begin_for_programs(&mut sending, &writer, stop).await? {
            has_served = true;
        }
        sending.join_all().await;
        Ok(has_served)
    }

    /// Takes what is there and begins to send it; says whether there was anything.
    async fn begin_for_programs(
        &self,
        sending: &mut JoinSet<()>,
        writer: &Grouping,
        stop: &watch::Receiver<bool>,
    ) -> Result<bool, ActionError> {
        let Some(letters) = self.actions.next_letters(Lane::Programs, self.id, CLAIM).await? else {
            return Ok(false);
        };
        for letter in letters {
            sending.spawn(self.clone().send_one(letter, writer.clone(), stop.clone()));
        }
        Ok(true)
    }

    /// The same after a try that broke off: what was claimed then and not begun is put back first. What is on its way to the
    /// point of no return is put back too, does not get there, and is taken again.
    async fn begin_again_for_programs(
        &self,
        sending: &mut JoinSet<()>,
        writer: &Grouping,
        stop: &watch::Receiver<bool>,
    ) -> Result<bool, ActionError> {
        self.actions.release_claims(Lane::Programs, self.id).await?;
        self.begin_for_programs(sending, writer, stop).await
    }

    /// One mail, from its turn to its outcome.
    async fn send_one(self, letter: Arc<Letter>, writer: Grouping, stop: watch::Receiver<bool>) {
        let _right = self.lines.right().await;
        if *stop.borrow() {
            // It was claimed and not committed: the end of this worker gives it back.
            return;
        }
        let prepared = match self.relay.prepare(&letter.mail, None).await {
            Ok(prepared) => prepared,
            Err(outcome) => return record(&writer, letter.not_handed_over(outcome)).await,
        };
        match writer.exchange(None, Some(letter.clone())).await {
            Ok(Go::Send) => {
                let (outcome, _) = prepared.finish(None).await;
                record(&writer, letter.handed_over(outcome)).await;
            }
            Ok(Go::Stop) => prepared.abandon(),
            Err(error) => {
                error!(%error, "a mail could not be taken past the point of no return; it was not sent");
                prepared.abandon();
                record(&writer, letter.withdrawn()).await;
            }
        }
    }
}
