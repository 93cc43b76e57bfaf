//! A text's preview: the mail beside the editor, and the HTML part as a document of its own, which the page shows in a
//! sandboxed frame. The frame's address carries the text, so nothing is kept for it.

use std::io::{Read, Write};

use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Deserialize;

use super::Desk;
use crate::actions::{ActionError, EditRefused, ShownWith};
use crate::domain::email::{BuiltIn, MAX_MESSAGE_BYTES, TemplateProblem, TemplateText};
use crate::web::WebError;
use crate::web::mail_previews::mail_document;
use crate::web::session::{SignedIn, is_same_origin};

/// The preview beside the editor.
#[derive(Default)]
pub(super) struct Preview {
    /// Why the typed text makes no mail; the mail shown is the last one that was made.
    pub(super) problems: Vec<TemplateProblem>,
    /// Why nothing can be shown at all.
    pub(super) refusal: Option<String>,
    /// The text that is shown, as the form keeps it.
    pub(super) good: String,
    pub(super) subject: String,
    pub(super) plain: String,
    /// Where the HTML part is.
    pub(super) document: String,
}

impl Preview {
    /// The mail that a text makes.
    pub(super) async fn of(desk: &Desk, text: &TemplateText, with: &str) -> Result<Self, WebError> {
        let (user, actions) = (&desk.by.user, &desk.by.state.actions);
        match actions.try_template(user, desk.built_in, text.clone(), shown_with(with)).await {
            Ok(mail) => {
                let good = packed(text);
                let document = format!("{}?text={good}&with={with}", desk.href("/preview"));
                let (subject, plain) = (mail.subject, mail.text);
                Ok(Self { good, subject, plain, document, ..Self::default() })
            }
            Err(EditRefused::Problems(problems)) => Ok(Self { problems, ..Self::default() }),
            Err(EditRefused::Other(ActionError::Refused(why))) => {
                Ok(Self { refusal: Some(why), ..Self::default() })
            }
            Err(EditRefused::Other(error)) => Err(error.into()),
            Err(meanwhile @ EditRefused::Meanwhile(_)) => Err(WebError::Internal(meanwhile.to_string())),
        }
    }

    /// The mail that the typed text makes; while it has problems, the last one that could be made, and the problems.
    pub(super) async fn live(
        desk: &Desk,
        typed: &TemplateText,
        good: &str,
        with: &str,
    ) -> Result<Self, WebError> {
        let now = Self::of(desk, typed, with).await?;
        if now.problems.is_empty() {
            return Ok(now);
        }
        let last = unpacked(good).unwrap_or_else(|| desk.text());
        Ok(Self { problems: now.problems, ..Self::of(desk, &last, with).await? })
    }

    /// Whether the mail shown is not the one of the typed text.
    pub(super) fn is_stale(&self) -> bool {
        !self.problems.is_empty()
    }
}

/// What a form's choice stands for: an invoice's id, or the sample.
pub(super) fn shown_with(choice: &str) -> ShownWith {
    choice.parse().map_or(ShownWith::Sample, ShownWith::Invoice)
}

/// The address of a preview's document.
#[derive(Deserialize)]
pub struct Shown {
    #[serde(default)]
    text: String,
    #[serde(default)]
    with: String,
}

/// `GET .../preview`: the HTML part alone, for the sandboxed frame.
pub async fn document(
    request: HttpRequest,
    by: SignedIn,
    slug: web::Path<String>,
    shown: web::Query<Shown>,
) -> Result<HttpResponse, WebError> {
    // Nobody else's page may make Dunlin show a text of theirs.
    if !is_same_origin(&request) {
        return Err(WebError::ForeignForm);
    }
    let built_in = BuiltIn::of_slug(&slug).ok_or(WebError::NotFound)?;
    let text = unpacked(&shown.text).ok_or(WebError::NotFound)?;
    match by.state.actions.try_template(&by.user, built_in, text, shown_with(&shown.with)).await {
        Ok(mail) => Ok(mail_document(mail)),
        Err(EditRefused::Other(error)) => Err(error.into()),
        Err(EditRefused::Problems(_) | EditRefused::Meanwhile(_)) => Err(WebError::NotFound),
    }
}

/// A text as a part of an address.
pub(super) fn packed(text: &TemplateText) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(format!("{}\n{}", text.subject, text.message).as_bytes());
    let bytes = written.and_then(|()| encoder.finish()).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The text of an address; `None` for anything that [`packed`] does not make.
pub(super) fn unpacked(packed: &str) -> Option<TemplateText> {
    let bytes = URL_SAFE_NO_PAD.decode(packed).ok()?;
    let mut text = String::new();
    let limit = MAX_MESSAGE_BYTES as u64 + 1_000;
    DeflateDecoder::new(bytes.as_slice()).take(limit).read_to_string(&mut text).ok()?;
    let (subject, message) = text.split_once('\n')?;
    Some(TemplateText { subject: subject.to_owned(), message: message.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_from_its_address() {
        let text = TemplateText { subject: "Zahlung f\u{fc}llig".to_owned(), message: "a\n\nb\n".to_owned() };
        assert_eq!(unpacked(&packed(&text)), Some(text));
    }

    #[test]
    fn an_address_that_no_page_made_is_refused_and_cannot_grow() {
        assert_eq!(unpacked("%%"), None);
        assert_eq!(unpacked("AAAA"), None);
        let bomb = TemplateText { subject: "s".to_owned(), message: "x".repeat(10_000_000) };
        assert!(unpacked(&packed(&bomb)).is_none_or(|text| text.message.len() < MAX_MESSAGE_BYTES + 1_000));
    }
}
