//! The way out of a mail: claim with a token, commit (the point of no return), settle. Every write after the claim
//! names the token and the state it leaves, so that who has lost a mail cannot change it.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamp};

use super::columns::{count, parsed, parsed_option};
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{ClaimToken, InvoiceId, OrganisationId, ReminderId, TemplateVersionId};
use crate::domain::mail_message::{MailKind, RenderedMail};
use crate::domain::money::Money;
use crate::domain::organisation::Sender;
use crate::domain::reminder::ReminderState;
use crate::domain::text::Line;

/// A mail that a worker has taken.
#[derive(Clone, Debug)]
pub struct ClaimedMail {
    /// Which one.
    pub id: ReminderId,
    /// The right to send it.
    pub token: ClaimToken,
    /// What it is.
    pub kind: MailKind,
    /// Whose.
    pub organisation_id: OrganisationId,
    /// The invoice, for a reminder.
    pub invoice_id: Option<InvoiceId>,
    /// The text to render; `None` for a mail that was rendered when it was asked for.
    pub template_version_id: Option<TemplateVersionId>,
    /// Who it comes from.
    pub sender: Sender,
    /// The recipient, for a mail that was addressed when it was asked for.
    pub recipient: Option<(Line, EmailAddress)>,
    /// Stable for its life.
    pub message_id: String,
    /// How many tries were counted.
    pub attempts: u32,
    /// When it is given up.
    pub expires_at: DateTime<Utc>,
}

/// What a reminder was rendered from; it may only leave while that is still so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedFrom {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// What was owed.
    pub balance: Money,
    /// The due day.
    pub due_on: NaiveDate,
    /// Who was written to.
    pub recipient: EmailAddress,
}

/// The end of a mail's way, or a step back to Pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// Accepted by the mail server.
    Sent {
        /// Its words.
        reply: String,
    },
    /// It will not go out.
    Failed {
        /// `kind: words`.
        reason: String,
    },
    /// It may have been delivered.
    Unconfirmed {
        /// `delivery_unconfirmed: words`.
        reason: String,
    },
    /// Another try later.
    Retry {
        /// When.
        not_before: DateTime<Utc>,
        /// What went wrong.
        reply: String,
        /// Whether the try counts.
        is_counted: bool,
    },
    /// Called back before the point of no return.
    Cancelled {
        /// Why.
        reason: String,
    },
}

/// A mail that was in a worker's hands when it died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abandoned {
    /// Which one.
    pub id: ReminderId,
    /// What it is.
    pub kind: MailKind,
    /// The dead worker's right to send it.
    pub token: ClaimToken,
    /// Claimed or Committed.
    pub state: ReminderState,
}

#[derive(QueryableByName)]
struct ClaimedRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    organisation_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    invoice_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    template_version_id: Option<String>,
    #[diesel(sql_type = Text)]
    from_name: String,
    #[diesel(sql_type = Text)]
    from_email: String,
    #[diesel(sql_type = Nullable<Text>)]
    reply_to: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    recipient_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    recipient: Option<String>,
    #[diesel(sql_type = Text)]
    message_id: String,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Timestamp)]
    expires_at: NaiveDateTime,
}

#[derive(QueryableByName)]
struct AbandonedRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    claim_token: String,
    #[diesel(sql_type = Text)]
    state: String,
}

#[derive(QueryableByName)]
struct WaitingRow {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Nullable<Timestamp>)]
    earliest: Option<NaiveDateTime>,
}

const CLAIMED_COLUMNS: &str = "id, kind, organisation_id, invoice_id, template_version_id, from_name, from_email, \
     reply_to, recipient_name, recipient, message_id, attempts, expires_at";

impl ClaimedRow {
    fn into_mail(self, token: ClaimToken) -> Result<ClaimedMail, StoreError> {
        let name: Option<Line> = parsed_option("outbox.recipient_name", self.recipient_name.as_deref())?;
        Ok(ClaimedMail {
            id: parsed("outbox.id", &self.id)?,
            token,
            kind: parsed("outbox.kind", &self.kind)?,
            organisation_id: parsed("outbox.organisation_id", &self.organisation_id)?,
            invoice_id: parsed_option("outbox.invoice_id", self.invoice_id.as_deref())?,
            template_version_id: parsed_option("outbox.template", self.template_version_id.as_deref())?,
            sender: Sender {
                name: parsed("outbox.from_name", &self.from_name)?,
                from: parsed("outbox.from_email", &self.from_email)?,
                reply_to: parsed_option("outbox.reply_to", self.reply_to.as_deref())?,
            },
            recipient: name.zip(parsed_option("outbox.recipient", self.recipient.as_deref())?),
            message_id: self.message_id,
            attempts: parsed("outbox.attempts", &self.attempts.to_string())?,
            expires_at: self.expires_at.and_utc(),
        })
    }
}

impl Snapshot<'_> {
    /// How many mails wait for their turn, and when the first of them may leave.
    pub fn waiting_mails(&mut self) -> Result<(usize, Option<DateTime<Utc>>), StoreError> {
        let row = Sql::new(
            "SELECT COUNT(*) AS number, MIN(not_before) AS earliest FROM outbox WHERE state = 'Pending'",
        )
        .first::<WaitingRow>(self.connection())?
        .ok_or(StoreError::Missing("count"))?;
        Ok((count("outbox", row.number)?, row.earliest.map(|at| at.and_utc())))
    }

    /// The mails in a worker's hands. Who holds the sending lock and has none itself finds a dead worker's.
    pub fn mails_in_flight(&mut self) -> Result<Vec<Abandoned>, StoreError> {
        Sql::new("SELECT id, kind, claim_token, state FROM outbox WHERE state IN ('Claimed', 'Committed') ORDER BY id")
            .load::<AbandonedRow>(self.connection())?
            .into_iter()
            .map(|row| {
                Ok(Abandoned {
                    id: parsed("outbox.id", &row.id)?,
                    kind: parsed("outbox.kind", &row.kind)?,
                    token: parsed("outbox.claim_token", &row.claim_token)?,
                    state: parsed("outbox.state", &row.state)?,
                })
            })
            .collect()
    }

    /// A mail that a worker holds, as it was claimed.
    pub fn claimed_mail(&mut self, id: ReminderId) -> Result<ClaimedMail, StoreError> {
        #[derive(QueryableByName)]
        struct HeldRow {
            #[diesel(embed)]
            claimed: ClaimedRow,
            #[diesel(sql_type = Text)]
            claim_token: String,
        }
        let held = Sql::new(&format!("SELECT {CLAIMED_COLUMNS}, claim_token FROM outbox WHERE id = $1"))
            .bind(id.to_string())
            .first::<HeldRow>(self.connection())?
            .ok_or(StoreError::Missing("mail"))?;
        let token = parsed("outbox.claim_token", &held.claim_token)?;
        held.claimed.into_mail(token)
    }

    /// The exact text of a mail, once it was rendered.
    pub fn mail_content(&mut self, id: ReminderId) -> Result<Option<RenderedMail>, StoreError> {
        #[derive(QueryableByName)]
        struct ContentRow {
            #[diesel(sql_type = Text)]
            subject: String,
            #[diesel(sql_type = Text)]
            body_text: String,
            #[diesel(sql_type = Text)]
            body_html: String,
        }
        let row = Sql::new("SELECT subject, body_text, body_html FROM mail_content WHERE mail_id = $1")
            .bind(id.to_string())
            .first::<ContentRow>(self.connection())?;
        Ok(row.map(|row| RenderedMail { subject: row.subject, text: row.body_text, html: row.body_html }))
    }
}

impl Tx<'_> {
    /// Takes mails whose time has come, oldest first, at most `limit`.
    pub fn claim_mails(
        &mut self,
        token: ClaimToken,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<ClaimedMail>, StoreError> {
        let skip_locked = self.connection().skip_locked();
        let claimed = Sql::new(&format!(
            "UPDATE outbox SET state = 'Claimed', claim_token = $1, updated_at = $2 WHERE id IN \
             (SELECT id FROM outbox WHERE state = 'Pending' AND not_before <= $3 ORDER BY not_before, id LIMIT $4{skip_locked}) \
             RETURNING {CLAIMED_COLUMNS}"
        ))
        .bind(token.to_string())
        .bind(now)
        .bind(now)
        .bind(limit as i64)
        .load::<ClaimedRow>(self.connection())?;
        let mut mails = claimed.into_iter().map(|row| row.into_mail(token)).collect::<Result<Vec<_>, _>>()?;
        mails.sort_by_key(|mail| mail.id);
        Ok(mails)
    }

    /// Puts what a token still holds before the point of no return back, for others to take.
    pub fn release_claims(&mut self, token: ClaimToken, now: DateTime<Utc>) -> Result<usize, StoreError> {
        Ok(Sql::new(
            "UPDATE outbox SET state = 'Pending', claim_token = NULL, updated_at = $1 \
             WHERE claim_token = $2 AND state = 'Claimed'",
        )
        .bind(now)
        .bind(token.to_string())
        .execute(self.connection())?)
    }

    /// The point of no return: `true` when the mail may leave now. For a reminder only while the invoice is remindable
    /// and as it was rendered (promises P7 and P8). The exact text is kept in the same transaction.
    pub fn commit_mail(
        &mut self,
        mail: &ClaimedMail,
        rendered: &RenderedMail,
        from: Option<&RenderedFrom>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut sql = Sql::new("UPDATE outbox SET state = 'Committed', committed_at = ");
        sql.value(now).push(", updated_at = ").value(now);
        if let Some(from) = from {
            sql.push(", recipient = ").value(from.recipient.as_str());
        }
        sql.push(" WHERE id = ").value(mail.id.to_string());
        sql.push(" AND state = 'Claimed' AND claim_token = ").value(mail.token.to_string());
        if let Some(from) = from {
            sql.push(
                " AND EXISTS (SELECT 1 FROM invoice i JOIN customer c ON c.id = i.customer_id WHERE i.id = ",
            );
            sql.value(from.invoice_id.to_string());
            sql.push(" AND i.state IN ('Sent', 'PartiallyPaid') AND i.archived_at IS NULL AND i.balance = ");
            sql.value(from.balance.minor()).push(" AND i.currency = ").value(from.balance.currency().code());
            sql.push(" AND i.due_on = ").value(from.due_on);
            sql.push(" AND c.email = ").value(from.recipient.as_str()).push(")");
        }
        let is_committed = sql.execute(self.connection())? == 1;
        if is_committed {
            self.keep_content(mail.id, rendered)?;
        }
        Ok(is_committed)
    }

    /// Writes an outcome: `false` when the token has lost the mail or it has left that state.
    pub fn settle_mail(
        &mut self,
        id: ReminderId,
        token: ClaimToken,
        from: &[ReminderState],
        settlement: &Settlement,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut sql = Sql::new("UPDATE outbox SET claim_token = NULL, updated_at = ");
        sql.value(now);
        match settlement {
            Settlement::Sent { reply } => {
                sql.push(", state = 'Sent', reason = NULL, attempts = attempts + 1, sent_at = ").value(now);
                sql.push(", reply = ").value(reply.as_str());
            }
            Settlement::Failed { reason } => {
                sql.push(", state = 'Failed', attempts = attempts + 1, reason = ").value(reason.as_str());
            }
            Settlement::Unconfirmed { reason } => {
                sql.push(", state = 'Unconfirmed', attempts = attempts + 1, reason = ")
                    .value(reason.as_str());
            }
            Settlement::Retry { not_before, reply, is_counted } => {
                sql.push(", state = 'Pending', committed_at = NULL, not_before = ").value(*not_before);
                sql.push(", reply = ").value(reply.as_str());
                sql.push(if *is_counted { ", attempts = attempts + 1" } else { "" });
            }
            Settlement::Cancelled { reason } => {
                sql.push(", state = 'Cancelled', cancelled_at = ").value(now);
                sql.push(", reason = ").value(reason.as_str());
            }
        }
        sql.push(" WHERE id = ").value(id.to_string()).push(" AND claim_token = ").value(token.to_string());
        let states: Vec<String> = from.iter().map(|state| format!("'{state}'")).collect();
        sql.push(&format!(" AND state IN ({})", states.join(",")));
        Ok(sql.execute(self.connection())? == 1)
    }

    /// Shows on the invoice when it was last reminded.
    pub fn note_reminded(
        &mut self,
        invoice: InvoiceId,
        reminder: ReminderId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new("UPDATE invoice SET last_reminder_id = $1, last_reminded_at = $2 WHERE id = $3")
            .bind(reminder.to_string())
            .bind(now)
            .bind(invoice.to_string())
            .execute(self.connection())?;
        Ok(())
    }
}
