//! The log of reminders, and one reminder with its exact mail.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::WebError;
use super::frame::{Frame, Section, page, page_with, see_other};
use super::invoice::Happening;
use super::mail_previews::mail_document;
use super::session::{Posted, SignedIn};
use super::sign_in::Nothing;
use crate::actions::ActionError;
use crate::domain::ids::ReminderId;
use crate::domain::money::grouped_count;
use crate::domain::person::Permission;
use crate::domain::reminder::{Channel, PublicStatus, ReminderState};
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
    pub(super) channel: &'static str,
    pub(super) actor: String,
    pub(super) status: PublicStatus,
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
            recipient: reminder
                .recipient
                .map_or_else(|| "No e-mail address".to_owned(), |address| address.to_string()),
            channel: reminder.channel.as_str(),
            actor: row.actor_name,
            status: reminder.state.public(),
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
        ReminderState::Sent if by.state.is_mail_captured => "Kept here, not delivered".to_owned(),
        ReminderState::Sent => "Accepted by mail server".to_owned(),
        ReminderState::Unconfirmed => "May have been delivered".to_owned(),
        ReminderState::Failed => {
            let words = reminder
                .reason
                .as_deref()
                .and_then(|reason| reason.split_once(": "))
                .map_or("", |(_, words)| words);
            reminder.failure_kind().map_or(words.to_owned(), |kind| format!("{}: {words}", kind.heading()))
        }
        ReminderState::Cancelled => reminder.reason.clone().unwrap_or_default(),
    }
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
        let search = Some(self.q.trim().to_lowercase()).filter(|search| !search.is_empty());
        let filter = ReminderFilter {
            search,
            status: read(&self.status)?,
            channel: read(&self.channel)?,
            batch: read(&self.batch)?,
            invoice: None,
            customer: None,
        };
        Ok((filter, read(&self.before)?))
    }

    fn address(&self) -> String {
        serde_html_form::to_string(self)
            .map_or_else(|_| "/reminders".to_owned(), |query| format!("/reminders?{query}"))
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
        count: grouped_count(count),
        is_filtered,
        next,
    })
}

/// Most rows of an export.
const EXPORTED: usize = 100_000;

/// `GET /reminders.csv`
pub async fn export(by: SignedIn, query: web::Query<LogQuery>) -> Result<HttpResponse, WebError> {
    let (filter, before) = query.filter()?;
    let organisation = by.organisation.id;
    let rows = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            Ok(snapshot.reminders(organisation, &filter, before, EXPORTED)?)
        })
        .await?;
    let mut file = "time,invoice,customer,recipient,channel,actor,status,reason\r\n".to_owned();
    for row in rows {
        let at = row.reminder.sent_at.unwrap_or(row.reminder.created_at).to_rfc3339();
        let reason = row.reminder.reason.clone().unwrap_or_default();
        let row = LogRow::new(row, &by);
        let cells = [
            at.as_str(),
            &row.number,
            &row.customer,
            &row.recipient,
            row.channel,
            &row.actor,
            row.status.as_str(),
            &reason,
        ];
        file.push_str(&cells.map(cell).join(","));
        file.push_str("\r\n");
    }
    Ok(HttpResponse::Ok()
        .insert_header(("Content-Type", "text/csv; charset=utf-8"))
        .insert_header(("Content-Disposition", "attachment; filename=\"reminders.csv\""))
        .body(file))
}

/// A quoted cell; what a spreadsheet would take for a formula gets an apostrophe before it.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[derive(Template)]
#[template(path = "reminders/show.html")]
struct ReminderPage {
    frame: Frame,
    row: LogRow,
    subject: Option<String>,
    text: String,
    message_id: String,
    reply: Option<String>,
    advice: &'static str,
    resend_of: Option<String>,
    batch: Option<String>,
    timeline: Vec<Happening>,
    may_resend: bool,
    may_cancel: bool,
    may_settle: bool,
    problem: Option<String>,
}

/// `GET /reminders/{id}`
pub async fn show(by: SignedIn, path: web::Path<String>) -> Result<HttpResponse, WebError> {
    page(&read(&by, id(&path)?).await?)
}

fn id(text: &str) -> Result<ReminderId, WebError> {
    text.parse().map_err(|_| WebError::NotFound)
}

async fn read(by: &SignedIn, id: ReminderId) -> Result<ReminderPage, WebError> {
    let organisation = by.organisation.id;
    let (row, timeline, is_superseded) = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            let row = snapshot.reminder(organisation, id)?.ok_or(WebError::NotFound)?;
            Ok((row, snapshot.mail_timeline(id)?, snapshot.is_superseded(id)?))
        })
        .await?;
    let state = row.reminder.state;
    Ok(ReminderPage {
        frame: by.frame(Section::Reminders, format!("Reminder of {}", row.number)),
        subject: row.reminder.subject.clone(),
        text: row.reminder.text.clone().unwrap_or_default(),
        message_id: row.message_id.clone(),
        reply: row.reminder.reply.clone().filter(|reply| !reply.is_empty()),
        advice: row.reminder.failure_kind().map_or("", |kind| kind.advice()),
        resend_of: row.reminder.resend_of.map(|id| id.to_string()),
        batch: row.reminder.batch_id.map(|id| id.to_string()),
        timeline: timeline.into_iter().map(|entry| Happening::new(entry, by)).collect(),
        may_resend: state == ReminderState::Failed
            && !is_superseded
            && by.user.may(Permission::ResendReminder),
        may_cancel: matches!(state, ReminderState::Pending | ReminderState::Scheduled)
            && by.user.may(Permission::CancelReminder),
        may_settle: state == ReminderState::Unconfirmed && by.user.may(Permission::SettleUnconfirmed),
        problem: None,
        row: LogRow::new(row, by),
    })
}

/// `GET /reminders/{id}/html`
pub async fn html(by: SignedIn, path: web::Path<String>) -> Result<HttpResponse, WebError> {
    let (organisation, id) = (by.organisation.id, id(&path)?);
    let mail = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            snapshot.reminder(organisation, id)?.ok_or(WebError::NotFound)?;
            snapshot.mail_content(id)?.ok_or(WebError::NotFound)
        })
        .await?;
    Ok(mail_document(mail))
}

/// `POST /reminders/{id}/resends`
pub async fn resend(path: web::Path<String>, posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, id(&path)?);
    by.require(Permission::ResendReminder)?;
    match by.state.actions.resend_reminder(&by.user, id).await {
        Ok(new) => Ok(see_other(format!("/reminders/{new}"))),
        Err(ActionError::NotRemindable(refused)) => {
            let why = refused.ineligible.first().map_or_else(String::new, |(_, why)| why.to_string());
            refused_page(&by, id, format!("The invoice cannot be reminded. {why}")).await
        }
        Err(ActionError::Refused(why)) => refused_page(&by, id, why).await,
        Err(error) => Err(error.into()),
    }
}

/// `POST /reminders/{id}/cancellation`
pub async fn cancel(path: web::Path<String>, posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, id(&path)?);
    by.require(Permission::CancelReminder)?;
    match by.state.actions.cancel_reminder(&by.user, id).await {
        Ok(()) => Ok(see_other(format!("/reminders/{id}"))),
        Err(ActionError::Refused(why)) => refused_page(&by, id, why).await,
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn refused_page(
    by: &SignedIn,
    id: ReminderId,
    why: String,
) -> Result<HttpResponse, WebError> {
    let mut view = read(by, id).await?;
    view.frame.title = format!("Error: {}", view.frame.title);
    view.problem = Some(why);
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
}
