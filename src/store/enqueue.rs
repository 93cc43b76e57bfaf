//! Putting reminders and other mails into the outbox: rows written in the transaction that accepts them.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::connection::each_backend;
use super::schema::{batch_left_out, outbox};
use super::sql::Sql;
use super::{StoreError, Tx};
use crate::domain::email::FormLetter;
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{BatchId, CustomerId, InvoiceId, OrganisationId, ReminderId, TemplateVersionId};
use crate::domain::mail_message::MailKind;
use crate::domain::organisation::Sender;
use crate::domain::person::Actor;
use crate::domain::proposal::LeftOut;
use crate::domain::reminder::Channel;
use crate::domain::text::Line;

/// What the mails that are queued together have in common.
#[derive(Clone, Debug)]
pub struct Posting {
    /// Whose mails they are.
    pub organisation_id: OrganisationId,
    /// Who asked for them.
    pub actor: Actor,
    /// Who they come from, frozen from now on.
    pub sender: Sender,
    /// When they may leave.
    pub scheduled_at: DateTime<Utc>,
    /// When they are given up.
    pub expires_at: DateTime<Utc>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// What the reminders of one posting have in common beyond it.
#[derive(Clone, Debug)]
pub struct ReminderPosting {
    /// The rest.
    pub posting: Posting,
    /// What asked for them.
    pub channel: Channel,
    /// The batch they belong to.
    pub batch_id: Option<BatchId>,
    /// The text, frozen from now on.
    pub template_version_id: TemplateVersionId,
}

/// One reminder to queue.
#[derive(Clone, Debug)]
pub struct NewReminder {
    /// Its id.
    pub id: ReminderId,
    /// What it is about.
    pub invoice_id: InvoiceId,
    /// Who owes.
    pub customer_id: CustomerId,
    /// The reminder it repeats.
    pub resend_of: Option<ReminderId>,
}

/// A mail that is not a reminder: rendered when it is asked for.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// Its id.
    pub id: ReminderId,
    /// What it is.
    pub kind: MailKind,
    /// The recipient's name.
    pub recipient_name: Line,
    /// The recipient.
    pub recipient: EmailAddress,
    /// Its subject.
    pub subject: String,
    /// What it says, with a place where a link is to stand.
    pub letter: FormLetter,
    /// What stands in the letter's place: for a link what it is made from; else nothing.
    pub filled: String,
}

/// Rows of one statement; SQLite takes at most 32,766 values in one.
const ROWS_A_STATEMENT: usize = 500;

/// A mail that is not a reminder.
#[derive(Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
struct Row {
    id: String,
    kind: &'static str,
    organisation_id: String,
    actor: String,
    from_name: String,
    from_email: String,
    reply_to: Option<String>,
    letterhead_id: Option<String>,
    state: &'static str,
    phase: &'static str,
    recipient_name: String,
    recipient: String,
    message_id: String,
    scheduled_at: NaiveDateTime,
    not_before: NaiveDateTime,
    expires_at: NaiveDateTime,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    attempts: i32,
}

impl Row {
    fn new(mail: &NewMail, posting: &Posting) -> Self {
        Self {
            id: mail.id.to_string(),
            kind: mail.kind.as_str(),
            organisation_id: posting.organisation_id.to_string(),
            actor: posting.actor.to_string(),
            from_name: posting.sender.name.to_string(),
            from_email: posting.sender.from.to_string(),
            reply_to: posting.sender.reply_to.as_ref().map(ToString::to_string),
            letterhead_id: posting.sender.letterhead.map(|id| id.to_string()),
            state: "Pending",
            phase: "Pending",
            recipient_name: mail.recipient_name.to_string(),
            recipient: mail.recipient.to_string(),
            message_id: format!("<{}@{}>", mail.id, posting.sender.from.host()),
            scheduled_at: posting.scheduled_at.naive_utc(),
            not_before: posting.scheduled_at.naive_utc(),
            expires_at: posting.expires_at.naive_utc(),
            created_at: posting.now.naive_utc(),
            updated_at: posting.now.naive_utc(),
            attempts: 0,
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = batch_left_out, treat_none_as_default_value = false)]
struct LeftOutRow {
    batch_id: String,
    invoice_id: String,
    reason: &'static str,
    reminder_id: Option<String>,
}

/// What differs between reminders that are queued together, as a JSON array of arrays: id, invoice, customer, what it
/// repeats. Ids need no quoting.
fn rows_of(reminders: &[NewReminder]) -> String {
    let rows: Vec<String> = reminders
        .iter()
        .map(|NewReminder { id, invoice_id, customer_id, resend_of }| {
            let resend_of = resend_of.map_or("null".to_owned(), |id| format!("\"{id}\""));
            format!("[\"{id}\",\"{invoice_id}\",\"{customer_id}\",{resend_of}]")
        })
        .collect();
    format!("[{}]", rows.join(","))
}

impl Tx<'_> {
    /// Queues reminders and gives each its invoice's slot.
    ///
    /// # Errors
    /// When an invoice has an open reminder already: the whole transaction is to be given up (promise P6).
    pub fn enqueue_reminders(
        &mut self,
        posting: &ReminderPosting,
        reminders: &[NewReminder],
    ) -> Result<(), StoreError> {
        self.add_reminders(posting, reminders, None)?;
        self.take_slots(reminders)
    }

    /// Records a reminder that could not be sent: it takes no slot.
    pub fn record_failed_reminder(
        &mut self,
        posting: &ReminderPosting,
        reminder: &NewReminder,
        recipient: &EmailAddress,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.add_reminders(posting, std::slice::from_ref(reminder), Some((recipient, reason)))
    }

    /// Adds reminders that wait or, with a recipient and a reason, have failed.
    fn add_reminders(
        &mut self,
        posting: &ReminderPosting,
        reminders: &[NewReminder],
        failure: Option<(&EmailAddress, &str)>,
    ) -> Result<(), StoreError> {
        // What differs travels as one value: a statement with a place for each would take longer to read than to run.
        let common = &posting.posting;
        let mut sql = Sql::new(
            "INSERT INTO outbox (id, invoice_id, customer_id, resend_of, message_id, kind, attempts, \
             organisation_id, state, phase, recipient, reason, batch_id, channel, actor, template_version_id, from_name, from_email, reply_to, \
             letterhead_id, scheduled_at, not_before, expires_at, created_at, updated_at) \
             SELECT one.value ->> 0, one.value ->> 1, one.value ->> 2, one.value ->> 3, '<' || (one.value ->> 0) || ",
        );
        sql.value(format!("@{}>", common.sender.from.host()));
        sql.push(", 'reminder', 0, ").value(common.organisation_id.to_string());
        let state = if failure.is_some() { "Failed" } else { "Pending" };
        for value in [
            Some(state.to_owned()),
            Some(state.to_owned()),
            failure.map(|(recipient, _)| recipient.to_string()),
            failure.map(|(_, reason)| reason.to_owned()),
            posting.batch_id.map(|id| id.to_string()),
            Some(posting.channel.to_string()),
            Some(common.actor.to_string()),
            Some(posting.template_version_id.to_string()),
            Some(common.sender.name.to_string()),
            Some(common.sender.from.to_string()),
            common.sender.reply_to.as_ref().map(ToString::to_string),
            common.sender.letterhead.map(|id| id.to_string()),
        ] {
            sql.push(", ").value(value);
        }
        for instant in [common.scheduled_at, common.scheduled_at, common.expires_at, common.now, common.now] {
            sql.push(", ").value(instant);
        }
        let (open, close) = self.connection().rows();
        sql.push(" FROM ").push(open).value(rows_of(reminders)).push(close);
        sql.execute(self.connection())?;
        Ok(())
    }

    pub(super) fn take_slots(&mut self, reminders: &[NewReminder]) -> Result<(), StoreError> {
        let mut sql = Sql::new(
            "INSERT INTO reminder_slot (invoice_id, reminder_id) SELECT one.value ->> 1, one.value ->> 0 FROM ",
        );
        let (open, close) = self.connection().rows();
        sql.push(open).value(rows_of(reminders)).push(close);
        // Without a condition SQLite takes the next word for the beginning of a join's.
        sql.push(" WHERE TRUE ON CONFLICT (invoice_id) DO UPDATE SET reminder_id = excluded.reminder_id");
        sql.execute(self.connection())?;
        Ok(())
    }

    /// Queues a mail that is not a reminder.
    pub fn enqueue_mail(&mut self, posting: &Posting, mail: &NewMail) -> Result<(), StoreError> {
        diesel::insert_into(outbox::table).values(&Row::new(mail, posting)).execute(self.connection())?;
        self.keep_letters(&[&mail.letter])?;
        Sql::new("INSERT INTO mail_content (mail_id, letter_id, subject, filled) VALUES ($1, $2, $3, $4)")
            .bind(mail.id.to_string())
            .bind(mail.letter.id.to_string())
            .bind(mail.subject.as_str())
            .bind(mail.filled.as_str())
            .execute(self.connection())?;
        Ok(())
    }

    /// Keeps form letters, before a mail refers to them.
    pub fn keep_letters(&mut self, letters: &[&FormLetter]) -> Result<(), StoreError> {
        for letter in letters {
            let (text, html) = letter.written();
            Sql::new(
                "INSERT INTO form_letter (id, body_text, body_html, logo_id, language) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (id) DO NOTHING",
            )
            .bind(letter.id.to_string())
            .bind(text)
            .bind(html)
            .bind(letter.logo().map(|logo| logo.to_string()))
            .bind(letter.language().as_str())
            .execute(self.connection())?;
        }
        Ok(())
    }

    /// Records whom a batch left out and why.
    pub fn record_left_out(
        &mut self,
        batch: BatchId,
        left_out: &[(InvoiceId, LeftOut)],
    ) -> Result<(), StoreError> {
        for chunk in left_out.chunks(ROWS_A_STATEMENT) {
            let rows: Vec<LeftOutRow> = chunk
                .iter()
                .map(|(invoice_id, why)| LeftOutRow {
                    batch_id: batch.to_string(),
                    invoice_id: invoice_id.to_string(),
                    reason: why.code(),
                    reminder_id: why.reminder().map(|id| id.to_string()),
                })
                .collect();
            each_backend!(self.connection(), bare =>
                diesel::insert_into(batch_left_out::table).values(&rows).execute(bare))?;
        }
        Ok(())
    }
}
