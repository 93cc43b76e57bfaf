//! The header `Idempotency-Key`: the same request under the same key is done once and answered alike for a day.

use std::future::Future;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName};
use serde_json::{Map, Value, json};
use tracing::error;
use uuid::Uuid;

use super::call::Answer;
use super::{Problem, Program};
use crate::actions::{Actions, Keyed, Remembered};
use crate::domain::ids::ApiKeyId;
use crate::store::KeptAnswer;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// On an answer that was given before.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The longest key, in characters.
const LONGEST: usize = 255;

/// A program's word for one request, and what tells this request from any other.
pub(super) struct IdempotencyKey {
    word: String,
    what: String,
}

impl IdempotencyKey {
    /// The key of a request with a JSON body, if it has one.
    ///
    /// # Errors
    /// When it cannot be one.
    pub(super) fn of(request: &HttpRequest, body: &str) -> Result<Option<Self>, Problem> {
        let Some(word) = word_in(request.headers())? else { return Ok(None) };
        // What tells it from another body: its value, or the text of one with a number that no number here can hold.
        let body =
            serde_json::from_str::<Value>(body).map_or_else(|_| body.to_owned(), |value| value.to_string());
        Ok(Some(Self { word, what: format!("{} {}\n{body}", request.method(), request.uri()) }))
    }

    /// Does what the key has not seen done, or gives its answer again.
    ///
    /// # Errors
    /// When the key was used for something else, or what it stands for is being done; or as `work` fails.
    pub(super) async fn once<W>(
        self,
        program: Program,
        work: impl FnOnce(Program, Uuid) -> W,
    ) -> Result<Answer, Problem>
    where
        W: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        let actions = program.actions().clone();
        match begun(&actions, program.key, self).await? {
            Keyed::Answered(kept) => again(kept),
            Keyed::Reused => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "IdempotencyKey.Reused",
                "This Idempotency-Key was used for another request. Send each request under a key of its own.",
            )),
            Keyed::InFlight => Err(Problem::conflict(
                "IdempotencyKey.InFlight",
                "The request under this Idempotency-Key is being answered. Wait for that, or send it again later.",
            )),
            Keyed::Do(turn, id) => {
                let work = work(program, id.as_uuid());
                // It goes on and is remembered also when the caller hangs up.
                let done = tokio::spawn(async move {
                    let answer = work.await;
                    if let Err(error) = actions.end_keyed(turn, remembered(&answer)).await {
                        error!(%error, "an answer could not be kept");
                    }
                    answer
                });
                done.await.unwrap_or_else(|error| Err(Problem::internal(&error.to_string())))
            }
        }
    }
}

async fn begun(actions: &Actions, program: ApiKeyId, key: IdempotencyKey) -> Result<Keyed, Problem> {
    let begun = actions.begin_keyed(program, key.word, &key.what).await;
    begun.map_err(|error| Problem::internal(&error.to_string()))
}

fn word_in(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(HEADER);
    let Some(value) = values.next() else { return Ok(None) };
    let word = value.to_str().unwrap_or_default().trim();
    let is_word = (1..=LONGEST).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic());
    match is_word && values.next().is_none() {
        true => Ok(Some(word.to_owned())),
        false => Err(Problem::malformed(format!(
            "Send one Idempotency-Key of 1 to {LONGEST} letters, digits and signs, without blanks."
        ))),
    }
}

/// What is remembered of an answer: successes, where they are final, and what is so whoever asks how often (404, 409).
fn remembered(answer: &Result<Answer, Problem>) -> Remembered {
    match answer {
        Ok(answer) => answer.remembered(),
        Err(problem) => match problem.status {
            StatusCode::NOT_FOUND | StatusCode::CONFLICT => {
                let body = json!({
                    "code": problem.code,
                    "detail": problem.detail,
                    "members": problem.members,
                });
                Remembered::Answer(KeptAnswer { status: problem.status.as_u16(), body: body.to_string() })
            }
            StatusCode::INTERNAL_SERVER_ERROR => Remembered::Id,
            _ => Remembered::Nothing,
        },
    }
}

/// A kept answer, given again.
fn again(kept: KeptAnswer) -> Result<Answer, Problem> {
    let unreadable = |_| Problem::internal("a kept answer cannot be read");
    let status = StatusCode::from_u16(kept.status).map_err(|_| Problem::internal("no status"))?;
    if status.is_success() {
        return Ok(Answer::again(status, kept.body));
    }
    let problem: Value = serde_json::from_str(&kept.body).map_err(unreadable)?;
    let text = |member: &str| problem[member].as_str().unwrap_or_default().to_owned();
    let mut again = Problem::new(status, text("code"), text("detail")).header(REPLAYED, "true");
    again.members = problem["members"].as_object().map_or_else(Map::new, Clone::clone);
    Err(again)
}
