//! "Hold reminders" and "Lift hold", on an invoice and on a customer, each asked before it is done.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::WebError;
use super::frame::{Frame, Section, page_with, see_other};
use super::handed_over::see_other_naming;
use super::session::{Posted, SignedIn};
use crate::actions::ActionError;
use crate::domain::hold::Hold;
use crate::domain::ids::{CustomerId, InvoiceId};
use crate::domain::ledger::day;

#[derive(Template)]
#[template(path = "holds/edit.html")]
struct HoldPage {
    frame: Frame,
    what: String,
    back: String,
    hold: Option<String>,
    form: HoldForm,
    problem: Option<String>,
}

/// A hold as a person writes it.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct HoldForm {
    reason: String,
    until: String,
}

impl HoldForm {
    fn hold(&self) -> Result<Hold, String> {
        let reason = self
            .reason
            .parse()
            .map_err(|_| "Write a reason: it is shown wherever a reminder is left out for it.")?;
        let until = match self.until.trim() {
            "" => None,
            text => Some(day(text)?),
        };
        Ok(Hold { reason, until })
    }
}

/// What is held, and where its page is.
struct Held {
    what: String,
    back: String,
    hold: Option<Hold>,
}

async fn invoice(by: &SignedIn, id: InvoiceId) -> Result<Held, WebError> {
    let organisation = by.organisation.id;
    let row = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| snapshot.invoice(organisation, id)?.ok_or(WebError::NotFound))
        .await?;
    let what = format!("invoice {} of {}", row.invoice.number, row.customer_name);
    Ok(Held { what, back: format!("/invoices/{id}"), hold: row.holds.invoice })
}

async fn customer(by: &SignedIn, id: CustomerId) -> Result<Held, WebError> {
    let organisation = by.organisation.id;
    let (customer, hold) = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            let customer = snapshot.customer(organisation, id)?.ok_or(WebError::NotFound)?;
            Ok((customer, snapshot.customer_hold(organisation, id)?))
        })
        .await?;
    Ok(Held { what: format!("all invoices of {}", customer.name), back: format!("/customers/{id}"), hold })
}

fn ask(by: &SignedIn, held: Held, form: HoldForm, problem: Option<String>) -> Result<HttpResponse, WebError> {
    let today = by.today();
    let hold =
        held.hold.filter(|hold| hold.is_active(today)).map(|hold| format!("Reminders are on hold {hold}"));
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let prefix = if problem.is_some() { "Error: " } else { "" };
    let frame = by.frame(Section::Invoices, format!("{prefix}Hold reminders"));
    page_with(status, &HoldPage { frame, what: held.what, back: held.back, hold, form, problem })
}

/// `GET /invoices/{id}/hold/edit`
pub(super) async fn ask_invoice(by: SignedIn, path: web::Path<InvoiceId>) -> Result<HttpResponse, WebError> {
    let held = invoice(&by, *path).await?;
    ask(&by, held, HoldForm::default(), None)
}

/// `POST /invoices/{id}/hold`
pub(super) async fn hold_invoice(
    path: web::Path<InvoiceId>,
    posted: Posted<HoldForm>,
) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let held = invoice(&by, *path).await?;
    let hold = match form.hold() {
        Ok(hold) => hold,
        Err(problem) => return ask(&by, held, form, Some(problem)),
    };
    match by.state.actions.hold_invoice(&by.user.principal(), *path, Some(hold)).await {
        Ok(handed_over) => Ok(see_other_naming(&held.back, &handed_over)),
        Err(ActionError::Refused(problem)) => ask(&by, held, form, Some(problem)),
        Err(error) => Err(error.into()),
    }
}

/// `POST /invoices/{id}/hold/lifting`
pub(super) async fn release_invoice(
    path: web::Path<InvoiceId>,
    posted: Posted<super::sign_in::Nothing>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let held = invoice(&by, *path).await?;
    by.state.actions.hold_invoice(&by.user.principal(), *path, None).await?;
    Ok(see_other(held.back))
}

/// `GET /customers/{id}/hold/edit`
pub(super) async fn ask_customer(
    by: SignedIn,
    path: web::Path<CustomerId>,
) -> Result<HttpResponse, WebError> {
    let held = customer(&by, *path).await?;
    ask(&by, held, HoldForm::default(), None)
}

/// `POST /customers/{id}/hold`
pub(super) async fn hold_customer(
    path: web::Path<CustomerId>,
    posted: Posted<HoldForm>,
) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let held = customer(&by, *path).await?;
    let hold = match form.hold() {
        Ok(hold) => hold,
        Err(problem) => return ask(&by, held, form, Some(problem)),
    };
    match by.state.actions.hold_customer(&by.user.principal(), *path, Some(hold)).await {
        Ok(handed_over) => Ok(see_other_naming(&held.back, &handed_over)),
        Err(ActionError::Refused(problem)) => ask(&by, held, form, Some(problem)),
        Err(error) => Err(error.into()),
    }
}

/// `POST /customers/{id}/hold/lifting`
pub(super) async fn release_customer(
    path: web::Path<CustomerId>,
    posted: Posted<super::sign_in::Nothing>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let held = customer(&by, *path).await?;
    by.state.actions.hold_customer(&by.user.principal(), *path, None).await?;
    Ok(see_other(held.back))
}
