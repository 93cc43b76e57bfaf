//! Batches: what was asked for together, and how far it is.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamp};

use super::audit::ACTOR_NAME;
use super::columns::{count, parsed, parsed_option};
use super::reminders::RECIPIENT;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::ids::{BatchId, CustomerId, InvoiceId, OrganisationId, ReminderId, TemplateVersionId};
use crate::domain::person::Actor;
use crate::domain::reminder::{Phase, ReminderState};
use crate::domain::text::Line;

/// A batch as it is accepted.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// Made when it was proposed: confirming twice is one batch.
    pub id: BatchId,
    /// Whose.
    pub organisation_id: OrganisationId,
    /// Who confirmed it.
    pub actor: Actor,
    /// When.
    pub created_at: DateTime<Utc>,
    /// The end of the undo time.
    pub not_before: DateTime<Utc>,
    /// The text.
    pub template_version_id: TemplateVersionId,
    /// How many invoices were selected.
    pub selected: usize,
    /// The batch whose failed rows this one repeats.
    pub retry_of: Option<BatchId>,
}

/// How far a batch is; the figures always add up to what was selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchProgress {
    /// Which one.
    pub id: BatchId,
    /// Who confirmed it.
    pub actor: Actor,
    /// That one's name.
    pub actor_name: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// The end of the undo time.
    pub not_before: DateTime<Utc>,
    /// How many invoices were selected.
    pub selected: usize,
    /// Accepted by the mail server, or kept here.
    pub sent: usize,
    /// How many of them were kept here instead of being handed to a mail server.
    pub kept_here: usize,
    /// Refused or given up.
    pub failed: usize,
    /// May have been delivered.
    pub unconfirmed: usize,
    /// Called back.
    pub cancelled: usize,
    /// Waiting for their turn.
    pub pending: usize,
    /// With a worker.
    pub in_flight: usize,
    /// Remindable, but not mailed.
    pub left_out: usize,
    /// The batch whose failed rows this one repeats.
    pub retry_of: Option<BatchId>,
    /// The batches that repeat this one's.
    pub retries: Vec<BatchId>,
}

impl BatchProgress {
    /// Whether nothing of it is still to be decided.
    pub fn is_finished(&self) -> bool {
        self.pending == 0 && self.in_flight == 0
    }

    /// How many are decided.
    pub fn settled(&self) -> usize {
        self.selected - self.pending - self.in_flight
    }
}

/// One row of a batch's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Its number.
    pub number: Line,
    /// Who owes.
    pub customer_id: CustomerId,
    /// Their name.
    pub customer_name: Line,
    /// The reminder; for one left out, the one that is in the way.
    pub reminder_id: Option<ReminderId>,
    /// Who it goes to.
    pub recipient: Option<String>,
    /// Where it is; `None` when it was left out.
    pub state: Option<ReminderState>,
    /// Why it failed, was cancelled or left out.
    pub reason: Option<String>,
    /// When the next try may begin.
    pub not_before: Option<DateTime<Utc>>,
    /// The mail server's last words.
    pub reply: Option<String>,
    /// Whether it was kept here instead of being handed to a mail server.
    pub kept_here: bool,
}

#[derive(QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Nullable<Text>)]
    actor_name: Option<String>,
    #[diesel(sql_type = Timestamp)]
    created_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    not_before: NaiveDateTime,
    #[diesel(sql_type = Integer)]
    selected: i32,
    #[diesel(sql_type = Nullable<Text>)]
    retry_of: Option<String>,
    #[diesel(sql_type = BigInt)]
    left_out: i64,
}

#[derive(QueryableByName)]
struct PhaseRow {
    #[diesel(sql_type = Text)]
    phase: String,
    #[diesel(sql_type = Bool)]
    kept_here: bool,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = Text)]
    id: String,
}

#[derive(QueryableByName)]
struct ResultRow {
    #[diesel(sql_type = Text)]
    invoice_id: String,
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Text)]
    customer_id: String,
    #[diesel(sql_type = Text)]
    customer_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    reminder_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    recipient: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    state: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    not_before: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    reply: Option<String>,
    #[diesel(sql_type = Bool)]
    kept_here: bool,
}

impl TryFrom<ResultRow> for BatchRow {
    type Error = StoreError;

    fn try_from(row: ResultRow) -> Result<Self, StoreError> {
        Ok(Self {
            invoice_id: parsed("outbox.invoice_id", &row.invoice_id)?,
            number: parsed("invoice.number", &row.number)?,
            customer_id: parsed("customer.id", &row.customer_id)?,
            customer_name: parsed("customer.name", &row.customer_name)?,
            reminder_id: parsed_option("outbox.id", row.reminder_id.as_deref())?,
            recipient: row.recipient,
            state: parsed_option("outbox.state", row.state.as_deref())?,
            reason: row.reason,
            not_before: row.not_before.map(|at| at.and_utc()),
            reply: row.reply,
            kept_here: row.kept_here,
        })
    }
}

impl Snapshot<'_> {
    /// How far a batch of an organisation is.
    pub fn batch(
        &mut self,
        organisation: OrganisationId,
        id: BatchId,
    ) -> Result<Option<BatchProgress>, StoreError> {
        let head = Sql::new(&format!(
            "SELECT b.id, b.created_by AS actor, {} AS actor_name, b.created_at, b.not_before, b.selected, b.retry_of, \
             (SELECT COUNT(*) FROM batch_left_out l WHERE l.batch_id = b.id) AS left_out \
             FROM reminder_batch b WHERE b.organisation_id = $1 AND b.id = $2",
            ACTOR_NAME.replace("a.actor", "b.created_by")
        ))
        .bind(organisation.to_string())
        .bind(id.to_string())
        .first::<HeadRow>(self.connection())?;
        let Some(head) = head else { return Ok(None) };
        let mut progress = BatchProgress {
            id: parsed("reminder_batch.id", &head.id)?,
            actor: parsed("reminder_batch.created_by", &head.actor)?,
            actor_name: head.actor_name.unwrap_or_else(|| "Dunlin".to_owned()),
            created_at: head.created_at.and_utc(),
            not_before: head.not_before.and_utc(),
            selected: count("reminder_batch.selected", i64::from(head.selected))?,
            left_out: count("left out", head.left_out)?,
            retry_of: parsed_option("reminder_batch.retry_of", head.retry_of.as_deref())?,
            retries: self.retries_of(id)?,
            sent: 0,
            kept_here: 0,
            failed: 0,
            unconfirmed: 0,
            cancelled: 0,
            pending: 0,
            in_flight: 0,
        };
        let phases =
            Sql::new("SELECT phase, kept_here, COUNT(*) AS number FROM outbox WHERE batch_id = $1 GROUP BY phase, kept_here")
                .bind(id.to_string())
                .load::<PhaseRow>(self.connection())?;
        for row in phases {
            let figure = match parsed("outbox.phase", &row.phase)? {
                Phase::Scheduled | Phase::Pending => &mut progress.pending,
                Phase::InFlight => &mut progress.in_flight,
                Phase::Sent => &mut progress.sent,
                Phase::Failed => &mut progress.failed,
                Phase::Unconfirmed => &mut progress.unconfirmed,
                Phase::Cancelled => &mut progress.cancelled,
            };
            let number = count("outbox", row.number)?;
            *figure += number;
            if row.kept_here {
                progress.kept_here += number;
            }
        }
        Ok(Some(progress))
    }

    fn retries_of(&mut self, id: BatchId) -> Result<Vec<BatchId>, StoreError> {
        let rows = Sql::new("SELECT id FROM reminder_batch WHERE retry_of = $1 ORDER BY id")
            .bind(id.to_string())
            .load::<IdRow>(self.connection())?;
        rows.iter().map(|row| parsed("reminder_batch.id", &row.id)).collect()
    }

    /// The invoices whose reminder in a batch failed or is unconfirmed, but for those that a later reminder, in whatever
    /// way it was asked for, has reached or is on its way to.
    pub fn failed_invoices(
        &mut self,
        organisation: OrganisationId,
        id: BatchId,
    ) -> Result<Vec<InvoiceId>, StoreError> {
        let rows = Sql::new(
            "SELECT o.invoice_id AS id FROM outbox o WHERE o.batch_id = $1 AND o.organisation_id = $2 \
             AND o.phase IN ('Failed', 'Unconfirmed') AND NOT EXISTS (SELECT 1 FROM outbox l \
             WHERE l.invoice_id = o.invoice_id AND l.kind = 'reminder' AND l.id > o.id \
             AND l.state NOT IN ('Failed', 'Cancelled')) ORDER BY o.id",
        )
        .bind(id.to_string())
        .bind(organisation.to_string())
        .load::<IdRow>(self.connection())?;
        rows.iter().map(|row| parsed("outbox.invoice_id", &row.id)).collect()
    }

    /// The failed reminders of a batch, by invoice.
    pub fn failed_reminders(&mut self, id: BatchId) -> Result<HashMap<InvoiceId, ReminderId>, StoreError> {
        self.reminders_by_invoice(id, Phase::Failed)
    }

    /// The unconfirmed reminders of a batch, by invoice.
    pub fn unconfirmed_of_batch(
        &mut self,
        id: BatchId,
    ) -> Result<HashMap<InvoiceId, ReminderId>, StoreError> {
        self.reminders_by_invoice(id, Phase::Unconfirmed)
    }

    fn reminders_by_invoice(
        &mut self,
        id: BatchId,
        phase: Phase,
    ) -> Result<HashMap<InvoiceId, ReminderId>, StoreError> {
        #[derive(QueryableByName)]
        struct PairRow {
            #[diesel(sql_type = Text)]
            id: String,
            #[diesel(sql_type = Text)]
            invoice_id: String,
        }
        Sql::new("SELECT id, invoice_id FROM outbox WHERE batch_id = $1 AND phase = $2")
            .bind(id.to_string())
            .bind(phase.as_str())
            .load::<PairRow>(self.connection())?
            .iter()
            .map(|row| Ok((parsed("outbox.invoice_id", &row.invoice_id)?, parsed("outbox.id", &row.id)?)))
            .collect()
    }

    /// A batch's mails in one of some phases, in order of their number's id; at most `limit`.
    pub fn batch_rows(
        &mut self,
        id: BatchId,
        phases: &[Phase],
        limit: usize,
    ) -> Result<Vec<BatchRow>, StoreError> {
        let phases: Vec<String> = phases.iter().map(|phase| format!("'{phase}'")).collect();
        Sql::new(&format!(
            "SELECT o.invoice_id, i.number, c.id AS customer_id, c.name AS customer_name, o.id AS reminder_id, \
             {} AS recipient, o.state, o.reason, o.not_before, o.reply, o.kept_here \
             FROM outbox o JOIN invoice i ON i.id = o.invoice_id JOIN customer c ON c.id = o.customer_id \
             WHERE o.batch_id = $1 AND o.phase IN ({}) ORDER BY o.id LIMIT $2",
            RECIPIENT.replace("a.", "o."),
            phases.join(",")
        ))
        .bind(id.to_string())
        .bind(limit as i64)
        .load::<ResultRow>(self.connection())?
        .into_iter()
        .map(BatchRow::try_from)
        .collect()
    }

    /// Whom a batch left out; the reason is the code of [`crate::domain::proposal::LeftOut`]. At most `limit`.
    pub fn batch_left_out(&mut self, id: BatchId, limit: usize) -> Result<Vec<BatchRow>, StoreError> {
        Sql::new(
            "SELECT l.invoice_id, i.number, c.id AS customer_id, c.name AS customer_name, l.reminder_id, c.email AS recipient, \
             NULL AS state, l.reason, NULL AS not_before, NULL AS reply, FALSE AS kept_here \
             FROM batch_left_out l JOIN invoice i ON i.id = l.invoice_id JOIN customer c ON c.id = i.customer_id \
             WHERE l.batch_id = $1 ORDER BY l.invoice_id LIMIT $2",
        )
        .bind(id.to_string())
        .bind(limit as i64)
        .load::<ResultRow>(self.connection())?
        .into_iter()
        .map(BatchRow::try_from)
        .collect()
    }
}

impl Tx<'_> {
    /// Pauses a batch; `false` when it is paused already.
    pub fn pause_batch(&mut self, id: BatchId, reason: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = Sql::new(
            "UPDATE reminder_batch SET paused_at = $1, pause_reason = $2 WHERE id = $3 AND paused_at IS NULL",
        )
        .bind(now)
        .bind(reason)
        .bind(id.to_string())
        .execute(self.connection())?;
        Ok(changed == 1)
    }

    /// Adds a batch.
    pub fn add_batch(&mut self, batch: &NewBatch) -> Result<(), StoreError> {
        Sql::new(
            "INSERT INTO reminder_batch (id, organisation_id, created_by, created_at, not_before, \
             template_version_id, selected, retry_of) VALUES ($1, $2, $3, $4, $5, $6, CAST($7 AS INTEGER), $8)",
        )
        .bind(batch.id.to_string())
        .bind(batch.organisation_id.to_string())
        .bind(batch.actor.to_string())
        .bind(batch.created_at)
        .bind(batch.not_before)
        .bind(batch.template_version_id.to_string())
        .bind(batch.selected as i64)
        .bind(batch.retry_of.map(|id| id.to_string()))
        .execute(self.connection())?;
        Ok(())
    }
}
