//! Programs' keys; only their hashes are kept.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::Text;

use super::columns::parsed;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::ids::{ApiKeyId, OrganisationId};
use crate::domain::text::Line;

/// A key as it is added.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose ledger it opens.
    pub organisation_id: OrganisationId,
    /// What it is for.
    pub name: Line,
    /// What of it may be shown.
    pub prefix: String,
    /// SHA-256 of the whole.
    pub secret_hash: String,
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    organisation_id: String,
}

impl Snapshot<'_> {
    /// The key with a hash, while it is neither revoked nor expired.
    pub fn api_key(
        &mut self,
        secret_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(ApiKeyId, OrganisationId)>, StoreError> {
        Sql::new(
            "SELECT id, organisation_id FROM api_key WHERE secret_hash = $1 AND revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $2)",
        )
        .bind(secret_hash)
        .bind(now)
        .first::<KeyRow>(self.connection())?
        .map(|row| {
            Ok((parsed("api_key.id", &row.id)?, parsed("api_key.organisation_id", &row.organisation_id)?))
        })
        .transpose()
    }
}

impl Tx<'_> {
    /// Adds a key.
    pub fn add_api_key(&mut self, key: &NewApiKey, now: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new(
            "INSERT INTO api_key (id, organisation_id, name, prefix, secret_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(key.id.to_string())
        .bind(key.organisation_id.to_string())
        .bind(key.name.as_str())
        .bind(key.prefix.as_str())
        .bind(key.secret_hash.as_str())
        .bind(now)
        .execute(self.connection())?;
        Ok(())
    }
}
