//! Programs' keys; only their hashes are kept.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text, Timestamp};

use super::audit::ACTOR_NAME;
use super::columns::parsed;
use super::sql::{IntoValue, Sql};
use super::{Snapshot, StoreError, Tx};
use crate::domain::api_key::ApiKey;
use crate::domain::ids::{ApiKeyId, OrganisationId};
use crate::domain::person::{Actor, Principal};
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
    /// Who makes it.
    pub actor: Actor,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
}

/// How exactly it is known when a key was last used: a write for each request would cost more than the request.
pub const LAST_USED_WITHIN: TimeDelta = TimeDelta::minutes(1);

/// A key that asks for something.
#[derive(Clone, Debug)]
pub struct KeyInUse {
    /// Which one.
    pub id: ApiKeyId,
    /// Who asks with it.
    pub principal: Principal,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct InUseRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    organisation_id: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Timestamp>)]
    last_used_at: Option<NaiveDateTime>,
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    prefix: String,
    #[diesel(sql_type = Timestamp)]
    created_at: NaiveDateTime,
    #[diesel(sql_type = Nullable<Text>)]
    actor_name: Option<String>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    last_used_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    expires_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    revoked_at: Option<NaiveDateTime>,
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed("api_key.id", &row.id)?,
            name: parsed("api_key.name", &row.name)?,
            prefix: row.prefix,
            created_at: row.created_at.and_utc(),
            created_by: row.actor_name.unwrap_or_else(|| "Dunlin".to_owned()),
            last_used_at: row.last_used_at.map(|at| at.and_utc()),
            expires_at: row.expires_at.map(|at| at.and_utc()),
            revoked_at: row.revoked_at.map(|at| at.and_utc()),
        })
    }
}

impl Snapshot<'_> {
    /// Whether any key may be used.
    pub fn has_api_keys(&mut self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        #[derive(QueryableByName)]
        struct IdRow {
            #[diesel(sql_type = Text)]
            #[expect(dead_code, reason = "that there is one is all there is to know")]
            id: String,
        }
        let found = Sql::new(
            "SELECT id FROM api_key WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1) LIMIT 1",
        )
        .bind(now)
        .first::<IdRow>(self.connection())?;
        Ok(found.is_some())
    }

    /// The key with a hash, while it is neither revoked nor expired.
    pub fn api_key(&mut self, secret_hash: &str, now: DateTime<Utc>) -> Result<Option<KeyInUse>, StoreError> {
        Sql::new(
            "SELECT id, organisation_id, name, last_used_at FROM api_key WHERE secret_hash = $1 AND revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $2)",
        )
        .bind(secret_hash)
        .bind(now)
        .first::<InUseRow>(self.connection())?
        .map(|row| {
            let id = parsed("api_key.id", &row.id)?;
            let principal = Principal {
                actor: Actor::ApiKey(id),
                organisation_id: parsed("api_key.organisation_id", &row.organisation_id)?,
                name: parsed("api_key.name", &row.name)?,
            };
            Ok(KeyInUse { id, principal, last_used_at: row.last_used_at.map(|at| at.and_utc()) })
        })
        .transpose()
    }

    /// An organisation's keys: those that were not revoked first, the latest first; at most `limit`.
    pub fn api_keys(
        &mut self,
        organisation: OrganisationId,
        limit: usize,
    ) -> Result<Vec<ApiKey>, StoreError> {
        self.load_keys(
            "ORDER BY CASE WHEN a.revoked_at IS NULL THEN 0 ELSE 1 END, a.id DESC LIMIT $2",
            organisation,
            limit as i64,
        )
    }

    /// One of an organisation's keys.
    pub fn api_key_of(
        &mut self,
        organisation: OrganisationId,
        id: ApiKeyId,
    ) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.load_keys("AND a.id = $2", organisation, id.to_string())?.pop())
    }

    fn load_keys(
        &mut self,
        rest: &str,
        organisation: OrganisationId,
        value: impl IntoValue,
    ) -> Result<Vec<ApiKey>, StoreError> {
        Sql::new(&format!(
            "SELECT a.id, a.name, a.prefix, a.created_at, {ACTOR_NAME} AS actor_name, a.last_used_at, a.expires_at, \
             a.revoked_at FROM api_key a WHERE a.organisation_id = $1 {rest}"
        ))
        .bind(organisation.to_string())
        .bind(value)
        .load::<KeyRow>(self.connection())?
        .into_iter()
        .map(ApiKey::try_from)
        .collect()
    }
}

impl Tx<'_> {
    /// Adds a key; `false` when there is one with this id already.
    pub fn add_api_key(&mut self, key: &NewApiKey, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let added = Sql::new(
            "INSERT INTO api_key (id, organisation_id, name, prefix, secret_hash, created_at, actor, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
        )
        .bind(key.id.to_string())
        .bind(key.organisation_id.to_string())
        .bind(key.name.as_str())
        .bind(key.prefix.as_str())
        .bind(key.secret_hash.as_str())
        .bind(now)
        .bind(key.actor.to_string())
        .bind(key.expires_at)
        .execute(self.connection())?;
        Ok(added == 1)
    }

    /// Notes that a key is in use, unless that was noted less than [`LAST_USED_WITHIN`] ago.
    pub fn touch_api_key(&mut self, id: ApiKeyId, now: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new("UPDATE api_key SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= $3)")
            .bind(now)
            .bind(id.to_string())
            .bind(now - LAST_USED_WITHIN)
            .execute(self.connection())?;
        Ok(())
    }

    /// Ends a key; `false` when it was revoked before, or there is none.
    pub fn revoke_api_key(
        &mut self,
        organisation: OrganisationId,
        id: ApiKeyId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = Sql::new(
            "UPDATE api_key SET revoked_at = $1 WHERE organisation_id = $2 AND id = $3 AND revoked_at IS NULL",
        )
        .bind(now)
        .bind(organisation.to_string())
        .bind(id.to_string())
        .execute(self.connection())?;
        Ok(changed == 1)
    }
}
