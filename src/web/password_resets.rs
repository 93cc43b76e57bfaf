//! A forgotten password: asking for a link, and setting a new password with it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::frame::{page, page_with, see_other};
use super::session::Unsigned;
use super::sign_in::{address_of, refused};
use super::{WebError, WebState};
use crate::actions::ActionError;
use crate::domain::person::NewPassword;

#[derive(Template)]
#[template(path = "password_resets/new.html")]
struct AskPage {
    email: String,
    problem: Option<String>,
    is_asked: bool,
    /// Whether mails are kept instead of being sent.
    is_kept: bool,
}

/// `GET /password-resets`
pub(super) async fn new() -> Result<HttpResponse, WebError> {
    page(&AskPage { email: String::new(), problem: None, is_asked: false, is_kept: false })
}

/// Whose password is forgotten.
#[derive(Deserialize)]
pub(super) struct AskForm {
    #[serde(default)]
    email: String,
}

/// `POST /password-resets`
pub(super) async fn create(
    state: web::Data<WebState>,
    request: HttpRequest,
    Unsigned(AskForm { email }): Unsigned<AskForm>,
) -> Result<HttpResponse, WebError> {
    let typed = match email.parse() {
        Ok(typed) => typed,
        Err(error) => {
            let problem = Some(format!("Email: {error}."));
            let view = AskPage { email, problem, is_asked: false, is_kept: false };
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &view);
        }
    };
    match state.actions.request_password_reset(&typed, &address_of(&request), &state.base_url).await {
        Ok(()) => {
            let is_kept = state.mail_folder.is_some();
            page(&AskPage { email: typed.to_string(), problem: None, is_asked: true, is_kept })
        }
        Err(error @ ActionError::Throttled(_)) => refused(
            &error,
            &AskPage { email, problem: Some(error.to_string()), is_asked: false, is_kept: false },
        ),
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "password_resets/edit.html")]
struct PasswordPage {
    token: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "password_resets/over.html")]
struct OverPage;

/// A link that is not worth anything: used, too old, replaced, or never made.
fn over() -> Result<HttpResponse, WebError> {
    page_with(StatusCode::GONE, &OverPage)
}

/// `GET /password-resets/{token}`
pub(super) async fn edit(
    state: web::Data<WebState>,
    token: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    match state.actions.can_reset_password(&token).await? {
        true => page(&PasswordPage { token: token.into_inner(), problem: None }),
        false => over(),
    }
}

/// The new password.
#[derive(Deserialize)]
pub(super) struct PasswordForm {
    #[serde(default)]
    password: String,
}

/// `POST /password-resets/{token}`
pub(super) async fn update(
    state: web::Data<WebState>,
    token: web::Path<String>,
    Unsigned(form): Unsigned<PasswordForm>,
) -> Result<HttpResponse, WebError> {
    if !state.actions.can_reset_password(&token).await? {
        return over();
    }
    let password = match form.password.parse::<NewPassword>() {
        Ok(password) => password,
        Err(error) => {
            let view =
                PasswordPage { token: token.into_inner(), problem: Some(format!("New password: {error}.")) };
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &view);
        }
    };
    match state.actions.reset_password(&token, password).await {
        Ok(()) => Ok(see_other("/sign-in?new_password=true")),
        Err(ActionError::NotFound) => over(),
        Err(error) => Err(error.into()),
    }
}
