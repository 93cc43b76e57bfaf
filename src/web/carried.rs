//! A form that came after its session had ended. It does nothing; it travels, sealed, through signing in, and is then
//! offered once more to the person who filled it in, never sent by itself.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::frame::page;
use super::session::{csrf_of, ended_of};
use super::sign_in::local;
use super::{WebError, WebState};
use crate::actions::SESSION_LIFE;
use crate::domain::ids::{OrganisationId, UserId};

const PURPOSE: &str = "carried form";
/// A larger form is not carried: its pages are the way back.
const LARGEST: usize = 1024 * 1024;
/// A longer value is carried and not shown.
const SHOWN: usize = 300;
/// What pages send along for themselves; it is carried and tells a person nothing.
const UNTELLING: [&str; 10] =
    ["back", "basis", "batch", "id", "list", "payment", "seen", "session", "signature", "version"];
/// What nobody is to find in a page; a form that has one of these is not carried.
const SECRETS: [&str; 3] = ["password", "current", "code"];

#[derive(Serialize, Deserialize)]
struct Carried {
    person: UserId,
    organisation: OrganisationId,
    path: String,
    back: String,
    fields: Vec<(String, String)>,
    at: DateTime<Utc>,
}

/// The answer to a form whose session has ended: the way to sign in, with the form where it can be carried.
pub(super) async fn or_refused(request: &mut ServiceRequest, refusal: WebError) -> WebError {
    let WebError::SignInFirst { next, is_htmx } = refusal else { return refusal };
    match sealed(request, &next).await {
        Some(carried) => WebError::SignInAndGoOn { carried, next, is_htmx },
        None => WebError::SignInFirst { next, is_htmx },
    }
}

/// Only what a page of the ended session sent, with that session's token, is carried, and only for its person
/// in the organisation that it was filled in for.
async fn sealed(request: &mut ServiceRequest, back: &str) -> Option<String> {
    if request.method() != Method::POST || request.path() == "/sign-out" {
        return None;
    }
    let (person, organisation, csrf) = ended_of(request.request())?;
    let body = request.extract::<web::Bytes>().await.ok().filter(|body| body.len() <= LARGEST)?;
    let mut fields: Vec<(String, String)> = serde_html_form::from_bytes(&body).ok()?;
    let header = request.headers().get("X-CSRF-Token").and_then(|value| value.to_str().ok());
    let sent = fields.iter().find(|(name, _)| name == "csrf").map(|(_, value)| value.as_str());
    if header.or(sent) != Some(csrf.as_str())
        || fields.iter().any(|(name, _)| SECRETS.contains(&name.as_str()))
    {
        return None;
    }
    fields.retain(|(name, _)| name != "csrf");
    let state = request.app_data::<web::Data<WebState>>()?;
    let at = state.actions.clock().now();
    let path = request.path().to_owned();
    let carried = Carried { person, organisation, path, back: local(back), fields, at };
    state.actions.seal(PURPOSE, &serde_json::to_vec(&carried).ok()?)
}

#[derive(Template)]
#[template(path = "carried.html")]
struct OfferPage {
    carried: Carried,
    csrf: String,
    what: &'static str,
    shown: Vec<(String, String)>,
}

/// The form that was carried through signing in, for the person who filled it in, where they did; `None` when there is none.
pub(super) fn offer(
    request: &HttpRequest,
    state: &WebState,
    (person, organisation): (UserId, OrganisationId),
    sealed: &str,
) -> Result<Option<HttpResponse>, WebError> {
    let now = state.actions.clock().now();
    let carried = state.actions.settings().unseal(PURPOSE, sealed);
    let carried = carried.and_then(|content| serde_json::from_slice::<Carried>(&content).ok());
    let is_theirs = |it: &Carried| (it.person, it.organisation) == (person, organisation);
    let Some(carried) = carried.filter(|it| is_theirs(it) && now < it.at + SESSION_LIFE) else {
        return Ok(None);
    };
    let is_telling = |(name, value): &&(String, String)| {
        !value.is_empty() && value.len() <= SHOWN && !UNTELLING.contains(&name.as_str())
    };
    let named = |(name, value): &(String, String)| (name.replace('_', " "), value.clone());
    page(&OfferPage {
        csrf: csrf_of(request)?,
        what: what(&carried.path),
        shown: carried.fields.iter().filter(is_telling).take(20).map(named).collect(),
        carried,
    })
    .map(Some)
}

/// What a form does, by the last word of its address.
fn what(path: &str) -> &'static str {
    match path.rsplit('/').next().unwrap_or_default() {
        "payments" | "full-payment" => "Record a payment",
        "archive" => "Archive an invoice",
        "unarchive" => "Bring an invoice back from the archive",
        "void" => "Make an invoice void",
        "hold" => "Set a hold",
        "lifting" => "Lift a hold or a suppression",
        "reminder-proposals" => "Look at the reminders before they are sent",
        "reminder-batches" | "retries" | "resends" | "repetition" => "Send reminders",
        "cancellation" => "Cancel what was not sent yet",
        "suppressions" => "Suppress an address",
        "versions" => "Publish an e-mail text",
        "drafts" => "Save a draft",
        "invitations" => "Invite somebody",
        "resending" => "Send an invitation again",
        "withdrawal" => "Withdraw an invitation",
        "role" => "Change a role",
        "disabling" => "Disable a user",
        "enabling" => "Enable a user",
        "two-factor" => "Say who needs two-factor sign-in",
        "organisation" | "sender" => "Save the settings",
        "api-keys" => "Make an API key",
        "revocation" => "Revoke an API key",
        "pause" => "Pause sending",
        "resumption" => "Resume sending",
        "test-mails" => "Send a test e-mail",
        "name" => "Change your name",
        "ended-sessions" => "End sessions",
        _ => "Send a form",
    }
}
