//! Who is there: sessions in the database, the signed-in person of a request, and forms that are really theirs.

use std::collections::HashMap;
use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{Session, SessionExt};
use actix_web::cookie::time::Duration;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;

use super::device::device;
use super::{WebError, WebState};
use crate::actions::{Actions, SignedInTo};
use crate::domain::ids::{OrganisationId, UserId};
use crate::domain::organisation::Organisation;
use crate::domain::person::{Role, User};
use crate::domain::text::Line;
use crate::store::{Pauses, RelayDown, SecondFactorState, SessionOwner};

/// Sessions in the database, by the hash of their id.
pub struct StoredSessions(pub Actions);

type State = HashMap<String, String>;

impl SessionStore for StoredSessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let stored = self.0.session(key.as_ref()).await.map_err(|error| LoadError::Other(error.into()))?;
        let Some((state, lives)) = stored else { return Ok(None) };
        let state: State =
            serde_json::from_str(&state).map_err(|error| LoadError::Deserialization(error.into()))?;
        Ok(if lives { Some(state) } else { ended(&state) })
    }

    async fn save(&self, state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        let (key, owner) = (self.0.secret(), owner(&state));
        let state = serde_json::to_string(&state).map_err(|error| SaveError::Serialization(error.into()))?;
        self.0.keep_session(&key, state, owner).await.map_err(|error| SaveError::Other(error.into()))?;
        SessionKey::try_from(key).map_err(|error| SaveError::Other(error.into()))
    }

    async fn update(&self, key: SessionKey, state: State, _: &Duration) -> Result<SessionKey, UpdateError> {
        let owner = owner(&state);
        let state =
            serde_json::to_string(&state).map_err(|error| UpdateError::Serialization(error.into()))?;
        let changed = self.0.change_session(key.as_ref(), state, owner).await;
        changed.map_err(|error| UpdateError::Other(error.into()))?;
        Ok(key)
    }

    /// A session lives by what its person does, which [`SignedIn`] notes, not by being answered.
    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        Ok(self.0.end_session(key.as_ref()).await?)
    }
}

const PERSON: &str = "person";
const ORGANISATION: &str = "organisation";
const CSRF: &str = "csrf";
const HANDLE: &str = "handle";
const DEVICE: &str = "device";
const BEGAN: &str = "began";
const ENDED_PERSON: &str = "ended_person";
const ENDED_ORGANISATION: &str = "ended_organisation";
const ENDED_CSRF: &str = "ended_csrf";
const STEP_PERSON: &str = "step_person";
const STEP_ORGANISATION: &str = "step_organisation";
const STEP_UNTIL: &str = "step_until";

/// How long the code may take after the password.
const SECOND_STEP: TimeDelta = TimeDelta::minutes(5);

/// Whose a session is, by what it holds.
fn owner(state: &State) -> Option<SessionOwner> {
    let read = |name| serde_json::from_str::<String>(state.get(name)?).ok();
    Some(SessionOwner {
        handle: read(HANDLE)?,
        person: read(PERSON)?.parse().ok()?,
        organisation: read(ORGANISATION)?.parse().ok()?,
        device: read(DEVICE)?,
        began_at: read(BEGAN)?.parse().ok()?,
    })
}

/// What is known of a session that has ended: whose it was and where, and its forms' token. It gives no right.
fn ended(state: &State) -> Option<State> {
    let kept = [(PERSON, ENDED_PERSON), (ORGANISATION, ENDED_ORGANISATION), (CSRF, ENDED_CSRF)];
    kept.into_iter().map(|(name, ended)| Some((ended.to_owned(), state.get(name)?.clone()))).collect()
}

/// Whose session has ended, in which organisation, and the token of its forms.
pub(super) fn ended_of(request: &HttpRequest) -> Option<(UserId, OrganisationId, String)> {
    let session = request.get_session();
    let read = |name| session.get::<String>(name).ok().flatten();
    Some((read(ENDED_PERSON)?.parse().ok()?, read(ENDED_ORGANISATION)?.parse().ok()?, read(ENDED_CSRF)?))
}

/// The token of the forms of a session that has just begun.
pub(super) fn csrf_of(request: &HttpRequest) -> Result<String, WebError> {
    let csrf = request.get_session().get::<String>(CSRF).ok().flatten();
    csrf.ok_or_else(|| WebError::Internal("the session has no token".to_owned()))
}

/// Notes whose password was right. It gives no right yet: the code is still to come.
pub(super) fn begin_second_step(
    request: &HttpRequest,
    state: &WebState,
    to: SignedInTo,
) -> Result<(), WebError> {
    let session = request.get_session();
    session.clear();
    session.renew();
    let until = state.actions.clock().now() + SECOND_STEP;
    keep(&session, STEP_PERSON, to.person.to_string())?;
    keep(&session, STEP_ORGANISATION, to.organisation.to_string())?;
    keep(&session, STEP_UNTIL, until.to_rfc3339())
}

/// Whose password was right a moment ago, and where they are to enter.
pub(super) fn second_step_of(request: &HttpRequest, state: &WebState) -> Option<(UserId, OrganisationId)> {
    let session = request.get_session();
    let read = |name| session.get::<String>(name).ok().flatten();
    let until: DateTime<Utc> = read(STEP_UNTIL)?.parse().ok()?;
    let step = (read(STEP_PERSON)?.parse().ok()?, read(STEP_ORGANISATION)?.parse().ok()?);
    (state.actions.clock().now() < until).then_some(step)
}

/// Begins a session: with a new id, so that one known before the sign-in is worth nothing.
pub fn begin(
    request: &HttpRequest,
    actions: &Actions,
    user: UserId,
    organisation: OrganisationId,
) -> Result<(), WebError> {
    let session = request.get_session();
    session.clear();
    session.renew();
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let kept = [
        (PERSON, user.to_string()),
        (ORGANISATION, organisation.to_string()),
        (CSRF, actions.secret()),
        (HANDLE, actions.secret()),
        (DEVICE, device(agent.unwrap_or_default())),
        (BEGAN, actions.clock().now().to_rfc3339()),
    ];
    kept.into_iter().try_for_each(|(name, value)| keep(&session, name, value))
}

/// Goes on in another organisation, after the session before has ended: under a new id and with another token, so that a form
/// of the organisation before, still open somewhere, is not done in this one.
pub fn enter(session: &Session, actions: &Actions, organisation: OrganisationId) -> Result<(), WebError> {
    session.renew();
    keep(session, ORGANISATION, organisation.to_string())?;
    keep(session, HANDLE, actions.secret())?;
    keep(session, CSRF, actions.secret())
}

fn keep(session: &Session, name: &str, value: String) -> Result<(), WebError> {
    session.insert(name, value).map_err(|error| WebError::Internal(error.to_string()))
}

/// The person of a request, in the organisation of their session, with the role they have now.
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// Where.
    pub organisation: Organisation,
    /// Where they may work, by name.
    pub organisations: Vec<(OrganisationId, Line)>,
    /// The token of this session's forms.
    pub csrf: String,
    /// What this session is called in the list of the person's sessions.
    pub session: String,
    /// The role that the session was last used with.
    pub used_with: Option<Role>,
    /// Whether they have a second factor, and must.
    pub second_factor: SecondFactorState,
    /// What the pages say of the mail server.
    pub relay_down: Option<RelayDown>,
    /// What stops the organisation's sending.
    pub pauses: Pauses,
    /// Everything else a handler needs.
    pub state: web::Data<WebState>,
}

impl SignedIn {
    /// Who sends a request, as the session and the database say now.
    ///
    /// # Errors
    /// [`WebError::SignInFirst`] for who is nobody here.
    pub async fn of(request: &HttpRequest) -> Result<Self, WebError> {
        let state = state_of(request)?;
        let session = request.get_session();
        let read = |name| session.get::<String>(name).ok().flatten();
        let first = || WebError::SignInFirst { next: page_of(request), is_htmx: is_htmx(request) };
        let kept = (read(PERSON), read(ORGANISATION), read(CSRF), read(HANDLE));
        let (Some(person), Some(organisation), Some(csrf), Some(handle)) = kept else {
            return Err(first());
        };
        let (person, organisation): (UserId, OrganisationId) =
            person.parse().ok().zip(organisation.parse().ok()).ok_or_else(first)?;
        let asked = handle.clone();
        let (user, used, organisation, organisations, second_factor, relay_down, pauses) = state
            .reader
            .read::<_, WebError>(move |snapshot| {
                let user = snapshot.user(organisation, person)?;
                let used = snapshot.session_use(&asked)?;
                let second_factor = snapshot.second_factor_state(organisation, person)?;
                let organisation = snapshot.organisation(organisation)?;
                let organisations = snapshot.organisations_of(person)?;
                let relay_down = snapshot.relay_down(organisation.id)?;
                let pauses = snapshot.pauses(organisation.id)?;
                Ok((user, used, organisation, organisations, second_factor, relay_down, pauses))
            })
            .await?;
        let (user, used) = user.zip(used).ok_or_else(first)?;
        if !is_polling(request) {
            state.actions.use_session(&handle, used.seen_at).await?;
        }
        // The mail server that was is of no interest while nothing goes to one.
        let relay_down = relay_down.filter(|_| state.mail_folder.is_none());
        Ok(Self {
            user,
            organisation,
            organisations,
            csrf,
            session: handle,
            used_with: used.role,
            second_factor,
            relay_down,
            pauses,
            state,
        })
    }

    /// Lets the session go on under a new id when its person's role is another: who knew the old one is not let in with it.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) async fn renew_with_role(&self, request: &HttpRequest) -> Result<(), WebError> {
        let (actions, role) = (&self.state.actions, self.user.role);
        if actions.has_new_role(&self.session, self.used_with, role).await? {
            request.get_session().renew();
        }
        Ok(())
    }

    /// Whom the door let in ([`super::routes`]); nobody, where anyone may come.
    ///
    /// # Errors
    /// When the route does not ask who comes.
    pub fn admitted(request: &HttpRequest) -> Result<Self, WebError> {
        let admitted = request.extensions_mut().remove::<Self>();
        admitted.ok_or_else(|| WebError::Internal(format!("{} lets anyone in", request.path())))
    }
}

/// Whether a page asks by itself how a batch is getting on: nobody need be there.
fn is_polling(request: &HttpRequest) -> bool {
    let is_watched = request.match_pattern().is_some_and(|route| route.ends_with("/reminder-batches/{id}"));
    is_watched && (is_htmx(request) || request.query_string().contains("watching"))
}

/// For what reads. What changes something takes [`Posted`], which has seen the form's token.
impl FromRequest for SignedIn {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if !request.method().is_safe() {
            return ready(Err(WebError::Internal(format!("{} looks at no token", request.path()))));
        }
        ready(Self::admitted(request))
    }
}

/// A form that the signed-in person sent from a page of theirs.
pub struct Posted<T> {
    /// Who sent it.
    pub by: SignedIn,
    /// Its fields.
    pub form: T,
}

#[derive(serde::Deserialize)]
struct Token {
    #[serde(default)]
    csrf: String,
}

impl<T: DeserializeOwned + 'static> FromRequest for Posted<T> {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), web::Bytes::from_request(request, payload));
        Box::pin(async move {
            let by = SignedIn::admitted(&request)?;
            let body = body.await.map_err(too_large)?;
            let field = serde_html_form::from_bytes::<Token>(&body)
                .map_or_else(|_| String::new(), |token| token.csrf);
            let sent =
                request.headers().get("X-CSRF-Token").and_then(|value| value.to_str().ok()).unwrap_or(&field);
            if !bool::from(sent.as_bytes().ct_eq(by.csrf.as_bytes())) {
                return Err(WebError::ForeignForm);
            }
            Ok(Self { by, form: parsed(&body)? })
        })
    }
}

/// Strangers cannot make the server keep more than this of a form.
const LARGEST_UNSIGNED: usize = 16 * 1024;

/// Who was signed in, or is about to be, may bring the form that they had sent before, sealed.
const LARGEST_CARRIED: usize = 2 * 1024 * 1024;

/// A form that somebody who is not signed in sent from a page of ours.
pub struct Unsigned<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Unsigned<T> {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_half_in = request.get_session().contains_key(STEP_PERSON);
        let is_known = is_half_in || ended_of(request).is_some();
        let largest = if is_known { LARGEST_CARRIED } else { LARGEST_UNSIGNED };
        let body = web::Payload::from_request(request, payload);
        Box::pin(async move {
            let body = body.await.map_err(too_large)?.to_bytes_limited(largest).await;
            parsed(&body.map_err(|_| too_large(()))?.map_err(too_large)?).map(Self)
        })
    }
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, WebError> {
    serde_html_form::from_bytes(body).map_err(|error| {
        WebError::BadRequest(format!("The form cannot be read: {error}. Go back and try again."))
    })
}

fn too_large(_: impl Sized) -> WebError {
    WebError::TooLarge("The form is too large. Select fewer invoices, or shorten the text.".to_owned())
}

/// Whether a form comes from this site, as far as the browser says.
pub fn is_same_origin(request: &HttpRequest) -> bool {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("Sec-Fetch-Site") {
        return matches!(site, "same-origin" | "none");
    }
    match (text(header::ORIGIN.as_str()), text(header::HOST.as_str())) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, from)| from == host),
        (Some(_), None) => false,
    }
}

/// The page that a request asks for or, as far as the browser says, that its form stands on: forms have no page.
fn page_of(request: &HttpRequest) -> String {
    if request.method().is_safe() {
        return request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    }
    let from = request.headers().get(header::REFERER).and_then(|value| value.to_str().ok());
    let path = from.and_then(|address| address.splitn(4, '/').nth(3)).unwrap_or_default();
    format!("/{path}")
}

/// Whether htmx asks for a fragment.
pub fn is_htmx(request: &HttpRequest) -> bool {
    request.headers().contains_key("HX-Request")
}

pub(super) fn state_of(request: &HttpRequest) -> Result<web::Data<WebState>, WebError> {
    request
        .app_data::<web::Data<WebState>>()
        .cloned()
        .ok_or_else(|| WebError::Internal("no state".to_owned()))
}
