//! What concerns the whole installation: its secret, its clock, its mail server.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text, Timestamp};

use super::columns::parsed;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::ids::OrganisationId;
use crate::domain::relay_problem::RelayNote;

/// The mail server cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayDown {
    /// Since when.
    pub since: DateTime<Utc>,
    /// What happened last.
    pub note: RelayNote,
    /// How many mails of the organisation wait.
    pub waiting: usize,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    secret: Option<String>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    relay_down_since: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    relay_problem: Option<String>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    clock_origin: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    clock_seen_at: Option<NaiveDateTime>,
}

impl Snapshot<'_> {
    fn installation(&mut self) -> Result<Row, StoreError> {
        Sql::new(
            "SELECT secret, relay_down_since, relay_problem, clock_origin, clock_seen_at FROM installation",
        )
        .first(self.connection())?
        .ok_or(StoreError::Missing("installation"))
    }

    /// Whether the mail server is known not to be reachable.
    pub fn is_relay_down(&mut self) -> Result<bool, StoreError> {
        Ok(self.installation()?.relay_down_since.is_some())
    }

    /// What an organisation is told of a mail server that cannot be reached.
    pub fn relay_down(&mut self, organisation: OrganisationId) -> Result<Option<RelayDown>, StoreError> {
        let row = self.installation()?;
        let Some(since) = row.relay_down_since else { return Ok(None) };
        Ok(Some(RelayDown {
            since: since.and_utc(),
            note: parsed("installation.relay_problem", &row.relay_problem.unwrap_or_default())?,
            waiting: self.waiting_mails_of(organisation)?,
        }))
    }
}

impl Tx<'_> {
    /// Records that the mail server cannot be reached, or that it can.
    pub fn note_relay(&mut self, note: Option<&RelayNote>, now: DateTime<Utc>) -> Result<(), StoreError> {
        match note {
            Some(note) => {
                Sql::new("UPDATE installation SET relay_down_since = COALESCE(relay_down_since, $1), relay_problem = $2")
                    .bind(now)
                    .bind(note.written())
            }
            None => Sql::new(
                "UPDATE installation SET relay_down_since = NULL, relay_problem = NULL WHERE relay_down_since IS NOT NULL",
            ),
        }
        .execute(self.connection())?;
        Ok(())
    }

    /// The secret that all processes of a server's database share: the one kept there, or this one from now on.
    pub fn shared_secret(&mut self, fresh: &str) -> Result<String, StoreError> {
        Sql::new("UPDATE installation SET secret = $1 WHERE secret IS NULL")
            .bind(fresh)
            .execute(self.connection())?;
        self.installation()?.secret.ok_or(StoreError::Missing("secret"))
    }

    /// When a settable clock's instant was first seen: now, unless it was seen before and is the latest one.
    pub fn clock_first_seen(
        &mut self,
        origin: DateTime<Utc>,
        real_now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, StoreError> {
        let row = self.installation()?;
        if let (Some(known), Some(seen_at)) = (row.clock_origin, row.clock_seen_at)
            && known.and_utc() == origin
        {
            return Ok(seen_at.and_utc());
        }
        Sql::new("UPDATE installation SET clock_origin = $1, clock_seen_at = $2")
            .bind(origin)
            .bind(real_now)
            .execute(self.connection())?;
        Ok(real_now)
    }
}
