//! Addresses that must not be mailed: why, since when, and by whom; adding one and lifting one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::WebError;
use super::frame::{Frame, Section, page_with, see_other};
use super::session::{Posted, SignedIn};
use crate::actions::ActionError;
use crate::domain::ids::SuppressionId;
use crate::domain::person::Permission;
use crate::domain::suppression::{NewSuppression, Suppression, SuppressionReason};

/// Rows shown.
const SHOWN: usize = 500;

struct Row {
    id: String,
    address: String,
    reason: &'static str,
    evidence: String,
    since: String,
    by: String,
    lifted: Option<String>,
    may_lift: bool,
}

#[derive(Template)]
#[template(path = "suppressions/index.html")]
struct SuppressionsPage {
    frame: Frame,
    rows: Vec<Row>,
    may_hold: bool,
    address: String,
    note: String,
    problem: Option<String>,
}

/// `GET /suppressions`
pub(super) async fn index(by: SignedIn) -> Result<HttpResponse, WebError> {
    shown(&by, AddForm::default(), None).await
}

async fn shown(by: &SignedIn, form: AddForm, problem: Option<String>) -> Result<HttpResponse, WebError> {
    let organisation = by.organisation.id;
    let rows = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| Ok(snapshot.suppressions(organisation, SHOWN)?))
        .await?;
    let may_hold = by.user.may(Permission::Hold);
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let title = if problem.is_some() { "Error: Suppressions" } else { "Suppressions" };
    let view = SuppressionsPage {
        frame: by.frame(Section::Suppressions, title),
        rows: rows.into_iter().map(|suppression| row(suppression, by, may_hold)).collect(),
        may_hold,
        address: form.address,
        note: form.note,
        problem,
    };
    page_with(status, &view)
}

fn row(suppression: Suppression, by: &SignedIn, may_hold: bool) -> Row {
    Row {
        may_lift: may_hold && suppression.lifted.is_none() && suppression.reason.may_be_lifted(),
        id: suppression.id.to_string(),
        address: suppression.address.to_string(),
        reason: suppression.reason.in_words(),
        evidence: suppression.evidence,
        since: by.organisation.local(suppression.created_at),
        by: suppression.by,
        lifted: suppression.lifted.map(|(at, why)| format!("Lifted {}: {why}", by.organisation.local(at))),
    }
}

/// An address to add.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct AddForm {
    address: String,
    note: String,
}

/// `POST /suppressions`
pub(super) async fn create(posted: Posted<AddForm>) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let Ok(address) = form.address.parse() else {
        let problem = format!("\u{201c}{}\u{201d} is not an e-mail address.", form.address.trim());
        return shown(&by, form, Some(problem)).await;
    };
    let new = NewSuppression { address, reason: SuppressionReason::Manual, evidence: form.note.parse().ok() };
    match by.state.actions.suppress(&by.user.principal(), by.state.ids.next(), new).await {
        Ok(()) => Ok(see_other("/suppressions")),
        Err(ActionError::Refused(why)) => shown(&by, form, Some(why)).await,
        Err(error) => Err(error.into()),
    }
}

/// Why an address may be mailed again.
#[derive(Deserialize)]
pub(super) struct LiftForm {
    #[serde(default)]
    reason: String,
}

/// `POST /suppressions/{id}/lifting`
pub(super) async fn lift(
    path: web::Path<SuppressionId>,
    posted: Posted<LiftForm>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let Ok(reason) = posted.form.reason.parse() else {
        let problem = "Say why the address may be mailed again.".to_owned();
        return shown(&by, AddForm::default(), Some(problem)).await;
    };
    match by.state.actions.lift_suppression(&by.user.principal(), *path, reason).await {
        Ok(()) => Ok(see_other("/suppressions")),
        Err(ActionError::Refused(why)) => shown(&by, AddForm::default(), Some(why)).await,
        Err(error) => Err(error.into()),
    }
}
