//! The program's door: JSON under `/api/v1`, keys, problem details on every failure.

mod invoices;
mod problem;
mod reminders;

use std::future::{Ready, ready};
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError, web};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::actions::Actions;
use crate::domain::ids::{ApiKeyId, OrganisationId};
use crate::domain::person::Permission::Read;
use crate::domain::person::Role;
use crate::routes::Access::{self, May};
use crate::routes::{Door, Routes};
use crate::store::Reader;

pub use problem::Problem;

/// What handlers need.
pub struct ApiState {
    actions: Actions,
    reader: Reader,
    limits: Option<KeyLimits>,
}

impl ApiState {
    /// Over the verbs; `rate_per_minute` requests of one key, 0 for no limit.
    pub fn new(actions: Actions, rate_per_minute: u32) -> Self {
        Self { reader: actions.reader(), actions, limits: limits(rate_per_minute) }
    }

    /// Counts a request of a key.
    fn admit(&self, key: ApiKeyId) -> Result<(), Duration> {
        let Some(limits) = &self.limits else { return Ok(()) };
        limits.check_key(&key).map_err(|refused| refused.wait_time_from(DefaultClock::default().now()))
    }
}

type KeyLimits = RateLimiter<ApiKeyId, HashMapStateStore<ApiKeyId>, DefaultClock>;

/// Requests that a key may make at once.
const BURST: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

fn limits(rate_per_minute: u32) -> Option<KeyLimits> {
    let rate = NonZeroU32::new(rate_per_minute)?;
    Some(RateLimiter::hashmap(Quota::per_minute(rate).allow_burst(BURST)))
}

/// All addresses under `/api`, what each asks for, and which handler answers.
pub fn routes() -> Routes<Programs> {
    Routes::of(Programs).get("/v1/invoices", May(Read), invoices::index).get(
        "/v1/invoices/{id}/reminders",
        May(Read),
        reminders::index,
    )
}

/// Makes the server answer them, and every other address under `/api`.
pub fn open(config: &mut web::ServiceConfig) {
    let query = web::QueryConfig::default()
        .error_handler(|error, request| Problem::malformed(request, format!("{error}.")).into());
    config
        .app_data(query)
        .configure(|config| routes().open(config))
        .default_service(web::to(problem::no_route));
}

/// The program's door.
pub struct Programs;

/// The contract, "Who may do what": an API key has a Clerk's rights.
const RIGHTS: Role = Role::Clerk;

impl Door for Programs {
    async fn admit(request: &mut ServiceRequest, access: Access) -> Result<(), Error> {
        let May(permission) = access else { return Ok(()) };
        let program = Program::of(request.request()).await?;
        if !RIGHTS.may(permission) {
            return Err(Problem::forbidden(request.request()).into());
        }
        request.extensions_mut().insert(program);
        Ok(())
    }

    fn no_such_method(request: &HttpRequest, allowed: &str) -> HttpResponse {
        let mut answer = Problem::no_such_method(request).error_response();
        if let Ok(allowed) = header::HeaderValue::from_str(allowed) {
            answer.headers_mut().insert(header::ALLOW, allowed);
        }
        answer
    }
}

/// The program of a request.
pub struct Program {
    /// Its key.
    pub key: ApiKeyId,
    /// Whose ledger it may read.
    pub organisation_id: OrganisationId,
    state: web::Data<ApiState>,
}

/// The token of an `Authorization` header; a scheme's name is the same in any case (RFC 9110, 11.1).
fn bearer_token(value: &str) -> Option<&str> {
    value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token)
}

impl Program {
    /// Who sends a request, as its key says.
    async fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let state = request
            .app_data::<web::Data<ApiState>>()
            .cloned()
            .ok_or_else(|| Problem::internal(request, "no state"))?;
        let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let bearer = || text("authorization").and_then(bearer_token);
        let key = text("x-api-key").or_else(|| text("x-dolfin-api-key")).or_else(bearer);
        let Some(key) = key else { return Err(Problem::unauthorized(request)) };
        let found = state.actions.api_key(key.trim()).await;
        let found = found.map_err(|error| Problem::internal(request, &error.to_string()))?;
        let (key, organisation_id) = found.ok_or_else(|| Problem::unauthorized(request))?;
        state.admit(key).map_err(|wait| Problem::rate_limited(request, wait))?;
        Ok(Self { key, organisation_id, state })
    }
}

impl FromRequest for Program {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let admitted = request.extensions_mut().remove::<Self>();
        ready(admitted.ok_or_else(|| Problem::internal(request, "the route lets anyone in")))
    }
}
