//! Adding an organisation, with the texts it starts with.

use super::{ActionError, Actions};
use crate::domain::email::{BuiltIn, VersionOrigin};
use crate::domain::organisation::Organisation;
use crate::domain::person::Actor;
use crate::store::{StoreError, TemplateVersion, Tx};

impl Actions {
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
