//! Stopping and restarting the sending: of the whole installation, or of one batch.

use super::{ActionError, Actions};
use crate::domain::ids::BatchId;
use crate::domain::person::{Actor, User};
use crate::store::{AuditEntry, StoreError, Tx};

impl Actions {
    /// Stops all sending. What was handed over already is finished; nothing else leaves once this has returned.
    ///
    /// # Errors
    /// When the database refuses. Pausing twice changes nothing.
    pub async fn pause(&self, actor: Actor, reason: String) -> Result<(), ActionError> {
        let actions = self.clone();
        self.0
            .store
            .write(move |tx| {
                if tx.pause(&reason, actions.clock().now())? {
                    actions.record_everywhere(tx, actor, "sending.paused", &reason)?;
                }
                Ok(())
            })
            .await
    }

    /// Lets sending go on; deadlines have stood still. It also confirms that a copy takes the place of the original.
    ///
    /// # Errors
    /// When the database refuses or the mark beside it cannot be written: then sending stays paused. Resuming twice changes nothing.
    pub async fn resume(&self, actor: Actor) -> Result<(), ActionError> {
        let actions = self.clone();
        self.0
            .store
            .write(move |tx| {
                let was_copy = actions.confirm(tx)?;
                if tx.resume(actions.clock().now())? || was_copy {
                    actions.record_everywhere(tx, actor, "sending.resumed", "")?;
                }
                Ok::<_, ActionError>(())
            })
            .await?;
        self.wake_worker();
        Ok(())
    }

    /// Lets a paused batch go on.
    ///
    /// # Errors
    /// When there is no such batch.
    pub async fn resume_batch(&self, user: &User, id: BatchId) -> Result<(), ActionError> {
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .write(move |tx| {
                tx.batch(user.organisation_id, id)?.ok_or(ActionError::NotFound)?;
                let now = actions.clock().now();
                if tx.resume_batch(user.organisation_id, id, now)? {
                    tx.record(&AuditEntry {
                        id: actions.0.ids.next(),
                        organisation_id: user.organisation_id,
                        at: now,
                        actor: Actor::User(user.id),
                        event: "batch.resumed",
                        invoice_id: None,
                        mail_id: None,
                        batch_id: Some(id),
                        detail: String::new(),
                    })?;
                }
                Ok::<_, ActionError>(())
            })
            .await?;
        self.wake_worker();
        Ok(())
    }

    /// What concerns the installation stands in every organisation's audit.
    pub(super) fn record_everywhere(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        event: &'static str,
        detail: &str,
    ) -> Result<(), StoreError> {
        let at = self.clock().now();
        let entries: Vec<AuditEntry> = tx
            .organisations()?
            .into_iter()
            .map(|organisation| AuditEntry {
                id: self.0.ids.next(),
                organisation_id: organisation.id,
                at,
                actor,
                event,
                invoice_id: None,
                mail_id: None,
                batch_id: None,
                detail: detail.to_owned(),
            })
            .collect();
        tx.record_all(&entries)
    }
}
