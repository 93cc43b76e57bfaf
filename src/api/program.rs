//! The program of a request: its key, its pace, and what it takes for an answer.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use super::accept::takes_json;
use super::{ApiState, Problem};
use crate::actions::{ActionError, Actions};
use crate::domain::ids::{ApiKeyId, OrganisationId};
use crate::domain::person::Principal;
use crate::routes::visitor;
use crate::store::Snapshot;

/// Who asks. The door answers 401, 429 and 406 before anything else is looked at.
pub struct Program {
    /// Its key, as somebody who may do what a Clerk may.
    pub principal: Principal,
    /// Which key.
    pub key: ApiKeyId,
    state: web::Data<ApiState>,
}

impl Program {
    /// Whose ledger it may read and change.
    pub(super) fn organisation(&self) -> OrganisationId {
        self.principal.organisation_id
    }

    /// The verbs.
    pub(super) fn actions(&self) -> &Actions {
        &self.state.actions
    }

    /// Reads one state of the database.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Snapshot<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.state.reader.read(work).await
    }

    /// Who sends a request, as its key says.
    pub(super) async fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let state = request.app_data::<web::Data<ApiState>>().ok_or_else(|| Problem::internal("no state"))?;
        let key = key_in(request.headers()).ok_or_else(Problem::unauthorized)?;
        let found =
            state.actions.api_key(key).await.map_err(|error| Problem::internal(&error.to_string()))?;
        let Some((key, principal)) = found else { return Err(wrong_key(&state.actions, request).await) };
        state.rate.count(&key).map_err(Problem::rate_limited)?;
        let accepted = request.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
        if !takes_json(accepted) {
            return Err(Problem::not_acceptable());
        }
        Ok(Self { principal, key, state: state.clone() })
    }
}

impl FromRequest for Program {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let admitted = request.extensions_mut().remove::<Self>();
        ready(admitted.ok_or_else(|| Problem::internal("the route lets anyone in")))
    }
}

/// Why a key that there is not is refused: for it, or for too many of them from one address.
async fn wrong_key(actions: &Actions, request: &HttpRequest) -> Problem {
    match actions.count_wrong_key(&visitor(request).to_string()).await {
        Ok(()) => Problem::unauthorized(),
        Err(ActionError::Throttled(seconds)) => Problem::too_many_wrong_keys(seconds),
        Err(error) => Problem::internal(&error.to_string()),
    }
}

/// The key of a request: the first of the headers that has one.
fn key_in(headers: &HeaderMap) -> Option<&str> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = || text("authorization").and_then(bearer_token);
    let candidates = [text("x-api-key"), text("x-dolfin-api-key"), bearer()];
    candidates.into_iter().flatten().map(str::trim).find(|key| !key.is_empty())
}

/// The token of an `Authorization` header; a scheme's name is the same in any case (RFC 9110, 11.1).
fn bearer_token(value: &str) -> Option<&str> {
    value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token)
}
