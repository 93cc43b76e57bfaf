//! People: the first Admin, users by command, and how their pages look.

use sha2::{Digest, Sha256};

use super::{ActionError, Actions, passwords};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{OrganisationId, UserId};
use crate::domain::organisation::Organisation;
use crate::domain::person::{Actor, NewPassword, Role, Theme, User};
use crate::domain::text::Line;
use crate::store::{AuditEntry, NewPerson, StoreError};

/// Who is added.
pub struct Newcomer {
    /// What they sign in with.
    pub email: EmailAddress,
    /// Their name.
    pub name: Line,
    /// What they may do.
    pub role: Role,
    /// Their password.
    pub password: NewPassword,
}

/// How somebody came into an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// With the name and the password that were given.
    New,
    /// With those that they have in another organisation.
    Known,
}

impl Actions {
    /// Makes the organisation and its first Admin; refused once there is a user.
    ///
    /// # Errors
    /// When somebody was faster.
    pub async fn set_up(&self, organisation: Organisation, admin: Newcomer) -> Result<UserId, ActionError> {
        let hash = passwords::hash(admin.password).await?;
        let (actions, id) = (self.clone(), self.0.ids.next::<UserId>());
        let person = NewPerson {
            id,
            email: admin.email,
            name: admin.name,
            password_hash: hash,
            organisation_id: organisation.id,
            role: Role::Admin,
        };
        self.0
            .store
            .write(move |tx| {
                if tx.count_people()? > 0 {
                    return Err(ActionError::Refused(
                        "Dunlin is set up already. Sign in instead.".to_owned(),
                    ));
                }
                actions.insert_organisation(tx, &organisation)?;
                let now = actions.clock().now();
                tx.add_person(&person, now)?;
                // Whoever sets up is signed in with it.
                Ok(tx.enter(organisation.id, id, now)?)
            })
            .await?;
        Ok(id)
    }

    /// Adds a person to an organisation by command. Who works in another one keeps their name and password.
    ///
    /// # Errors
    /// When somebody with this address is in this organisation already.
    pub async fn add_user(
        &self,
        organisation: OrganisationId,
        newcomer: Newcomer,
    ) -> Result<Joined, ActionError> {
        let hash = passwords::hash(newcomer.password).await?;
        let (actions, id) = (self.clone(), self.0.ids.next::<UserId>());
        let person = NewPerson {
            id,
            email: newcomer.email,
            name: newcomer.name,
            password_hash: hash,
            organisation_id: organisation,
            role: newcomer.role,
        };
        self.0
            .store
            .write(move |tx| {
                let joined = if tx.add_person(&person, actions.clock().now())? {
                    Joined::New
                } else {
                    let known = tx.person_with(&person.email)?.ok_or(ActionError::NotFound)?;
                    if tx.member(organisation, known)?.is_some() {
                        let why = format!("There is a user with the address {} already.", person.email);
                        return Err(ActionError::Refused(why));
                    }
                    tx.add_member(organisation, known, person.role)?;
                    Joined::Known
                };
                let detail = format!("{} as {}, by command.", person.email, person.role);
                tx.record(&actions.noted(organisation, Actor::System, "user.added", detail))?;
                Ok(joined)
            })
            .await
    }

    /// Sets a person's colours.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_theme(&self, user: &User, theme: Theme) -> Result<(), ActionError> {
        let id = user.id;
        Ok(self.0.store.write::<_, StoreError>(move |tx| tx.set_theme(id, theme)).await?)
    }

    /// Says whether single letters are commands on a person's pages.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_single_keys(&self, user: &User, on: bool) -> Result<(), ActionError> {
        let id = user.id;
        Ok(self.0.store.write::<_, StoreError>(move |tx| tx.set_single_keys(id, on)).await?)
    }

    /// 256 unguessable bits, in hexadecimal.
    pub fn secret(&self) -> String {
        hex(&self.0.ids.secret())
    }

    /// An entry of the audit that concerns an organisation as a whole or its people.
    pub(super) fn noted(
        &self,
        organisation_id: OrganisationId,
        actor: Actor,
        event: &'static str,
        detail: String,
    ) -> AuditEntry {
        AuditEntry {
            id: self.0.ids.next(),
            organisation_id,
            at: self.clock().now(),
            actor,
            event,
            invoice_id: None,
            mail_id: None,
            batch_id: None,
            detail,
        }
    }
}

/// SHA-256 in hexadecimal: enough for secrets that nobody can guess.
pub(super) fn fingerprint(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
