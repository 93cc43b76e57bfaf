//! Programs' keys.

use super::people::fingerprint;
use super::{ActionError, Actions};
use crate::domain::ids::{ApiKeyId, OrganisationId};
use crate::domain::text::Line;
use crate::store::{NewApiKey, StoreError};

impl Actions {
    /// Adds a key and returns it: it cannot be shown again.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_api_key(
        &self,
        organisation_id: OrganisationId,
        name: Line,
    ) -> Result<String, ActionError> {
        let key = format!("dunlin_{}", self.secret());
        let added = NewApiKey {
            id: self.0.ids.next(),
            organisation_id,
            name,
            prefix: key.chars().take(13).collect(),
            secret_hash: fingerprint(&key),
        };
        let now = self.clock().now();
        self.0.store.write::<_, StoreError>(move |tx| tx.add_api_key(&added, now)).await?;
        Ok(key)
    }

    /// Which key this is, while it may be used.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn api_key(&self, key: &str) -> Result<Option<(ApiKeyId, OrganisationId)>, ActionError> {
        let (hash, now) = (fingerprint(key), self.clock().now());
        Ok(self.0.store.read::<_, StoreError>(move |snapshot| snapshot.api_key(&hash, now)).await?)
    }
}
