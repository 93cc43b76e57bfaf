//! Adding an organisation, with the texts it starts with, and changing it.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::{ActionError, Actions};
use crate::domain::email::{BuiltIn, VersionOrigin};
use crate::domain::ids::{LetterheadId, OrganisationId};
use crate::domain::logo::Logo;
use crate::domain::organisation::Organisation;
use crate::domain::person::{Actor, Principal};
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
        self.0.store.write(move |tx| actions.change_in(tx, by, id, change)).await
    }

    /// Puts a picture at the top of an organisation's mails. Mails that are queued already go without it.
    ///
    /// # Errors
    /// When there is no such organisation or the database refuses.
    pub async fn set_logo(&self, by: &Principal, logo: Logo) -> Result<(), ChangeRefused> {
        let (actions, actor, organisation) = (self.clone(), by.actor, by.organisation_id);
        self.0
            .store
            .write(move |tx| {
                let id = logo.id;
                tx.add_logo(organisation, logo, actions.clock().now())?;
                let change = |was| Ok(Organisation { logo: Some(id), ..was });
                actions.change_in(tx, actor, organisation, change)
            })
            .await
    }

    fn change_in(
        &self,
        tx: &mut Tx<'_>,
        by: Actor,
        id: OrganisationId,
        change: impl FnOnce(Organisation) -> Result<Organisation, ChangeRefused>,
    ) -> Result<(), ChangeRefused> {
        tx.lock_organisation(id)?;
        let was = tx.organisation(id)?;
        let mut is = change(was.clone())?;
        let Some(changes) = was.changes(&is) else { return Ok(()) };
        let now = self.clock().now();
        if !is.looks_like(&was) {
            is.letterhead = self.new_letterhead(tx, &is, now)?;
        }
        tx.update_organisation(&is)?;
        Ok(self.note(tx, id, by, "organisation.changed", None, changes, now)?)
    }

    fn new_letterhead(
        &self,
        tx: &mut Tx<'_>,
        of: &Organisation,
        now: DateTime<Utc>,
    ) -> Result<Option<LetterheadId>, StoreError> {
        if of.colour.is_none() && of.logo.is_none() && of.footer.is_none() {
            return Ok(None);
        }
        let id = self.0.ids.next();
        tx.add_letterhead(id, of, now)?;
        Ok(Some(id))
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
