//! How an organisation's mails look around their text: language, colour, logo, footer. A letterhead never changes: a change makes
//! another one, and a mail keeps the one that it was queued with (promise P8).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use super::ids::LetterheadId;
use super::language::Language;
use super::logo::Logo;
use super::text::is_unprintable;

/// What stands around the text of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letterhead {
    /// Which one.
    pub id: LetterheadId,
    /// The language of the words around the text, of amounts and of days.
    pub language: Language,
    /// The colour of the button and of the edge.
    pub colour: Option<Colour>,
    /// The picture at the top.
    pub logo: Option<Arc<Logo>>,
    /// What stands at the end.
    pub footer: Option<Footer>,
}

/// The language of mails with a letterhead, or with none.
pub fn language_of(letterhead: Option<&Letterhead>) -> Language {
    letterhead.map_or(Language::English, |letterhead| letterhead.language)
}

/// A colour of the screen, written `#0b6e5f`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// A text that is no colour.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("\u{201c}{0}\u{201d} is not a colour; write # and six digits from 0 to f, such as #0b6e5f")]
pub struct InvalidColour(String);

impl Colour {
    /// Black or white, whichever is easier to read on it. The worse of the two cannot be both below 4.5 to 1, which text
    /// needs (WCAG 1.4.3): their product is 21.
    pub fn of_text(self) -> Self {
        let (white, black) = (Self([255; 3]), Self([0; 3]));
        if self.contrast(white) >= self.contrast(black) { white } else { black }
    }

    /// How well the one can be read on the other, from 1 to 21 (WCAG's contrast ratio).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = self.0.map(|part| match f64::from(part) / 255.0 {
            part if part <= 0.04045 => part / 12.92,
            part => ((part + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
}

impl FromStr for Colour {
    type Err = InvalidColour;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidColour(text.chars().filter(|c| !is_unprintable(*c)).take(20).collect());
        let digits = text.trim().strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii());
        let digits = digits.ok_or_else(invalid)?;
        let part = |at| u8::from_str_radix(&digits[at..at + 2], 16);
        match (part(0), part(2), part(4)) {
            (Ok(red), Ok(green), Ok(blue)) if !digits.contains('+') => Ok(Self([red, green, blue])),
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Some lines at the end of every mail, such as the company's address and register number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footer(String);

/// Why a text cannot be a footer.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FooterError {
    /// Nothing but blanks.
    #[error("it is empty")]
    Empty,
    /// More than a footer is for.
    #[error("it is longer than 1,000 characters or 12 lines")]
    TooLong,
    /// A control character other than a line break, or one that changes the direction of writing.
    #[error("it contains a control or direction-changing character")]
    Unprintable,
}

impl Footer {
    /// Its lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }
}

impl FromStr for Footer {
    type Err = FooterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lines: Vec<&str> = text.trim().lines().map(str::trim).collect();
        let text = lines.join("\n");
        match text.chars().count() {
            0 => Err(FooterError::Empty),
            long if long > 1_000 || lines.len() > 12 => Err(FooterError::TooLong),
            _ if lines.iter().any(|line| line.chars().any(is_unprintable)) => Err(FooterError::Unprintable),
            _ => Ok(Self(text)),
        }
    }
}

impl fmt::Display for Footer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_can_be_read_on_every_colour() {
        let steps = (0..=255).step_by(5).map(|step| u8::try_from(step).unwrap());
        let all = steps.clone().flat_map(|red| {
            let greens = steps.clone();
            let blues = steps.clone();
            greens.flat_map(move |green| blues.clone().map(move |blue| Colour([red, green, blue])))
        });
        let worst = all.map(|colour| colour.contrast(colour.of_text())).fold(21.0, f64::min);
        assert!(worst >= 4.5, "{worst}");
        assert_eq!("#0b6e5f".parse::<Colour>().unwrap().of_text().to_string(), "#ffffff");
        assert_eq!("#ffd400".parse::<Colour>().unwrap().of_text().to_string(), "#000000");
    }

    #[test]
    fn a_colour_is_six_digits_and_nothing_else() {
        assert_eq!(" #0B6e5F ".parse::<Colour>().unwrap().to_string(), "#0b6e5f");
        for text in
            ["", "0b6e5f", "#0b6e5", "#0b6e5f0", "#0b6e5g", "red", "#+1+1+1", "#fff;}", "#\u{e9}\u{e9}\u{e9}"]
        {
            assert!(text.parse::<Colour>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_footer_is_some_printable_lines() {
        let footer: Footer = " Acme GmbH \r\n\r\n Berlin ".parse().unwrap();
        assert_eq!(footer.lines().collect::<Vec<_>>(), ["Acme GmbH", "", "Berlin"]);
        assert_eq!(" \n ".parse::<Footer>(), Err(FooterError::Empty));
        assert_eq!("x".repeat(1_001).parse::<Footer>(), Err(FooterError::TooLong));
        assert_eq!("x\n".repeat(13).parse::<Footer>(), Err(FooterError::TooLong));
        for text in ["a\u{202e}b", "a\0b", "a\u{fdd0}b", "a\tb"] {
            assert_eq!(text.parse::<Footer>(), Err(FooterError::Unprintable), "{text:?}");
        }
    }
}
