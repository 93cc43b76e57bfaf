//! How a batch goes: how fast, and how its last mails ended.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::columns::count;
use super::sql::Sql;
use super::{Snapshot, StoreError};
use crate::domain::ids::BatchId;
use crate::domain::pace::Pace;
use crate::domain::reminder::FailureKind;

impl Snapshot<'_> {
    /// How fast a batch has gone since a moment.
    pub fn batch_pace(
        &mut self,
        id: BatchId,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Pace, StoreError> {
        #[derive(QueryableByName)]
        struct PaceRow {
            #[diesel(sql_type = BigInt)]
            settled: i64,
            #[diesel(sql_type = BigInt)]
            postponed: i64,
        }
        let row = Sql::new(
            "SELECT COUNT(CASE WHEN state IN ('Sent', 'Failed', 'Unconfirmed') AND updated_at > $1 THEN 1 END) AS settled, \
             COUNT(CASE WHEN state = 'Pending' AND not_before > $2 THEN 1 END) AS postponed \
             FROM outbox WHERE batch_id = $3",
        )
        .bind(since)
        .bind(now)
        .bind(id.to_string())
        .first::<PaceRow>(self.connection())?
        .ok_or(StoreError::Missing("count"))?;
        Ok(Pace {
            settled: count("outbox", row.settled)?,
            during: now - since,
            postponed: count("outbox", row.postponed)?,
        })
    }

    /// How the mails of a batch that were settled last ended, the latest first: the kind of failure, or `None`.
    pub fn last_outcomes(
        &mut self,
        id: BatchId,
        limit: usize,
    ) -> Result<Vec<Option<FailureKind>>, StoreError> {
        #[derive(QueryableByName)]
        struct ReasonRow {
            #[diesel(sql_type = Nullable<Text>)]
            reason: Option<String>,
        }
        let rows = Sql::new(
            "SELECT reason FROM outbox WHERE batch_id = $1 AND state IN ('Sent', 'Failed') \
             ORDER BY updated_at DESC, id DESC LIMIT $2",
        )
        .bind(id.to_string())
        .bind(limit as i64)
        .load::<ReasonRow>(self.connection())?;
        let kind = |reason: &str| reason.split(':').next().and_then(|word| word.parse().ok());
        Ok(rows.iter().map(|row| row.reason.as_deref().and_then(kind)).collect())
    }
}
