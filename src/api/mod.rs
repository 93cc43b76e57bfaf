//! The program's door: JSON under `/api/v1`, keys, problem details on every failure.
//!
//! A handler takes a [`Program`], or a [`Call`] where there is a body, and answers with JSON or a [`Problem`].

mod accept;
mod call;
mod customers;
mod holds;
mod idempotency;
mod invoice_changes;
mod invoice_filter;
mod invoices;
mod members;
mod openapi;
mod page;
mod problem;
mod program;
mod reminder_batches;
mod reminders;
mod suppressions;

use std::str::FromStr;

use actix_web::dev::ServiceRequest;
use actix_web::error::QueryPayloadError;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, web};

use crate::actions::Actions;
use crate::domain::ids::ApiKeyId;
use crate::domain::person::Permission::{
    CancelReminder, ChangeInvoice, EditCustomer, Hold, Read, SendReminder,
};
use crate::domain::person::Role;
use crate::routes::Access::{self, Anyone, May};
use crate::routes::{Door, Rate, Routes};
use crate::store::Reader;

use call::{Answer, Call};
pub use openapi::document;
use problem::Noun;
pub use problem::{Problem, told};
pub use program::Program;

/// What handlers need.
pub struct ApiState {
    actions: Actions,
    reader: Reader,
    rate: Rate<ApiKeyId>,
}

impl ApiState {
    /// Over the verbs; `rate_per_minute` requests of one key, 0 for no limit.
    pub fn new(actions: Actions, rate_per_minute: u32) -> Self {
        Self { reader: actions.reader(), actions, rate: Rate::of(rate_per_minute) }
    }
}

/// All addresses under `/api`, what each asks for, and which handler answers.
pub fn routes() -> Routes<Programs> {
    Routes::of(Programs)
        .get("/v1/openapi.json", Anyone, openapi::show)
        .get("/v1/invoices", May(Read), invoices::index)
        .post("/v1/invoices", May(ChangeInvoice), invoices::create)
        .get("/v1/invoices/{id}", May(Read), invoices::show)
        .patch("/v1/invoices/{id}", May(ChangeInvoice), invoices::update)
        .post("/v1/invoices/{id}/payments", May(ChangeInvoice), invoice_changes::pay)
        .post("/v1/invoices/{id}/archive", May(ChangeInvoice), invoice_changes::archive)
        .post("/v1/invoices/{id}/unarchive", May(ChangeInvoice), invoice_changes::unarchive)
        .post("/v1/invoices/{id}/void", May(ChangeInvoice), invoice_changes::void)
        .get("/v1/invoices/{id}/hold", May(Read), holds::show_of_invoice)
        .post("/v1/invoices/{id}/hold", May(Hold), holds::hold_invoice)
        .delete("/v1/invoices/{id}/hold", May(Hold), holds::release_invoice)
        .get("/v1/invoices/{id}/reminders", May(Read), reminders::index)
        .post("/v1/invoices/{id}/reminders", May(SendReminder), reminders::create)
        .post("/v1/reminders/{id}/cancel", May(CancelReminder), reminders::cancel)
        .post("/v1/reminder-batches", May(SendReminder), reminder_batches::create)
        .get("/v1/reminder-batches/{id}", May(Read), reminder_batches::show)
        .get("/v1/customers", May(Read), customers::index)
        .post("/v1/customers", May(EditCustomer), customers::create)
        .get("/v1/customers/{id}", May(Read), customers::show)
        .patch("/v1/customers/{id}", May(EditCustomer), customers::update)
        .get("/v1/customers/{id}/hold", May(Read), holds::show_of_customer)
        .post("/v1/customers/{id}/hold", May(Hold), holds::hold_customer)
        .delete("/v1/customers/{id}/hold", May(Hold), holds::release_customer)
        .get("/v1/suppressions", May(Read), suppressions::index)
        .post("/v1/suppressions", May(Hold), suppressions::create)
        .get("/v1/suppressions/{id}", May(Read), suppressions::show)
        .delete("/v1/suppressions/{id}", May(Hold), suppressions::delete)
}

/// Makes the server answer them, and every other address under `/api`. What they answer is to be [`told`].
pub fn open(config: &mut web::ServiceConfig) {
    let query = web::QueryConfig::default().error_handler(|error, _| unreadable_query(&error).into());
    config
        .app_data(query)
        .configure(|config| routes().open(config))
        .default_service(web::to(async || Err::<HttpResponse, Problem>(problem::no_route())));
}

fn unreadable_query(error: &QueryPayloadError) -> Problem {
    match error {
        QueryPayloadError::Deserialize(why) => {
            Problem::malformed(format!("The query cannot be read: {why}."))
        }
        error => Problem::malformed(format!("{error}.")),
    }
}

/// The program's door.
pub struct Programs;

/// The contract, "Who may do what": an API key has a Clerk's rights.
const RIGHTS: Role = Role::Clerk;

impl Door for Programs {
    async fn admit(request: &mut ServiceRequest, access: Access) -> Result<(), Error> {
        let May(permission) = access else { return Ok(()) };
        let program = Program::of(request.request()).await?;
        if !RIGHTS.may(permission) {
            return Err(Problem::forbidden().into());
        }
        request.extensions_mut().insert(program);
        Ok(())
    }

    fn no_such_method(_: &HttpRequest, allowed: &str) -> HttpResponse {
        HttpResponse::from_error(Problem::no_such_method(allowed))
    }
}

/// The id in an address, in the hyphenated form alone.
fn id_in<T: FromStr>(path: &str, noun: &str) -> Result<T, Problem> {
    let id = Some(path).filter(|text| text.len() == 36).and_then(|text| text.parse().ok());
    id.ok_or_else(|| Problem::malformed(format!("The {noun} id is not a UUID.")))
}
