//! Adding an organisation, with the texts it starts with, and changing it.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::{ActionError, Actions};
use crate::domain::email::{BuiltIn, VersionOrigin};
use crate::domain::ids::{LetterheadId, OrganisationId};
use crate::domain::language::Language;
use crate::domain::logo::Logo;
use crate::domain::organisation::Organisation;
use crate::domain::person::{Actor, Principal};
use crate::store::{StoreError, Tx};

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
    /// Changes an organisation. Mails that are queued already keep their sender, and texts
    /// that somebody wrote stay when the language changes. A change that changes nothing leaves no
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
        if is.language != was.language {
            self.translate_texts(tx, by, (&was, &is), now)?;
        }
        Ok(self.note(tx, id, by, "organisation.changed", None, changes, now)?)
    }

    fn new_letterhead(
        &self,
        tx: &mut Tx<'_>,
        of: &Organisation,
        now: DateTime<Utc>,
    ) -> Result<Option<LetterheadId>, StoreError> {
        let is_plain = of.colour.is_none() && of.logo.is_none() && of.footer.is_none();
        if is_plain && of.language == Language::English {
            return Ok(None);
        }
        let id = self.0.ids.next();
        tx.add_letterhead(id, of, now)?;
        Ok(Some(id))
    }

    /// Puts the built-in texts of another language in the place of those that nobody has touched.
    fn translate_texts(
        &self,
        tx: &mut Tx<'_>,
        by: Actor,
        (was, is): (&Organisation, &Organisation),
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for built_in in BuiltIn::ALL {
            let Some(template) = tx.email_template(is.id, built_in.slug)? else { continue };
            let is_touched = template.current.version.text() != built_in.text(was.language);
            if is_touched || template.draft.is_some() {
                continue;
            }
            let number = tx.next_template_number(template.id)?;
            let text = built_in.text(is.language);
            let version = self.new_version(template.id, number, text, VersionOrigin::BuiltIn, by, now);
            // Who saves a text at the same moment has touched it.
            tx.publish_version(&version, &template.basis())?;
        }
        Ok(())
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
        if let Some(id) = self.new_letterhead(tx, organisation, now)? {
            tx.update_organisation(&Organisation { letterhead: Some(id), ..organisation.clone() })?;
        }
        for built_in in BuiltIn::ALL {
            let text = built_in.text(organisation.language);
            let origin = VersionOrigin::BuiltIn;
            let first = self.new_version(self.0.ids.next(), 1, text, origin, Actor::System, now);
            tx.add_template(organisation.id, built_in.slug, built_in.stage, &first)?;
        }
        Ok(())
    }
}
