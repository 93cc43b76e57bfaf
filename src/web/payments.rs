//! "Record payment": all that is owed on an invoice, or a part of it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use super::WebError;
use super::frame::{Frame, Section, page, page_with};
use super::handed_over::see_other_naming;
use super::invoice::{found, id};
use super::problems::Problems;
use super::session::{Posted, SignedIn};
use crate::actions::ActionError;
use crate::domain::ids::{InvoiceId, PaymentId};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{Payment, PaymentRefused};
use crate::store::InvoiceRow;

/// A payment as a person writes it.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PaymentForm {
    /// Made with the page: sending the form twice is one payment.
    payment: String,
    amount: String,
    paid_on: String,
}

#[derive(Template)]
#[template(path = "payments/new.html")]
struct PaymentPage {
    frame: Frame,
    id: InvoiceId,
    number: String,
    customer: String,
    owed: String,
    currency: Currency,
    today: NaiveDate,
    form: PaymentForm,
    problems: Problems,
}

impl PaymentPage {
    fn new(by: &SignedIn, row: &InvoiceRow, form: PaymentForm, problems: Problems) -> Self {
        let prefix = if problems.is_empty() { "" } else { "Error: " };
        Self {
            frame: by.frame(Section::Invoices, format!("{prefix}Record payment of {}", row.invoice.number)),
            id: row.invoice.id,
            number: row.invoice.number.to_string(),
            customer: row.customer_name.to_string(),
            owed: row.invoice.balance.to_string(),
            currency: row.invoice.balance.currency(),
            today: by.today(),
            form,
            problems,
        }
    }
}

/// `GET /invoices/{id}/payments/new`
pub(super) async fn new(by: SignedIn, path: web::Path<String>) -> Result<HttpResponse, WebError> {
    let row = found(&by, id(&path)?).await?;
    if !row.invoice.is_owed() {
        return Err(ActionError::from(PaymentRefused::NothingOwed(row.invoice.number)).into());
    }
    let form = PaymentForm {
        payment: by.state.ids.next::<PaymentId>().to_string(),
        amount: row.invoice.balance.to_decimal(),
        paid_on: by.today().to_string(),
    };
    page(&PaymentPage::new(&by, &row, form, Problems::default()))
}

/// `POST /invoices/{id}/payments`
pub(super) async fn create(
    path: web::Path<String>,
    posted: Posted<PaymentForm>,
) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let row = found(&by, id(&path)?).await?;
    let payment = match read(&by, &row, &form) {
        Ok(payment) => payment,
        Err(problems) => return refused(&by, &row, form, problems),
    };
    match by.state.actions.record_payment(&by.user.principal(), row.invoice.id, payment).await {
        Ok(handed_over) => Ok(see_other_naming(&format!("/invoices/{}", row.invoice.id), &handed_over)),
        Err(ActionError::Payment(why)) => {
            let mut problems = Problems::default();
            problems.tell(if matches!(why, PaymentRefused::InFuture(_)) { "paid_on" } else { "amount" }, why);
            // What is owed now may be other than it was when the form was read.
            refused(&by, &found(&by, row.invoice.id).await?, form, problems)
        }
        Err(error) => Err(error.into()),
    }
}

fn refused(
    by: &SignedIn,
    row: &InvoiceRow,
    form: PaymentForm,
    problems: Problems,
) -> Result<HttpResponse, WebError> {
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &PaymentPage::new(by, row, form, problems))
}

fn read(by: &SignedIn, row: &InvoiceRow, form: &PaymentForm) -> Result<Payment, Problems> {
    let mut problems = Problems::default();
    let amount = Money::parse(form.amount.trim(), row.invoice.balance.currency())
        .map_err(|error| problems.tell("amount", format!("{error}.")))
        .ok();
    let paid_on = day(&form.paid_on)
        .ok_or_else(|| problems.tell("paid_on", "Give the day on which the money came in."))
        .ok();
    let id = form.payment.parse().unwrap_or_else(|_| by.state.ids.next());
    amount.zip(paid_on).map(|(amount, paid_on)| Payment { id, amount, paid_on }).ok_or(problems)
}

/// A day that a payment can be on: a year of four digits and not long ago, or it is a slip of the pen.
fn day(text: &str) -> Option<NaiveDate> {
    text.trim().parse().ok().filter(|day: &NaiveDate| (1970..=9999).contains(&day.year()))
}
