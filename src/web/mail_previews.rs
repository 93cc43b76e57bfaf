//! The mail that an invoice would get now, exactly as it would be sent.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::WebError;
use super::frame::{Frame, Section, page};
use super::session::SignedIn;
use crate::domain::ids::InvoiceId;
use crate::domain::mail_message::RenderedMail;

#[derive(Template)]
#[template(path = "reminders/preview.html")]
struct PreviewPage {
    frame: Frame,
    subject: String,
    text: String,
    source: String,
}

/// `GET /mail-previews/{invoice id}`
pub async fn show(by: SignedIn, path: web::Path<String>) -> Result<HttpResponse, WebError> {
    let id = id(&path)?;
    let mail = by.state.actions.preview_reminder(&by.user, id, None).await?;
    let source = format!("/mail-previews/{id}/html");
    let frame = by.frame(Section::Invoices, "Preview");
    page(&PreviewPage { frame, subject: mail.subject, text: mail.text, source })
}

/// `GET /mail-previews/{invoice id}/html`
pub async fn html(by: SignedIn, path: web::Path<String>) -> Result<HttpResponse, WebError> {
    Ok(mail_document(by.state.actions.preview_reminder(&by.user, id(&path)?, None).await?))
}

fn id(text: &str) -> Result<InvoiceId, WebError> {
    text.parse().map_err(|_| WebError::NotFound)
}

/// A mail's HTML for a frame: nothing in it may run, load or lead out of the frame.
///
/// The sandbox lets scripts be, since checkers of accessibility look into every frame with one and wait for ever where
/// none may run; `default-src 'none'` keeps the mail's own from running.
pub(super) fn mail_document(mail: RenderedMail) -> HttpResponse {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; \
         base-uri 'none'; form-action 'none'; sandbox allow-popups allow-scripts";
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(with_logo(mail))
}

/// The HTML with its logo in it: a page has no parts that it could be one of.
fn with_logo(mail: RenderedMail) -> String {
    let Some(logo) = mail.logo else { return mail.html };
    let part = format!("src=\"cid:{}\"", logo.content_id());
    let content = STANDARD.encode(&logo.content);
    let inside = format!("src=\"data:{};base64,{content}\"", logo.picture.media_type());
    mail.html.replacen(&part, &inside, 1)
}
