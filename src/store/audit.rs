//! The audit: who changed what, when and why; an invoice's and a mail's timeline are read from it.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Nullable, Text, Timestamp};

use super::columns::{parsed, parsed_option};
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::ids::{AuditId, BatchId, InvoiceId, OrganisationId, ReminderId};
use crate::domain::person::Actor;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// Whose.
    pub organisation_id: OrganisationId,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Actor,
    /// What, as `noun.verb`: `invoice.paid`.
    pub event: &'static str,
    /// The invoice it concerns.
    pub invoice_id: Option<InvoiceId>,
    /// The mail it concerns.
    pub mail_id: Option<ReminderId>,
    /// The batch it concerns.
    pub batch_id: Option<BatchId>,
    /// A sentence with what else is to know: reason, amounts, the mail server's reply.
    pub detail: String,
}

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; a person's or a key's name, or "Dunlin".
    pub actor: String,
    /// What, as `noun.verb`.
    pub event: String,
    /// The mail it concerns.
    pub mail_id: Option<ReminderId>,
    /// The batch it concerns.
    pub batch_id: Option<BatchId>,
    /// What else is to know.
    pub detail: String,
    /// Whether the mail it concerns was kept here instead of being handed to a mail server.
    pub kept_here: bool,
}

/// An entry as [`entry_columns`] of [`ENTRIES`] have it.
#[derive(QueryableByName)]
pub(super) struct EntryRow {
    #[diesel(sql_type = Timestamp)]
    at: NaiveDateTime,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Nullable<Text>)]
    actor_name: Option<String>,
    #[diesel(sql_type = Text)]
    event: String,
    #[diesel(sql_type = Nullable<Text>)]
    mail_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    batch_id: Option<String>,
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = Bool)]
    kept_here: bool,
}

impl TryFrom<EntryRow> for TimelineEntry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        let actor: Actor = parsed("audit.actor", &row.actor)?;
        Ok(Self {
            at: row.at.and_utc(),
            actor: row.actor_name.unwrap_or_else(|| match actor {
                Actor::System => "Dunlin".to_owned(),
                Actor::User(_) => "a former user".to_owned(),
                Actor::ApiKey(_) => "a program".to_owned(),
            }),
            event: row.event,
            mail_id: parsed_option("audit.mail_id", row.mail_id.as_deref())?,
            batch_id: parsed_option("audit.batch_id", row.batch_id.as_deref())?,
            detail: row.detail,
            kept_here: row.kept_here,
        })
    }
}

/// The name of the actor in column `actor` of table alias `a`.
pub(super) const ACTOR_NAME: &str = "COALESCE((SELECT p.name FROM person p WHERE 'user:' || p.id = a.actor), \
     (SELECT k.name FROM api_key k WHERE 'api_key:' || k.id = a.actor))";

/// Entries, each with what became of the mail it concerns.
pub(super) const ENTRIES: &str = "audit a LEFT JOIN outbox k ON k.id = a.mail_id";

/// What an [`EntryRow`] has of [`ENTRIES`].
pub(super) fn entry_columns() -> String {
    format!(
        "a.at, a.actor, {ACTOR_NAME} AS actor_name, a.event, a.mail_id, a.batch_id, a.detail, \
         COALESCE(k.kept_here, FALSE) AS kept_here"
    )
}

impl Snapshot<'_> {
    /// What happened to an invoice and its reminders, latest first.
    pub fn invoice_timeline(&mut self, id: InvoiceId) -> Result<Vec<TimelineEntry>, StoreError> {
        self.timeline("a.invoice_id = $1", id.to_string())
    }

    /// What happened to a reminder, latest first.
    pub fn mail_timeline(&mut self, id: ReminderId) -> Result<Vec<TimelineEntry>, StoreError> {
        self.timeline(
            "a.invoice_id = (SELECT o.invoice_id FROM outbox o WHERE o.id = $1) AND a.mail_id = $1",
            id.to_string(),
        )
    }

    fn timeline(&mut self, condition: &'static str, id: String) -> Result<Vec<TimelineEntry>, StoreError> {
        Sql::new(&format!(
            "SELECT {} FROM {ENTRIES} WHERE {condition} ORDER BY a.at DESC, a.id DESC LIMIT 200",
            entry_columns()
        ))
        .bind(id)
        .load::<EntryRow>(self.connection())?
        .into_iter()
        .map(TimelineEntry::try_from)
        .collect()
    }
}

/// The columns of an entry, in their order.
pub(super) const RECORD: &str =
    "audit (id, organisation_id, at, actor, event, invoice_id, mail_id, batch_id, detail)";

impl Tx<'_> {
    /// Records something that happened.
    pub fn record(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.record_all(std::slice::from_ref(entry))
    }

    /// Records what happened together.
    pub fn record_all(&mut self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        for chunk in entries.chunks(500) {
            let mut sql = Sql::new(&format!("INSERT INTO {RECORD} VALUES "));
            for (index, entry) in chunk.iter().enumerate() {
                sql.push(if index == 0 { "(" } else { ", (" }).value(entry.id.to_string());
                sql.push(", ").value(entry.organisation_id.to_string());
                sql.push(", ").value(entry.at);
                sql.push(", ").value(entry.actor.to_string());
                sql.push(", ").value(entry.event);
                sql.push(", ").value(entry.invoice_id.map(|id| id.to_string()));
                sql.push(", ").value(entry.mail_id.map(|id| id.to_string()));
                sql.push(", ").value(entry.batch_id.map(|id| id.to_string()));
                sql.push(", ").value(entry.detail.as_str()).push(")");
            }
            sql.execute(self.connection())?;
        }
        Ok(())
    }
}
