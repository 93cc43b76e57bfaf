//! What the log says of a request: its id, method and route, the answer and how long it took. Never the address that was
//! asked for, which may hold a search, somebody's e-mail address or a token.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage};
use tracing::field::Empty;
use tracing::{Span, debug, info, info_span};
use tracing_actix_web::{RequestId, RootSpanBuilder};

/// The log of requests: those that may change something, and those that are refused or fail; with `debug` all.
pub(super) struct Requests;

struct Begun(Instant);

impl RootSpanBuilder for Requests {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        let route = request.match_pattern().unwrap_or_default();
        request.extensions_mut().insert(Begun(Instant::now()));
        info_span!("request", request_id = id, method = %request.method(), route, status = Empty)
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let Ok(answer) = outcome else { return };
        let (status, request) = (answer.status(), answer.request());
        let begun = request.extensions().get::<Begun>().map(|begun| begun.0.elapsed());
        let milliseconds = begun.map_or(0, |time| time.as_millis());
        span.record("status", status.as_u16());
        let is_refused = matches!(status.as_u16(), 401 | 403 | 429 | 500..);
        if request.method().is_safe() && !is_refused {
            debug!(parent: &span, milliseconds, "answered");
        } else {
            info!(parent: &span, milliseconds, "answered");
        }
    }
}
