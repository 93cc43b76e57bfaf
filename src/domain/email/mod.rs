//! The texts of e-mails: a small language with merge fields, the built-in copy, and the rendering that preview and
//! sending share.

mod built_in;
mod compare;
mod fields;
mod form_letter;
mod form_letters;
mod layout;
mod link_letter;
mod markdown;
mod parser;
mod sample;
mod versions;

use std::fmt;

pub use built_in::BuiltIn;
pub use compare::{Compared, compare};
pub use fields::{Facts, MergeField};
pub use form_letter::FormLetter;
pub use form_letters::{Composed, FormLetters};
pub use link_letter::{LinkLetter, Notice};
pub use sample::Sample;
pub use versions::{Basis, InvalidBasis, VersionOrigin};

use super::mail_message::RenderedMail;
use super::own_words::OwnWords;
use form_letter::Slot;
use parser::{Node, Source};

/// The longest source of a message, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// The longest part of a mail, in bytes, whatever its fields stand for.
pub const MAX_PART_BYTES: usize = 256 * 1024;

/// A subject and a message as an admin writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateText {
    /// One line.
    pub subject: String,
    /// Markdown.
    pub message: String,
}

/// Where in a text a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The subject.
    Subject,
    /// The message.
    Message,
}

/// Why a text cannot be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProblem {
    /// In which part.
    pub part: Part,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong and what to do.
    pub sentence: String,
}

impl fmt::Display for TemplateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.part {
            Part::Subject => "Subject",
            Part::Message => "Message",
        };
        write!(f, "{part}, line {}, column {}: {}", self.line, self.column, self.sentence)
    }
}

/// The longest subject, fields as written: what mail programs show of more is cut off.
pub const MAX_SUBJECT_CHARS: usize = 200;

/// A text that can be sent: every field is known, every condition closed.
#[derive(Clone, Debug)]
pub struct Template {
    subject: Vec<Node>,
    message: Vec<Node>,
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// Every problem that keeps it from being sent, in reading order.
    pub fn parse(text: &TemplateText) -> Result<Self, Vec<TemplateProblem>> {
        let subject = match text.subject.chars().count() {
            long if long > MAX_SUBJECT_CHARS => Err(vec![TemplateProblem {
                part: Part::Subject,
                line: 1,
                column: MAX_SUBJECT_CHARS + 1,
                sentence: format!("The subject has {long} characters; write at most {MAX_SUBJECT_CHARS}."),
            }]),
            _ => parser::parse(&Source::subject(&text.subject))
                .and_then(|nodes| filled_always(nodes, Part::Subject)),
        };
        let message = parser::parse(&Source::message(&text.message))
            .and_then(|nodes| filled_always(nodes, Part::Message));
        match (subject, message) {
            (Ok(subject), Ok(message)) => Ok(Self { subject, message }),
            (subject, message) => Err(subject.err().into_iter().chain(message.err()).flatten().collect()),
        }
    }

    /// The mail for one invoice: what a preview shows is what is sent.
    ///
    /// # Errors
    /// When a part of it would be longer than [`MAX_PART_BYTES`].
    pub fn render(&self, facts: &Facts<'_>) -> Result<RenderedMail, MailTooLong> {
        let nobody = || uuid::Uuid::nil().into();
        self.compose(facts, &OwnWords::default(), &mut FormLetters::default(), nobody)
            .map(|composed| composed.rendered())
    }
}

/// Refuses a part that says nothing of some invoices: a mail without a subject or a message must not go out.
fn filled_always(nodes: Vec<Node>, part: Part) -> Result<Vec<Node>, Vec<TemplateProblem>> {
    if !may_be_empty(&nodes) {
        return Ok(nodes);
    }
    let name = match part {
        Part::Subject => "subject",
        Part::Message => "message",
    };
    let sentence = format!(
        "The {name} would be empty for some invoices. Write something outside of the conditions, or in both of their branches."
    );
    Err(vec![TemplateProblem { part, line: 1, column: 1, sentence }])
}

fn may_be_empty(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| match node {
        Node::Text(text) => text.trim().is_empty(),
        Node::Field(field) => field.may_be_empty(),
        Node::If { then, otherwise, .. } => may_be_empty(then) || may_be_empty(otherwise),
    })
}

/// A text whose fields stand for more than a mail may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The mail would be longer than 256 KiB. Use fewer fields.")]
pub struct MailTooLong;

/// A part with places for its fields; one whose value is empty leaves nothing behind.
fn with_places(nodes: &[Node], facts: &Facts<'_>, source: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => source.push_str(text),
            Node::Field(field) if field.value(facts).is_empty() => {}
            Node::Field(field) => source.push(Slot::Field(*field).place()),
            Node::If { field, is_negated, then, otherwise } => {
                let holds = field.value(facts).is_empty() == *is_negated;
                with_places(if holds { then } else { otherwise }, facts, source);
            }
        }
    }
}

/// A subject with its values.
fn filled(nodes: &[Node], facts: &Facts<'_>, subject: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => subject.push_str(text),
            Node::Field(field) => subject.push_str(&field.value(facts)),
            Node::If { field, is_negated, then, otherwise } => {
                let holds = field.value(facts).is_empty() == *is_negated;
                filled(if holds { then } else { otherwise }, facts, subject);
            }
        }
    }
}

/// Values are lines already; what is left to fold are an author's own blanks. At most 200 characters.
fn one_line(subject: &str) -> String {
    subject.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

#[cfg(test)]
mod tests;
