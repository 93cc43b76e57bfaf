//! The person's door: HTML pages and fragments. Handlers extract, parse, call one verb and render.

pub mod assets;
mod email_notifications;
mod error;
mod frame;
mod session;
mod setup;
mod sign_in;

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
        .configure(email_notifications::routes);
}
