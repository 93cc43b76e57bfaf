//! `/api/v1/reminder-batches`: reminders of many invoices, asked for together.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::invoice_filter::FilterBody;
use super::members::Object;
use super::{Answer, Call, Noun, Problem, Program, id_in};
use crate::actions::Origin;
use crate::domain::ids::{BatchId, InvoiceId};
use crate::domain::proposal::{MAX_BATCH, Proposal};
use crate::store::BatchProgress;

/// Which invoices to remind: by their ids or by a filter.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object with invoiceIds or filter")]
pub(super) struct CreateBatch {
    invoice_ids: Option<Vec<String>>,
    filter: Option<Object<FilterBody>>,
    /// Only says what it would do.
    #[serde(default)]
    dry_run: bool,
}

/// How far a batch is.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum BatchStatus {
    /// In its undo time.
    Waiting,
    Sending,
    Paused,
    Finished,
}

/// An invoice that gets no mail from a batch.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LeftOutBody {
    invoice_id: String,
    /// `no_email`, `suppressed`, `on_hold` or `on_its_way`; of a batch that retries another also `unconfirmed`, or why it
    /// cannot be reminded.
    reason: String,
}

/// What a batch does or would do.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchBody {
    /// `null` where nothing is stored.
    id: Option<String>,
    status: BatchStatus,
    selected: usize,
    to_send: usize,
    left_out: Vec<LeftOutBody>,
}

/// A batch and how far it is: these figures and those left out add up to what was selected.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchProgressBody {
    #[serde(flatten)]
    batch: BatchBody,
    sent: usize,
    /// Mails that may have been delivered among them.
    failed: usize,
    cancelled: usize,
    pending: usize,
    finished: bool,
}

/// `POST /api/v1/reminder-batches`
pub(super) async fn create(call: Call<CreateBatch>) -> Result<Answer, Problem> {
    let call = call.read(|body| Ok((body.dry_run, body.read()?)))?;
    call.once(async move |program, (is_dry, origin), id| {
        if is_dry {
            let proposal = program.actions().try_batch(&program.principal, origin).await;
            let organisation = program.organisation();
            let is_paused = program.read(move |snapshot| Ok(snapshot.pauses(organisation)?.any())).await?;
            return Answer::ok(&BatchBody::of(&proposal.map_err(Problem::of(Noun::Invoice))?, is_paused));
        }
        let id = BatchId::from(id);
        let started = program.actions().start_batch(&program.principal, id, origin).await;
        started.map_err(Problem::of(Noun::Invoice))?;
        Answer::with(StatusCode::ACCEPTED, &found(&program, id).await?.batch)
    })
    .await
}

/// `GET /api/v1/reminder-batches/{batchId}`
pub(super) async fn show(program: Program, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let id = id_in(&path, "batch")?;
    Ok(HttpResponse::Ok().json(found(&program, id).await?))
}

async fn found(program: &Program, id: BatchId) -> Result<BatchProgressBody, Problem> {
    let (organisation, now) = (program.organisation(), program.actions().clock().now());
    program
        .read(move |snapshot| {
            let found = snapshot.batch(organisation, id)?;
            let progress = found.ok_or_else(|| Problem::not_found(Noun::ReminderBatch))?;
            let is_paused =
                snapshot.pauses(organisation)?.any() || snapshot.batch_pause(organisation, id)?.is_some();
            let left_out = snapshot.batch_left_out(id, MAX_BATCH)?.into_iter().map(|row| LeftOutBody {
                invoice_id: row.invoice_id.to_string(),
                reason: row.reason.unwrap_or_default(),
            });
            Ok(BatchProgressBody::new(&progress, left_out.collect(), is_paused, now))
        })
        .await
}

impl CreateBatch {
    fn read(self) -> Result<Origin, Problem> {
        match (self.invoice_ids, self.filter) {
            (Some(ids), None) if ids.is_empty() => Err(Problem::malformed("Name at least one invoice.")),
            (Some(ids), None) => {
                let ids: Result<Vec<InvoiceId>, Problem> =
                    ids.iter().map(|id| id_in(id, "invoice")).collect();
                Ok(Origin::Chosen(ids?))
            }
            (None, Some(Object(filter))) => Ok(Origin::Matching { filter: filter.read()?, seen: 0 }),
            (Some(_), Some(_)) | (None, None) => {
                Err(Problem::malformed("Give either invoiceIds or a filter, not both."))
            }
        }
    }
}

impl BatchBody {
    /// What a batch would do; those left out in the order in which a batch tells them.
    fn of(proposal: &Proposal, is_paused: bool) -> Self {
        let status = match (proposal.drafts.is_empty(), is_paused) {
            (true, _) => BatchStatus::Finished,
            (false, true) => BatchStatus::Paused,
            (false, false) => BatchStatus::Waiting,
        };
        let left_out = proposal.left_out.iter().map(|(candidate, why)| LeftOutBody {
            invoice_id: candidate.invoice.id.to_string(),
            reason: why.code().to_owned(),
        });
        let mut left_out: Vec<LeftOutBody> = left_out.collect();
        left_out.sort_by(|a, b| a.invoice_id.cmp(&b.invoice_id));
        Self { id: None, status, selected: proposal.selected(), to_send: proposal.drafts.len(), left_out }
    }
}

impl BatchProgressBody {
    fn new(
        progress: &BatchProgress,
        left_out: Vec<LeftOutBody>,
        is_paused: bool,
        now: DateTime<Utc>,
    ) -> Self {
        let finished = progress.is_finished();
        let status = match (finished, is_paused) {
            (true, _) => BatchStatus::Finished,
            (false, true) => BatchStatus::Paused,
            (false, false) if now < progress.not_before => BatchStatus::Waiting,
            (false, false) => BatchStatus::Sending,
        };
        Self {
            batch: BatchBody {
                id: Some(progress.id.to_string()),
                status,
                selected: progress.selected,
                to_send: progress.selected - progress.left_out,
                left_out,
            },
            sent: progress.sent,
            failed: progress.failed + progress.unconfirmed,
            cancelled: progress.cancelled,
            pending: progress.pending + progress.in_flight,
            finished,
        }
    }
}
