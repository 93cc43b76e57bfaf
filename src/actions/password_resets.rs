//! A forgotten password: a link by mail sets a new one, once and within twenty minutes. Whoever asks learns nothing about
//! which addresses have an account, neither from the answer nor from how long it takes.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use super::link_mails::NewLinkMail;
use super::people::fingerprint;
use super::throttle::Tried;
use super::{ActionError, Actions, passwords};
use crate::domain::email::LinkLetter;
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::UserId;
use crate::domain::mail_message::MailKind;
use crate::domain::person::{Actor, NewPassword, User};
use crate::store::{Sessions, StoreError, Tx};

/// How long a password can be set with the link.
pub const RESET_LIFE: TimeDelta = TimeDelta::minutes(20);

/// Every answer takes this long, which is longer than the work for a known address.
const ANSWER: Duration = Duration::from_millis(250);

impl Actions {
    /// Sends a link with which the account of an address gets a new password. `base_url` is the installation's own
    /// address, which the link begins with; `address` is where the request came from.
    ///
    /// # Errors
    /// [`ActionError::Throttled`] when it was asked for too often, for this account, known or not, or from this address.
    pub async fn request_password_reset(
        &self,
        email: &EmailAddress,
        address: &str,
        base_url: &str,
    ) -> Result<(), ActionError> {
        let answered_at = Instant::now() + ANSWER;
        let (actions, base_url) = (self.clone(), base_url.to_owned());
        let (typed, tried) = (email.clone(), Tried::reset(email.as_str(), address));
        let done = self
            .0
            .store
            .write(move |tx| {
                let now = actions.clock().now();
                tried.check(tx, now)?;
                tried.count(tx, now)?;
                let Some(found) = tx.credentials(&typed)? else { return Ok(()) };
                let Some(user) = tx.user(found.organisation_id, found.id)? else { return Ok(()) };
                match actions.queue_reset(tx, &user, &base_url) {
                    Err(ActionError::Refused(why)) => {
                        warn!(why, "a password reset could not be sent");
                        Ok(())
                    }
                    queued => queued,
                }
            })
            .await;
        self.wake_worker();
        sleep_until(answered_at).await;
        done
    }

    /// Whether a link's secret can set a password now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn can_reset_password(&self, token: &str) -> Result<bool, ActionError> {
        let (hash, now) = (fingerprint(token), self.clock().now());
        let found =
            self.0.store.read::<_, StoreError>(move |snapshot| snapshot.password_reset_of(&hash, now));
        Ok(found.await?.is_some())
    }

    /// Sets a new password with a link's secret. All sessions of the person end, and all other links.
    ///
    /// # Errors
    /// [`ActionError::NotFound`] when the link is not worth anything any more.
    pub async fn reset_password(&self, token: &str, password: NewPassword) -> Result<(), ActionError> {
        // Hashing is dear: first see whether the link is worth it.
        if !self.can_reset_password(token).await? {
            return Err(ActionError::NotFound);
        }
        let password_hash = passwords::hash(password).await?;
        let (actions, hash) = (self.clone(), fingerprint(token));
        self.0
            .store
            .write(move |tx| {
                let now = actions.clock().now();
                let person = tx.password_reset_of(&hash, now)?.ok_or(ActionError::NotFound)?;
                // First of all: who changes the password takes the account before its links, too.
                tx.lock_person(person)?;
                if !tx.use_password_reset(&hash, now)? {
                    return Err(ActionError::NotFound);
                }
                actions.replace_password(tx, person, &password_hash, &Sessions::All)?;
                for (organisation, email) in tx.memberships(person)? {
                    Tried::at_account(&email).forget(tx)?;
                    let detail = "With a link by mail. All sessions ended.".to_owned();
                    tx.record(&actions.noted(
                        organisation,
                        Actor::User(person),
                        "user.password_reset",
                        detail,
                    ))?;
                }
                Ok(())
            })
            .await
    }

    /// Writes a new password, ends sessions, and makes links that set another one worthless.
    pub(super) fn replace_password(
        &self,
        tx: &mut Tx<'_>,
        person: UserId,
        hash: &str,
        ends: &Sessions,
    ) -> Result<(), StoreError> {
        tx.set_password(person, hash)?;
        tx.end_sessions_of(person, ends)?;
        tx.end_password_resets_of(person, self.clock().now())
    }

    fn queue_reset(&self, tx: &mut Tx<'_>, user: &User, base_url: &str) -> Result<(), ActionError> {
        let organisation = tx.organisation(user.organisation_id)?;
        let letter = LinkLetter {
            subject: "A new password for Dunlin".to_owned(),
            message: format!("Somebody asked for a new password for {} on Dunlin.", user.email),
            button: "Set a new password",
            address: format!("{base_url}/password-resets/"),
            end: "The link works once and for 20 minutes. If it was not you, leave it: your password stays as it is."
                .to_owned(),
        };
        let link = self.queue_link(
            tx,
            NewLinkMail {
                kind: MailKind::PasswordReset,
                organisation: &organisation,
                actor: Actor::System,
                recipient_name: user.name.clone(),
                recipient: user.email.clone(),
                letter,
                life: RESET_LIFE,
            },
        )?;
        tx.add_password_reset(self.0.ids.next(), user.id, &link, self.clock().now())?;
        let detail = format!("A link was sent to {}.", user.email);
        Ok(tx.record(&self.noted(
            user.organisation_id,
            Actor::System,
            "user.password_reset_asked",
            detail,
        ))?)
    }
}
