//! Texts that are safe to show, store and put into a mail header: one line, no control or direction-changing characters.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Why a text cannot be a [`Line`].
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LineError {
    /// Nothing but blanks.
    #[error("it is empty")]
    Empty,
    /// Only characters that leave no mark, such as a zero width space.
    #[error("it has no visible character")]
    Invisible,
    /// Longer than [`Line::MAX_CHARS`].
    #[error("it is longer than 200 characters")]
    TooLong,
    /// A line break, another control character or one that changes the direction of writing.
    #[error("it contains a line break, control or direction-changing character")]
    Unprintable,
}

/// One line of printable text, trimmed, 1 to 200 characters: a name, a number, a subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(String);

impl Line {
    /// The longest line, in characters.
    pub const MAX_CHARS: usize = 200;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which lines are searched: lower case.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for Line {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(LineError::Empty);
        }
        if text.chars().any(is_unprintable) {
            return Err(LineError::Unprintable);
        }
        if is_blank(text) {
            return Err(LineError::Invisible);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(LineError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Line {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Control characters (C0, DEL, C1), bidirectional controls, line and paragraph separators, and the noncharacters that
/// stand for places in form letters.
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fdd0}'..='\u{fdef}' | '\u{feff}')
}

/// Whether there is nothing to be seen in a text.
pub fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|character| character.is_whitespace() || character.is_control() || is_invisible(character))
}

/// Characters that leave no mark of their own: soft hyphen, fillers, joiners, selectors, invisible operators, tags.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_keeps_letters_of_every_script() {
        assert_eq!("  Bjørn 株式会社 🙂 ".parse::<Line>().unwrap().as_str(), "Bjørn 株式会社 🙂");
    }

    #[test]
    fn a_line_in_which_nothing_is_to_be_seen_is_refused() {
        for text in ["\u{200b}", "\u{200d}\u{2060} \u{ad}", "\u{3164}", "\u{fe0f}"] {
            assert_eq!(text.parse::<Line>(), Err(LineError::Invisible), "{text:?}");
        }
        assert!("a\u{200d}b".parse::<Line>().is_ok());
    }

    #[test]
    fn line_breaks_controls_and_bidi_marks_are_refused() {
        for text in ["a\r\nBcc: b", "a\0b", "a\u{202e}b", "a\u{85}b"] {
            assert_eq!(text.parse::<Line>(), Err(LineError::Unprintable), "{text:?}");
        }
        assert_eq!(" \t".parse::<Line>(), Err(LineError::Empty));
        assert_eq!("x".repeat(201).parse::<Line>(), Err(LineError::TooLong));
    }
}
