//! Stopping and restarting the sending: of the whole installation, of an organisation, or of one batch.

use super::{ActionError, Actions};
use crate::domain::ids::BatchId;
use crate::domain::person::{Actor, User};
use crate::store::{AuditEntry, Snapshot, StoreError, Tx};

/// What the audit says where more than the organisation's own sending goes on.
const ALL_OF_IT: &str = "All sending of this installation.";
/// What it says where a copy may take the place of the original, and something else stops it.
const STAYS_STOPPED: &str = "It takes the place of the original. Its sending stays paused.";

impl Actions {
    /// Stops all sending of the installation. What was handed over already is finished; nothing else leaves once this has
    /// returned.
    ///
    /// # Errors
    /// When the database refuses. Pausing twice changes nothing.
    pub async fn pause(&self, reason: String) -> Result<(), ActionError> {
        let actions = self.clone();
        self.0
            .store
            .write(move |tx| {
                if tx.pause(&reason, actions.clock().now())? {
                    actions.record_everywhere(tx, None, "sending.paused", &reason)?;
                }
                Ok(())
            })
            .await
    }

    /// Lets the installation go on; deadlines have stood still. It also confirms that a copy takes the place of the
    /// original. What an organisation has paused of its own stays paused, unless it is the only one.
    ///
    /// # Errors
    /// When the database refuses or the mark beside it cannot be written: then sending stays paused. Resuming twice changes
    /// nothing.
    pub async fn resume(&self) -> Result<(), ActionError> {
        let actions = self.clone();
        self.0
            .store
            .write(move |tx| {
                let now = actions.clock().now();
                if let [only] = tx.organisations()?.as_slice()
                    && tx.resume_organisation(only.id, now)?
                {
                    tx.record(&actions.noted(only.id, Actor::System, "sending.resumed", String::new()))?;
                }
                let was_copy = actions.confirm(tx)?;
                if tx.resume(now)? || was_copy {
                    actions.record_everywhere(tx, None, "sending.resumed", ALL_OF_IT)?;
                }
                Ok::<_, ActionError>(())
            })
            .await?;
        self.wake_worker();
        Ok(())
    }

    /// Stops the reminders and test mails of the person's organisation. What was handed over already is finished; none
    /// of them leaves once this has returned.
    ///
    /// # Errors
    /// When the database refuses. Pausing twice changes nothing.
    pub async fn pause_own(&self, user: &User, reason: String) -> Result<(), ActionError> {
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .write(move |tx| {
                let organisation = user.organisation_id;
                if tx.pause_organisation(organisation, &reason, actions.clock().now())? {
                    let actor = Actor::User(user.id);
                    tx.record(&actions.noted(organisation, actor, "sending.paused", reason.clone()))?;
                }
                Ok(())
            })
            .await
    }

    /// Lets the person's organisation go on; deadlines have stood still. It also confirms that a copy takes the place of
    /// the original, and lifts a pause of the installation where there is no other organisation.
    ///
    /// # Errors
    /// As [`Actions::resume`].
    pub async fn resume_own(&self, user: &User) -> Result<(), ActionError> {
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .write(move |tx| {
                let (now, organisation) = (actions.clock().now(), user.organisation_id);
                let pauses = tx.pauses(organisation)?;
                if tx.resume_organisation(organisation, now)? {
                    let actor = Actor::User(user.id);
                    tx.record(&actions.noted(organisation, actor, "sending.resumed", String::new()))?;
                }
                if pauses.may_resume_installation() {
                    actions.confirm(tx)?;
                    let is_lifted = match pauses.is_alone {
                        true => tx.resume(now)?,
                        false => tx.resume_copy(now)?,
                    };
                    let (event, detail) = match Snapshot::pause(tx)? {
                        None => ("sending.resumed", ALL_OF_IT),
                        Some(_) => ("copy.confirmed", STAYS_STOPPED),
                    };
                    if is_lifted {
                        actions.record_everywhere(tx, Some(&user), event, detail)?;
                    }
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

    /// What concerns the installation stands in every organisation's audit, under the name of who did it only where that
    /// person belongs.
    pub(super) fn record_everywhere(
        &self,
        tx: &mut Tx<'_>,
        by: Option<&User>,
        event: &'static str,
        detail: &str,
    ) -> Result<(), StoreError> {
        let theirs = by.map(|user| tx.organisations_of(user.id)).transpose()?.unwrap_or_default();
        for organisation in tx.organisations()? {
            let is_known = theirs.iter().any(|(id, _)| *id == organisation.id);
            let actor = by.filter(|_| is_known).map_or(Actor::System, |user| Actor::User(user.id));
            tx.record(&self.noted(organisation.id, actor, event, detail.to_owned()))?;
        }
        Ok(())
    }
}
