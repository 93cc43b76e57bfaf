//! A request with a body: who asks, then what the body says, in the order in which failures are answered (401, 429,
//! 406, then 413, 415, 400).

use std::fmt::Display;
use std::future::Future;
use std::io;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use futures_util::StreamExt;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::idempotency::{IdempotencyKey, REPLAYED};
use super::{Problem, Program};
use crate::actions::Remembered;
use crate::clock::Ids;
use crate::domain::ids::ThingId;
use crate::store::KeptAnswer;

/// How deep a body may be nested: more is nobody's, and would take the stack of who reads it.
const DEEPEST: usize = 100;

/// A program's request whose body is a `T`: an object, or nothing where `T` is an `Option`. A body that is empty is
/// `null`. Whether unknown members are refused is the type's own say (`deny_unknown_fields`).
pub(super) struct Call<T> {
    program: Program,
    body: T,
    key: Option<IdempotencyKey>,
}

/// The largest body in bytes: 10,000 ids and some more.
const LARGEST: usize = 512 * 1024;
/// Of a body that is too large, so much is read to its end, for a caller that still writes hears no answer.
const PUT_UP_WITH: usize = 16 * 1024 * 1024;

impl<T> Call<T> {
    /// The same with what the body means.
    ///
    /// # Errors
    /// When it means nothing: to be found before the key is looked at.
    pub(super) fn read<U>(self, read: impl FnOnce(T) -> Result<U, Problem>) -> Result<Call<U>, Problem> {
        Ok(Call { program: self.program, body: read(self.body)?, key: self.key })
    }

    /// Does what is asked and answers; under an `Idempotency-Key` once, however often it is asked. `work` is given the
    /// program, the body, and the id that what comes of it is to have: doing it again with the same id must be doing it
    /// once, for that is what happens after a crash.
    pub(super) async fn once<F, W>(self, work: F) -> Result<Answer, Problem>
    where
        F: FnOnce(Program, T, Uuid) -> W,
        W: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        let Self { program, body, key } = self;
        match key {
            Some(key) => key.once(program, |program, id| work(program, body, id)).await,
            None => work(program, body, Ids.next()).await,
        }
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Call<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let program = Program::extract(&request).await?;
            let bytes = arrived(payload).await?;
            let (text, body) = read(request.headers(), &bytes)?;
            Ok(Self { program, body, key: IdempotencyKey::of(&request, text)? })
        })
    }
}

/// Why the rest of a body does not come; the server gives up on one that is too slow.
fn broken_off(error: PayloadError) -> Problem {
    match error {
        PayloadError::Io(cause) if cause.kind() == io::ErrorKind::TimedOut => {
            let detail = "The body took too long to arrive. Send it again.";
            Problem::new(StatusCode::REQUEST_TIMEOUT, "Request.Timeout", detail)
        }
        _ => Problem::malformed("The body did not arrive whole. Send it again."),
    }
}

/// The whole body.
async fn arrived(mut payload: Payload) -> Result<Bytes, Problem> {
    let (mut bytes, mut length) = (BytesMut::new(), 0);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(broken_off)?;
        length += chunk.len();
        if length <= LARGEST {
            bytes.extend_from_slice(&chunk);
        } else if length > PUT_UP_WITH {
            break;
        }
    }
    match length <= LARGEST {
        true => Ok(bytes.freeze()),
        false => Err(Problem::too_large(format!("The body is larger than {} KiB.", LARGEST / 1024))),
    }
}

/// A body as the JSON text and as the `T` that it is.
fn read<'a, T: DeserializeOwned>(headers: &HeaderMap, bytes: &'a [u8]) -> Result<(&'a str, T), Problem> {
    let no_json = |why: &dyn Display| Problem::malformed(format!("This is not JSON: {why}."));
    let text = match bytes {
        [] => "null",
        bytes => {
            is_plain_json(headers)?;
            std::str::from_utf8(bytes).map_err(|error| no_json(&error))?
        }
    };
    // As any JSON first: also what the type would skip is JSON, and not too deep.
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| no_json(&error))?;
    if depth(text) > DEEPEST {
        return Err(Problem::malformed(format!("The body is nested more than {DEEPEST} deep.")));
    }
    let no_object = || Problem::malformed("The body is not a JSON object.");
    let body = match text.trim_start().bytes().next() {
        Some(b'{') => serde_json::from_str(text)
            .map_err(|error| Problem::malformed(format!("The body cannot be read: {error}.")))?,
        Some(b'n') => serde_json::from_str(text).map_err(|_| no_object())?,
        _ => return Err(no_object()),
    };
    Ok((text, body))
}

/// How deep a JSON text is nested.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut is_escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Whether a body says that it is JSON as it stands.
fn is_plain_json(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase());
    let media = text(header::CONTENT_TYPE).unwrap_or_default();
    let (essence, parameters) = media.split_once(';').unwrap_or((&media, ""));
    let charset = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("charset="));
    if essence.trim() != "application/json"
        || charset.is_some_and(|charset| charset.trim_matches('"') != "utf-8")
    {
        return Err(Problem::unsupported(
            "Send the body as application/json in UTF-8, with that Content-Type.",
        ));
    }
    match text(header::CONTENT_ENCODING).as_deref() {
        None | Some("identity") => Ok(()),
        Some(_) => Err(Problem::unsupported("Send the body without a Content-Encoding.")),
    }
}

/// An answer that can be given again word for word.
pub(super) struct Answer {
    status: StatusCode,
    body: String,
    is_again: bool,
    /// What it tells of while that is still to settle.
    open: Option<ThingId>,
}

impl Answer {
    /// 200 with a body.
    pub(super) fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Self::with(StatusCode::OK, body)
    }

    /// A success with a body.
    pub(super) fn with(status: StatusCode, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(|error| Problem::internal(&error.to_string()))?;
        Ok(Self { status, body, is_again: false, open: None })
    }

    /// One that was given before.
    pub(super) fn again(status: StatusCode, body: String) -> Self {
        Self { status, body, is_again: true, open: None }
    }

    /// Where what was made is: under its id, below the address that makes it. A dry run makes nothing.
    fn made_at(&self, request: &HttpRequest) -> Option<String> {
        #[derive(Deserialize)]
        struct Made {
            id: String,
        }
        if !matches!(self.status, StatusCode::CREATED | StatusCode::ACCEPTED) {
            return None;
        }
        let made: Made = serde_json::from_str(&self.body).ok()?;
        Some(format!("{}/{}", request.match_pattern()?, made.id))
    }

    /// The same, of a thing that is still to settle: under a key it is answered as it is when it is asked again.
    pub(super) fn of_open(self, id: Uuid) -> Self {
        Self { open: Some(id.into()), ..self }
    }

    /// What is remembered of it.
    pub(super) fn remembered(&self) -> Remembered {
        match self.open {
            Some(id) => Remembered::Open(id),
            None => Remembered::Answer(KeptAnswer { status: self.status.as_u16(), body: self.body.clone() }),
        }
    }
}

impl Responder for Answer {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(address) = self.made_at(request) {
            response.insert_header((header::LOCATION, address));
        }
        if self.is_again {
            response.insert_header((REPLAYED, "true"));
        }
        response.content_type("application/json").body(self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_texts() {
        for (json, expected) in
            [("1", 0), ("{}", 1), (r#"{"a":[{"b":1}]}"#, 3), (r#"{"[\"[[":"[["}"#, 1), ("[[],[]]", 2)]
        {
            assert_eq!(depth(json), expected, "{json}");
        }
    }

    #[test]
    fn a_body_that_breaks_off_is_told_in_words_of_ours() {
        for error in [PayloadError::Incomplete(None), PayloadError::EncodingCorrupted] {
            let problem = broken_off(error);
            assert_eq!((problem.status.as_u16(), &*problem.code), (400, "Request.Malformed"));
            assert_eq!(problem.detail, "The body did not arrive whole. Send it again.");
        }
    }
}
