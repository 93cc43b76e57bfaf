//! What was heard of a mail server: a reply, or words for why there was none.

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Response;

use super::reply::Reply;

/// What came of waiting for an answer.
pub(super) enum Said {
    /// An answer.
    Reply(Reply),
    /// None, and why.
    Nothing(String),
}

impl Said {
    /// `None` is an answer that did not come in time.
    pub(super) fn of(heard: Option<Result<Response, Error>>) -> Self {
        match heard {
            Some(Ok(response)) => Self::Reply(Reply {
                code: response.code().into(),
                text: response.message().collect::<Vec<_>>().join(" "),
            }),
            Some(Err(error)) => reply_in(&error).map_or_else(|| Self::Nothing(in_words(&error)), Self::Reply),
            None => Self::Nothing("the mail server did not answer in time".to_owned()),
        }
    }
}

/// The refusal that an error of lettre's is made of, if it is.
pub(super) fn reply_in(error: &Error) -> Option<Reply> {
    error.status().map(|code| Reply { code: code.into(), text: source_of(error) })
}

/// Why there was no reply.
pub(super) fn in_words(error: &Error) -> String {
    match without_number(&source_of(error)).as_str() {
        "incomplete response" => "the mail server closed the connection before it answered".to_owned(),
        _ if error.is_response() => "the answer is not one of a mail server".to_owned(),
        words if words.contains("corrupt message") => "what answers there does not speak TLS".to_owned(),
        words => words.to_owned(),
    }
}

/// An error of the operating system without its number, which helps nobody.
pub(super) fn without_number(words: &str) -> String {
    words.split(" (os error").next().unwrap_or(words).to_owned()
}

fn source_of(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
