//! "May have been delivered": mark as sent, or send again; one reminder or all of a batch.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::WebError;
use super::frame::see_other;
use super::session::{Posted, SignedIn};
use super::sign_in::Nothing;
use super::{batch_page, reminder};
use crate::actions::{ActionError, Decided};
use crate::domain::ids::{BatchId, ReminderId};

/// `POST /reminders/{id}/confirmation`
pub(super) async fn mark_as_sent(
    path: web::Path<ReminderId>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, *path);
    let decided = by.state.actions.mark_as_sent(&by.user, id).await;
    back(&by, id, decided).await
}

/// `POST /reminders/{id}/repetition`
pub(super) async fn send_again(
    path: web::Path<ReminderId>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, *path);
    let decided = by.state.actions.send_again(&by.user, id).await;
    back(&by, id, decided).await
}

async fn back(
    by: &SignedIn,
    id: ReminderId,
    decided: Result<(), ActionError>,
) -> Result<HttpResponse, WebError> {
    match decided {
        Ok(()) => Ok(see_other(format!("/reminders/{id}"))),
        Err(ActionError::Refused(why)) => reminder::refused_page(by, id, why).await,
        Err(error) => Err(error.into()),
    }
}

/// `POST /reminder-batches/{id}/confirmation`
pub(super) async fn mark_batch_as_sent(
    path: web::Path<BatchId>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, *path);
    let decided = by.state.actions.mark_batch_as_sent(&by.user, id).await?;
    told(&by, id, decided).await
}

/// `POST /reminder-batches/{id}/repetition`
pub(super) async fn send_batch_again(
    path: web::Path<BatchId>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, *path);
    let decided = by.state.actions.send_batch_again(&by.user, id).await?;
    told(&by, id, decided).await
}

async fn told(by: &SignedIn, id: BatchId, decided: Decided) -> Result<HttpResponse, WebError> {
    if decided.refused.is_empty() {
        return Ok(see_other(format!("/reminder-batches/{id}")));
    }
    let sentence = format!("{} done. {}", decided.done, decided.refused.join(" "));
    batch_page::page_with_problem(by, id, StatusCode::UNPROCESSABLE_ENTITY, sentence).await
}
