//! The person's door: HTML pages and fragments. Handlers extract, parse, call one verb and render.

mod addresses;
mod api_keys;
pub mod api_reference;
pub mod assets;
mod batch_page;
mod batch_results;
mod carried;
mod closing;
mod csv;
mod current_organisation;
mod customer_edit;
mod customers;
mod device;
mod done;
mod email_notifications;
mod error;
mod frame;
mod handed_over;
mod happenings;
mod holds;
mod imports;
mod invitations;
mod invoice;
mod invoice_row;
mod invoice_selections;
mod invoices;
mod lost_factors;
mod mail_previews;
mod objections;
mod password_resets;
mod payments;
mod problems;
mod profile;
mod proposed_mails;
mod rates;
mod reminder;
mod reminder_batches;
mod reminder_proposals;
mod reminders;
mod routes;
mod sending;
mod session;
mod settings;
mod setup;
mod sign_in;
mod suppressions;
mod two_factor;
mod unconfirmed;
mod upload;
mod users;

use std::path::PathBuf;

use crate::actions::Actions;
use crate::clock::Ids;
use crate::domain::mail_message::MailWriter;
use crate::domain::mail_target::MailTarget;
use crate::store::Reader;

pub use error::WebError;
pub use rates::Rates;
pub use routes::{Pages, routes};
pub use session::StoredSessions;

/// What handlers need.
pub struct WebState {
    /// The verbs.
    pub actions: Actions,
    /// What may be read.
    pub reader: Reader,
    /// New ids.
    pub ids: Ids,
    /// Where mails go.
    pub mail: MailTarget,
    /// The folder that mails are kept in instead of being sent.
    pub mail_folder: Option<PathBuf>,
    /// Writes a mail as it travels.
    pub write_mail: MailWriter,
    /// The address that links in mails begin with: what people use, never what a request says.
    pub base_url: String,
    /// Whether it is a throw-away instance to look around in.
    pub is_demo: bool,
    /// What `/setup` asks for while there is no user.
    pub setup_token: Option<String>,
    /// How often one may change something.
    pub rates: Rates,
}
