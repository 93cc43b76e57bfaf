//! Mails that wait and mails in a worker's hands: claim with a token, release. What follows is in `settling`.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Text, Timestamp};

use super::columns::{count, money, parsed, parsed_option};
use super::pause::{NOT_STOPPED, OF_ACCOUNTS};
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::email::FormLetter;
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{
    BatchId, ClaimToken, InvoiceId, LogoId, OrganisationId, ReminderId, TemplateVersionId, WorkerId,
};
use crate::domain::mail_message::{MailKind, RenderedMail};
use crate::domain::money::Money;
use crate::domain::organisation::Sender;
use crate::domain::reminder::{Channel, ReminderState};
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
    /// The recipient: of a reminder once it is rendered, of another mail from the start.
    pub recipient: Option<(Line, EmailAddress)>,
    /// Stable for its life.
    pub message_id: String,
    /// How many tries were counted.
    pub attempts: u32,
    /// When it is given up.
    pub expires_at: DateTime<Utc>,
    /// Since when the mailbox is full, if the last try said so.
    pub full_since: Option<DateTime<Utc>>,
    /// The batch it belongs to.
    pub batch_id: Option<BatchId>,
    /// What asked for it, for a reminder.
    pub channel: Option<Channel>,
    /// The kept text that goes out again, byte for byte.
    pub repeat: Option<Repeat>,
}

/// What is known of a kept text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// Its `Date` header.
    pub dated_at: DateTime<Utc>,
    /// What a reminder says is owed, and the due day.
    pub owed: Option<(Money, NaiveDate)>,
}

/// Which of the mails that wait: each has connections of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Those that programs wait for. What may have been delivered and goes out again is not: nobody waits for it any more.
    Programs,
    /// All others.
    Others,
}

impl Lane {
    /// The condition, in words that the index of what programs wait for is found by.
    pub(super) fn condition(self) -> &'static str {
        match self {
            Self::Programs => "channel = 'api' AND NOT is_repeat",
            Self::Others => "(COALESCE(channel, '') <> 'api' OR is_repeat)",
        }
    }
}

/// A mail in a worker's hands.
#[derive(Clone, Debug)]
pub struct HeldMail {
    /// As it was claimed.
    pub mail: ClaimedMail,
    /// Claimed or Committed.
    pub state: ReminderState,
}

/// Whose mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hands {
    /// This worker's.
    Of(WorkerId),
    /// Every other worker's.
    OfAllBut(WorkerId),
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
    letterhead_id: Option<String>,
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
    #[diesel(sql_type = Nullable<Timestamp>)]
    full_since: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    batch_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    channel: Option<String>,
    #[diesel(sql_type = Bool)]
    is_repeat: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    rendered_balance: Option<i64>,
    #[diesel(sql_type = Nullable<Date>)]
    rendered_due_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    dated_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    currency: Option<String>,
}

#[derive(QueryableByName)]
struct HeldRow {
    #[diesel(embed)]
    claimed: ClaimedRow,
    #[diesel(sql_type = Text)]
    claim_token: String,
    #[diesel(sql_type = Text)]
    state: String,
}

#[derive(QueryableByName)]
struct WaitingRow {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct IsWaitingRow {
    #[diesel(sql_type = Bool)]
    is_waiting: bool,
}

const CLAIMED_COLUMNS: &str = "id, kind, organisation_id, invoice_id, template_version_id, from_name, from_email, \
     reply_to, letterhead_id, recipient_name, recipient, message_id, attempts, expires_at, full_since, batch_id, channel, \
     is_repeat, rendered_balance, rendered_due_on, dated_at, \
     (SELECT i.currency FROM invoice i WHERE i.id = outbox.invoice_id) AS currency";

impl ClaimedRow {
    fn into_mail(self, token: ClaimToken) -> Result<ClaimedMail, StoreError> {
        let currency = self.currency.as_deref().unwrap_or_default();
        let balance = self.rendered_balance.filter(|_| self.is_repeat);
        let balance = balance.map(|balance| money("outbox.rendered_balance", balance, currency));
        let owed = balance.transpose()?.zip(self.rendered_due_on);
        let dated_at = self.dated_at.filter(|_| self.is_repeat);
        let repeat = dated_at.map(|dated_at| Repeat { dated_at: dated_at.and_utc(), owed });
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
                letterhead: parsed_option("outbox.letterhead_id", self.letterhead_id.as_deref())?,
            },
            recipient: name.zip(parsed_option("outbox.recipient", self.recipient.as_deref())?),
            message_id: self.message_id,
            attempts: parsed("outbox.attempts", &self.attempts.to_string())?,
            expires_at: self.expires_at.and_utc(),
            full_since: self.full_since.map(|at| at.and_utc()),
            batch_id: parsed_option("outbox.batch_id", self.batch_id.as_deref())?,
            channel: parsed_option("outbox.channel", self.channel.as_deref())?,
            repeat,
        })
    }
}

impl ClaimedMail {
    /// Whether a program waits to hear of it: then it is tried once. What may have been delivered and goes out again by
    /// the installation's choice is not.
    pub fn is_tried_once(&self) -> bool {
        self.channel == Some(Channel::Api) && self.repeat.is_none()
    }
}

impl Snapshot<'_> {
    /// Whether any mail waits for its turn.
    pub fn is_mail_waiting(&mut self) -> Result<bool, StoreError> {
        let found = Sql::new("SELECT EXISTS (SELECT 1 FROM outbox WHERE phase = 'Pending') AS is_waiting")
            .first::<IsWaitingRow>(self.connection())?;
        Ok(found.is_some_and(|row| row.is_waiting))
    }

    /// How many mails of an organisation wait for their turn, or in a worker's hands for the mail server.
    pub fn waiting_mails_of(&mut self, organisation: OrganisationId) -> Result<usize, StoreError> {
        // Each count in an index of its own.
        let row = Sql::new(
            "SELECT (SELECT COUNT(*) FROM outbox WHERE phase = 'Pending' AND organisation_id = $1) \
             + (SELECT COUNT(*) FROM outbox WHERE phase = 'InFlight' AND state = 'Claimed' AND organisation_id = $2) AS number",
        )
        .bind(organisation.to_string())
        .bind(organisation.to_string())
        .first::<WaitingRow>(self.connection())?
        .ok_or(StoreError::Missing("count"))?;
        count("outbox", row.number)
    }

    /// The mails in the hands of workers that are gone: of one of them, or of all but this one.
    pub fn mails_in_flight(&mut self, hands: Hands) -> Result<Vec<HeldMail>, StoreError> {
        let (condition, worker) = match hands {
            Hands::Of(worker) => ("claimed_by = $1", worker),
            Hands::OfAllBut(worker) => ("(claimed_by IS NULL OR claimed_by <> $1)", worker),
        };
        Sql::new(&format!(
            "SELECT {CLAIMED_COLUMNS}, claim_token, state FROM outbox \
             WHERE phase = 'InFlight' AND {condition} ORDER BY id"
        ))
        .bind(worker.to_string())
        .load::<HeldRow>(self.connection())?
        .into_iter()
        .map(|row| {
            let token = parsed("outbox.claim_token", &row.claim_token)?;
            Ok(HeldMail { state: parsed("outbox.state", &row.state)?, mail: row.claimed.into_mail(token)? })
        })
        .collect()
    }

    /// The exact text of a mail, once it was rendered.
    pub fn mail_content(&mut self, id: ReminderId) -> Result<Option<RenderedMail>, StoreError> {
        self.mail_content_with(id, |filled| filled)
    }

    /// The same, with something made from what stands in its places.
    pub fn mail_content_with(
        &mut self,
        id: ReminderId,
        fill: impl FnOnce(String) -> String,
    ) -> Result<Option<RenderedMail>, StoreError> {
        #[derive(QueryableByName)]
        struct ContentRow {
            #[diesel(sql_type = Text)]
            letter_id: String,
            #[diesel(sql_type = Text)]
            subject: String,
            #[diesel(sql_type = Text)]
            filled: String,
            #[diesel(sql_type = Text)]
            body_text: String,
            #[diesel(sql_type = Text)]
            body_html: String,
            #[diesel(sql_type = Nullable<Text>)]
            logo_id: Option<String>,
            #[diesel(sql_type = Text)]
            language: String,
        }
        let row = Sql::new(
            "SELECT m.letter_id, m.subject, m.filled, l.body_text, l.body_html, l.logo_id, l.language \
             FROM mail_content m JOIN form_letter l ON l.id = m.letter_id WHERE m.mail_id = $1",
        )
        .bind(id.to_string())
        .first::<ContentRow>(self.connection())?;
        row.map(|row| {
            let letter_id = parsed("mail_content.letter_id", &row.letter_id)?;
            let logo: Option<LogoId> = parsed_option("form_letter.logo_id", row.logo_id.as_deref())?;
            let logo = logo.map(|id| self.logo(id)).transpose()?.map(Arc::new);
            let language = parsed("form_letter.language", &row.language)?;
            let letter = FormLetter::kept(letter_id, &row.body_text, &row.body_html, logo, language);
            Ok(letter.rendered(row.subject, &fill(row.filled)))
        })
        .transpose()
    }
}

impl Tx<'_> {
    /// Takes mails of a lane whose time has come, at most `limit`: those about accounts go first, since somebody waits for
    /// them; then the oldest. None that a pause stops.
    pub fn claim_mails(
        &mut self,
        lane: Lane,
        worker: WorkerId,
        token: ClaimToken,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<ClaimedMail>, StoreError> {
        let mut mails = match lane {
            Lane::Programs => Vec::new(),
            Lane::Others => self.claim_where("not_before", OF_ACCOUNTS, worker, token, limit, now)?,
        };
        let room = limit.saturating_sub(mails.len());
        mails.extend(self.claim_where("not_before", lane.condition(), worker, token, room, now)?);
        if !mails.is_empty() {
            // Who forgets this worker waits for this claim and finds it, or has done so before: then it is known again.
            self.beat(worker, now)?;
        }
        Ok(mails)
    }

    /// Takes mails whose deadline has passed while they waited; they are to be settled.
    pub fn claim_expired(
        &mut self,
        worker: WorkerId,
        token: ClaimToken,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<ClaimedMail>, StoreError> {
        self.claim_where("expires_at", "TRUE", worker, token, limit, now)
    }

    fn claim_where(
        &mut self,
        instant: &str,
        condition: &str,
        worker: WorkerId,
        token: ClaimToken,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<ClaimedMail>, StoreError> {
        let skip_locked = self.connection().skip_locked();
        let claimed = Sql::new(&format!(
            "UPDATE outbox SET state = 'Claimed', phase = 'InFlight', claim_token = $1, claimed_by = $2, updated_at = $3 WHERE id IN \
             (SELECT id FROM outbox WHERE phase = 'Pending' AND {instant} <= $4 AND {condition} \
             AND {NOT_STOPPED} \
             ORDER BY {instant}, id LIMIT $5{skip_locked}) RETURNING {CLAIMED_COLUMNS}"
        ))
        .bind(token.to_string())
        .bind(worker.to_string())
        .bind(now)
        .bind(now)
        .bind(limit as i64)
        .kept_for(1)
        .load::<ClaimedRow>(self.connection())?;
        let mut mails = claimed.into_iter().map(|row| row.into_mail(token)).collect::<Result<Vec<_>, _>>()?;
        mails.sort_by_key(|mail| mail.id);
        Ok(mails)
    }

    /// Puts what a worker still holds of a lane before the point of no return back, for others to take.
    pub fn release_claims(
        &mut self,
        lane: Lane,
        worker: WorkerId,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        Ok(Sql::new(&format!(
            "UPDATE outbox SET state = 'Pending', phase = 'Pending', claim_token = NULL, updated_at = $1 \
             WHERE claimed_by = $2 AND phase = 'InFlight' AND state = 'Claimed' AND {}",
            lane.condition()
        ))
        .bind(now)
        .bind(worker.to_string())
        .execute(self.connection())?)
    }
}
