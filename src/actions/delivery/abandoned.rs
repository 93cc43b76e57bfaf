//! What becomes of mails whose worker is gone: what was claimed waits again, what was committed is unconfirmed, or known
//! by its captured file.

use std::sync::Arc;

use super::steps::tries;
use super::{ActionError, Actions};
use crate::domain::delivery::Settlement;
use crate::domain::ids::{ReminderId, WorkerId};
use crate::domain::mail_message::{KEPT_HERE, MailKind};
use crate::domain::reminder::ReminderState;
use crate::store::Hands;

/// Which workers are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// This one.
    One(WorkerId),
    /// Every one but this, which is the only one that may send.
    AllBut(WorkerId),
}

impl Actions {
    /// Resolves what gone workers held; says how many mails that were. `captured` says for a mail that was kept as a file
    /// whether the file is there; `None` where mails go to a server.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn resolve_abandoned(
        &self,
        gone: Gone,
        captured: Option<Arc<dyn Fn(ReminderId, MailKind) -> bool + Send + Sync>>,
    ) -> Result<usize, ActionError> {
        let actions = self.clone();
        self.0
            .store
            .write(move |tx| {
                let now = actions.clock().now();
                // Before its mails are read: a claim that it makes meanwhile is among them, or comes after it is known again.
                let abandoned = match gone {
                    Gone::One(worker) => {
                        tx.forget_worker(worker)?;
                        tx.mails_in_flight(Hands::Of(worker))?
                    }
                    Gone::AllBut(worker) => {
                        tx.forget_other_workers(worker)?;
                        tx.mails_in_flight(Hands::OfAllBut(worker))?
                    }
                };
                for held in &abandoned {
                    let mail = &held.mail;
                    let settlement = match (held.state, &captured) {
                        (ReminderState::Committed, None) => {
                            let problem = "the program stopped before the answer came";
                            actions.0.settings.retry.unanswered(problem, &tries(mail), now)
                        }
                        (ReminderState::Committed, Some(captured)) if captured(mail.id, mail.kind) => {
                            Settlement::Sent { reply: KEPT_HERE.to_owned(), kept_here: true }
                        }
                        _ => Settlement::again(now, String::new()),
                    };
                    actions.write_settlement(tx, mail, &[held.state], &settlement, now)?;
                }
                Ok(abandoned.len())
            })
            .await
    }

    /// Raises this worker's beat, so that others see that it lives.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn beat(&self, worker: WorkerId) -> Result<(), ActionError> {
        let now = self.clock().now();
        Ok(self.0.store.write::<_, crate::store::StoreError>(move |tx| tx.beat(worker, now)).await?)
    }

    /// The workers that are known, each with its beat.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn workers(&self) -> Result<Vec<(WorkerId, i64)>, ActionError> {
        Ok(self.0.store.read::<_, crate::store::StoreError>(|snapshot| snapshot.workers()).await?)
    }
}
