//! Batches that programs ask for: by the rules of those that people confirm, but nothing was shown that could be stale.

use super::propose_reminders::{Ground, Origin};
use super::send_reminders::{Accepted, enqueue};
use super::{ActionError, Actions};
use crate::domain::ids::{BatchId, OrganisationId};
use crate::domain::person::Principal;
use crate::domain::proposal::Proposal;
use crate::store::Snapshot;

impl Actions {
    /// What a batch of these invoices would do; stores nothing.
    ///
    /// # Errors
    /// As [`Actions::start_batch`], but that of nothing it would do nothing.
    pub async fn try_batch(&self, by: &Principal, origin: Origin) -> Result<Proposal, ActionError> {
        let (actions, organisation) = (self.clone(), by.organisation_id);
        self.0.store.read(move |snapshot| Ok(decided(snapshot, &actions, organisation, &origin)?.1)).await
    }

    /// Makes a batch of all of these invoices and its reminders, to leave after the undo time, or nothing. Asking again
    /// with the same id is asking once.
    ///
    /// # Errors
    /// [`ActionError::NotFound`] when one of them is unknown, [`ActionError::NotRemindable`] when one is not remindable,
    /// [`ActionError::TooMany`] when they are more than a batch holds, [`ActionError::NothingSelected`] when none matches,
    /// [`ActionError::Refused`] when the organisation has no sender.
    pub async fn start_batch(&self, by: &Principal, id: BatchId, origin: Origin) -> Result<(), ActionError> {
        let (actions, by) = (self.clone(), by.clone());
        self.0
            .store
            .write(move |tx| {
                tx.lock_organisation(by.organisation_id)?;
                if tx.batch(by.organisation_id, id)?.is_some() {
                    return Ok(());
                }
                let (ground, proposal) = decided(tx, &actions, by.organisation_id, &origin)?;
                if proposal.selected() == 0 {
                    return Err(ActionError::NothingSelected);
                }
                let accepted = Accepted { id, selected: proposal.selected(), retry_of: None };
                enqueue(tx, &actions, &ground, &by, &accepted, &proposal)
            })
            .await?;
        self.wake_worker();
        Ok(())
    }
}

fn decided(
    snapshot: &mut Snapshot<'_>,
    actions: &Actions,
    organisation: OrganisationId,
    origin: &Origin,
) -> Result<(Ground, Proposal), ActionError> {
    let ground = Ground::read(snapshot, &actions.0.settings, organisation)?;
    let candidates = ground.candidates(snapshot, actions, origin)?;
    let proposal = ground.propose(snapshot, actions, candidates, origin)?;
    Ok((ground, proposal))
}
