//! Adding an organisation, with the texts it starts with, and changing it.

use chrono_tz::Tz;

use super::{ActionError, Actions};
use crate::domain::email::{BuiltIn, VersionOrigin};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::OrganisationId;
use crate::domain::organisation::Organisation;
use crate::domain::person::Actor;
use crate::domain::text::Line;
use crate::store::{AuditEntry, StoreError, TemplateVersion, Tx};

/// What is to change of an organisation; the rest stays as it is.
#[derive(Clone, Debug, Default)]
pub struct OrganisationChange {
    /// Its name.
    pub name: Option<Line>,
    /// Where its day begins.
    pub time_zone: Option<Tz>,
    /// The address its mails come from.
    pub from: Option<EmailAddress>,
    /// Where answers go.
    pub reply_to: Option<EmailAddress>,
}

impl Actions {
    /// Changes an organisation. Mails that are queued already keep their sender.
    ///
    /// # Errors
    /// When there is no such organisation or the database refuses.
    pub async fn change_organisation(
        &self,
        id: OrganisationId,
        change: OrganisationChange,
    ) -> Result<(), ActionError> {
        let actions = self.clone();
        self.0
            .store
            .write(move |tx| {
                tx.lock_organisation(id)?;
                let was = tx.organisation(id)?;
                tx.update_organisation(&Organisation {
                    name: change.name.unwrap_or(was.name),
                    time_zone: change.time_zone.unwrap_or(was.time_zone),
                    from: change.from.or(was.from),
                    reply_to: change.reply_to.or(was.reply_to),
                    ..was
                })?;
                Ok(tx.record(&AuditEntry {
                    id: actions.0.ids.next(),
                    organisation_id: id,
                    at: actions.clock().now(),
                    actor: Actor::System,
                    event: "organisation.changed",
                    invoice_id: None,
                    mail_id: None,
                    batch_id: None,
                    detail: "Changed by command.".to_owned(),
                })?)
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
