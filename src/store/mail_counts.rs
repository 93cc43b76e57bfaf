//! How many mails are in which open state, for who watches the program: read from small indexes alone.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};

use super::columns::{count, parsed};
use super::pause::OF_ACCOUNTS;
use super::sql::Sql;
use super::{Snapshot, StoreError};
use crate::domain::reminder::ReminderState;

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct DueRow {
    #[diesel(sql_type = Nullable<Timestamp>)]
    due_at: Option<NaiveDateTime>,
}

/// The states that a mail leaves again; each has a partial index of few rows.
const OPEN: [ReminderState; 4] =
    [ReminderState::Pending, ReminderState::Claimed, ReminderState::Committed, ReminderState::Unconfirmed];

impl Snapshot<'_> {
    /// How many mails are on their way, and how many wait for a person, by state. Those that have ended are not counted:
    /// a million of them take 55 ms on SQLite and 230 ms on PostgreSQL, with an index too. Each condition is that of a
    /// partial index, to the letter: SQLite finds it in no other way.
    pub fn open_mails(&mut self) -> Result<[(ReminderState, usize); 4], StoreError> {
        let found = Sql::new(
            "SELECT 'Pending' AS state, COUNT(*) AS number FROM outbox WHERE phase = 'Pending' \
             UNION ALL SELECT state, COUNT(*) FROM outbox WHERE phase = 'InFlight' GROUP BY state \
             UNION ALL SELECT 'Unconfirmed', COUNT(*) FROM outbox WHERE phase = 'Unconfirmed'",
        )
        .load::<CountRow>(self.connection())?
        .into_iter()
        .map(|row| Ok((parsed("outbox.state", &row.state)?, count("outbox", row.number)?)))
        .collect::<Result<Vec<(ReminderState, usize)>, StoreError>>()?;
        let number = |state| found.iter().find(|(known, _)| *known == state).map_or(0, |(_, number)| *number);
        Ok(OPEN.map(|state| (state, number(state))))
    }

    /// Since when the mail that has waited longest could have left; those that an organisation holds back of its own do
    /// not count.
    pub fn oldest_due_mail(&mut self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let rows = Sql::new(&format!(
            "SELECT MIN(not_before) AS due_at FROM outbox WHERE phase = 'Pending' \
             AND organisation_id NOT IN (SELECT id FROM organisation WHERE paused_at IS NOT NULL) \
             UNION ALL SELECT MIN(not_before) FROM outbox WHERE phase = 'Pending' AND {OF_ACCOUNTS}"
        ))
        .load::<DueRow>(self.connection())?;
        Ok(rows.into_iter().filter_map(|row| row.due_at).min().map(|at| at.and_utc()))
    }
}
