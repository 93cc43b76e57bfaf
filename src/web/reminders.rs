//! The log of reminders, as a page and as a file.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::frame::{Frame, Section, page};
use super::reminder_proposals::counted;
use super::session::SignedIn;
use super::{WebError, csv};
use crate::domain::ids::ReminderId;
use crate::domain::proposal::LeftOut;
use crate::domain::reminder::{Channel, PublicStatus, Reminder, ReminderState};
use crate::domain::search::Search;
use crate::store::{ReminderFilter, ReminderRow};

/// Rows a page.
const PER_PAGE: usize = 50;

/// A row of the log, in words.
pub struct LogRow {
    pub(super) id: String,
    pub(super) at: String,
    pub(super) invoice_id: String,
    pub(super) number: String,
    pub(super) customer_id: String,
    pub(super) customer: String,
    pub(super) recipient: String,
    pub(super) channel: Channel,
    pub(super) actor: String,
    /// The status as a person reads it: a mail that may have been delivered has not just failed.
    pub(super) word: &'static str,
    pub(super) look: String,
    pub(super) detail: String,
}

impl LogRow {
    pub(super) fn new(row: ReminderRow, by: &SignedIn) -> Self {
        let detail = detail(&row, by);
        let reminder = row.reminder;
        Self {
            id: reminder.id.to_string(),
            at: by.organisation.local(reminder.sent_at.unwrap_or(reminder.created_at)),
            invoice_id: reminder.invoice_id.to_string(),
            number: row.number.to_string(),
            customer_id: reminder.customer_id.to_string(),
            customer: row.customer_name.to_string(),
            recipient: recipient(&reminder),
            channel: reminder.channel,
            actor: row.actor_name,
            word: match reminder.state {
                ReminderState::Unconfirmed => "May have been delivered",
                state => state.public().as_str(),
            },
            look: match reminder.state {
                ReminderState::Unconfirmed => "unconfirmed".to_owned(),
                state => state.public().as_str().to_lowercase(),
            },
            detail,
        }
    }
}

/// What a clerk reads beside the status.
fn detail(row: &ReminderRow, by: &SignedIn) -> String {
    let reminder = &row.reminder;
    match reminder.state {
        ReminderState::Scheduled => format!("Scheduled for {}", by.organisation.local(reminder.scheduled_at)),
        ReminderState::Pending => match &reminder.reply {
            Some(reply) if !reply.is_empty() => {
                format!("Retrying at {} ({reply})", by.organisation.local(reminder.not_before))
            }
            _ => "Queued".to_owned(),
        },
        ReminderState::Claimed => "Sending".to_owned(),
        ReminderState::Committed => "Handed over, waiting for confirmation".to_owned(),
        ReminderState::Sent if row.kept_here => "Kept here, not delivered".to_owned(),
        ReminderState::Sent => "Accepted by mail server".to_owned(),
        ReminderState::Unconfirmed => words(reminder).to_owned(),
        ReminderState::Failed => {
            let words = words(reminder);
            reminder.failure_kind().map_or(words.to_owned(), |kind| format!("{}: {words}", kind.heading()))
        }
        ReminderState::Cancelled => reminder.reason.clone().unwrap_or_default(),
    }
}

/// What was said when it failed.
fn words(reminder: &Reminder) -> &str {
    reminder.reason.as_deref().and_then(|reason| reason.split_once(": ")).map_or("", |(_, words)| words)
}

/// The log's address.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    #[serde(skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    batch: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    before: String,
}

impl LogQuery {
    fn filter(&self) -> Result<(ReminderFilter, Option<ReminderId>), WebError> {
        fn read<T: std::str::FromStr>(text: &str) -> Result<Option<T>, WebError> {
            let problem =
                |_| WebError::BadRequest(format!("\u{201c}{text}\u{201d} is not a filter of the log."));
            if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(problem) }
        }
        let filter = ReminderFilter {
            search: Search::read(&self.q)?,
            status: read(&self.status)?,
            channel: read(&self.channel)?,
            batch: read(&self.batch)?,
            invoice: None,
            customer: None,
        };
        Ok((filter, read(&self.before)?))
    }

    fn text(&self) -> String {
        serde_html_form::to_string(self).unwrap_or_default()
    }

    fn address(&self) -> String {
        format!("/reminders?{}", self.text())
    }
}

#[derive(Template)]
#[template(path = "reminders/index.html")]
struct LogPage {
    frame: Frame,
    query: LogQuery,
    statuses: &'static [PublicStatus],
    channels: &'static [Channel],
    rows: Vec<LogRow>,
    count: String,
    is_filtered: bool,
    next: Option<String>,
    export: String,
}

/// `GET /reminders`
pub async fn index(by: SignedIn, query: web::Query<LogQuery>) -> Result<HttpResponse, WebError> {
    let query = query.into_inner();
    let (filter, before) = query.filter()?;
    let is_filtered = filter != ReminderFilter::default();
    let organisation = by.organisation.id;
    let (mut rows, count) = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            let count = snapshot.count_reminders(organisation, &filter)?;
            Ok((snapshot.reminders(organisation, &filter, before, PER_PAGE + 1)?, count))
        })
        .await?;
    let has_more = rows.len() > PER_PAGE;
    rows.truncate(PER_PAGE);
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|row| LogQuery { before: row.reminder.id.to_string(), ..query.clone() }.address());
    page(&LogPage {
        export: query.address().replacen("/reminders", "/reminders.csv", 1),
        frame: by.frame(Section::Reminders, "Reminders"),
        query,
        statuses: PublicStatus::ALL,
        channels: Channel::ALL,
        rows: rows.into_iter().map(|row| LogRow::new(row, &by)).collect(),
        count: counted(count, "reminder"),
        is_filtered,
        next,
    })
}

/// `GET /reminders.csv`
pub async fn export(by: SignedIn, query: web::Query<LogQuery>) -> Result<HttpResponse, WebError> {
    let (filter, _) = query.filter()?;
    let query = LogQuery { before: String::new(), ..query.into_inner() }.text();
    file(&by, csv::part_of("Reminders as CSV", &query), filter).await
}

/// The reminders that a filter matches, newest first; `what` says it in a sentence.
pub(super) async fn file(
    by: &SignedIn,
    what: String,
    filter: ReminderFilter,
) -> Result<HttpResponse, WebError> {
    let organisation = by.organisation.id;
    let header = "time,invoice,customer,recipient,channel,actor,status,reason";
    csv::streamed(by, what, "reminders.csv", header, move |snapshot, before, limit| {
        let rows = snapshot.reminders(organisation, &filter, before, limit)?;
        Ok(rows.into_iter().map(|row| (row.reminder.id, written(&row))).collect())
    })
    .await
}

fn written(row: &ReminderRow) -> String {
    let reminder = &row.reminder;
    csv::line(&[
        &reminder.sent_at.unwrap_or(reminder.created_at).to_rfc3339(),
        row.number.as_str(),
        row.customer_name.as_str(),
        &recipient(reminder),
        reminder.channel.as_str(),
        &row.actor_name,
        reminder.state.public().as_str(),
        reminder.reason.as_deref().unwrap_or_default(),
    ])
}

fn recipient(reminder: &Reminder) -> String {
    let address = reminder.recipient.as_ref();
    address.map_or_else(|| LeftOut::NoEmail.to_string(), ToString::to_string)
}
