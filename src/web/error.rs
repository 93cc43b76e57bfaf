//! What a person reads when something cannot be done, translated once, at the door.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use thiserror::Error;
use tracing::error;

use super::sign_in::SignInPage;
use crate::actions::{ActionError, ChangeRefused};
use crate::domain::search::SearchTooLong;
use crate::domain::text::Line;
use crate::store::StoreError;

/// Why a page cannot be shown.
#[derive(Debug, Error)]
pub enum WebError {
    /// Nobody is signed in.
    #[error("Please sign in.")]
    SignInFirst {
        /// Where to go afterwards.
        next: String,
        /// Whether htmx asked.
        is_htmx: bool,
    },
    /// The session had ended; what was sent is offered once more after signing in.
    #[error("Please sign in.")]
    SignInAndGoOn {
        /// The form, sealed.
        carried: String,
        /// Where to go if it is left.
        next: String,
        /// Whether htmx asked.
        is_htmx: bool,
    },
    /// The organisation asks for a second factor, which is still to be set up.
    #[error("Set up two-factor sign-in first.")]
    SecondFactorFirst {
        /// Whether htmx asked.
        is_htmx: bool,
    },
    /// The role in the organisation of this name may not do this.
    #[error("Your role does not let you do this. Ask an admin of {0}.")]
    Forbidden(Line),
    /// The form does not come from a page of ours.
    #[error("This form was not sent from a current page of Dunlin. Go back, reload the page and try again.")]
    ForeignForm,
    /// There is no such page or thing.
    #[error("There is nothing at this address, or it is not yours to see.")]
    NotFound,
    /// The address is there, but not for this method.
    #[error("This address cannot be used like that. Open the page from the menu.")]
    NoSuchMethod,
    /// It was asked for too often.
    #[error("{sentence}")]
    TooMany {
        /// What the person reads.
        sentence: String,
        /// When to come again.
        seconds: u64,
    },
    /// The request cannot be understood.
    #[error("{0}")]
    BadRequest(String),
    /// The request has more bytes than are taken.
    #[error("{0}")]
    TooLarge(String),
    /// The rest of the request did not come.
    #[error("The request took too long to arrive. Send it again; if it stays, from a faster connection.")]
    TooSlow,
    /// What was asked for cannot be done.
    #[error("{0}")]
    Refused(String),
    /// Something of ours is broken.
    #[error(
        "Something went wrong on our side. Nothing was changed. Try again; if it stays, look into the log."
    )]
    Internal(String),
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<SearchTooLong> for WebError {
    fn from(error: SearchTooLong) -> Self {
        Self::BadRequest(error.to_string())
    }
}

impl From<askama::Error> for WebError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<ActionError> for WebError {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Store(error) => error.into(),
            ActionError::NotFound => Self::NotFound,
            ActionError::Throttled(seconds) => Self::TooMany { sentence: error.to_string(), seconds },
            ActionError::NothingSelected
            | ActionError::TooMany(_)
            | ActionError::NotRemindable(_)
            | ActionError::Stale(_)
            | ActionError::NotSure(_)
            | ActionError::NotConfirmed
            | ActionError::Payment(_)
            | ActionError::Invoice(_)
            | ActionError::Refused(_) => Self::Refused(error.to_string()),
        }
    }
}

impl From<ChangeRefused> for WebError {
    fn from(refused: ChangeRefused) -> Self {
        match refused {
            ChangeRefused::Meanwhile(_) => Self::Refused(refused.to_string()),
            ChangeRefused::Other(error) => error.into(),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    sentence: String,
}

impl WebError {
    fn title(&self) -> &'static str {
        match self {
            Self::SignInFirst { .. } | Self::SignInAndGoOn { .. } => "Sign in",
            Self::SecondFactorFirst { .. } => "Two-factor sign-in",
            Self::Forbidden(_) => "Not allowed",
            Self::ForeignForm => "Form not accepted",
            Self::NotFound => "Not found",
            Self::NoSuchMethod => "Not possible",
            Self::TooMany { .. } => "Too much at once",
            Self::BadRequest(_) => "Not understood",
            Self::TooLarge(_) => "Too large",
            Self::TooSlow => "Too slow",
            Self::Refused(_) => "Not possible",
            Self::Internal(_) => "Something went wrong",
        }
    }
}

/// The header that leads to another page.
fn elsewhere(is_htmx: bool) -> &'static str {
    if is_htmx { "HX-Redirect" } else { header::LOCATION.as_str() }
}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignInFirst { is_htmx: false, .. } | Self::SecondFactorFirst { is_htmx: false } => {
                StatusCode::SEE_OTHER
            }
            Self::SignInFirst { is_htmx: true, .. } | Self::SignInAndGoOn { .. } => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::SecondFactorFirst { is_htmx: true } | Self::ForeignForm => {
                StatusCode::FORBIDDEN
            }
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::SignInFirst { next, is_htmx } => {
                let to =
                    format!("/sign-in?{}", serde_html_form::to_string([("next", next)]).unwrap_or_default());
                return response.insert_header((elsewhere(*is_htmx), to)).finish();
            }
            Self::SecondFactorFirst { is_htmx } => {
                return response
                    .insert_header((elsewhere(*is_htmx), "/settings/profile/two-factor"))
                    .finish();
            }
            Self::SignInAndGoOn { carried, next, is_htmx } => {
                if *is_htmx {
                    response.insert_header(("HX-Retarget", "body")).insert_header(("HX-Reswap", "innerHTML"));
                }
                let page = SignInPage::to_go_on(next.clone(), carried.clone());
                let page = page.render().unwrap_or_else(|_| self.to_string());
                return response.content_type(ContentType::html()).body(page);
            }
            Self::TooMany { seconds, .. } => {
                response.insert_header((header::RETRY_AFTER, *seconds));
            }
            Self::Internal(cause) => error!(cause, "a page could not be shown"),
            _ => {}
        }
        let page = ErrorPage { title: self.title(), sentence: self.to_string() };
        response.content_type(ContentType::html()).body(page.render().unwrap_or_else(|_| self.to_string()))
    }
}
