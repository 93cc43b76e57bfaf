//! Requests that programs may repeat under a key of their own.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Nullable, Text};

use super::columns::parsed;
use super::sql::Sql;
use super::{StoreError, Tx};
use crate::domain::ids::{ApiKeyId, ThingId};

/// A request under a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyedRequest {
    /// The program.
    pub api_key_id: ApiKeyId,
    /// Its word for this request.
    pub word: String,
    /// What tells this request from another.
    pub fingerprint: String,
}

impl KeyedRequest {
    /// What it is found by.
    pub fn name(&self) -> (ApiKeyId, String) {
        (self.api_key_id, self.word.clone())
    }
}

/// An answer that is given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRequest {
    /// What it was.
    pub fingerprint: String,
    /// The id of what comes of it.
    pub thing_id: ThingId,
    /// How it was answered; `None` while it is not, or when that was interrupted.
    pub answer: Option<KeptAnswer>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    fingerprint: String,
    #[diesel(sql_type = Text)]
    thing_id: String,
    #[diesel(sql_type = Nullable<Integer>)]
    status: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    body: Option<String>,
}

impl Tx<'_> {
    /// Forgets the requests that are as old as this, or older.
    pub fn forget_requests(&mut self, since: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new("DELETE FROM idempotency_key WHERE created_at <= $1")
            .bind(since)
            .execute(self.connection())?;
        Ok(())
    }

    /// Notes a request unless its key is in use; says what is known under that key now.
    pub fn note_request(
        &mut self,
        request: &KeyedRequest,
        thing_id: ThingId,
        now: DateTime<Utc>,
    ) -> Result<KnownRequest, StoreError> {
        Sql::new(
            "INSERT INTO idempotency_key (api_key_id, word, fingerprint, thing_id, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (api_key_id, word) DO NOTHING",
        )
        .bind(request.api_key_id.to_string())
        .bind(request.word.as_str())
        .bind(request.fingerprint.as_str())
        .bind(thing_id.to_string())
        .bind(now)
        .execute(self.connection())?;
        let row = Sql::new(
            "SELECT fingerprint, thing_id, status, body FROM idempotency_key WHERE api_key_id = $1 AND word = $2",
        )
        .bind(request.api_key_id.to_string())
        .bind(request.word.as_str())
        .first::<Row>(self.connection())?
        .ok_or(StoreError::Missing("idempotency key"))?;
        let status = row.status.map(|status| parsed("idempotency_key.status", &status.to_string()));
        let answer = status.transpose()?.zip(row.body).map(|(status, body)| KeptAnswer { status, body });
        let thing_id = parsed("idempotency_key.thing_id", &row.thing_id)?;
        Ok(KnownRequest { fingerprint: row.fingerprint, thing_id, answer })
    }

    /// Keeps the answer to a request.
    pub fn keep_answer(&mut self, request: &KeyedRequest, answer: &KeptAnswer) -> Result<(), StoreError> {
        Sql::new(
            "UPDATE idempotency_key SET status = CAST($1 AS INTEGER), body = $2 WHERE api_key_id = $3 AND word = $4",
        )
        .bind(i64::from(answer.status))
        .bind(answer.body.as_str())
        .bind(request.api_key_id.to_string())
        .bind(request.word.as_str())
        .execute(self.connection())?;
        Ok(())
    }

    /// Keeps what came of a request in place of an answer.
    pub fn keep_thing(&mut self, request: &KeyedRequest, thing_id: ThingId) -> Result<(), StoreError> {
        Sql::new("UPDATE idempotency_key SET thing_id = $1 WHERE api_key_id = $2 AND word = $3")
            .bind(thing_id.to_string())
            .bind(request.api_key_id.to_string())
            .bind(request.word.as_str())
            .execute(self.connection())?;
        Ok(())
    }

    /// Forgets a request, so that its key can be used again.
    pub fn forget_request(&mut self, request: &KeyedRequest) -> Result<(), StoreError> {
        Sql::new("DELETE FROM idempotency_key WHERE api_key_id = $1 AND word = $2")
            .bind(request.api_key_id.to_string())
            .bind(request.word.as_str())
            .execute(self.connection())?;
        Ok(())
    }
}
