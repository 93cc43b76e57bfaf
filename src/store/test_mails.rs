//! What became of a test mail.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Nullable, Text, Timestamp};

use super::columns::{parsed, parsed_option};
use super::sql::Sql;
use super::{Snapshot, StoreError};
use crate::domain::ids::{OrganisationId, ReminderId};
use crate::domain::reminder::{FailureKind, ReminderState};

/// A test mail on its way or at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestMail {
    /// Who it goes to.
    pub recipient: String,
    /// How far it has come.
    pub state: ReminderState,
    /// When the next try may begin.
    pub not_before: DateTime<Utc>,
    /// Why it failed.
    pub failure: Option<FailureKind>,
    /// The mail server's words, or what went wrong.
    pub words: String,
    /// Whether it was kept here instead of being handed to a mail server.
    pub kept_here: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    recipient: Option<String>,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Timestamp)]
    not_before: NaiveDateTime,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    reply: Option<String>,
    #[diesel(sql_type = Bool)]
    kept_here: bool,
}

impl TryFrom<Row> for TestMail {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let reason = row.reason.unwrap_or_default();
        let failure = reason.split_once(": ");
        Ok(Self {
            recipient: row.recipient.unwrap_or_default(),
            state: parsed("outbox.state", &row.state)?,
            not_before: row.not_before.and_utc(),
            failure: parsed_option("outbox.reason", failure.map(|(kind, _)| kind))?,
            words: failure.map_or_else(|| row.reply.unwrap_or_default(), |(_, words)| words.to_owned()),
            kept_here: row.kept_here,
        })
    }
}

impl Snapshot<'_> {
    /// A test mail of an organisation.
    pub fn test_mail(
        &mut self,
        organisation: OrganisationId,
        id: ReminderId,
    ) -> Result<Option<TestMail>, StoreError> {
        Sql::new(
            "SELECT recipient, state, not_before, reason, reply, kept_here FROM outbox \
             WHERE kind = 'test' AND organisation_id = $1 AND id = $2",
        )
        .bind(organisation.to_string())
        .bind(id.to_string())
        .first::<Row>(self.connection())?
        .map(TestMail::try_from)
        .transpose()
    }
}
