//! Signing in: one answer for every failure, and delays that grow.

use super::throttle::Tried;
use super::{ActionError, Actions, passwords};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{OrganisationId, UserId};
use crate::domain::person::Actor;
use crate::store::StoreError;

/// What a right password opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedInTo {
    /// Who it is.
    pub person: UserId,
    /// The organisation to enter.
    pub organisation: OrganisationId,
    /// Whether a code is asked for before anything else.
    pub needs_code: bool,
}

impl Actions {
    /// Checks a password. One answer for every failure; repeated ones have to wait, longer each time.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with a sentence for the person, or [`ActionError::Throttled`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: String,
        address: &str,
    ) -> Result<SignedInTo, ActionError> {
        let tried = Tried::sign_in(email, address);
        let typed: Option<EmailAddress> = email.parse().ok();
        let place = passwords::place().await?;
        self.check_wait(&tried).await?;
        let credentials = self
            .0
            .store
            .read::<_, StoreError>(move |snapshot| {
                Ok(typed.map(|email| snapshot.credentials(&email)).transpose()?.flatten())
            })
            .await?;
        let hash = credentials.as_ref().map(|found| found.password_hash.clone());
        let is_right = passwords::verify(&place, password, hash).await?;
        let known = credentials.filter(|_| is_right).map(|found| SignedInTo {
            person: found.id,
            organisation: found.organisation_id,
            needs_code: found.has_second_factor,
        });
        let actions = self.clone();
        self.0
            .store
            .write::<_, StoreError>(move |tx| {
                let now = actions.clock().now();
                let Some(SignedInTo { person, organisation, needs_code }) = known else {
                    return tried.count(tx, now);
                };
                tried.forget(tx)?;
                if needs_code {
                    return Ok(());
                }
                tx.enter(organisation, person, now)?;
                tx.record(&actions.noted(organisation, Actor::User(person), "user.signed_in", String::new()))
            })
            .await?;
        drop(place);
        known.ok_or_else(|| ActionError::Refused("E-mail or password is wrong.".to_owned()))
    }
}
