//! What a batch would do with a selection: shown before it is asked for, and stored nowhere.

use super::{ActionError, Actions, Settings};
use crate::domain::confirmation::Confirmation;
use crate::domain::ids::{BatchId, InvoiceId, OrganisationId, TemplateVersionId};
use crate::domain::invoice_list::InvoiceFilter;
use crate::domain::organisation::{Organisation, Sender};
use crate::domain::person::User;
use crate::domain::proposal::{Candidate, Change, MAX_BATCH, Proposal, Seen, propose};
use crate::store::{Snapshot, StoreError, TemplateVersion};

/// The slug of the text that bulk sending uses.
pub(super) const DEFAULT_TEMPLATE: &str = "invoice-reminder";

/// Where the invoices of a proposal come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Ticked one by one.
    Chosen(Vec<InvoiceId>),
    /// All that match: the filter, and how many the person saw.
    Matching {
        /// Which invoices.
        filter: InvoiceFilter,
        /// How many matched when the page was drawn.
        seen: usize,
    },
    /// The failed rows of a batch.
    Failed(BatchId),
}

/// Everything that a confirmation shows, and what "Yes" sends back.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// Whom it writes to, who is left out.
    pub proposal: Proposal,
    /// The text.
    pub template: TemplateVersion,
    /// Who the mails come from.
    pub sender: Sender,
    /// What "Yes" accepts.
    pub confirmation: Confirmation,
    /// Its signature.
    pub signature: String,
    /// What has changed since it was shown before.
    pub changes: Vec<Change>,
}

impl Actions {
    /// What a batch would do with these invoices.
    ///
    /// # Errors
    /// When nothing or too much is selected, or something that is not remindable.
    pub async fn propose_reminders(&self, user: &User, origin: Origin) -> Result<Proposed, ActionError> {
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .read(move |snapshot| {
                let ground = Ground::read(snapshot, &actions.0.settings, user.organisation_id)?;
                let candidates = ground.candidates(snapshot, &actions, &origin)?;
                if candidates.is_empty() {
                    return Err(ActionError::NothingSelected);
                }
                let proposal = ground.propose(snapshot, &actions, candidates, &origin)?;
                Ok(ground.proposed(&actions, &user, proposal, &origin, Vec::new()))
            })
            .await
    }
}

/// What a proposal stands on beside the invoices.
pub(super) struct Ground {
    pub(super) organisation: Organisation,
    pub(super) template: TemplateVersion,
    pub(super) sender: Sender,
}

impl Ground {
    pub(super) fn read(
        snapshot: &mut Snapshot<'_>,
        settings: &Settings,
        organisation_id: OrganisationId,
    ) -> Result<Self, ActionError> {
        let organisation = snapshot.organisation(organisation_id)?;
        let template = snapshot
            .current_version(organisation.id, DEFAULT_TEMPLATE)?
            .ok_or(StoreError::Missing("default e-mail template"))?;
        let sender = settings.sender_of(&organisation)?;
        Ok(Self { organisation, template, sender })
    }

    /// The invoices an origin stands for now.
    pub(super) fn candidates(
        &self,
        snapshot: &mut Snapshot<'_>,
        actions: &Actions,
        origin: &Origin,
    ) -> Result<Vec<Candidate>, ActionError> {
        let ids = match origin {
            // What was named is counted, also what was named twice.
            Origin::Chosen(ids) if ids.len() > MAX_BATCH => return Err(ActionError::TooMany(ids.len())),
            Origin::Chosen(ids) => {
                let mut ids = ids.clone();
                ids.sort_unstable();
                ids.dedup();
                ids
            }
            Origin::Matching { filter, .. } => {
                let today = self.organisation.day_of(actions.clock().now());
                // One more than fits, to know that there are too many; the count says how many.
                let ids = snapshot.matching_ids(self.organisation.id, filter, today, MAX_BATCH + 1)?;
                if ids.len() > MAX_BATCH {
                    return Err(ActionError::TooMany(
                        snapshot.matching(self.organisation.id, filter, today)?.count,
                    ));
                }
                ids
            }
            Origin::Failed(batch) => snapshot.failed_invoices(self.organisation.id, *batch)?,
        };
        if ids.len() > MAX_BATCH {
            return Err(ActionError::TooMany(ids.len()));
        }
        let candidates = snapshot.candidates(self.organisation.id, &ids)?;
        // An id that is not there at all, or another organisation's, was not ticked on a page of ours.
        if candidates.len() < ids.len() { Err(ActionError::NotFound) } else { Ok(candidates) }
    }

    /// Decides for the candidates; a retry leaves out what a selection would have to refuse.
    pub(super) fn propose(
        &self,
        snapshot: &mut Snapshot<'_>,
        actions: &Actions,
        candidates: Vec<Candidate>,
        origin: &Origin,
    ) -> Result<Proposal, ActionError> {
        let (window, now) = (actions.0.settings.window, actions.clock().now());
        let today = self.organisation.day_of(now);
        match origin {
            Origin::Chosen(_) | Origin::Matching { .. } => propose(candidates, window, now, today)
                .map_err(|refused| ActionError::NotRemindable(Box::new(refused))),
            Origin::Failed(batch) => {
                let unconfirmed = snapshot.unconfirmed_of_batch(*batch)?;
                Ok(crate::domain::proposal::propose_again(candidates, &unconfirmed, window, now, today))
            }
        }
    }

    pub(super) fn proposed(
        self,
        actions: &Actions,
        user: &User,
        proposal: Proposal,
        origin: &Origin,
        changes: Vec<Change>,
    ) -> Proposed {
        let confirmation = Confirmation {
            batch_id: actions.0.ids.next(),
            user_id: user.id,
            organisation_id: user.organisation_id,
            template_version_id: TemplateVersionId::clone(&self.template.id),
            sender: self.sender.clone(),
            retry_of: match origin {
                Origin::Failed(batch) => Some(*batch),
                Origin::Chosen(_) | Origin::Matching { .. } => None,
            },
            seen: proposal.candidates().map(Seen::of).collect(),
        };
        Proposed {
            signature: actions.0.settings.sign(&confirmation),
            proposal,
            template: self.template,
            sender: self.sender,
            confirmation,
            changes,
        }
    }
}
