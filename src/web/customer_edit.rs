//! A customer's name and address, changed by hand.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::WebError;
use super::frame::{Frame, Section, page_with};
use super::handed_over::see_other_naming;
use super::problems::Problems;
use super::session::{Posted, SignedIn};
use crate::domain::customer::{Customer, CustomerEdit};
use crate::domain::ids::CustomerId;

/// A customer as a person writes it.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct CustomerForm {
    name: String,
    email: String,
}

impl CustomerForm {
    fn read(&self) -> Result<CustomerEdit, Problems> {
        let mut problems = Problems::default();
        let name = problems.read("name", "Name", self.name.parse());
        let email = match self.email.trim() {
            "" => Some(None),
            text => text.parse().map_err(|error| problems.tell("email", format!("{error}."))).map(Some).ok(),
        };
        name.zip(email)
            .map(|(name, email)| CustomerEdit { name: Some(name), email: Some(email), external_id: None })
            .ok_or(problems)
    }
}

#[derive(Template)]
#[template(path = "customers/edit.html")]
struct EditPage {
    frame: Frame,
    id: CustomerId,
    name_hint: &'static str,
    form: CustomerForm,
    problems: Problems,
}

/// `GET /customers/{id}/edit`
pub async fn edit(by: SignedIn, path: web::Path<String>) -> Result<HttpResponse, WebError> {
    let customer = found(&by, &path).await?;
    let email = customer.email.as_ref().map(ToString::to_string).unwrap_or_default();
    let form = CustomerForm { name: customer.name.to_string(), email };
    asked(&by, &customer, form, Problems::default())
}

/// `POST /customers/{id}`
pub async fn update(path: web::Path<String>, posted: Posted<CustomerForm>) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let customer = found(&by, &path).await?;
    match form.read() {
        Ok(edit) => {
            let handed_over = by.state.actions.edit_customer(&by.user.principal(), customer.id, edit).await?;
            Ok(see_other_naming(&format!("/customers/{}", customer.id), &handed_over))
        }
        Err(problems) => asked(&by, &customer, form, problems),
    }
}

async fn found(by: &SignedIn, path: &str) -> Result<Customer, WebError> {
    let id: CustomerId = path.parse().map_err(|_| WebError::NotFound)?;
    let organisation = by.organisation.id;
    by.state
        .reader
        .read::<_, WebError>(move |snapshot| snapshot.customer(organisation, id)?.ok_or(WebError::NotFound))
        .await
}

fn asked(
    by: &SignedIn,
    customer: &Customer,
    form: CustomerForm,
    problems: Problems,
) -> Result<HttpResponse, WebError> {
    let (status, prefix) = match problems.is_empty() {
        true => (StatusCode::OK, ""),
        false => (StatusCode::UNPROCESSABLE_ENTITY, "Error: "),
    };
    let name_hint = match customer.external_id {
        Some(_) => "",
        None => {
            "It has no customer id, so an import knows it by this name alone: rename it in your ledger as well."
        }
    };
    let frame = by.frame(Section::Customers, format!("{prefix}Edit {}", customer.name));
    page_with(status, &EditPage { frame, id: customer.id, name_hint, form, problems })
}
