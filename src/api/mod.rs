//! The program's door: JSON under `/api/v1`, keys, problem details on every failure.

mod invoices;
mod problem;
mod reminders;

use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::actions::Actions;
use crate::domain::ids::{ApiKeyId, OrganisationId};
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

/// The routes of the program's door.
pub fn routes(config: &mut web::ServiceConfig) {
    let query = web::QueryConfig::default()
        .error_handler(|error, request| Problem::malformed(request, format!("{error}.")).into());
    config
        .app_data(query)
        .service(
            web::resource("/v1/invoices")
                .get(invoices::index)
                .default_service(web::to(problem::method_not_allowed)),
        )
        .service(
            web::resource("/v1/invoices/{id}/reminders")
                .get(reminders::index)
                .default_service(web::to(problem::method_not_allowed)),
        )
        .default_service(web::to(problem::no_route));
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

impl FromRequest for Program {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let problem = |problem: fn(&HttpRequest) -> Problem| problem(&request);
            let state = request
                .app_data::<web::Data<ApiState>>()
                .cloned()
                .ok_or_else(|| Problem::internal(&request, "no state"))?;
            let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
            let bearer = || text("authorization").and_then(bearer_token);
            let key = text("x-api-key").or_else(|| text("x-dolfin-api-key")).or_else(bearer);
            let Some(key) = key else { return Err(problem(Problem::unauthorized)) };
            let found = state
                .actions
                .api_key(key.trim())
                .await
                .map_err(|e| Problem::internal(&request, &e.to_string()))?;
            let (key, organisation_id) = found.ok_or_else(|| problem(Problem::unauthorized))?;
            state.admit(key).map_err(|wait| Problem::rate_limited(&request, wait))?;
            Ok(Self { key, organisation_id, state })
        })
    }
}
