//! Reminders as the log, an invoice's page and the API read them.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};

use super::audit::ACTOR_NAME;
use super::candidates::id_list;
use super::columns::{count, parsed, parsed_option};
use super::sql::{Sql, containing};
use super::{Snapshot, StoreError};
use crate::domain::email::FormLetter;
use crate::domain::ids::{BatchId, CustomerId, InvoiceId, OrganisationId, ReminderId};
use crate::domain::language::Language;
use crate::domain::reminder::{Channel, PublicStatus, Reminder};
use crate::domain::search::Search;
use crate::domain::text::Line;

/// A reminder with the names a person reads beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReminderRow {
    /// The reminder.
    pub reminder: Reminder,
    /// The invoice's number.
    pub number: Line,
    /// Who owes.
    pub customer_name: Line,
    /// Who asked for it: a person's or a key's name, or "Dunlin".
    pub actor_name: String,
    /// Its `Message-ID`.
    pub message_id: String,
    /// Whether it was kept here instead of being handed to a mail server.
    pub kept_here: bool,
}

/// Which reminders the log shows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReminderFilter {
    /// A part of number, customer name, e-mail or recipient.
    pub search: Option<Search>,
    /// With one public status.
    pub status: Option<PublicStatus>,
    /// Asked for in one way.
    pub channel: Option<Channel>,
    /// Of one batch.
    pub batch: Option<BatchId>,
    /// About one invoice.
    pub invoice: Option<InvoiceId>,
    /// To one customer.
    pub customer: Option<CustomerId>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    invoice_id: String,
    #[diesel(sql_type = Text)]
    customer_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    batch_id: Option<String>,
    #[diesel(sql_type = Text)]
    channel: String,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Nullable<Text>)]
    actor_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    stage: Option<String>,
    #[diesel(sql_type = Text)]
    template_version_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    resend_of: Option<String>,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Text>)]
    recipient: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    subject: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    letter_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    filled: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    body_text: Option<String>,
    #[diesel(sql_type = Text)]
    message_id: String,
    #[diesel(sql_type = Timestamp)]
    scheduled_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    not_before: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    created_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    updated_at: NaiveDateTime,
    #[diesel(sql_type = Nullable<Timestamp>)]
    sent_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    cancelled_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    reply: Option<String>,
    #[diesel(sql_type = Bool)]
    kept_here: bool,
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Text)]
    customer_name: String,
}

impl TryFrom<Row> for ReminderRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let letter = match (row.letter_id, row.body_text, row.filled) {
            (Some(id), Some(text), Some(filled)) => {
                let id = parsed("mail_content.letter_id", &id)?;
                // Its text alone is asked for.
                Some((FormLetter::kept(id, &text, "", None, Language::English), filled))
            }
            _ => None,
        };
        Ok(Self {
            reminder: Reminder {
                id: parsed("outbox.id", &row.id)?,
                invoice_id: parsed("outbox.invoice_id", &row.invoice_id)?,
                customer_id: parsed("outbox.customer_id", &row.customer_id)?,
                batch_id: parsed_option("outbox.batch_id", row.batch_id.as_deref())?,
                channel: parsed("outbox.channel", &row.channel)?,
                actor: parsed("outbox.actor", &row.actor)?,
                stage: parsed_option("outbox.stage", row.stage.as_deref())?,
                template_version_id: parsed("outbox.template_version_id", &row.template_version_id)?,
                resend_of: parsed_option("outbox.resend_of", row.resend_of.as_deref())?,
                state: parsed("outbox.state", &row.state)?,
                recipient: parsed_option("outbox.recipient", row.recipient.as_deref())?,
                subject: row.subject,
                text: letter.map(|(letter, filled)| letter.text(&filled)),
                scheduled_at: row.scheduled_at.and_utc(),
                not_before: row.not_before.and_utc(),
                created_at: row.created_at.and_utc(),
                updated_at: row.updated_at.and_utc(),
                sent_at: row.sent_at.map(|at| at.and_utc()),
                cancelled_at: row.cancelled_at.map(|at| at.and_utc()),
                reason: row.reason,
                reply: row.reply,
            },
            number: parsed("invoice.number", &row.number)?,
            customer_name: parsed("customer.name", &row.customer_name)?,
            actor_name: row.actor_name.unwrap_or_else(|| "Dunlin".to_owned()),
            message_id: row.message_id,
            kept_here: row.kept_here,
        })
    }
}

/// Who the mail of table alias `a` goes to, or went or was to go to: the customer is `c`.
pub(super) const RECIPIENT: &str = "CASE WHEN a.state IN ('Scheduled', 'Pending', 'Claimed') THEN c.email \
     WHEN a.reason LIKE 'no_email%' THEN NULL ELSE COALESCE(a.recipient, c.email) END";

const FROM: &str = " FROM outbox a JOIN invoice i ON i.id = a.invoice_id JOIN customer c ON c.id = a.customer_id \
     LEFT JOIN mail_content m ON m.mail_id = a.id LEFT JOIN form_letter l ON l.id = m.letter_id \
     WHERE a.kind = 'reminder' AND a.organisation_id = ";

fn select() -> String {
    format!(
        "SELECT a.id, a.invoice_id, a.customer_id, a.batch_id, a.channel, a.actor, {ACTOR_NAME} AS actor_name, a.stage, \
         a.template_version_id, a.resend_of, a.state, {RECIPIENT} AS recipient, m.subject, \
         m.letter_id, m.filled, l.body_text, a.message_id, a.scheduled_at, a.not_before, a.created_at, a.updated_at, a.sent_at, \
         a.cancelled_at, a.reason, a.reply, a.kept_here, i.number, c.name AS customer_name{FROM}"
    )
}

fn push_filter(sql: &mut Sql, filter: &ReminderFilter) {
    if let Some(search) = &filter.search {
        let pattern = containing(search);
        sql.push(" AND (i.number_folded LIKE ")
            .value(pattern.as_str())
            .push(" ESCAPE '\\' OR c.search LIKE ");
        sql.value(pattern.as_str())
            .push(" ESCAPE '\\' OR LOWER(a.recipient) LIKE ")
            .value(pattern)
            .push(" ESCAPE '\\')");
    }
    match filter.status {
        None => {}
        Some(PublicStatus::Pending) => {
            sql.push(" AND a.state IN ('Scheduled', 'Pending', 'Claimed', 'Committed')");
        }
        Some(PublicStatus::Sent) => {
            sql.push(" AND a.state = 'Sent'");
        }
        Some(PublicStatus::Failed) => {
            sql.push(" AND a.state IN ('Failed', 'Unconfirmed')");
        }
        Some(PublicStatus::Cancelled) => {
            sql.push(" AND a.state = 'Cancelled'");
        }
    }
    if let Some(channel) = filter.channel {
        sql.push(" AND a.channel = ").value(channel.as_str());
    }
    if let Some(batch) = filter.batch {
        sql.push(" AND a.batch_id = ").value(batch.to_string());
    }
    if let Some(invoice) = filter.invoice {
        sql.push(" AND a.invoice_id = ").value(invoice.to_string());
    }
    if let Some(customer) = filter.customer {
        sql.push(" AND a.customer_id = ").value(customer.to_string());
    }
}

impl Snapshot<'_> {
    /// One reminder of an organisation.
    pub fn reminder(
        &mut self,
        organisation: OrganisationId,
        id: ReminderId,
    ) -> Result<Option<ReminderRow>, StoreError> {
        let mut sql = Sql::new(&select());
        sql.value(organisation.to_string()).push(" AND a.id = ").value(id.to_string());
        sql.first::<Row>(self.connection())?.map(ReminderRow::try_from).transpose()
    }

    /// The log: newest first, those before a reminder, at most `limit`.
    pub fn reminders(
        &mut self,
        organisation: OrganisationId,
        filter: &ReminderFilter,
        before: Option<ReminderId>,
        limit: usize,
    ) -> Result<Vec<ReminderRow>, StoreError> {
        let mut sql = Sql::new(&select());
        sql.value(organisation.to_string());
        push_filter(&mut sql, filter);
        if let Some(before) = before {
            sql.push(" AND a.id < ").value(before.to_string());
        }
        sql.push(" ORDER BY a.id DESC LIMIT ").value(limit as i64);
        sql.load::<Row>(self.connection())?.into_iter().map(ReminderRow::try_from).collect()
    }

    /// How many reminders a filter of the log matches.
    pub fn count_reminders(
        &mut self,
        organisation: OrganisationId,
        filter: &ReminderFilter,
    ) -> Result<usize, StoreError> {
        #[derive(QueryableByName)]
        struct CountRow {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let mut sql = Sql::new(&format!("SELECT COUNT(*) AS number{FROM}"));
        sql.value(organisation.to_string());
        push_filter(&mut sql, filter);
        let row = sql.first::<CountRow>(self.connection())?.ok_or(StoreError::Missing("count"))?;
        count("outbox", row.number)
    }

    /// Whether a later reminder has reached a reminder's invoice or is on its way to it: a resend of it, a resend of
    /// that, or one of its own.
    pub fn is_superseded(&mut self, id: ReminderId) -> Result<bool, StoreError> {
        #[derive(QueryableByName)]
        struct CountRow {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let row = Sql::new(
            "SELECT COUNT(*) AS number FROM outbox o JOIN outbox l ON l.invoice_id = o.invoice_id AND l.id > o.id \
             WHERE o.id = $1 AND l.kind = 'reminder' AND l.state NOT IN ('Failed', 'Cancelled')",
        )
        .bind(id.to_string())
        .first::<CountRow>(self.connection())?;
        Ok(row.is_some_and(|row| row.number > 0))
    }

    /// Every reminder of an invoice, oldest first.
    pub fn reminders_of_invoice(
        &mut self,
        organisation: OrganisationId,
        invoice: InvoiceId,
    ) -> Result<Vec<ReminderRow>, StoreError> {
        let mut sql = Sql::new(&select());
        sql.value(organisation.to_string()).push(" AND a.invoice_id = ").value(invoice.to_string());
        sql.push(" ORDER BY a.id");
        sql.load::<Row>(self.connection())?.into_iter().map(ReminderRow::try_from).collect()
    }

    /// Which of these reminders have settled.
    pub fn settled(&mut self, ids: &[ReminderId]) -> Result<Vec<ReminderId>, StoreError> {
        #[derive(QueryableByName)]
        struct IdRow {
            #[diesel(sql_type = Text)]
            id: String,
        }
        let statement = format!(
            "SELECT id FROM outbox WHERE id IN ({}) AND phase NOT IN ('Scheduled', 'Pending', 'InFlight')",
            self.connection().listed("$1")
        );
        Sql::new(&statement)
            .bind(id_list(ids))
            .load_as(self.connection(), |row: IdRow| parsed("outbox.id", &row.id))
    }
}
