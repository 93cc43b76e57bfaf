//! `/api/v1/customers`: the list, one, adding and changing one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::members::{given, handed_over, member, nullable, optional};
use super::page::Paging;
use super::reminders::instant;
use super::{Answer, Call, Noun, Problem, Program, id_in};
use crate::domain::customer::{Customer, CustomerEdit, NewCustomer};
use crate::domain::ids::CustomerId;
use crate::domain::search::Search;
use crate::domain::text::Line;

/// The list's query.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Query {
    /// A part of name, e-mail or external id.
    q: String,
    /// The whole external id.
    external_id: String,
    limit: Option<String>,
    cursor: Option<String>,
}

/// A customer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomerBody {
    id: String,
    /// What the ledger's own system calls it.
    external_id: Option<String>,
    name: String,
    /// Where reminders go.
    email: Option<String>,
    created_at: String,
}

impl From<Customer> for CustomerBody {
    fn from(customer: Customer) -> Self {
        Self {
            id: customer.id.to_string(),
            external_id: customer.external_id.map(|id| id.to_string()),
            name: customer.name.to_string(),
            email: customer.email.map(|email| email.to_string()),
            created_at: instant(customer.created_at),
        }
    }
}

/// A customer after a change, and the mails that are past recall on their way to the old address.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangedCustomer {
    #[serde(flatten)]
    customer: CustomerBody,
    handed_over: Vec<String>,
}

/// A customer to add.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object with the customer")]
pub(super) struct CreateCustomer {
    external_id: Option<String>,
    name: String,
    email: Option<String>,
}

/// What to change of a customer; what is left out stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object with what to change")]
pub(super) struct UpdateCustomer {
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    external_id: Option<Option<String>>,
    name: Option<String>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    email: Option<Option<String>>,
}

/// `GET /api/v1/customers`: in order of id.
pub(super) async fn index(program: Program, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let paging = Paging::<CustomerId>::read(query.limit.as_deref(), query.cursor.as_deref())?;
    let external_id: Option<Line> = match query.external_id.as_str() {
        "" => None,
        text => Some(member("externalId", text)?),
    };
    let (organisation, search) = (program.organisation(), Search::read(&query.q)?);
    let page = program
        .read(move |snapshot| {
            let (after, reach) = (paging.after, paging.reach());
            let found = snapshot.customers_by_id(
                organisation,
                search.as_ref(),
                external_id.as_ref(),
                after,
                reach,
            )?;
            Ok(paging.page(found, |customer| customer.id, CustomerBody::from))
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

/// `GET /api/v1/customers/{customerId}`
pub(super) async fn show(program: Program, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let id = id_in(&path, "customer")?;
    Ok(HttpResponse::Ok().json(found(&program, id).await?))
}

/// `POST /api/v1/customers`
pub(super) async fn create(call: Call<CreateCustomer>) -> Result<Answer, Problem> {
    let call = call.read(|body| body.read())?;
    call.once(async move |program, new, id| {
        let id = id.into();
        let added = program.actions().add_customer(&program.principal, id, new).await;
        added.map_err(Problem::refusing(Noun::Customer, "Customer.ExternalIdTaken"))?;
        Answer::with(StatusCode::CREATED, &found(&program, id).await?)
    })
    .await
}

/// `PATCH /api/v1/customers/{customerId}`
pub(super) async fn update(call: Call<UpdateCustomer>, path: web::Path<String>) -> Result<Answer, Problem> {
    let id = id_in(&path, "customer")?;
    let call = call.read(|body| body.read())?;
    call.once(async move |program, edit, _| {
        let changed = program.actions().edit_customer(&program.principal, id, edit).await;
        let reminders = changed.map_err(Problem::refusing(Noun::Customer, "Customer.ExternalIdTaken"))?;
        let (customer, handed_over) = (found(&program, id).await?, handed_over(reminders));
        Answer::ok(&ChangedCustomer { customer, handed_over })
    })
    .await
}

async fn found(program: &Program, id: CustomerId) -> Result<CustomerBody, Problem> {
    let organisation = program.organisation();
    program
        .read(move |snapshot| {
            let found = snapshot.customer(organisation, id)?;
            found.map(CustomerBody::from).ok_or_else(|| Problem::not_found(Noun::Customer))
        })
        .await
}

impl CreateCustomer {
    fn read(&self) -> Result<NewCustomer, Problem> {
        Ok(NewCustomer {
            external_id: optional("externalId", self.external_id.as_ref())?,
            name: member("name", &self.name)?,
            email: optional("email", self.email.as_ref())?,
        })
    }
}

impl UpdateCustomer {
    fn read(&self) -> Result<CustomerEdit, Problem> {
        Ok(CustomerEdit {
            external_id: nullable("externalId", self.external_id.as_ref())?,
            name: optional("name", self.name.as_ref())?,
            email: nullable("email", self.email.as_ref())?,
        })
    }
}
