//! The point of no return and the outcome of mails, for many at a time: a transaction of theirs is one durable commit for
//! all connections. Every write names the token and the state it leaves, so that who has lost a mail cannot change it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamp};

use super::audit::{AuditEntry, RECORD};
use super::candidates::id_list;
use super::columns::{money, parsed, parsed_option};
use super::outbox::{ClaimedMail, Lane};
use super::row_change::RowChange;
use super::sql::Sql;
use super::{StoreError, Tx};
use crate::domain::delivery::{RenderedFrom, Settlement, Standing};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{ClaimToken, InvoiceId, OrganisationId, ReminderId};
use crate::domain::invoice::{Ineligible, InvoiceState};
use crate::domain::mail_message::KeptMail;
use crate::domain::reminder::ReminderState;
use crate::domain::text::Line;

/// A mail that asks to pass the point of no return.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// Which one, and the right to send it.
    pub id: ReminderId,
    /// The claim.
    pub token: ClaimToken,
    /// What a reminder was rendered from; `None` for other mails.
    pub from: Option<RenderedFrom>,
    /// What of its text is to be kept; `None` where it is kept already.
    pub kept: Option<KeptMail>,
    /// The date in it.
    pub dated_at: DateTime<Utc>,
    /// The recipient's name in it.
    pub recipient_name: Line,
    /// The organisation's day.
    pub today: NaiveDate,
}

/// A mail that was accepted.
#[derive(Clone, Copy, Debug)]
pub struct Accepted<'a> {
    /// The mail.
    pub mail: &'a ClaimedMail,
    /// The mail server's words.
    pub reply: &'a str,
    /// Whether it was kept here instead of being handed to a mail server.
    pub kept_here: bool,
    /// What the audit says of it.
    pub entry: &'a AuditEntry,
}

#[derive(QueryableByName)]
struct StandingRow {
    #[diesel(sql_type = Text)]
    mail_id: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Timestamp>)]
    archived_at: Option<NaiveDateTime>,
    #[diesel(sql_type = BigInt)]
    balance: i64,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Date)]
    due_on: NaiveDate,
    #[diesel(sql_type = Nullable<Text>)]
    email: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    invoice_hold: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    invoice_hold_until: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Text>)]
    customer_hold: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    customer_hold_until: Option<NaiveDate>,
    #[diesel(sql_type = Bool)]
    is_suppressed: bool,
    #[diesel(sql_type = Bool)]
    is_paused: bool,
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = Text)]
    id: String,
}

impl StandingRow {
    fn into_standing(self, today: NaiveDate) -> Result<Standing, StoreError> {
        let state: InvoiceState = parsed("invoice.state", &self.state)?;
        let recipient: Option<EmailAddress> = parsed_option("customer.email", self.email.as_deref())?;
        let hold = |reason: Option<String>, until: Option<NaiveDate>| {
            reason.filter(|_| until.is_none_or(|last| last >= today))
        };
        Ok(Standing {
            ineligible: Ineligible::of(state, self.balance > 0, self.archived_at.is_some()),
            balance: money("invoice.balance", self.balance, &self.currency)?,
            due_on: self.due_on,
            recipient,
            hold: hold(self.invoice_hold, self.invoice_hold_until)
                .or_else(|| hold(self.customer_hold, self.customer_hold_until)),
            is_suppressed: self.is_suppressed,
            is_paused: self.is_paused,
        })
    }
}

impl Tx<'_> {
    /// How the invoices of some reminders stand, and whether their batches are paused. The invoices stay so until this
    /// transaction ends: who closes one of them waits, and then finds the reminder handed over.
    pub fn standings(&mut self, mails: &[&Leaving]) -> Result<HashMap<ReminderId, Standing>, StoreError> {
        let days: HashMap<ReminderId, NaiveDate> = mails.iter().map(|mail| (mail.id, mail.today)).collect();
        let chosen = self.connection().listed("$1");
        let locked = self.connection().shared("i, c");
        Sql::new(&format!(
            "SELECT o.id AS mail_id, i.state, i.archived_at, i.balance, i.currency, i.due_on, c.email, \
             i.hold_reason AS invoice_hold, i.hold_until AS invoice_hold_until, \
             c.hold_reason AS customer_hold, c.hold_until AS customer_hold_until, \
             EXISTS (SELECT 1 FROM suppression s WHERE s.organisation_id = o.organisation_id \
             AND s.address_folded = LOWER(c.email) AND s.lifted_at IS NULL) AS is_suppressed, \
             EXISTS (SELECT 1 FROM reminder_batch b WHERE b.id = o.batch_id AND b.paused_at IS NOT NULL) AS is_paused \
             FROM outbox o JOIN invoice i ON i.id = o.invoice_id JOIN customer c ON c.id = i.customer_id \
             WHERE o.id IN ({chosen}) ORDER BY i.id{locked}"
        ))
        .bind(id_list(&mails.iter().map(|mail| mail.id).collect::<Vec<_>>()))
        .kept_for(1)
        .load::<StandingRow>(self.connection())?
        .into_iter()
        .map(|row| {
            let id = parsed("outbox.id", &row.mail_id)?;
            let today = days.get(&id).copied().unwrap_or_default();
            Ok((id, row.into_standing(today)?))
        })
        .collect()
    }

    /// Takes mails past the point of no return and keeps their exact text; says which may leave now. The others have lost
    /// their claim.
    pub fn commit_mails(
        &mut self,
        mails: &[&Leaving],
        now: DateTime<Utc>,
    ) -> Result<HashSet<ReminderId>, StoreError> {
        let mut passed = HashSet::new();
        let (reminders, others): (Vec<&Leaving>, Vec<&Leaving>) =
            mails.iter().copied().partition(|mail| mail.from.is_some());
        passed.extend(self.commit_reminders(&reminders, now)?);
        for mail in others {
            passed.extend(self.commit_other(mail, now)?);
        }
        Ok(passed)
    }

    fn commit_reminders(
        &mut self,
        mails: &[&Leaving],
        now: DateTime<Utc>,
    ) -> Result<Vec<ReminderId>, StoreError> {
        let mut change = RowChange::new(
            "outbox SET state = 'Committed', commit_token = claim_token, committed_at = @3, updated_at = @3, \
             recipient = @4, recipient_name = @8, rendered_balance = @5, rendered_due_on = @6, dated_at = @7",
            "outbox.id = @1 AND outbox.claim_token = @2 AND outbox.state = 'Claimed'",
        )
        .then_insert_with(
            9,
            "mail_content (mail_id, letter_id, subject, filled)",
            "@1, @9, @10, @11",
            // A later try's text replaces an earlier one's.
            "ON CONFLICT (mail_id) DO UPDATE SET letter_id = excluded.letter_id, subject = excluded.subject, \
             filled = excluded.filled",
        );
        for mail in mails {
            let Some(from) = &mail.from else { continue };
            change
                .row()
                .value(mail.id.to_string())
                .value(mail.token.to_string())
                .value(now)
                .value(from.recipient.as_str())
                .value(from.balance.minor())
                .value(from.due_on)
                .value(mail.dated_at)
                .value(mail.recipient_name.as_str())
                .value(mail.kept.as_ref().map(|kept| kept.letter_id.to_string()))
                .value(mail.kept.as_ref().map(|kept| kept.subject.clone()))
                .value(mail.kept.as_ref().map(|kept| kept.filled.clone()));
        }
        let passed = change.run(self.connection())?;
        Ok(mails.iter().zip(passed).filter(|(_, passed)| *passed).map(|(mail, _)| mail.id).collect())
    }

    fn commit_other(&mut self, mail: &Leaving, now: DateTime<Utc>) -> Result<Vec<ReminderId>, StoreError> {
        let sql = Sql::new(
            "UPDATE outbox SET state = 'Committed', commit_token = claim_token, committed_at = $1, updated_at = $2, \
             dated_at = $3 WHERE id = $4 AND claim_token = $5 AND state = 'Claimed' RETURNING id",
        )
        .bind(now)
        .bind(now)
        .bind(mail.dated_at)
        .bind(mail.id.to_string())
        .bind(mail.token.to_string());
        ids(sql.load::<IdRow>(self.connection())?)
    }

    /// Records mails as accepted, on their invoices and in the audit too; says which of them were still this claim's. A mail
    /// whose claim was taken over since is settled by this late evidence too, also while it waits to go out again.
    pub fn settle_sent(
        &mut self,
        mails: &[Accepted<'_>],
        now: DateTime<Utc>,
    ) -> Result<HashSet<ReminderId>, StoreError> {
        let mut change = RowChange::new(
            "outbox SET state = 'Sent', phase = 'Sent', claim_token = NULL, commit_token = NULL, is_repeat = FALSE, reason = NULL, \
             attempts = attempts + 1, sent_at = @3, updated_at = @3, reply = @4, kept_here = @5",
            // SQLite tests a list of more than two by a table of its own, which it fills anew for each mail.
            "outbox.id = @1 AND outbox.commit_token = @2 AND (outbox.state = 'Committed' \
             OR outbox.state = 'Unconfirmed' OR outbox.state = 'Pending' OR outbox.state = 'Claimed')",
        )
        .then_update("invoice SET last_reminder_id = @1, last_reminded_at = @3", "invoice.id = @6")
        .then_insert(RECORD, "@7, @8, @3, @9, @10, @6, @1, NULL, @11");
        for Accepted { mail, reply, kept_here, entry } in mails {
            change
                .row()
                .value(mail.id.to_string())
                .value(mail.token.to_string())
                .value(now)
                .value(*reply)
                .value(*kept_here)
                .value(mail.invoice_id.map(|id| id.to_string()))
                .value(entry.id.to_string())
                .value(entry.organisation_id.to_string())
                .value(entry.actor.to_string())
                .value(entry.event)
                .value(entry.detail.as_str());
        }
        let settled = change.run(self.connection())?;
        for sent in mails.iter().filter(|sent| sent.mail.kind.has_link()) {
            self.forget_link(sent.mail.id)?;
        }
        Ok(mails.iter().zip(settled).filter(|(_, settled)| *settled).map(|(sent, _)| sent.mail.id).collect())
    }

    /// Writes how a mail's try ended, with its audit row: `false` when the token has lost the mail or it has left these
    /// states. From Unconfirmed it is late evidence.
    pub fn settle_mail(
        &mut self,
        mail: &ClaimedMail,
        from: &[ReminderState],
        settlement: &Settlement,
        entry: &AuditEntry,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut sql = Sql::new("UPDATE outbox SET claim_token = NULL, updated_at = ");
        sql.value(now);
        match settlement {
            Settlement::Sent { reply, kept_here } => {
                let sent = Accepted { mail, reply, kept_here: *kept_here, entry };
                return Ok(!self.settle_sent(&[sent], now)?.is_empty());
            }
            Settlement::Failed { reason, .. } => {
                sql.push(", state = 'Failed', phase = 'Failed', is_repeat = FALSE, attempts = attempts + 1, reason = ");
                sql.value(reason.as_str());
                if let Some((_, recipient)) = &mail.recipient {
                    // Who it was for: the customer may have another address by tomorrow.
                    sql.push(", recipient = ").value(recipient.as_str());
                }
            }
            Settlement::Unconfirmed { reason } => {
                sql.push(", state = 'Unconfirmed', phase = 'Unconfirmed', is_repeat = FALSE, attempts = attempts + 1, reason = ");
                sql.value(reason.as_str());
            }
            Settlement::Retry { not_before, reply, is_counted, full_since } => {
                // Of an earlier try there may still be evidence.
                sql.push(", state = 'Pending', phase = 'Pending', commit_token = NULLIF(commit_token, claim_token)");
                sql.push(", not_before = ").value(*not_before);
                sql.push(", reply = ").value(reply.as_str());
                if *is_counted {
                    sql.push(", attempts = attempts + 1, full_since = ").value(*full_since);
                }
            }
            Settlement::Repeat { not_before, reply } => {
                sql.push(", state = 'Pending', phase = 'Pending', is_repeat = TRUE, attempts = attempts + 1, not_before = ");
                sql.value(*not_before).push(", reply = ").value(reply.as_str());
            }
            Settlement::Cancelled { reason } => {
                sql.push(", state = 'Cancelled', phase = 'Cancelled', cancelled_at = ").value(now);
                sql.push(", reason = ").value(reason.as_str());
            }
        }
        sql.push(" WHERE id = ").value(mail.id.to_string());
        sql.push(" AND COALESCE(claim_token, commit_token) = ").value(mail.token.to_string());
        let states: Vec<String> = from.iter().map(|state| format!("'{state}'")).collect();
        sql.push(&format!(" AND state IN ({})", states.join(",")));
        if sql.execute(self.connection())? == 0 {
            return Ok(false);
        }
        let is_over = !matches!(settlement, Settlement::Retry { .. } | Settlement::Repeat { .. });
        if is_over && mail.kind.has_link() {
            self.forget_link(mail.id)?;
        }
        if let (Settlement::Unconfirmed { .. } | Settlement::Repeat { .. }, Some(invoice)) =
            (settlement, mail.invoice_id)
        {
            // It may have been delivered: who looks at the invoice is to know.
            self.note_handed_over(invoice, mail.id)?;
        }
        if let (true, Some(invoice)) = (from.contains(&ReminderState::Unconfirmed), mail.invoice_id) {
            self.forget_handed_over(invoice, mail.id)?;
        }
        self.record(entry)?;
        Ok(true)
    }

    /// Shows on an invoice when a reminder of it passed the point of no return.
    fn note_handed_over(&mut self, invoice: InvoiceId, reminder: ReminderId) -> Result<(), StoreError> {
        let at = "SELECT committed_at FROM outbox WHERE id = $2";
        Sql::new(&format!(
            "UPDATE invoice SET last_reminder_id = $1, last_reminded_at = ({at}) WHERE id = $3"
        ))
        .bind(reminder.to_string())
        .bind(reminder.to_string())
        .bind(invoice.to_string())
        .execute(self.connection())?;
        Ok(())
    }

    /// Shows on an invoice what reminder was its last when this one is known not to have arrived.
    fn forget_handed_over(&mut self, invoice: InvoiceId, reminder: ReminderId) -> Result<(), StoreError> {
        Sql::new(
            "UPDATE invoice SET (last_reminder_id, last_reminded_at) = \
             (SELECT o.id, COALESCE(o.sent_at, o.committed_at) AS at FROM outbox o \
             WHERE o.invoice_id = $1 AND o.kind = 'reminder' AND o.phase IN ('Sent', 'Unconfirmed') \
             ORDER BY at DESC LIMIT 1) WHERE id = $2 AND last_reminder_id = $3",
        )
        .bind(invoice.to_string())
        .bind(invoice.to_string())
        .bind(reminder.to_string())
        .execute(self.connection())?;
        Ok(())
    }

    /// Lets what is due of an organisation's sender wait until then, at most to its deadline; what programs wait for is tried
    /// at once, whatever others were told. What somebody else is changing is due again, and told by itself.
    pub fn put_off_sender(
        &mut self,
        organisation: OrganisationId,
        sender: &EmailAddress,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let skip_locked = self.connection().skip_locked();
        Sql::new(&format!(
            "UPDATE outbox SET not_before = CASE WHEN expires_at < $1 THEN expires_at ELSE $2 END WHERE id IN \
             (SELECT id FROM outbox WHERE phase = 'Pending' AND not_before <= $3 AND organisation_id = $4 \
             AND from_email = $5 AND {} ORDER BY id{skip_locked})",
            Lane::Others.condition()
        ))
        .bind(until)
        .bind(until)
        .bind(now)
        .bind(organisation.to_string())
        .bind(sender.as_str())
        .execute(self.connection())?;
        Ok(())
    }
}

fn ids(rows: Vec<IdRow>) -> Result<Vec<ReminderId>, StoreError> {
    rows.iter().map(|row| parsed("outbox.id", &row.id)).collect()
}
