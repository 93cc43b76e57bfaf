//! Adding an organisation, with the texts it starts with, and changing it.

use thiserror::Error;

use super::{ActionError, Actions};
use crate::domain::email::{BuiltIn, VersionOrigin};
use crate::domain::ids::OrganisationId;
use crate::domain::organisation::Organisation;
use crate::domain::person::Actor;
use crate::store::{StoreError, TemplateVersion, Tx};

/// Why an organisation was not changed.
#[derive(Debug, Error)]
pub enum ChangeRefused {
    /// Somebody else has changed it since; this is what is there now.
    #[error("Somebody else has changed this meanwhile. Nothing was saved.")]
    Meanwhile(Box<Organisation>),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] ActionError),
}

impl From<StoreError> for ChangeRefused {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl Actions {
    /// Changes an organisation. Mails that are queued already keep their sender. A change that changes nothing leaves no
    /// trace.
    ///
    /// # Errors
    /// When there is no such organisation, or whatever `change` says to what is there now.
    pub async fn change_organisation(
        &self,
        by: Actor,
        id: OrganisationId,
        change: impl FnOnce(Organisation) -> Result<Organisation, ChangeRefused> + Send + 'static,
    ) -> Result<(), ChangeRefused> {
        let actions = self.clone();
        self.0
            .store
            .write(move |tx| {
                tx.lock_organisation(id)?;
                let was = tx.organisation(id)?;
                let is = change(was.clone())?;
                let Some(changes) = was.changes(&is) else { return Ok(()) };
                tx.update_organisation(&is)?;
                let now = actions.clock().now();
                Ok(actions.note(tx, id, by, "organisation.changed", None, changes, now)?)
            })
            .await
    }

    /// Adds an organisation.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_organisation(&self, organisation: Organisation) -> Result<(), ActionError> {
        let actions = self.clone();
        self.0.store.write(move |tx| Ok(actions.insert_organisation(tx, &organisation)?)).await
    }

    pub(super) fn insert_organisation(
        &self,
        tx: &mut Tx<'_>,
        organisation: &Organisation,
    ) -> Result<(), StoreError> {
        let now = self.clock().now();
        tx.add_organisation(organisation, now)?;
        for built_in in BuiltIn::ALL {
            let text = built_in.text();
            let first = TemplateVersion {
                id: self.0.ids.next(),
                template_id: self.0.ids.next(),
                number: 1,
                subject: text.subject,
                message: text.message,
                origin: VersionOrigin::BuiltIn,
                actor: Actor::System,
                created_at: now,
            };
            tx.add_template(organisation.id, built_in.slug, built_in.stage, &first)?;
        }
        Ok(())
    }
}
