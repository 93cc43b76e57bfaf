//! Sessions: how long they live, whose they are, and ending them.

use chrono::{DateTime, TimeDelta, Utc};

use super::people::fingerprint;
use super::{ActionError, Actions};
use crate::domain::person::{Actor, Role, User};
use crate::store::{ListedSession, SessionOwner, Sessions, StoreError};

/// A session ends after so long without a request.
pub const SESSION_IDLE: TimeDelta = TimeDelta::minutes(30);
/// A session ends after so long in any case.
pub const SESSION_LIFE: TimeDelta = TimeDelta::hours(12);
/// A use is noted at most so often.
const NOTED: TimeDelta = TimeDelta::minutes(1);

impl Actions {
    /// A session's content, and whether it still lives.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn session(&self, id: &str) -> Result<Option<(String, bool)>, ActionError> {
        let (now, hash) = (self.clock().now(), fingerprint(id));
        let session = self.0.store.read::<_, StoreError>(move |snapshot| snapshot.session(&hash)).await?;
        Ok(session.map(|session| {
            let lives = now < session.seen_at + SESSION_IDLE && now < session.created_at + SESSION_LIFE;
            (session.state, lives)
        }))
    }

    /// Notes that a person does something with a session that was last used then, so that it goes on living.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn use_session(&self, handle: &str, seen_at: DateTime<Utc>) -> Result<(), ActionError> {
        let (now, handle) = (self.clock().now(), handle.to_owned());
        if now >= seen_at + NOTED {
            self.0.store.write::<_, StoreError>(move |tx| tx.touch_session(&handle, now)).await?;
        }
        Ok(())
    }

    /// Whether a session has to go on under another id, since its person's role is another: of requests that come at the
    /// same time one is told so, and the others are answered as they are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn has_new_role(
        &self,
        handle: &str,
        used_with: Option<Role>,
        role: Role,
    ) -> Result<bool, ActionError> {
        if used_with == Some(role) {
            return Ok(false);
        }
        let handle = handle.to_owned();
        Ok(self.0.store.write::<_, StoreError>(move |tx| tx.note_role(&handle, role)).await?)
    }

    /// Keeps a new session; only the hash of its id is stored. What of others' is over is thrown away on this occasion.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_session(
        &self,
        id: &str,
        state: String,
        owner: Option<SessionOwner>,
    ) -> Result<(), ActionError> {
        let (now, hash) = (self.clock().now(), fingerprint(id));
        Ok(self
            .0
            .store
            .write::<_, StoreError>(move |tx| {
                tx.prune_sessions(now - SESSION_LIFE)?;
                tx.keep_session(&hash, &state, owner.as_ref(), now)
            })
            .await?)
    }

    /// Changes what a session holds.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn change_session(
        &self,
        id: &str,
        state: String,
        owner: Option<SessionOwner>,
    ) -> Result<(), ActionError> {
        let hash = fingerprint(id);
        Ok(self
            .0
            .store
            .write::<_, StoreError>(move |tx| tx.change_session(&hash, &state, owner.as_ref()))
            .await?)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_session(&self, id: &str) -> Result<(), ActionError> {
        let hash = fingerprint(id);
        Ok(self.0.store.write::<_, StoreError>(move |tx| tx.end_session(&hash)).await?)
    }

    /// A person's living sessions, last used first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sessions_of(&self, user: &User) -> Result<Vec<ListedSession>, ActionError> {
        let (now, id) = (self.clock().now(), user.id);
        let listed = move |snapshot: &mut crate::store::Snapshot<'_>| {
            snapshot.sessions_of(id, now - SESSION_LIFE, now - SESSION_IDLE)
        };
        Ok(self.0.store.read::<_, StoreError>(listed).await?)
    }

    /// Ends sessions of the person themselves.
    ///
    /// # Errors
    /// [`ActionError::NotFound`] when a single one is not theirs, or not there any more.
    pub async fn end_sessions(&self, user: &User, which: Sessions) -> Result<(), ActionError> {
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .write(move |tx| {
                let ended = tx.end_sessions_of(user.id, &which)?;
                match (ended, &which) {
                    (0, Sessions::One(_)) => return Err(ActionError::NotFound),
                    (0, _) => return Ok(()),
                    _ => {}
                }
                let detail = format!("{ended} ended from the profile.");
                let actor = Actor::User(user.id);
                Ok(tx.record(&actions.noted(user.organisation_id, actor, "session.ended", detail))?)
            })
            .await
    }
}
