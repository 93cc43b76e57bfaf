//! Accepting an invitation: a newcomer makes an account, who has one joins with it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::frame::{page_with, see_other};
use super::problems::Problems;
use super::session::{Posted, SignedIn, Unsigned, begin};
use super::sign_in::Nothing;
use super::{WebError, WebState};
use crate::actions::{ActionError, Invited};

/// What the recipient can do.
enum Way {
    /// Make an account.
    Newcomer,
    /// Sign in to the account they have.
    SignIn,
    /// Join with the account that is signed in; the token of its forms.
    Join(String),
    /// Sign out first: somebody else is signed in.
    SignOut { who: String, csrf: String },
}

#[derive(Template)]
#[template(path = "invitations/show.html")]
struct InvitationPage {
    token: String,
    invited: Invited,
    way: Way,
    typed_name: String,
    problems: Problems,
}

#[derive(Template)]
#[template(path = "invitations/over.html")]
struct OverPage;

/// A link that is not worth anything: used, too old, withdrawn, replaced, or never made.
fn over() -> Result<HttpResponse, WebError> {
    page_with(StatusCode::GONE, &OverPage)
}

/// `GET /invitations/{token}`
pub(super) async fn show(
    state: web::Data<WebState>,
    request: HttpRequest,
    token: web::Path<String>,
) -> Result<HttpResponse, WebError> {
    offered(StatusCode::OK, &state, &request, token.into_inner()).await
}

/// What whoever is signed in can do with a link.
async fn offered(
    status: StatusCode,
    state: &WebState,
    request: &HttpRequest,
    token: String,
) -> Result<HttpResponse, WebError> {
    let Some(invited) = state.actions.invitation(&token).await? else { return over() };
    let way = match (SignedIn::of(request).await.ok(), invited.account) {
        (None, None) => Way::Newcomer,
        (None, Some(_)) => Way::SignIn,
        (Some(by), Some(account)) if by.user.id == account => Way::Join(by.csrf),
        (Some(by), _) => Way::SignOut { who: by.user.email.to_string(), csrf: by.csrf },
    };
    let problems = Problems::default();
    page_with(status, &InvitationPage { token, invited, way, typed_name: String::new(), problems })
}

/// A newcomer.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct JoinForm {
    name: String,
    password: String,
}

/// `POST /invitations/{token}`
pub(super) async fn create(
    state: web::Data<WebState>,
    request: HttpRequest,
    token: web::Path<String>,
    Unsigned(form): Unsigned<JoinForm>,
) -> Result<HttpResponse, WebError> {
    let Some(invited) = state.actions.invitation(&token).await? else { return over() };
    let mut problems = Problems::default();
    let name = form.name.parse();
    let name = name.map_err(|error| problems.tell_of("name", "Your name", error)).ok();
    let password = form.password.parse();
    let password = password.map_err(|error| problems.tell_of("password", "Password", error)).ok();
    let Some((name, password)) = name.zip(password) else {
        let token = token.into_inner();
        let view = InvitationPage { token, invited, way: Way::Newcomer, typed_name: form.name, problems };
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &view);
    };
    match state.actions.join_as_newcomer(&token, name, password).await {
        Ok((person, organisation)) => {
            begin(&request, &state.actions, person, organisation)?;
            Ok(see_other("/invoices"))
        }
        Err(ActionError::NotFound) => {
            offered(StatusCode::FORBIDDEN, &state, &request, token.into_inner()).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /invitations/{token}/acceptance`
pub(super) async fn join(
    request: HttpRequest,
    token: web::Path<String>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let state = &posted.by.state;
    match state.actions.join(&token, posted.by.user.id).await {
        Ok((person, organisation)) => {
            begin(&request, &state.actions, person, organisation)?;
            Ok(see_other("/invoices"))
        }
        // It may be somebody else's.
        Err(ActionError::NotFound) => {
            offered(StatusCode::FORBIDDEN, state, &request, token.into_inner()).await
        }
        Err(error) => Err(error.into()),
    }
}
