//! Sending stopped: for the whole installation, or for one batch. Deadlines stand still meanwhile.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text, Timestamp};

use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::ids::{BatchId, OrganisationId};

/// All sending is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

#[derive(QueryableByName)]
struct PauseRow {
    #[diesel(sql_type = Nullable<Timestamp>)]
    paused_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    pause_reason: Option<String>,
}

#[derive(QueryableByName)]
struct InstallationRow {
    #[diesel(embed)]
    paused: PauseRow,
    #[diesel(sql_type = Nullable<Text>)]
    copy_reason: Option<String>,
}

#[derive(QueryableByName)]
struct DeadlineRow {
    #[diesel(sql_type = Timestamp)]
    expires_at: NaiveDateTime,
}

impl PauseRow {
    fn into_pause(self) -> Option<Pause> {
        let since = self.paused_at?.and_utc();
        Some(Pause { since, reason: self.pause_reason.unwrap_or_default() })
    }
}

impl Snapshot<'_> {
    /// Whether all sending is stopped, and why: that this looks like a copy, a person's own reason, or both.
    pub fn pause(&mut self) -> Result<Option<Pause>, StoreError> {
        let row = Sql::new("SELECT paused_at, pause_reason, copy_reason FROM installation")
            .first::<InstallationRow>(self.connection())?;
        Ok(row.and_then(|row| {
            let pause = row.paused.into_pause()?;
            let reason = match (row.copy_reason, pause.reason) {
                (None, own) => own,
                (Some(copy), own) if own.is_empty() => copy,
                (Some(copy), own) => format!("{copy} It was paused before that: {own}"),
            };
            Some(Pause { reason, ..pause })
        }))
    }

    /// Whether a batch is stopped.
    pub fn batch_pause(
        &mut self,
        organisation: OrganisationId,
        id: BatchId,
    ) -> Result<Option<Pause>, StoreError> {
        let row = Sql::new(
            "SELECT paused_at, pause_reason FROM reminder_batch WHERE organisation_id = $1 AND id = $2",
        )
        .bind(organisation.to_string())
        .bind(id.to_string())
        .first::<PauseRow>(self.connection())?;
        Ok(row.and_then(PauseRow::into_pause))
    }
}

impl Tx<'_> {
    /// Stops all sending; `false` when it is stopped already. It waits for mails that pass the point of no return now.
    pub fn pause(&mut self, reason: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = Sql::new(
            "UPDATE installation SET paused_at = $1, pause_reason = $2 WHERE id = 1 AND paused_at IS NULL",
        )
        .bind(now)
        .bind(reason)
        .execute(self.connection())?;
        Ok(changed == 1)
    }

    /// Stops all sending because this looks like a copy; `false` when that is known already. A pause that a person has
    /// set stays, with its time and reason.
    pub fn pause_copy(&mut self, reason: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = Sql::new(
            "UPDATE installation SET paused_at = COALESCE(paused_at, $1), copy_reason = $2 \
             WHERE id = 1 AND (copy_reason IS NULL OR copy_reason <> $2)",
        )
        .bind(now)
        .bind(reason)
        .execute(self.connection())?;
        Ok(changed == 1)
    }

    /// Lets sending go on; `false` when it was not stopped.
    pub fn resume(&mut self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let Some(pause) = Snapshot::pause(self)? else { return Ok(false) };
        Sql::new(
            "UPDATE installation SET paused_at = NULL, pause_reason = NULL, copy_reason = NULL WHERE id = 1",
        )
        .execute(self.connection())?;
        self.put_off("phase = 'Pending'", now - pause.since)?;
        Ok(true)
    }

    /// Lets a batch go on; `false` when it was not stopped.
    pub fn resume_batch(
        &mut self,
        organisation: OrganisationId,
        id: BatchId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let Some(pause) = self.batch_pause(organisation, id)? else { return Ok(false) };
        Sql::new("UPDATE reminder_batch SET paused_at = NULL, pause_reason = NULL WHERE id = $1")
            .bind(id.to_string())
            .execute(self.connection())?;
        self.put_off(&format!("phase = 'Pending' AND batch_id = '{id}'"), now - pause.since)?;
        Ok(true)
    }

    /// Moves deadlines. The databases add to an instant in different ways, so each deadline is moved by its value: the
    /// mails of a batch share one.
    fn put_off(&mut self, condition: &str, by: chrono::TimeDelta) -> Result<(), StoreError> {
        let deadlines = Sql::new(&format!(
            "SELECT DISTINCT expires_at FROM outbox WHERE {condition} ORDER BY expires_at DESC"
        ))
        .load::<DeadlineRow>(self.connection())?;
        for DeadlineRow { expires_at } in deadlines {
            let old = expires_at.and_utc();
            Sql::new(&format!("UPDATE outbox SET expires_at = $1 WHERE expires_at = $2 AND {condition}"))
                .bind(old + by)
                .bind(old)
                .execute(self.connection())?;
        }
        Ok(())
    }
}
