//! What ends the reminding of an invoice, each asked before it is done: archive, void, "Mark as paid".

use actix_web::{HttpResponse, web};
use askama::Template;

use super::WebError;
use super::frame::{Frame, Section, page, see_other};
use super::handed_over::see_other_naming;
use super::invoice::{found, id};
use super::session::{Posted, SignedIn};
use super::sign_in::Nothing;
use crate::domain::ids::InvoiceId;
use crate::store::InvoiceRow;

/// A question before something is done to an invoice.
#[derive(Template)]
#[template(path = "invoices/question.html")]
struct Question {
    frame: Frame,
    title: String,
    sentence: String,
    action: String,
    button: &'static str,
    back: String,
}

/// Title, sentence, where "yes" goes, and what it is called.
type Asked = (String, String, String, &'static str);

async fn asked(
    by: &SignedIn,
    id: InvoiceId,
    question: impl FnOnce(&InvoiceRow) -> Result<Asked, WebError>,
) -> Result<HttpResponse, WebError> {
    let row = found(by, id).await?;
    let (title, sentence, action, button) = question(&row)?;
    page(&Question {
        frame: by.frame(Section::Invoices, title.clone()),
        title,
        sentence,
        action,
        button,
        back: format!("/invoices/{id}"),
    })
}

/// `GET /invoices/{id}/archive/edit`
pub(super) async fn ask_archive(by: SignedIn, path: web::Path<String>) -> Result<HttpResponse, WebError> {
    let id = id(&path)?;
    asked(&by, id, |row| {
        let (number, customer) = (&row.invoice.number, &row.customer_name);
        Ok(match row.invoice.archived_at {
            None => (
                format!("Archive invoice {number}?"),
                format!("{number} of {customer} leaves the working list and is not reminded any more. A reminder that has not left is cancelled. You can bring it back."),
                format!("/invoices/{id}/archive"),
                "Archive",
            ),
            Some(_) => (
                format!("Unarchive invoice {number}?"),
                format!("{number} of {customer} comes back to the working list."),
                format!("/invoices/{id}/unarchive"),
                "Unarchive",
            ),
        })
    })
    .await
}

/// `POST /invoices/{id}/archive`
pub(super) async fn archive(
    path: web::Path<String>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, id(&path)?);
    let handed_over = by.state.actions.archive_invoice(&by.user.principal(), id).await?;
    Ok(see_other_naming(&format!("/invoices/{id}"), &handed_over))
}

/// `POST /invoices/{id}/unarchive`
pub(super) async fn unarchive(
    path: web::Path<String>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, id(&path)?);
    by.state.actions.unarchive_invoice(&by.user.principal(), id).await?;
    Ok(see_other(format!("/invoices/{id}")))
}

/// `GET /invoices/{id}/void/edit`
pub(super) async fn ask_void(by: SignedIn, path: web::Path<String>) -> Result<HttpResponse, WebError> {
    let id = id(&path)?;
    asked(&by, id, |row| {
        let (invoice, customer) = (&row.invoice, &row.customer_name);
        if !invoice.may_be_voided() {
            return Err(WebError::Refused(format!("{} cannot be made void.", invoice.number)));
        }
        let number = &invoice.number;
        Ok((
            format!("Make invoice {number} void?"),
            format!(
                "{number} of {customer} is withdrawn: the {} on it is not owed any more, and it is not reminded. A reminder that has not left is cancelled. You cannot undo this here.",
                invoice.balance
            ),
            format!("/invoices/{id}/void"),
            "Make void",
        ))
    })
    .await
}

/// `POST /invoices/{id}/void`
pub(super) async fn void(path: web::Path<String>, posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, id(&path)?);
    let handed_over = by.state.actions.void_invoice(&by.user.principal(), id).await?;
    Ok(see_other_naming(&format!("/invoices/{id}"), &handed_over))
}

/// `GET /invoices/{id}/full-payment/edit`
pub(super) async fn ask_full_payment(
    by: SignedIn,
    path: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    let id = id(&path)?;
    asked(&by, id, |row| {
        let (number, customer) = (&row.invoice.number, &row.customer_name);
        Ok((
            format!("Mark invoice {number} as paid?"),
            format!(
                "This records a payment of {} from {customer}, today. A reminder that has not left is cancelled.",
                row.invoice.balance
            ),
            format!("/invoices/{id}/full-payment"),
            "Mark as paid",
        ))
    })
    .await
}

/// `POST /invoices/{id}/full-payment`
pub(super) async fn pay_in_full(
    path: web::Path<String>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let (by, id) = (posted.by, id(&path)?);
    let handed_over = by.state.actions.mark_as_paid(&by.user.principal(), id).await?;
    Ok(see_other_naming(&format!("/invoices/{id}"), &handed_over))
}
