//! One reminder: its exact mail, what came of each try, and what may be done with it.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use askama::Template;

use super::WebError;
use super::frame::{Frame, Section, page, page_with, see_other};
use super::happenings::{Happening, in_words};
use super::mail_previews::mail_document;
use super::reminders::LogRow;
use super::session::{Posted, SignedIn};
use super::sign_in::Nothing;
use crate::actions::ActionError;
use crate::domain::email::BuiltIn;
use crate::domain::ids::ReminderId;
use crate::domain::person::Permission;
use crate::domain::reminder::ReminderState;
use crate::store::{TimelineEntry, UsedText};

/// The version of the text that a mail was written from.
struct TextUsed {
    name: String,
    number: u32,
    href: String,
}

impl TextUsed {
    fn new(used: &UsedText) -> Self {
        let name = BuiltIn::of_slug(&used.slug).map_or(used.slug.as_str(), |text| text.name);
        let (slug, number) = (&used.slug, used.number);
        let href =
            format!("/automations/email-notifications/{slug}/history?compare={number}#version-{number}");
        Self { name: name.to_owned(), number, href }
    }
}

/// One try to hand the mail over, and what came of it.
struct Attempt {
    at: String,
    outcome: &'static str,
    words: String,
}

impl Attempt {
    fn new(entry: &TimelineEntry, by: &SignedIn) -> Option<Self> {
        let outcome = match entry.event.as_str() {
            "reminder.sent" if entry.kept_here => "Kept here, not delivered",
            "reminder.sent" => "Accepted by mail server",
            "reminder.failed" => "Failed",
            "reminder.unconfirmed" => "May have been delivered",
            "reminder.postponed" => "To be tried again",
            _ => return None,
        };
        Some(Self {
            at: by.organisation.local(entry.at),
            outcome,
            words: in_words(&entry.event, entry.detail.clone()),
        })
    }
}

/// The headers of a mail, each on one line.
fn headers(source: &str) -> Vec<(String, String)> {
    let head = source.split_once("\r\n\r\n").map_or(source, |(head, _)| head);
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let pair = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    unfolded.lines().filter_map(pair).collect()
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
    text_used: TextUsed,
    headers: Vec<(String, String)>,
    attempts: Vec<Attempt>,
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
    let (row, mail, used, timeline, is_superseded) = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            let row = snapshot.reminder(organisation, id)?.ok_or(WebError::NotFound)?;
            let mail = snapshot.kept_mail(organisation, id)?;
            let used = snapshot.used_text(row.reminder.template_version_id)?;
            Ok((row, mail, used, snapshot.mail_timeline(id)?, snapshot.is_superseded(id)?))
        })
        .await?;
    let state = row.reminder.state;
    Ok(ReminderPage {
        frame: by.frame(Section::Reminders, format!("Reminder of {}", row.number)),
        subject: row.reminder.subject.clone(),
        text: row.reminder.text.clone().unwrap_or_default(),
        message_id: row.message_id.clone(),
        reply: row.reminder.reply.clone().filter(|reply| !reply.is_empty() && !row.kept_here),
        advice: row.reminder.failure_kind().map_or("", |kind| kind.advice()),
        resend_of: row.reminder.resend_of.map(|id| id.to_string()),
        batch: row.reminder.batch_id.map(|id| id.to_string()),
        text_used: TextUsed::new(&used),
        headers: mail
            .and_then(|mail| (by.state.write_mail)(&mail).ok())
            .map_or_else(Vec::new, |mail| headers(&mail)),
        attempts: timeline.iter().rev().filter_map(|entry| Attempt::new(entry, by)).collect(),
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

/// `GET /reminders/{id}/source`
pub async fn source(by: SignedIn, path: web::Path<String>) -> Result<HttpResponse, WebError> {
    let (organisation, id) = (by.organisation.id, id(&path)?);
    let mail = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| snapshot.kept_mail(organisation, id)?.ok_or(WebError::NotFound))
        .await?;
    let source = (by.state.write_mail)(&mail).map_err(WebError::Internal)?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8")).body(source))
}

/// `POST /reminders/{id}/resends`
pub async fn resend(path: web::Path<String>, posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, id(&path)?);
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
    match by.state.actions.cancel_reminder(&by.user.principal(), id).await {
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
