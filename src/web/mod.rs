//! The person's door: HTML pages and fragments. Handlers extract, parse, call one verb and render.

mod addresses;
pub mod assets;
mod batch_page;
mod batch_results;
mod closing;
mod customer_edit;
mod customers;
mod email_notifications;
mod error;
mod frame;
mod handed_over;
mod holds;
mod imports;
mod invoice;
mod invoice_selections;
mod invoices;
mod mail_previews;
mod objections;
mod payments;
mod problems;
mod proposed_mails;
mod reminder;
mod reminder_batches;
mod reminder_proposals;
mod reminders;
mod sending;
mod session;
mod settings;
mod setup;
mod sign_in;
mod suppressions;
mod unconfirmed;

use std::path::PathBuf;

use actix_web::web;

use crate::actions::Actions;
use crate::clock::Ids;
use crate::domain::mail_message::MailWriter;
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
    /// The folder that mails are kept in instead of being sent.
    pub mail_folder: Option<PathBuf>,
    /// Writes a mail as it travels.
    pub write_mail: MailWriter,
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
        .route("/single-keys", web::post().to(sign_in::single_keys))
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
        .configure(closing::routes)
        .configure(payments::routes)
        .route("/customers", web::get().to(customers::index))
        .service(web::resource("/customers/{id}").get(customers::show).post(customer_edit::update))
        .route("/customers/{id}/edit", web::get().to(customer_edit::edit));
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
        .route("/reminders/{id}", web::get().to(reminder::show))
        .route("/reminders/{id}/html", web::get().to(reminder::html))
        .route("/reminders/{id}/source", web::get().to(reminder::source))
        .route("/reminders/{id}/resends", web::post().to(reminder::resend))
        .route("/reminders/{id}/cancellation", web::post().to(reminder::cancel));
}
