//! `/api/v1/invoices/{invoiceId}/hold` and the same of customers: "do not remind", read, set and lifted.

use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::members::{day_of, handed_over, member};
use super::{Answer, Call, Noun, Problem, Program, id_in};
use crate::actions::ActionError;
use crate::domain::hold::Hold;
use crate::domain::ids::{CustomerId, InvoiceId, ReminderId};

/// A hold.
#[derive(Serialize)]
struct HoldBody {
    reason: String,
    /// Its last day; `null`: until it is lifted.
    until: Option<String>,
}

impl From<Hold> for HoldBody {
    fn from(hold: Hold) -> Self {
        Self { reason: hold.reason.to_string(), until: hold.until.map(|day| day.to_string()) }
    }
}

/// A hold that was set, and the mails past recall.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetHoldBody {
    #[serde(flatten)]
    hold: HoldBody,
    handed_over: Vec<String>,
}

/// A hold to set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the reason")]
pub(super) struct SetHold {
    reason: String,
    /// Left out: until it is lifted.
    until: Option<String>,
}

/// `GET /api/v1/invoices/{invoiceId}/hold`
pub(super) async fn show_of_invoice(
    program: Program,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (id, organisation): (InvoiceId, _) = (id_in(&path, "invoice")?, program.organisation());
    let found = program.read(move |snapshot| {
        let row = snapshot.invoice(organisation, id)?.ok_or_else(|| Problem::not_found(Noun::Invoice))?;
        Ok((row.holds.invoice, snapshot.organisation(organisation)?))
    });
    let (hold, organisation) = found.await?;
    shown(hold, organisation.day_of(program.actions().clock().now()))
}

/// `GET /api/v1/customers/{customerId}/hold`
pub(super) async fn show_of_customer(
    program: Program,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let (id, organisation): (CustomerId, _) = (id_in(&path, "customer")?, program.organisation());
    let found = program.read(move |snapshot| {
        snapshot.customer(organisation, id)?.ok_or_else(|| Problem::not_found(Noun::Customer))?;
        Ok((snapshot.customer_hold(organisation, id)?, snapshot.organisation(organisation)?))
    });
    let (hold, organisation) = found.await?;
    shown(hold, organisation.day_of(program.actions().clock().now()))
}

/// `POST /api/v1/invoices/{invoiceId}/hold`: in the place of one that is there.
pub(super) async fn hold_invoice(call: Call<SetHold>, path: web::Path<String>) -> Result<Answer, Problem> {
    let id: InvoiceId = id_in(&path, "invoice")?;
    let call = call.read(|body| body.read())?;
    call.once(async move |program, hold, _| {
        let held = program.actions().hold_invoice(&program.principal, id, Some(hold.clone())).await;
        answered(Noun::Invoice, hold, held)
    })
    .await
}

/// `POST /api/v1/customers/{customerId}/hold`: in the place of one that is there.
pub(super) async fn hold_customer(call: Call<SetHold>, path: web::Path<String>) -> Result<Answer, Problem> {
    let id: CustomerId = id_in(&path, "customer")?;
    let call = call.read(|body| body.read())?;
    call.once(async move |program, hold, _| {
        let held = program.actions().hold_customer(&program.principal, id, Some(hold.clone())).await;
        answered(Noun::Customer, hold, held)
    })
    .await
}

/// `DELETE /api/v1/invoices/{invoiceId}/hold`: lifts it. Doing so twice is doing it once.
pub(super) async fn release_invoice(
    program: Program,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id_in(&path, "invoice")?;
    let lifted = program.actions().hold_invoice(&program.principal, id, None).await;
    lifted.map_err(Problem::of(Noun::Invoice))?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /api/v1/customers/{customerId}/hold`: lifts it. Doing so twice is doing it once.
pub(super) async fn release_customer(
    program: Program,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = id_in(&path, "customer")?;
    let lifted = program.actions().hold_customer(&program.principal, id, None).await;
    lifted.map_err(Problem::of(Noun::Customer))?;
    Ok(HttpResponse::NoContent().finish())
}

/// One that has ended holds nothing any more.
fn shown(hold: Option<Hold>, today: NaiveDate) -> Result<HttpResponse, Problem> {
    let hold = hold.filter(|hold| hold.is_active(today)).ok_or_else(|| Problem::not_found(Noun::Hold))?;
    Ok(HttpResponse::Ok().json(HoldBody::from(hold)))
}

fn answered(noun: Noun, hold: Hold, held: Result<Vec<ReminderId>, ActionError>) -> Result<Answer, Problem> {
    let reminders = held.map_err(Problem::refusing(noun, "Hold.Ended"))?;
    Answer::ok(&SetHoldBody { hold: hold.into(), handed_over: handed_over(reminders) })
}

impl SetHold {
    fn read(&self) -> Result<Hold, Problem> {
        Ok(Hold { reason: member("reason", &self.reason)?, until: day_of("until", self.until.as_ref())? })
    }
}
