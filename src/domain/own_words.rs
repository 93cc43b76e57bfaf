//! What a program says instead of the text of the stage: plain text without fields, in the organisation's layout.

use thiserror::Error;

use super::text::{Line, is_blank, is_unprintable};

/// The longest message, in characters.
pub const MAX_MESSAGE_CHARS: usize = 10_000;

/// A program's own subject, message, or both. What is missing is taken from the text of the stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnWords {
    /// The subject.
    pub subject: Option<Line>,
    /// The message.
    pub message: Option<PlainText>,
}

/// Lines of text, with something to be seen in them: no controls but tabs and line feeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainText(String);

/// Why words are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidWords {
    /// More than [`Line::MAX_CHARS`].
    #[error("The subject has {0} characters; send at most {max}.", max = Line::MAX_CHARS)]
    SubjectTooLong(usize),
    /// A line break or another control character.
    #[error("The subject has a line break or another control character. Send one line of text.")]
    SubjectUnprintable,
    /// More than [`MAX_MESSAGE_CHARS`].
    #[error("The message has {0} characters; send at most {MAX_MESSAGE_CHARS}.")]
    MessageTooLong(usize),
}

impl OwnWords {
    /// Reads what a program sends. What the contract lets through and a mail cannot carry is removed; what is blank then
    /// was not said.
    ///
    /// # Errors
    /// When the contract does not let it through.
    pub fn read(subject: Option<&str>, message: Option<&str>) -> Result<Self, InvalidWords> {
        let (subject, message) = (subject.unwrap_or_default(), message.unwrap_or_default());
        match (subject.chars().count(), message.chars().count()) {
            (long, _) if long > Line::MAX_CHARS => return Err(InvalidWords::SubjectTooLong(long)),
            (_, long) if long > MAX_MESSAGE_CHARS => return Err(InvalidWords::MessageTooLong(long)),
            _ if subject.chars().any(|c| c.is_ascii_control()) => {
                return Err(InvalidWords::SubjectUnprintable);
            }
            _ => {}
        }
        let subject: String = subject.chars().filter(|c| !is_unprintable(*c)).collect();
        Ok(Self { subject: subject.parse().ok(), message: PlainText::of(message) })
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.subject.is_none() && self.message.is_none()
    }
}

impl PlainText {
    fn of(text: &str) -> Option<Self> {
        let is_kept = |c: &char| matches!(c, '\t' | '\n') || !(c.is_control() || is_place(*c));
        let text: String = text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(is_kept).collect();
        (!is_blank(&text)).then(|| Self(text.trim_start_matches('\n').trim_end().to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A noncharacter that stands for a place in a form letter.
fn is_place(character: char) -> bool {
    matches!(character, '\u{fdd0}'..='\u{fdef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(subject: &str, message: &str) -> (Option<String>, Option<String>) {
        let words = OwnWords::read(Some(subject), Some(message)).unwrap();
        (words.subject.map(|line| line.to_string()), words.message.map(|text| text.as_str().to_owned()))
    }

    #[test]
    fn what_a_mail_cannot_carry_is_removed_and_what_is_blank_then_was_not_said() {
        let said = |subject: &str, message: &str| (Some(subject.to_owned()), Some(message.to_owned()));
        assert_eq!(
            read(" Last call ", "Dear\r\nAda,\r\n\tpay.\n\n"),
            said("Last call", "Dear\nAda,\n\tpay.")
        );
        assert_eq!(read("a\u{85}\u{202e}\u{2028}b", "a\0\u{1b}\u{85}\u{fdd0}b\rc"), said("ab", "ab\nc"));
        for blank in ["", "  ", "\u{200b}", "\u{85}\u{2029}"] {
            assert_eq!(read(blank, blank), (None, None), "{blank:?}");
        }
        assert_eq!(read("", "\r\n\0\t").1, None);
        assert!(OwnWords::read(None, None).unwrap().is_empty());
    }

    #[test]
    fn the_contract_sets_the_lengths_and_refuses_controls_in_a_subject() {
        let subject = |text: &str| OwnWords::read(Some(text), None).map(drop);
        for text in ["a\rb", "a\nBcc: b", "a\tb", "\0", "\u{7f}"] {
            assert_eq!(subject(text), Err(InvalidWords::SubjectUnprintable), "{text:?}");
        }
        assert_eq!(subject(&"🙂".repeat(200)), Ok(()));
        assert_eq!(subject(&"x".repeat(201)), Err(InvalidWords::SubjectTooLong(201)));
        let message = |chars: usize| OwnWords::read(None, Some(&"é".repeat(chars))).map(drop);
        assert_eq!(message(10_000), Ok(()));
        assert_eq!(message(10_001), Err(InvalidWords::MessageTooLong(10_001)));
    }
}
