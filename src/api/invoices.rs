//! `/api/v1/invoices`: the list, one, bringing and changing one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::invoice_filter::FilterBody;
use super::members::{MoneyBody, Object, day_of, given, handed_over, member, nullable, optional};
use super::page::Paging;
use super::reminders::instant;
use super::{Answer, Call, Noun, Problem, Program, id_in};
use crate::domain::ids::{InvoiceId, ReminderId};
use crate::domain::invoice::Invoice;
use crate::domain::ledger::{InvoiceEdit, NewInvoice, Told};
use crate::domain::money::Money;

/// The list's query: its filters and its page.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Query {
    q: String,
    tab: String,
    customer: String,
    currency: String,
    due_from: String,
    due_to: String,
    least: String,
    most: String,
    not_reminded: String,
    remindable: String,
    limit: Option<String>,
    cursor: Option<String>,
}

impl From<Query> for FilterBody {
    fn from(query: Query) -> Self {
        Self {
            q: query.q,
            tab: query.tab,
            customer: query.customer,
            currency: query.currency,
            due_from: query.due_from,
            due_to: query.due_to,
            least: query.least,
            most: query.most,
            not_reminded: query.not_reminded,
            remindable: query.remindable,
        }
    }
}

/// An invoice.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvoiceBody {
    id: String,
    number: String,
    customer_id: String,
    /// As it is stored.
    state: &'static str,
    /// As a person reads it today.
    status: &'static str,
    archived_at: Option<String>,
    total: MoneyBody,
    balance: MoneyBody,
    issued_on: String,
    due_on: String,
    pay_url: Option<String>,
}

impl InvoiceBody {
    fn new(invoice: &Invoice, today: NaiveDate) -> Self {
        Self {
            id: invoice.id.to_string(),
            number: invoice.number.to_string(),
            customer_id: invoice.customer_id.to_string(),
            state: invoice.state.as_str(),
            status: invoice.status(today).as_str(),
            archived_at: invoice.archived_at.map(instant),
            total: invoice.total.into(),
            balance: invoice.balance.into(),
            issued_on: invoice.issued_on.to_string(),
            due_on: invoice.due_on.to_string(),
            pay_url: invoice.pay_url.as_ref().map(|url| url.as_str().to_owned()),
        }
    }
}

/// An invoice after a change, and the mails that could not be called back.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangedInvoice {
    #[serde(flatten)]
    invoice: InvoiceBody,
    handed_over: Vec<String>,
}

/// An invoice to bring.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object with the invoice")]
pub(super) struct CreateInvoice {
    customer_id: String,
    number: String,
    total: Object<MoneyBody>,
    /// Left out: the total, or nothing where the state says so.
    balance: Option<Object<MoneyBody>>,
    /// Left out: the balance decides.
    state: Option<String>,
    /// Left out: today.
    issued_on: Option<String>,
    /// Left out: the day of issue and the organisation's payment terms.
    due_on: Option<String>,
    pay_url: Option<String>,
}

/// What to change of an invoice; what is left out stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object with what to change")]
pub(super) struct UpdateInvoice {
    total: Option<Object<MoneyBody>>,
    balance: Option<Object<MoneyBody>>,
    state: Option<String>,
    issued_on: Option<String>,
    due_on: Option<String>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    pay_url: Option<Option<String>>,
    /// Whether this may undo a payment or a withdrawal that was recorded in Dunlin.
    #[serde(default)]
    reopen: bool,
}

/// `GET /api/v1/invoices`: in order of id.
pub(super) async fn index(program: Program, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let paging = Paging::<InvoiceId>::read(query.limit.as_deref(), query.cursor.as_deref())?;
    let filter = FilterBody::from(query).read()?;
    let (organisation, now) = (program.organisation(), program.actions().clock().now());
    let page = program
        .read(move |snapshot| {
            let today = snapshot.organisation(organisation)?.day_of(now);
            let (after, reach) = (paging.after, paging.reach());
            let rows = snapshot.invoices_by_id(organisation, &filter, after, reach, today)?;
            Ok(paging.page(rows, |row| row.invoice.id, |row| InvoiceBody::new(&row.invoice, today)))
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

/// `GET /api/v1/invoices/{invoiceId}`
pub(super) async fn show(program: Program, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let id = id_in(&path, "invoice")?;
    Ok(HttpResponse::Ok().json(found(&program, id).await?))
}

/// `POST /api/v1/invoices`
pub(super) async fn create(call: Call<CreateInvoice>) -> Result<Answer, Problem> {
    let call = call.read(|body| body.read())?;
    call.once(async move |program, new, id| {
        let id = id.into();
        let added = program.actions().add_invoice(&program.principal, id, new).await;
        added.map_err(Problem::refusing(Noun::Customer, "Invoice.NumberTaken"))?;
        Answer::with(StatusCode::CREATED, &found(&program, id).await?)
    })
    .await
}

/// `PATCH /api/v1/invoices/{invoiceId}`
pub(super) async fn update(call: Call<UpdateInvoice>, path: web::Path<String>) -> Result<Answer, Problem> {
    let id = id_in(&path, "invoice")?;
    let call = call.read(|body| body.read())?;
    call.once(async move |program, edit, _| {
        let changed = program.actions().edit_invoice(&program.principal, id, edit).await;
        changed_invoice(&program, id, changed.map_err(Problem::of(Noun::Invoice))?).await
    })
    .await
}

/// The invoice as it is after a change that handed these mails over.
pub(super) async fn changed_invoice(
    program: &Program,
    id: InvoiceId,
    reminders: Vec<ReminderId>,
) -> Result<Answer, Problem> {
    let (invoice, handed_over) = (found(program, id).await?, handed_over(reminders));
    Answer::ok(&ChangedInvoice { invoice, handed_over })
}

async fn found(program: &Program, id: InvoiceId) -> Result<InvoiceBody, Problem> {
    let (organisation, now) = (program.organisation(), program.actions().clock().now());
    program
        .read(move |snapshot| {
            let row = snapshot.invoice(organisation, id)?.ok_or_else(|| Problem::not_found(Noun::Invoice))?;
            Ok(InvoiceBody::new(&row.invoice, snapshot.organisation(organisation)?.day_of(now)))
        })
        .await
}

impl CreateInvoice {
    fn read(&self) -> Result<NewInvoice, Problem> {
        Ok(NewInvoice {
            customer_id: id_in(&self.customer_id, "customer")?,
            number: member("number", &self.number)?,
            told: Told {
                total: self.total.0.read("total")?,
                balance: amount("balance", self.balance.as_ref())?,
                state: optional("state", self.state.as_ref())?,
                issued_on: day_of("issuedOn", self.issued_on.as_ref())?,
                due_on: day_of("dueOn", self.due_on.as_ref())?,
                archived: None,
                pay_url: optional("payUrl", self.pay_url.as_ref())?,
            },
        })
    }
}

impl UpdateInvoice {
    fn read(&self) -> Result<InvoiceEdit, Problem> {
        Ok(InvoiceEdit {
            total: amount("total", self.total.as_ref())?,
            balance: amount("balance", self.balance.as_ref())?,
            state: optional("state", self.state.as_ref())?,
            issued_on: day_of("issuedOn", self.issued_on.as_ref())?,
            due_on: day_of("dueOn", self.due_on.as_ref())?,
            pay_url: nullable("payUrl", self.pay_url.as_ref())?,
            reopen: self.reopen,
        })
    }
}

fn amount(name: &str, body: Option<&Object<MoneyBody>>) -> Result<Option<Money>, Problem> {
    body.map(|Object(body)| body.read(name)).transpose()
}
