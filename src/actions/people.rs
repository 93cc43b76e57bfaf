//! People: the first Admin, users by command, signing in and out, sessions.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::{ActionError, Actions, passwords};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{OrganisationId, UserId};
use crate::domain::organisation::Organisation;
use crate::domain::person::{NewPassword, Role, Theme, User};
use crate::domain::text::Line;
use crate::store::{NewPerson, StoreError};

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

/// A session ends after so long without a request.
pub const SESSION_IDLE: TimeDelta = TimeDelta::minutes(30);
/// A session ends after so long in any case.
pub const SESSION_LIFE: TimeDelta = TimeDelta::hours(12);

/// Tries to sign in that cost no wait.
const FREE_TRIES: u32 = 4;

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
                tx.add_person(&person, actions.clock().now())?;
                Ok(())
            })
            .await?;
        Ok(id)
    }

    /// Adds a person to an organisation.
    ///
    /// # Errors
    /// When there is one with this address already.
    pub async fn add_user(
        &self,
        organisation: OrganisationId,
        newcomer: Newcomer,
    ) -> Result<UserId, ActionError> {
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
            .write(move |tx| match tx.add_person(&person, actions.clock().now())? {
                true => Ok(id),
                false => Err(ActionError::Refused(format!(
                    "There is a user with the address {} already.",
                    person.email
                ))),
            })
            .await
    }

    /// Checks a password. One answer for every failure; repeated ones have to wait, longer each time.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with a sentence for the person, or [`ActionError::Throttled`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: String,
        address: &str,
    ) -> Result<(UserId, OrganisationId), ActionError> {
        let now = self.clock().now();
        let typed: Option<EmailAddress> = email.parse().ok();
        let account = format!("account:{}", fingerprint(&email.trim().to_lowercase()));
        let subjects = [account, format!("address:{address}")];
        let to_read = subjects.clone();
        let (waits_until, credentials) = self
            .0
            .store
            .read::<_, StoreError>(move |snapshot| {
                let mut waits_until = None;
                for subject in &to_read {
                    waits_until = waits_until.max(snapshot.sign_in_failures(subject)?.map(until));
                }
                let credentials = typed.map(|email| snapshot.credentials(&email)).transpose()?.flatten();
                Ok((waits_until, credentials))
            })
            .await?;
        if let Some(until) = waits_until.filter(|until| *until > now) {
            // Rounded up: who waits so long is let in.
            let seconds = (until - now).num_milliseconds().unsigned_abs().div_ceil(1000);
            return Err(ActionError::Throttled(seconds));
        }
        let hash = credentials.as_ref().map(|found| found.password_hash.clone());
        let is_right = passwords::verify(password, hash).await?;
        self.0
            .store
            .write::<_, StoreError>(move |tx| {
                for subject in &subjects {
                    if is_right {
                        tx.clear_sign_in_failures(subject)?
                    } else {
                        tx.note_sign_in_failure(subject, now)?
                    }
                }
                Ok(())
            })
            .await?;
        credentials
            .filter(|_| is_right)
            .map(|found| (found.id, found.organisation_id))
            .ok_or_else(|| ActionError::Refused("E-mail or password is wrong.".to_owned()))
    }

    /// A session's content, while it lives. `renews` says whether this use keeps it alive.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn session(&self, id: &str, renews: bool) -> Result<Option<String>, ActionError> {
        let (now, hash) = (self.clock().now(), fingerprint(id));
        let to_read = hash.clone();
        let session = self.0.store.read::<_, StoreError>(move |snapshot| snapshot.session(&to_read)).await?;
        let Some(session) = session else { return Ok(None) };
        if now >= session.seen_at + SESSION_IDLE || now >= session.created_at + SESSION_LIFE {
            return Ok(None);
        }
        if renews && now >= session.seen_at + TimeDelta::minutes(1) {
            self.0.store.write::<_, StoreError>(move |tx| tx.touch_session(&hash, now)).await?;
        }
        Ok(Some(session.state))
    }

    /// Keeps a session; only the hash of its id is stored.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_session(&self, id: &str, state: String) -> Result<(), ActionError> {
        let (now, hash) = (self.clock().now(), fingerprint(id));
        Ok(self.0.store.write::<_, StoreError>(move |tx| tx.keep_session(&hash, &state, now)).await?)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_session(&self, id: &str) -> Result<(), ActionError> {
        let (idle_since, hash) = (self.clock().now() - SESSION_LIFE, fingerprint(id));
        Ok(self.0.store.write::<_, StoreError>(move |tx| tx.end_session(&hash, idle_since)).await?)
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
}

/// Until when the next try has to wait: 1 s, 2 s, 4 s ... at most 5 minutes.
fn until((failures, last_at): (u32, DateTime<Utc>)) -> DateTime<Utc> {
    match failures.checked_sub(FREE_TRIES) {
        None => last_at,
        Some(over) => last_at + TimeDelta::seconds(1_i64 << over.min(9)).min(TimeDelta::minutes(5)),
    }
}

/// SHA-256 in hexadecimal: enough for secrets that nobody can guess.
pub(super) fn fingerprint(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
