//! "Yes, send reminders", and what can be done to the batch that it made.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::WebError;
use super::batch_page::{id, page_with_problem};
use super::frame::{go_to, see_other};
use super::invoices::address;
use super::objections;
use super::reminder_proposals::{Carried, ProposalView, show};
use super::session::{Posted, is_htmx};
use super::sign_in::Nothing;
use crate::actions::{ActionError, Origin, Stale, Yes};
use crate::domain::ids::BatchId;
use crate::domain::invoice_list::{InvoiceFilter, InvoiceList, InvoiceQuery};

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
                let query = self.query();
                let list = address(&query);
                let back = address(&InvoiceQuery { remindable: String::new(), ..query });
                let action = "/reminder-batches".to_owned();
                Carried { matching: self.matching.clone(), back, list, action }
            }
        }
    }
}

/// `POST /reminder-batches`
pub async fn create(request: HttpRequest, posted: Posted<YesForm>) -> Result<HttpResponse, WebError> {
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

/// `POST /reminder-batches/{id}/cancellation`: Undo and "Cancel remaining".
pub async fn cancel(path: web::Path<String>, posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let id = id(&path)?;
    match by.state.actions.cancel_batch(&by.user.principal(), id).await {
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
    let id = id(&path)?;
    if !posted.form.confirmation.is_empty() {
        return accept(&request, posted, Some(id)).await;
    }
    let by = posted.by;
    let is_htmx = is_htmx(&request);
    match by.state.actions.propose_reminders(&by.user, Origin::Failed(id)).await {
        Ok(proposed) => show(&by, is_htmx, StatusCode::OK, ProposalView::new(proposed, retrying(id), &by, 0)),
        Err(ActionError::NothingSelected) if is_htmx => {
            objections::outdated(&by, is_htmx, retrying(id).back, NOTHING_TO_RETRY.to_owned())
        }
        Err(ActionError::NothingSelected) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            page_with_problem(&by, id, status, NOTHING_TO_RETRY.to_owned()).await
        }
        Err(error) => Err(error.into()),
    }
}

const NOTHING_TO_RETRY: &str = "Nothing of this batch is left to retry: none of its reminders failed, or all that did \
     were followed by another one.";

/// What the confirmation of a retry carries along.
fn retrying(id: BatchId) -> Carried {
    Carried {
        matching: String::new(),
        list: String::new(),
        action: format!("/reminder-batches/{id}/retries"),
        back: format!("/reminder-batches/{id}"),
    }
}
