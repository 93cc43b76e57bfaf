//! `POST /api/v1/invoices/{invoiceId}/...`: payments, archive, unarchive, void. Each answers with the invoice and the mails
//! past recall.

use actix_web::web;
use serde::Deserialize;

use super::invoices::changed_invoice;
use super::members::{Nothing, day_of, refused};
use super::{Answer, Call, Noun, Problem, id_in};
use crate::domain::ids::InvoiceId;
use crate::domain::money::Money;
use crate::domain::payment::Payment;

/// A payment to record.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object with the amount")]
pub(super) struct CreatePayment {
    /// A decimal in the invoice's currency.
    amount: String,
    /// Left out: today.
    paid_on: Option<String>,
}

/// `POST /api/v1/invoices/{invoiceId}/payments`
pub(super) async fn pay(call: Call<CreatePayment>, path: web::Path<String>) -> Result<Answer, Problem> {
    let id: InvoiceId = id_in(&path, "invoice")?;
    let call = call.read(|body| Ok((body.amount, day_of("paidOn", body.paid_on.as_ref())?)))?;
    call.once(async move |program, (amount, paid_on), payment_id| {
        let (organisation, now) = (program.organisation(), program.actions().clock().now());
        let (currency, today) = program
            .read(move |snapshot| {
                let row =
                    snapshot.invoice(organisation, id)?.ok_or_else(|| Problem::not_found(Noun::Invoice))?;
                Ok((row.invoice.balance.currency(), snapshot.organisation(organisation)?.day_of(now)))
            })
            .await?;
        let amount = Money::parse(&amount, currency).map_err(|error| refused("amount", error))?;
        let payment = Payment { id: payment_id.into(), amount, paid_on: paid_on.unwrap_or(today) };
        let recorded = program.actions().record_payment(&program.principal, id, payment).await;
        changed_invoice(&program, id, recorded.map_err(Problem::of(Noun::Invoice))?).await
    })
    .await
}

/// `POST /api/v1/invoices/{invoiceId}/archive`
pub(super) async fn archive(call: Call<Option<Nothing>>, path: web::Path<String>) -> Result<Answer, Problem> {
    let id = id_in(&path, "invoice")?;
    call.once(async move |program, _, _| {
        let archived = program.actions().archive_invoice(&program.principal, id).await;
        changed_invoice(&program, id, archived.map_err(Problem::of(Noun::Invoice))?).await
    })
    .await
}

/// `POST /api/v1/invoices/{invoiceId}/unarchive`
pub(super) async fn unarchive(
    call: Call<Option<Nothing>>,
    path: web::Path<String>,
) -> Result<Answer, Problem> {
    let id = id_in(&path, "invoice")?;
    call.once(async move |program, _, _| {
        let brought_back = program.actions().unarchive_invoice(&program.principal, id).await;
        brought_back.map_err(Problem::of(Noun::Invoice))?;
        changed_invoice(&program, id, Vec::new()).await
    })
    .await
}

/// `POST /api/v1/invoices/{invoiceId}/void`
pub(super) async fn void(call: Call<Option<Nothing>>, path: web::Path<String>) -> Result<Answer, Problem> {
    let id = id_in(&path, "invoice")?;
    call.once(async move |program, _, _| {
        let voided = program.actions().void_invoice(&program.principal, id).await;
        let handed_over = voided.map_err(Problem::refusing(Noun::Invoice, "Invoice.NotVoidable"))?;
        changed_invoice(&program, id, handed_over).await
    })
    .await
}
