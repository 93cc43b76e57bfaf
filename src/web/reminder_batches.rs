//! "Yes, send reminders", and the page that shows how far it is.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::WebError;
use super::batch_results::{Cause, ResultView, causes, left_out_row, result};
use super::frame::{Frame, Section, go_to, page, page_with, see_other};
use super::invoices::address;
use super::objections;
use super::reminder_proposals::{Carried, ProposalView, counted, show};
use super::session::{Posted, SignedIn, is_htmx};
use super::sign_in::Nothing;
use crate::actions::{ActionError, Origin, Stale, Yes};
use crate::domain::ids::BatchId;
use crate::domain::invoice_list::{InvoiceFilter, InvoiceList, InvoiceQuery};
use crate::domain::money::grouped_count;
use crate::domain::person::Permission;
use crate::domain::reminder::ReminderState;
use crate::store::{BatchProgress, BatchRow, Pause};

/// Rows shown of each group.
const SHOWN: usize = 100;

/// What "Yes" sends.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct YesForm {
    confirmation: String,
    signature: String,
    matching: String,
    list: String,
    sure: String,
}

impl YesForm {
    fn query(&self) -> InvoiceQuery {
        let text = self.list.strip_prefix("/invoices").unwrap_or(&self.list).trim_start_matches('?');
        serde_html_form::from_str(text).unwrap_or_default()
    }

    fn filter(&self) -> Result<Option<InvoiceFilter>, WebError> {
        if self.matching.is_empty() {
            return Ok(None);
        }
        InvoiceList::try_from(&self.query())
            .map(|list| Some(list.filter))
            .map_err(|problem| WebError::BadRequest(problem.to_string()))
    }

    fn take_yes(&mut self, retry_of: Option<BatchId>) -> Result<Yes, WebError> {
        Ok(Yes {
            matching: self.filter()?,
            confirmation: std::mem::take(&mut self.confirmation),
            signature: std::mem::take(&mut self.signature),
            retry_of,
            is_sure: !self.sure.is_empty(),
        })
    }

    fn carried(&self, retry_of: Option<BatchId>) -> Carried {
        match retry_of {
            Some(batch) => retrying(batch),
            None => {
                let list = address(&self.query());
                let action = "/reminder-batches".to_owned();
                Carried { matching: self.matching.clone(), back: list.clone(), list, action }
            }
        }
    }
}

/// `POST /reminder-batches`
pub async fn create(request: HttpRequest, posted: Posted<YesForm>) -> Result<HttpResponse, WebError> {
    posted.by.require(Permission::SendReminder)?;
    accept(&request, posted, None).await
}

async fn accept(
    request: &HttpRequest,
    posted: Posted<YesForm>,
    retry_of: Option<BatchId>,
) -> Result<HttpResponse, WebError> {
    let (by, mut form) = (posted.by, posted.form);
    let is_htmx = is_htmx(request);
    let yes = form.take_yes(retry_of)?;
    match by.state.actions.send_reminders(&by.user, yes).await {
        Ok(batch) => Ok(go_to(is_htmx, format!("/reminder-batches/{batch}"))),
        Err(ActionError::Stale(stale)) => {
            let Stale { proposed, changes } = *stale;
            let Some(proposed) = proposed else {
                let sentences: Vec<String> = changes.iter().map(ToString::to_string).collect();
                let sentence = format!("Nothing was sent. {}", sentences.join(" "));
                return objections::outdated(&by, is_htmx, address(&form.query()), sentence);
            };
            let changes = changes.iter().map(ToString::to_string).collect();
            let view = ProposalView::new(proposed, form.carried(retry_of), &by, 0).with_changes(changes);
            show(&by, is_htmx, StatusCode::UNPROCESSABLE_ENTITY, view)
        }
        Err(ActionError::NotSure(proposed)) => {
            let seen = proposed.proposal.candidates().count();
            let view = ProposalView::new(*proposed, form.carried(retry_of), &by, seen).with_tick_missing();
            show(&by, is_htmx, StatusCode::UNPROCESSABLE_ENTITY, view)
        }
        Err(error @ (ActionError::NotConfirmed | ActionError::Refused(_) | ActionError::NothingSelected)) => {
            objections::outdated(&by, is_htmx, address(&form.query()), error.to_string())
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "reminder_batches/show.html", blocks = ["progress"])]
struct BatchPage {
    frame: Frame,
    id: String,
    who: String,
    heading: &'static str,
    is_finished: bool,
    is_undoable: bool,
    may_cancel: bool,
    may_retry: bool,
    may_settle: bool,
    may_resume: bool,
    problem: Option<String>,
    selected: usize,
    settled: usize,
    sentence: String,
    waiting: String,
    figures: [(&'static str, String); 7],
    causes: Vec<Cause>,
    others: Vec<ResultView>,
    others_more: usize,
    left_out: Vec<ResultView>,
    retry_of: Option<String>,
    retries: Vec<String>,
    poll: &'static str,
}

/// Whether only the progress is asked for.
#[derive(Deserialize)]
pub struct ShowQuery {
    progress: Option<String>,
}

/// `GET /reminder-batches/{id}`
pub async fn show_batch(
    by: SignedIn,
    path: web::Path<String>,
    query: web::Query<ShowQuery>,
) -> Result<HttpResponse, WebError> {
    let view = read(&by, id(&path)?).await?;
    if query.progress.is_some() { page(&view.as_progress()) } else { page(&view) }
}

/// The page of a batch with what could not be done to it.
pub(super) async fn page_with_problem(
    by: &SignedIn,
    id: BatchId,
    status: StatusCode,
    problem: String,
) -> Result<HttpResponse, WebError> {
    let mut view = read(by, id).await?;
    view.frame.title = format!("Error: {}", view.frame.title);
    view.problem = Some(problem);
    page_with(status, &view)
}

fn id(text: &str) -> Result<BatchId, WebError> {
    text.parse().map_err(|_| WebError::NotFound)
}

async fn read(by: &SignedIn, id: BatchId) -> Result<BatchPage, WebError> {
    let organisation = by.organisation.id;
    let (progress, failed, others, left_out, can_repeat, paused) = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            let progress = snapshot.batch(organisation, id)?.ok_or(WebError::NotFound)?;
            let failed =
                snapshot.batch_rows(id, &[ReminderState::Failed, ReminderState::Unconfirmed], SHOWN * 5)?;
            let rest = [
                ReminderState::Committed,
                ReminderState::Claimed,
                ReminderState::Pending,
                ReminderState::Scheduled,
                ReminderState::Sent,
                ReminderState::Cancelled,
            ];
            let others = snapshot.batch_rows(id, &rest, SHOWN)?;
            let can_repeat = progress.failed > 0 && !snapshot.failed_invoices(organisation, id)?.is_empty();
            let paused = snapshot.batch_pause(organisation, id)?;
            Ok((progress, failed, others, snapshot.batch_left_out(id, SHOWN)?, can_repeat, paused))
        })
        .await?;
    let mut page = BatchPage::new(by, progress, failed, others, left_out, paused);
    page.may_retry &= can_repeat;
    Ok(page)
}

impl BatchPage {
    fn new(
        by: &SignedIn,
        progress: BatchProgress,
        failed: Vec<BatchRow>,
        others: Vec<BatchRow>,
        left_out: Vec<BatchRow>,
        paused: Option<Pause>,
    ) -> Self {
        let now = by.state.actions.clock().now();
        let is_finished = progress.is_finished();
        let is_undoable = progress.pending > 0 && now < progress.not_before && progress.sent == 0;
        let done =
            progress.sent + progress.failed + progress.unconfirmed + progress.cancelled + progress.left_out;
        let accepted = if by.state.is_mail_captured {
            "kept here, not delivered"
        } else {
            "accepted by the mail server"
        };
        Self {
            frame: by.frame(Section::Reminders, "Sending reminders"),
            id: progress.id.to_string(),
            who: format!("{} \u{b7} {}", progress.actor_name, by.organisation.local(progress.created_at)),
            heading: match (is_finished, progress.sent + progress.failed + progress.unconfirmed) {
                (false, _) => "Sending reminders",
                (true, 0) => "No reminders sent",
                (true, _) => "Reminders sent",
            },
            is_finished,
            is_undoable,
            may_cancel: progress.pending > 0 && by.user.may(Permission::CancelReminder),
            may_retry: is_finished && progress.failed > 0 && by.user.may(Permission::ResendReminder),
            may_settle: by.user.may(Permission::SettleUnconfirmed),
            problem: None,
            selected: progress.selected,
            settled: progress.settled(),
            sentence: sentence(&progress, accepted),
            waiting: waiting(by, &progress, is_undoable, paused.as_ref(), now),
            may_resume: paused.is_some() && by.user.may(Permission::SendReminder),
            figures: [
                ("Selected", grouped_count(progress.selected)),
                ("Sent", grouped_count(progress.sent)),
                ("Failed", grouped_count(progress.failed)),
                ("May have been delivered", grouped_count(progress.unconfirmed)),
                ("Left out", grouped_count(progress.left_out)),
                ("Cancelled", grouped_count(progress.cancelled)),
                ("Waiting", grouped_count(progress.selected - done.min(progress.selected))),
            ],
            causes: causes(failed),
            others_more: (progress.sent + progress.cancelled + progress.pending + progress.in_flight)
                .saturating_sub(others.len()),
            others: others.into_iter().map(|row| result(row, by)).collect(),
            left_out: left_out.into_iter().map(left_out_row).collect(),
            retry_of: progress.retry_of.map(|id| id.to_string()),
            retries: progress.retries.iter().map(ToString::to_string).collect(),
            poll: if now - progress.created_at < chrono::TimeDelta::seconds(30) {
                "load delay:1s"
            } else {
                "load delay:2s"
            },
        }
    }
}

fn sentence(progress: &BatchProgress, accepted: &str) -> String {
    let mut parts =
        vec![format!("{} of {} {accepted}", grouped_count(progress.sent), grouped_count(progress.selected))];
    let failed = progress.failed + progress.unconfirmed;
    if failed > 0 {
        parts.push(format!("{} failed", grouped_count(failed)));
    }
    if progress.left_out > 0 {
        parts.push(format!("{} left out", grouped_count(progress.left_out)));
    }
    if progress.cancelled > 0 {
        parts.push(format!("{} cancelled", grouped_count(progress.cancelled)));
    }
    format!("{}.", parts.join(", "))
}

fn waiting(
    by: &SignedIn,
    progress: &BatchProgress,
    is_undoable: bool,
    paused: Option<&Pause>,
    now: chrono::DateTime<chrono::Utc>,
) -> String {
    match (paused, &by.relay_down) {
        _ if progress.is_finished() => String::new(),
        (Some(pause), _) => {
            format!("Paused since {}: {}", by.organisation.local(pause.since), pause.reason)
        }
        (None, _) if by.pause.is_some() => "Paused: the batch goes on when sending is resumed.".to_owned(),
        _ if is_undoable => {
            let left = (progress.not_before - now).num_seconds() + 1;
            format!(
                "Sending starts in {}. Until then you can undo it.",
                counted(usize::try_from(left).unwrap_or(0), "second")
            )
        }
        (None, Some(down)) => format!(
            "The mail server is not reachable since {}. The batch waits and goes on by itself. ({})",
            by.organisation.local(down.since),
            down.problem
        ),
        (None, None) => String::new(),
    }
}

/// `POST /reminder-batches/{id}/cancellation`: Undo and "Cancel remaining".
pub async fn cancel(path: web::Path<String>, posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    by.require(Permission::CancelReminder)?;
    let id = id(&path)?;
    match by.state.actions.cancel_batch(&by.user, id).await {
        // Nothing left to cancel: the page says how it ended.
        Ok(_) | Err(ActionError::Refused(_)) => Ok(see_other(format!("/reminder-batches/{id}"))),
        Err(error) => Err(error.into()),
    }
}

/// `POST /reminder-batches/{id}/retries`: first shows what would go out again, then, with the confirmation, does it.
pub async fn retry(
    request: HttpRequest,
    path: web::Path<String>,
    posted: Posted<YesForm>,
) -> Result<HttpResponse, WebError> {
    posted.by.require(Permission::ResendReminder)?;
    let id = id(&path)?;
    if !posted.form.confirmation.is_empty() {
        return accept(&request, posted, Some(id)).await;
    }
    let by = posted.by;
    let proposed = by.state.actions.propose_reminders(&by.user, Origin::Failed(id)).await?;
    show(&by, is_htmx(&request), StatusCode::OK, ProposalView::new(proposed, retrying(id), &by, 0))
}

/// What the confirmation of a retry carries along.
fn retrying(id: BatchId) -> Carried {
    Carried {
        matching: String::new(),
        list: String::new(),
        action: format!("/reminder-batches/{id}/retries"),
        back: format!("/reminder-batches/{id}"),
    }
}
