//! Signing in and out, and the colours of one's pages.

use actix_session::Session;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::carried;
use super::frame::{page, page_with, see_other};
use super::session::{Posted, SignedIn, Unsigned, begin, begin_second_step, second_step_of};
use super::setup::is_set_up;
use super::{WebError, WebState};
use crate::actions::ActionError;
use crate::domain::ids::{OrganisationId, UserId};
use crate::routes::visitor;

#[derive(Template)]
#[template(path = "sign_in.html")]
pub(super) struct SignInPage {
    email: String,
    next: String,
    problem: Option<String>,
    is_set_up: bool,
    is_password_new: bool,
    /// A form that is offered once more after signing in, sealed; empty when there is none.
    carried: String,
}

impl SignInPage {
    /// The page that leads to another one.
    fn to_go_to(next: String) -> Self {
        Self::to_go_on(next, String::new())
    }

    /// The page that leads to another one or, first, to a form that was sent before.
    pub(super) fn to_go_on(next: String, carried: String) -> Self {
        let email = String::new();
        Self { email, next, problem: None, is_set_up: true, is_password_new: false, carried }
    }
}

/// Where to go after signing in.
#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
    /// Whether a new password was just set.
    #[serde(default)]
    new_password: bool,
}

/// `GET /sign-in`
pub async fn new(
    state: web::Data<WebState>,
    query: web::Query<Next>,
    request: HttpRequest,
) -> Result<HttpResponse, WebError> {
    match SignedIn::of(&request).await {
        Ok(_) => Ok(see_other(local(&query.next))),
        Err(_) => page(&SignInPage {
            is_set_up: state.setup_token.is_none() || is_set_up(&state).await?,
            is_password_new: query.new_password,
            ..SignInPage::to_go_to(query.next.clone())
        }),
    }
}

/// The form.
#[derive(Deserialize)]
pub struct SignIn {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    carried: String,
}

/// `POST /sign-in`
pub async fn create(
    state: web::Data<WebState>,
    request: HttpRequest,
    Unsigned(SignIn { email, password, next, carried }): Unsigned<SignIn>,
) -> Result<HttpResponse, WebError> {
    match state.actions.sign_in(&email, password, &address_of(&request)).await {
        Ok(to) if to.needs_code => {
            begin_second_step(&request, &state, to)?;
            page(&CodePage { next, carried, problem: None })
        }
        Ok(to) => enter(&request, &state, (to.person, to.organisation), &next, &carried),
        Err(error @ (ActionError::Throttled(_) | ActionError::Refused(_))) => {
            let problem = Some(error.to_string());
            refused(&error, &SignInPage { email, problem, carried, ..SignInPage::to_go_to(next) })
        }
        Err(error) => Err(error.into()),
    }
}

/// Begins the session of who has shown who they are, and leads on: to the form that they had sent before, if there is one.
fn enter(
    request: &HttpRequest,
    state: &WebState,
    (person, organisation): (UserId, OrganisationId),
    next: &str,
    carried: &str,
) -> Result<HttpResponse, WebError> {
    begin(request, &state.actions, person, organisation)?;
    let offer = carried::offer(request, state, (person, organisation), carried)?;
    Ok(offer.unwrap_or_else(|| see_other(local(next))))
}

#[derive(Template)]
#[template(path = "sign_in_code.html")]
struct CodePage {
    next: String,
    carried: String,
    problem: Option<String>,
}

/// The second step's form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Code {
    code: String,
    next: String,
    carried: String,
}

/// `POST /sign-in/code`
pub async fn check_code(
    state: web::Data<WebState>,
    request: HttpRequest,
    Unsigned(Code { code, next, carried }): Unsigned<Code>,
) -> Result<HttpResponse, WebError> {
    let Some((person, organisation)) = second_step_of(&request, &state) else {
        let problem = Some("That took too long. Enter your password once more.".to_owned());
        let page = SignInPage { problem, carried, ..SignInPage::to_go_to(next) };
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    match state.actions.check_code(person, organisation, &code, &address_of(&request)).await {
        Ok(()) => enter(&request, &state, (person, organisation), &next, &carried),
        Err(error @ (ActionError::Throttled(_) | ActionError::Refused(_))) => {
            refused(&error, &CodePage { next, carried, problem: Some(error.to_string()) })
        }
        Err(error) => Err(error.into()),
    }
}

/// Where a request comes from, for counting tries.
pub(super) fn address_of(request: &HttpRequest) -> String {
    visitor(request).to_string()
}

/// The page of a form that was refused, which says when to try again where that is why.
pub(super) fn refused(error: &ActionError, page: &impl Template) -> Result<HttpResponse, WebError> {
    let ActionError::Throttled(seconds) = error else {
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, page);
    };
    let mut answer = page_with(StatusCode::TOO_MANY_REQUESTS, page)?;
    answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(*seconds));
    Ok(answer)
}

/// A form with nothing but its token.
#[derive(Deserialize)]
pub struct Nothing {}

/// `POST /sign-out`
pub async fn delete(session: Session, _posted: Posted<Nothing>) -> HttpResponse {
    session.purge();
    see_other("/sign-in")
}

/// The colours' form.
#[derive(Deserialize)]
pub struct ThemeForm {
    #[serde(default)]
    theme: String,
    #[serde(default)]
    back: String,
}

/// `POST /theme`
pub async fn theme(posted: Posted<ThemeForm>) -> Result<HttpResponse, WebError> {
    let theme = posted
        .form
        .theme
        .parse()
        .map_err(|_| WebError::BadRequest("There are no such colours.".to_owned()))?;
    posted.by.state.actions.set_theme(&posted.by.user, theme).await?;
    Ok(see_other(local(&posted.form.back)))
}

/// The form of the switch for single keys.
#[derive(Deserialize)]
pub struct SingleKeysForm {
    on: bool,
    #[serde(default)]
    back: String,
}

/// `POST /single-keys`
pub async fn single_keys(posted: Posted<SingleKeysForm>) -> Result<HttpResponse, WebError> {
    posted.by.state.actions.set_single_keys(&posted.by.user, posted.form.on).await?;
    Ok(see_other(local(&posted.form.back)))
}

/// An address on this site, or the first page: never somebody else's.
pub(super) fn local(next: &str) -> String {
    // Browsers drop tabs and line breaks before they read an address, and take a backslash for a slash.
    let is_odd = |character: char| character == '\\' || character.is_control();
    let is_path = next.starts_with('/') && !next.starts_with("//") && !next.contains(is_odd);
    if is_path { next.to_owned() } else { "/invoices".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn after_signing_in_nobody_is_led_to_another_site() {
        assert_eq!(local("/invoices?tab=paid"), "/invoices?tab=paid");
        let elsewhere =
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"];
        let dropped_by_browsers =
            ["/\t/evil.example", "/\r/evil.example", "/\n/evil.example", "\t//evil.example"];
        let no_header_can_hold = ["/\0/x", "/\u{7f}", "/\u{85}", "/invoices\u{1}"];
        for foreign in elsewhere.iter().chain(&dropped_by_browsers).chain(&no_header_can_hold) {
            assert_eq!(local(foreign), "/invoices", "{foreign:?}");
        }
    }
}
