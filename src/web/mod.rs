//! The person's door: HTML pages and fragments. Handlers extract, parse, call one verb and render.

pub mod assets;
mod batch_page;
mod batch_results;
mod customers;
mod email_notifications;
mod error;
mod frame;
mod holds;
mod imports;
mod invoice;
mod invoice_selections;
mod invoices;
mod mail_previews;
mod objections;
mod proposed_mails;
mod reminder_batches;
mod reminder_proposals;
mod reminders;
mod sending;
mod session;
mod setup;
mod sign_in;
mod suppressions;
mod unconfirmed;

use actix_web::web;

use crate::actions::Actions;
use crate::clock::Ids;
use crate::store::Reader;

pub use error::WebError;
pub use session::StoredSessions;

/// What handlers need.
pub struct WebState {
    /// The verbs.
    pub actions: Actions,
    /// What may be read.
    pub reader: Reader,
    /// New ids.
    pub ids: Ids,
    /// Whether mails are kept here instead of being sent.
    pub is_mail_captured: bool,
    /// What `/setup` asks for while there is no user.
    pub setup_token: Option<String>,
}

/// The routes of the person's door.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(async || frame::see_other("/invoices")))
        .service(web::resource("/sign-in").get(sign_in::new).post(sign_in::create))
        .route("/sign-out", web::post().to(sign_in::delete))
        .route("/theme", web::post().to(sign_in::theme))
        .service(web::resource("/setup").get(setup::new).post(setup::create))
        .configure(ledger)
        .configure(reminding)
        .configure(email_notifications::routes)
        .configure(imports::routes)
        .configure(unconfirmed::routes)
        .configure(sending::routes)
        .configure(suppressions::routes)
        .configure(holds::routes);
}

/// Customers and their invoices.
fn ledger(config: &mut web::ServiceConfig) {
    config
        .route("/invoices", web::get().to(invoices::index))
        .route("/invoices/{id}", web::get().to(invoice::show))
        .route("/invoices/{id}/archive/edit", web::get().to(invoice::ask_archive))
        .route("/invoices/{id}/archive", web::post().to(invoice::archive))
        .route("/invoices/{id}/unarchive", web::post().to(invoice::unarchive))
        .route("/invoices/{id}/payments/new", web::get().to(invoice::ask_payment))
        .route("/invoices/{id}/payments", web::post().to(invoice::pay))
        .route("/customers", web::get().to(customers::index))
        .route("/customers/{id}", web::get().to(customers::show));
}

/// From the selection to the log.
fn reminding(config: &mut web::ServiceConfig) {
    // Ten thousand invoices with what was shown of each.
    let large = || web::PayloadConfig::new(4 * 1024 * 1024);
    config
        .route("/invoice-selections", web::post().to(invoice_selections::create))
        .service(web::resource("/reminder-proposals").app_data(large()).post(reminder_proposals::create))
        .service(web::resource("/proposed-mails").app_data(large()).post(proposed_mails::create))
        .service(web::resource("/reminder-batches").app_data(large()).post(reminder_batches::create))
        .route("/reminder-batches/{id}", web::get().to(batch_page::show))
        .route("/reminder-batches/{id}/cancellation", web::post().to(reminder_batches::cancel))
        .service(
            web::resource("/reminder-batches/{id}/retries").app_data(large()).post(reminder_batches::retry),
        )
        .route("/mail-previews/{id}", web::get().to(mail_previews::show))
        .route("/mail-previews/{id}/html", web::get().to(mail_previews::html))
        .route("/reminders", web::get().to(reminders::index))
        .route("/reminders.csv", web::get().to(reminders::export))
        .route("/reminders/{id}", web::get().to(reminders::show))
        .route("/reminders/{id}/html", web::get().to(reminders::html))
        .route("/reminders/{id}/resends", web::post().to(reminders::resend))
        .route("/reminders/{id}/cancellation", web::post().to(reminders::cancel));
}
