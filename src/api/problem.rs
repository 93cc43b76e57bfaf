//! Problem details (RFC 9457): what a program reads when something cannot be done.

use actix_web::HttpMessage;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;
use tracing::error;
use tracing_actix_web::RequestId;

/// A failure, in the contract's shape.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    instance: String,
    code: &'static str,
    request_id: String,
    #[serde(skip)]
    retry_after: Option<u64>,
}

impl Problem {
    fn new(request: &HttpRequest, status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:dunlin:problem:{code}"),
            title: code,
            status: status.as_u16(),
            detail: detail.into(),
            instance: request.path().to_owned(),
            code,
            request_id: request.extensions().get::<RequestId>().map_or_else(String::new, ToString::to_string),
            retry_after: None,
        }
    }

    /// No key, or one that may not be used.
    pub fn unauthorized(request: &HttpRequest) -> Self {
        let detail = "Send a valid API key in the header x-api-key or as a bearer token.";
        Self::new(request, StatusCode::UNAUTHORIZED, "Auth.Unauthorized", detail)
    }

    /// A key that may not do this.
    pub fn forbidden(request: &HttpRequest) -> Self {
        let detail = "An API key may not do this. An admin can, in the portal.";
        Self::new(request, StatusCode::FORBIDDEN, "Auth.Forbidden", detail)
    }

    /// A method that an address does not have.
    pub fn no_such_method(request: &HttpRequest) -> Self {
        let detail = "This address does not have this method.";
        Self::new(request, StatusCode::METHOD_NOT_ALLOWED, "Request.MethodNotAllowed", detail)
    }

    /// More requests than the key may make.
    pub fn rate_limited(request: &HttpRequest, wait: Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        let detail = format!("This key makes too many requests. Wait {seconds} s, then go on.");
        let problem = Self::new(request, StatusCode::TOO_MANY_REQUESTS, "RateLimited", detail);
        Self { retry_after: Some(seconds), ..problem }
    }

    /// A request that cannot be understood.
    pub fn malformed(request: &HttpRequest, detail: impl Into<String>) -> Self {
        Self::new(request, StatusCode::BAD_REQUEST, "Request.Malformed", detail)
    }

    /// No invoice with that id for this organisation.
    pub fn no_invoice(request: &HttpRequest) -> Self {
        Self::new(request, StatusCode::NOT_FOUND, "Invoice.NotFound", "There is no invoice with this id.")
    }

    /// Something of ours is broken.
    pub fn internal(request: &HttpRequest, cause: &str) -> Self {
        error!(cause, "a request could not be answered");
        let detail = "Something went wrong on our side. Nothing was changed. Try again.";
        Self::new(request, StatusCode::INTERNAL_SERVER_ERROR, "Internal", detail)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let body = serde_json::to_string(self).unwrap_or_default();
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.retry_after {
            response.insert_header(("Retry-After", seconds.to_string()));
        }
        response.content_type("application/problem+json").body(body)
    }
}

/// Any address of the API that is none.
pub(super) async fn no_route(request: HttpRequest) -> Problem {
    Problem::new(&request, StatusCode::NOT_FOUND, "Route.NotFound", "There is nothing at this address.")
}

impl actix_web::Responder for Problem {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}
