//! Programs' keys: made and shown once, known by their fingerprint, ended at once.

use chrono::{DateTime, Utc};

use super::people::fingerprint;
use super::throttle::Tried;
use super::{ActionError, Actions};
use crate::domain::ids::{ApiKeyId, OrganisationId};
use crate::domain::person::{Actor, Principal, User};
use crate::domain::text::Line;
use crate::store::{LAST_USED_WITHIN, NewApiKey, StoreError};

/// Characters of a key that may be shown.
const PREFIX: usize = 13;

impl Actions {
    /// Adds a key as a command does, without an end, and returns it: it cannot be shown again.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_api_key(&self, organisation: OrganisationId, name: Line) -> Result<String, ActionError> {
        self.make_api_key(Actor::System, organisation, self.0.ids.next(), name, None).await
    }

    /// Makes a key for a program, and returns it: it cannot be shown again. `id` is made with the form, so that the same
    /// form twice makes one key.
    ///
    /// # Errors
    /// When this form has made its key before.
    pub async fn create_api_key(
        &self,
        by: &User,
        id: ApiKeyId,
        name: Line,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<String, ActionError> {
        self.make_api_key(Actor::User(by.id), by.organisation_id, id, name, expires_at).await
    }

    async fn make_api_key(
        &self,
        actor: Actor,
        organisation_id: OrganisationId,
        id: ApiKeyId,
        name: Line,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<String, ActionError> {
        let (actions, key) = (self.clone(), format!("dunlin_{}", self.secret()));
        let prefix = key.chars().take(PREFIX).collect();
        let secret_hash = fingerprint(&key);
        let mut new = NewApiKey { id, organisation_id, name, prefix, secret_hash, actor, expires_at };
        self.0
            .store
            .write(move |tx| {
                let now = actions.clock().now();
                if !tx.add_api_key(&new, now)? {
                    if tx.api_key_of(organisation_id, new.id)?.is_some() {
                        return Err(ActionError::Refused(
                            "This key was made before, and it cannot be shown again. If nobody has copied it, revoke it and make another."
                                .to_owned(),
                        ));
                    }
                    // Another organisation's id is like one that nobody has.
                    new.id = actions.0.ids.next();
                    tx.add_api_key(&new, now)?;
                }
                let detail = format!("{}, {}\u{2026}", new.name, new.prefix);
                Ok(actions.note(tx, organisation_id, actor, "api_key.added", None, detail, now)?)
            })
            .await?;
        Ok(key)
    }

    /// Whether any program may use the API.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn has_programs(&self) -> Result<bool, ActionError> {
        let now = self.clock().now();
        Ok(self.0.store.read::<_, StoreError>(move |snapshot| snapshot.has_api_keys(now)).await?)
    }

    /// Ends a key: from the next request on it is refused. Ending it twice is ending it once.
    ///
    /// # Errors
    /// When the organisation has no such key.
    pub async fn revoke_api_key(&self, by: &User, id: ApiKeyId) -> Result<(), ActionError> {
        let (actions, organisation, actor) = (self.clone(), by.organisation_id, Actor::User(by.id));
        self.0
            .store
            .write(move |tx| {
                let key = tx.api_key_of(organisation, id)?.ok_or(ActionError::NotFound)?;
                let now = actions.clock().now();
                if tx.revoke_api_key(organisation, id, now)? {
                    let detail = format!("{}, {}\u{2026}", key.name, key.prefix);
                    actions.note(tx, organisation, actor, "api_key.revoked", None, detail, now)?;
                }
                Ok(())
            })
            .await
    }

    /// Counts a key that there is not, by where it came from. Keys that there are go on working from there.
    ///
    /// # Errors
    /// [`ActionError::Throttled`] when too many came from there.
    pub async fn count_wrong_key(&self, address: &str) -> Result<(), ActionError> {
        let tried = Tried::key(address);
        // Who has to wait is told so without a write.
        self.check_wait(&tried).await?;
        let actions = self.clone();
        self.0
            .store
            .write(move |tx| {
                let now = actions.clock().now();
                // In the transaction that counts: of keys sent at once at most as many pass as there are writers.
                tried.check(tx, now)?;
                Ok(tried.count(tx, now)?)
            })
            .await
    }

    /// Which key this is and who asks with it, while it may be used. That it was used is noted once a minute at most.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn api_key(&self, key: &str) -> Result<Option<(ApiKeyId, Principal)>, ActionError> {
        let (hash, now) = (fingerprint(key), self.clock().now());
        let found = self.0.store.read::<_, StoreError>(move |snapshot| snapshot.api_key(&hash, now)).await?;
        let Some(key) = found else { return Ok(None) };
        if key.last_used_at.is_none_or(|at| at <= now - LAST_USED_WITHIN) {
            let id = key.id;
            self.0.store.write::<_, StoreError>(move |tx| tx.touch_api_key(id, now)).await?;
        }
        Ok(Some((key.id, key.principal)))
    }
}
