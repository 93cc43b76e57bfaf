//! Problem details (RFC 9457): what a program reads when something cannot be done.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tracing::error;
use tracing_actix_web::RequestId;

use crate::actions::ActionError;
use crate::domain::invoice::Ineligible;
use crate::domain::ledger::InvoiceRefused;
use crate::domain::payment::PaymentRefused;
use crate::domain::proposal::Candidate;
use crate::domain::search::SearchTooLong;
use crate::routes::seconds;
use crate::store::StoreError;

/// A failure. Where it happened and in which request is added on the way out: see [`told`].
#[derive(Clone, Debug)]
pub struct Problem {
    pub(super) status: StatusCode,
    pub(super) code: Cow<'static, str>,
    pub(super) detail: String,
    /// What else the contract says of it.
    pub(super) members: Map<String, Value>,
    headers: Vec<(HeaderName, String)>,
}

/// The contract's shape.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    code: &'a str,
    request_id: String,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

/// What a program asked for and there is none of: the first half of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noun {
    Invoice,
    Customer,
    Reminder,
    ReminderBatch,
    Suppression,
    Hold,
}

impl Noun {
    fn not_found(self) -> (&'static str, &'static str) {
        match self {
            Self::Invoice => ("Invoice.NotFound", "There is no invoice with this id."),
            Self::Customer => ("Customer.NotFound", "There is no customer with this id."),
            Self::Reminder => ("InvoiceReminder.NotFound", "There is no reminder with this id."),
            Self::ReminderBatch => ("ReminderBatch.NotFound", "There is no batch with this id."),
            Self::Suppression => ("Suppression.NotFound", "There is no suppression with this id."),
            Self::Hold => ("Hold.NotFound", "It is not on hold."),
        }
    }
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        let (code, detail) = (code.into(), detail.into());
        Self { status, code, detail, members: Map::new(), headers: Vec::new() }
    }

    /// The same with a header.
    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// No key, or one that may not be used.
    pub(super) fn unauthorized() -> Self {
        let detail = "Send a valid API key in the header x-api-key or as a bearer token.";
        Self::new(StatusCode::UNAUTHORIZED, "Auth.Unauthorized", detail)
            .header(header::WWW_AUTHENTICATE, "Bearer")
    }

    /// A key that may not do this.
    pub(super) fn forbidden() -> Self {
        let detail = "An API key may not do this. An admin can, in the portal.";
        Self::new(StatusCode::FORBIDDEN, "Auth.Forbidden", detail)
    }

    /// A method that an address does not have; `allowed` names those it has.
    pub(super) fn no_such_method(allowed: &str) -> Self {
        let detail = format!("This address does not have this method. It has {allowed}.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Request.MethodNotAllowed", detail)
            .header(header::ALLOW, allowed)
    }

    /// More wrong keys than may come from one address.
    pub(super) fn too_many_wrong_keys(seconds: u64) -> Self {
        let detail = format!(
            "Too many keys that are not valid came from your address. Wait {seconds} s, then send a valid one in the header \
             x-api-key or as a bearer token. Valid keys work meanwhile."
        );
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RateLimited", detail)
            .header(header::RETRY_AFTER, seconds.to_string())
    }

    /// More requests than the key may make.
    pub(super) fn rate_limited(wait: Duration) -> Self {
        let seconds = seconds(wait);
        let detail = format!("This key makes too many requests. Wait {seconds} s, then go on.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RateLimited", detail)
            .header(header::RETRY_AFTER, seconds.to_string())
    }

    /// A request that cannot be understood.
    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request.Malformed", detail)
    }

    /// More than one request may hold.
    pub(super) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Request.TooLarge", detail)
    }

    /// A body that is not JSON by its own account.
    pub(super) fn unsupported(detail: &str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Request.UnsupportedMediaType", detail)
    }

    /// A caller that does not take what there is.
    pub(super) fn not_acceptable() -> Self {
        let detail =
            "This address answers with application/json. Name it in the header Accept, or leave that out.";
        Self::new(StatusCode::NOT_ACCEPTABLE, "Request.NotAcceptable", detail)
    }

    /// Nothing of this organisation has the id.
    pub(super) fn not_found(noun: Noun) -> Self {
        let (code, detail) = noun.not_found();
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// Something that cannot be done as things stand.
    pub(super) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// A mail that is not sent. It may be asked for again, also under the same key.
    pub(super) fn unsent(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "Invoice.EmailSendFailed", detail)
    }

    /// Something of ours is broken.
    pub(super) fn internal(cause: &str) -> Self {
        error!(cause, "a request could not be answered");
        let detail = "Something went wrong on our side. It may have been done all the same: look before you try again. \
                      Under an Idempotency-Key the same request is done once.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal", detail)
    }

    /// Why a verb about `noun` did nothing.
    pub(super) fn of(noun: Noun) -> impl Fn(ActionError) -> Self {
        move |error| match error {
            ActionError::Store(error) => error.into(),
            ActionError::NotFound => Self::not_found(noun),
            ActionError::NothingSelected => {
                let detail = "No invoice matches the filter, so there is nothing to start. With dryRun you see what would match.";
                Self::conflict("ReminderBatch.NothingMatches", detail).naming(&[])
            }
            ActionError::TooMany(_) => Self::too_large(error.to_string()),
            ActionError::NotRemindable(ref refused) => {
                let problem = Self::conflict("InvoiceReminder.InvoiceNotRemindable", error.to_string());
                problem.naming(&refused.ineligible)
            }
            ActionError::Payment(ref refused) => Self::of_payment(refused),
            ActionError::Invoice(InvoiceRefused::Contradictory(_)) => {
                Self::conflict("Invoice.Contradictory", error.to_string())
            }
            ActionError::Invoice(InvoiceRefused::NeedsReopen(_)) => {
                Self::conflict("Invoice.NeedsReopen", error.to_string())
            }
            ActionError::Throttled(seconds) => Self::rate_limited(Duration::from_secs(seconds)),
            // Where no code is named, what refuses is a mail that would have no sender.
            ActionError::Refused(sentence) => Self::unsent(sentence),
            // Only a page has confirmations.
            ActionError::Stale(_) | ActionError::NotSure(_) | ActionError::NotConfirmed => {
                Self::internal(&error.to_string())
            }
        }
    }

    /// As [`Problem::of`], where what the verb refuses has a code of its own.
    pub(super) fn refusing(noun: Noun, code: &'static str) -> impl Fn(ActionError) -> Self {
        move |error| match error {
            ActionError::Refused(sentence) => Self::conflict(code, sentence),
            error => Self::of(noun)(error),
        }
    }

    fn of_payment(refused: &PaymentRefused) -> Self {
        let detail = refused.to_string();
        match refused {
            PaymentRefused::NothingOwed(_) => Self::conflict("Invoice.NotOpen", detail),
            PaymentRefused::AboveBalance { .. } => Self::conflict("Payment.ExceedsBalance", detail),
            PaymentRefused::InFuture(_) => Self::conflict("Payment.InFuture", detail),
            PaymentRefused::NotPositive | PaymentRefused::OtherCurrency(_) => Self::malformed(detail),
        }
    }

    /// Names the invoices that are in the way of a batch.
    fn naming(mut self, ineligible: &[(Candidate, Ineligible)]) -> Self {
        let told = |(candidate, why): &(Candidate, Ineligible)| json!({"invoiceId": candidate.invoice.id, "reason": why.code()});
        self.members.insert("invoices".to_owned(), ineligible.iter().map(told).collect());
        self
    }

    /// The problem behind an answer that does not say it itself.
    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => no_route(),
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large("The request is too large."),
            StatusCode::NOT_ACCEPTABLE => {
                let detail = "Name gzip or identity in the header Accept-Encoding, or leave that out.";
                Self::new(status, "Request.NotAcceptable", detail)
            }
            status if status.is_client_error() => Self::malformed("The request cannot be understood."),
            status => Self::internal(status.as_str()),
        }
    }

    fn response(&self, request: &HttpRequest) -> HttpResponse {
        let body = Body {
            kind: format!("urn:dunlin:problem:{}", self.code),
            title: &self.code,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance: request.path(),
            code: &self.code,
            request_id: request.extensions().get::<RequestId>().map_or_else(String::new, ToString::to_string),
            members: &self.members,
        };
        let mut response = HttpResponse::build(self.status);
        for (name, value) in &self.headers {
            response.insert_header((name, value.as_str()));
        }
        response
            .content_type("application/problem+json")
            .body(serde_json::to_string(&body).unwrap_or_default())
    }
}

/// A failure as it leaves: whatever went wrong under `/api` is told as a problem, with its place and its request.
pub fn told<B: actix_web::body::MessageBody + 'static>(
    answer: ServiceResponse<B>,
) -> ServiceResponse<BoxBody> {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return answer.map_into_boxed_body();
    }
    let known = answer.response().error().and_then(|error| error.as_error::<Problem>()).cloned();
    let problem = known.unwrap_or_else(|| Problem::of_status(status));
    let (request, _) = answer.into_parts();
    let response = problem.response(&request);
    ServiceResponse::new(request, response)
}

impl From<SearchTooLong> for Problem {
    fn from(error: SearchTooLong) -> Self {
        Self::malformed(error.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(&error.to_string())
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// Without a body: [`told`] writes it.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status)
    }
}

/// Any address of the API that is none.
pub(super) fn no_route() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "Route.NotFound", "There is nothing at this address.")
}
