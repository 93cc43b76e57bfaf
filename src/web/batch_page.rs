//! The page that shows how far a batch is, and how it ended.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::WebError;
use super::batch_results::{Cause, ResultView, causes, left_out_row, result};
use super::frame::{Frame, Section, page, page_with};
use super::reminder_proposals::counted;
use super::session::{SignedIn, is_htmx};
use crate::domain::ids::BatchId;
use crate::domain::money::grouped_count;
use crate::domain::person::Permission;
use crate::domain::reminder::Phase;
use crate::store::{BatchProgress, BatchRow, Pause};

/// Rows shown of each group.
const SHOWN: usize = 100;
/// What "lately" means when the pace is taken.
const LATELY: TimeDelta = TimeDelta::seconds(15);

#[derive(Template)]
#[template(path = "reminder_batches/show.html", blocks = ["progress"])]
struct BatchPage {
    frame: Frame,
    id: String,
    who: String,
    heading: &'static str,
    is_finished: bool,
    is_undone: bool,
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
    told: Option<Told>,
}

/// What somebody who watches the page is told.
struct Told {
    /// When the sentence last changed for them.
    at: i64,
    /// Whether it changes now.
    is_again: bool,
}

/// How often a watched sentence may change, in seconds.
const TOLD_EVERY: i64 = 5;

impl Told {
    /// Tells it now, unless it was told a moment ago and there is more to come.
    fn new(before: Option<i64>, is_finished: bool, now: DateTime<Utc>) -> Self {
        let now = now.timestamp();
        let lately = before.filter(|before| (0..TOLD_EVERY).contains(&(now - before)) && !is_finished);
        Self { at: lately.unwrap_or(now), is_again: lately.is_none() }
    }
}

/// What the page that is watched asks for.
#[derive(Deserialize)]
pub struct ShowQuery {
    /// When its sentence last changed, in seconds since 1970.
    told: Option<i64>,
}

/// `GET /reminder-batches/{id}`
pub async fn show(
    by: SignedIn,
    request: HttpRequest,
    path: web::Path<String>,
    query: web::Query<ShowQuery>,
) -> Result<HttpResponse, WebError> {
    let mut view = read(&by, id(&path)?).await?;
    if !is_htmx(&request) {
        return page(&view);
    }
    view.told = Some(Told::new(query.told, view.is_finished, by.state.actions.clock().now()));
    page(&view.as_progress())
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

pub(super) fn id(text: &str) -> Result<BatchId, WebError> {
    text.parse().map_err(|_| WebError::NotFound)
}

async fn read(by: &SignedIn, id: BatchId) -> Result<BatchPage, WebError> {
    let organisation = by.organisation.id;
    let now = by.state.actions.clock().now();
    let (progress, failed, others, left_out, can_repeat, paused, pace) = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            let progress = snapshot.batch(organisation, id)?.ok_or(WebError::NotFound)?;
            let failed = snapshot.batch_rows(id, &[Phase::Failed, Phase::Unconfirmed], SHOWN * 5)?;
            let rest = [Phase::InFlight, Phase::Pending, Phase::Scheduled, Phase::Sent, Phase::Cancelled];
            let others = snapshot.batch_rows(id, &rest, SHOWN)?;
            let can_repeat = progress.failed > 0 && !snapshot.failed_invoices(organisation, id)?.is_empty();
            let paused = snapshot.batch_pause(organisation, id)?;
            let since = progress.not_before.max(now - LATELY);
            let is_going = !progress.is_finished() && since < now;
            let pace = if is_going { Some(snapshot.batch_pace(id, since, now)?) } else { None };
            Ok((progress, failed, others, snapshot.batch_left_out(id, SHOWN)?, can_repeat, paused, pace))
        })
        .await?;
    let remaining = progress.pending + progress.in_flight;
    let is_stopped = paused.is_some() || by.pauses.any() || by.relay_down.is_some();
    let left = pace.filter(|_| !is_stopped).and_then(|pace| pace.left_in_words(remaining));
    let mut page = BatchPage::new(by, progress, failed, others, left_out, paused, left);
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
        left: Option<String>,
    ) -> Self {
        let now = by.state.actions.clock().now();
        let is_finished = progress.is_finished();
        let is_undoable = progress.pending > 0 && now < progress.not_before && progress.sent == 0;
        let done =
            progress.sent + progress.failed + progress.unconfirmed + progress.cancelled + progress.left_out;
        let is_kept = match progress.sent {
            0 => by.state.mail_folder.is_some() && !is_finished,
            sent => progress.kept_here == sent,
        };
        let is_undone = is_finished
            && progress.cancelled > 0
            && progress.cancelled + progress.left_out == progress.selected
            && others.iter().all(|row| row.reason.as_deref().is_some_and(is_called_back));
        let heading = match (is_finished, progress.sent + progress.unconfirmed) {
            (false, _) => "Sending reminders",
            (true, 0) => "No reminders sent",
            (true, _) if progress.failed > 0 => "Some reminders failed",
            (true, _) if is_kept => "Reminders kept here",
            (true, _) => "Reminders sent",
        };
        Self {
            frame: by.frame(Section::Reminders, heading),
            id: progress.id.to_string(),
            who: format!("{} \u{b7} {}", progress.actor_name, by.organisation.local(progress.created_at)),
            heading,
            is_finished,
            is_undoable,
            may_cancel: progress.pending > 0 && by.user.may(Permission::CancelReminder),
            may_retry: is_finished && progress.failed > 0 && by.user.may(Permission::ResendReminder),
            may_settle: by.user.may(Permission::SettleUnconfirmed),
            problem: None,
            selected: progress.selected,
            settled: if is_undone { 0 } else { progress.settled() },
            sentence: match is_undone {
                true => "Undone. Nothing was sent.".to_owned(),
                false => sentence(&progress, is_kept, left),
            },
            is_undone,
            waiting: waiting(by, &progress, is_undoable, paused.as_ref(), now),
            may_resume: paused.is_some() && by.user.may(Permission::SendReminder),
            figures: [
                ("Selected", grouped_count(progress.selected)),
                (if is_kept { "Kept here" } else { "Sent" }, grouped_count(progress.sent)),
                ("Failed", grouped_count(progress.failed)),
                ("May have been delivered", grouped_count(progress.unconfirmed)),
                ("Left out", grouped_count(progress.left_out)),
                ("Cancelled", grouped_count(progress.cancelled)),
                ("Waiting", grouped_count(progress.selected - done.min(progress.selected))),
            ],
            causes: causes(failed, by),
            others_more: (progress.sent + progress.cancelled + progress.pending + progress.in_flight)
                .saturating_sub(others.len()),
            others: others.into_iter().map(|row| result(row, by)).collect(),
            left_out: left_out.into_iter().map(|row| left_out_row(row, by)).collect(),
            retry_of: progress.retry_of.map(|id| id.to_string()),
            retries: progress.retries.iter().map(ToString::to_string).collect(),
            poll: match (now - progress.created_at).num_seconds() {
                ..30 => "every 1s",
                30..300 => "every 2s",
                300.. => "every 5s",
            },
            told: None,
        }
    }
}

/// Whether a cancelled mail's reason says that a person called it back.
fn is_called_back(reason: &str) -> bool {
    reason.starts_with("Cancelled by ")
}

fn sentence(progress: &BatchProgress, is_kept: bool, left: Option<String>) -> String {
    let selected = grouped_count(progress.selected);
    let (accepted, kept) = (progress.sent - progress.kept_here, grouped_count(progress.kept_here));
    let mut parts = match is_kept {
        true => vec![format!("{kept} of {selected} kept here, not delivered")],
        false => vec![format!("{} of {selected} accepted by the mail server", grouped_count(accepted))],
    };
    if !is_kept && progress.kept_here > 0 {
        parts.push(format!("{kept} kept here, not delivered"));
    }
    if progress.failed > 0 {
        parts.push(format!("{} failed", grouped_count(progress.failed)));
    }
    if progress.unconfirmed > 0 {
        parts.push(format!("{} may have been delivered", grouped_count(progress.unconfirmed)));
    }
    if progress.left_out > 0 {
        parts.push(format!("{} left out", grouped_count(progress.left_out)));
    }
    if progress.cancelled > 0 {
        parts.push(format!("{} cancelled", grouped_count(progress.cancelled)));
    }
    parts.extend(left);
    format!("{}.", parts.join(", "))
}

fn waiting(
    by: &SignedIn,
    progress: &BatchProgress,
    is_undoable: bool,
    paused: Option<&Pause>,
    now: DateTime<Utc>,
) -> String {
    match (paused, &by.relay_down) {
        _ if progress.is_finished() => String::new(),
        (Some(pause), _) => {
            format!("Paused since {}: {}", by.organisation.local(pause.since), pause.reason)
        }
        (None, _) if by.pauses.any() => "Paused: the batch goes on when sending is resumed.".to_owned(),
        _ if is_undoable => {
            let left = (progress.not_before - now).num_seconds() + 1;
            format!(
                "Sending starts in {}. Until then you can undo it.",
                counted(usize::try_from(left).unwrap_or(0), "second")
            )
        }
        (None, Some(down)) => format!(
            "The mail server is not reachable since {}. The batch waits and goes on by itself. {}",
            by.organisation.local(down.since),
            down.note
        ),
        (None, None) => String::new(),
    }
}
