//! What all mails of a text have in common, with places for what differs: the Markdown is read once for many mails, no
//! value can change what it means, and of each mail only the values need to be kept.
//!
//! A place is a noncharacter (U+FDD0 to U+FDEF), which neither a text nor a value may hold. In a letter as it is kept,
//! U+FDD0 stands for the first of a mail's values, U+FDD1 for the second, and so on.

use std::fmt::Write;
use std::sync::Arc;

use super::fields::{Facts, MergeField};
use super::{MAX_PART_BYTES, MailTooLong, layout, markdown};
use crate::domain::ids::{FormLetterId, LogoId};
use crate::domain::language::Language;
use crate::domain::letterhead::{Letterhead, language_of};
use crate::domain::logo::Logo;
use crate::domain::mail_message::RenderedMail;

/// What stands in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// A field's value.
    Field(MergeField),
    /// A field's value inside a web address.
    Address(MergeField),
    /// How long ago or ahead the due day is, in words.
    DueInWords,
}

const FIRST: u32 = 0xFDD0;
/// The first place of a letter as it is kept.
pub(super) const FIRST_PLACE: char = '\u{fdd0}';
const DUE_IN_WORDS: u32 = 15;
const ADDRESSES: u32 = 16;
const _: () = assert!(MergeField::ALL.len() <= DUE_IN_WORDS as usize, "each place is one character");

impl Slot {
    /// The character that stands for it while a letter is made.
    pub(super) fn place(self) -> char {
        let number = match self {
            Self::Field(field) => field as u32,
            Self::DueInWords => DUE_IN_WORDS,
            Self::Address(field) => ADDRESSES + field as u32,
        };
        char::from_u32(FIRST + number).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// What stands in a place.
    pub(super) fn at(place: char) -> Option<Self> {
        let number = number_of(place)?;
        let field = |number: usize| MergeField::ALL.get(number).copied();
        match u32::try_from(number).ok()? {
            DUE_IN_WORDS => Some(Self::DueInWords),
            ADDRESSES.. => field(number - ADDRESSES as usize).map(Self::Address),
            _ => field(number).map(Self::Field),
        }
    }

    fn value(self, facts: &Facts<'_>) -> String {
        match self {
            Self::Field(field) => field.value(facts),
            Self::DueInWords => facts.language().since_due((facts.today - facts.invoice.due_on).num_days()),
            Self::Address(MergeField::InvoicePayUrl) => MergeField::InvoicePayUrl.value(facts),
            Self::Address(field) => percent_encoded(&field.value(facts)),
        }
    }
}

fn number_of(place: char) -> Option<usize> {
    (place as u32).checked_sub(FIRST).filter(|number| *number < 32).map(|number| number as usize)
}

/// A letter with places. [`FormLetter::written`] is how it is kept.
#[derive(Clone, Debug)]
pub struct FormLetter {
    /// Which one.
    pub id: FormLetterId,
    text: Form,
    html: Form,
    slots: Vec<Slot>,
    logo: Option<Arc<Logo>>,
    language: Language,
}

/// A part in pieces: what stands before each place, the place's number, and what stands behind the last.
#[derive(Clone, Debug)]
struct Form {
    pieces: Vec<(String, usize)>,
    end: String,
}

impl FormLetter {
    /// The letter of a message whose fields are places.
    pub(super) fn new(
        id: FormLetterId,
        message: &str,
        has_button: bool,
        letterhead: Option<&Letterhead>,
    ) -> Self {
        Self::of(id, &markdown::to_text(message), &markdown::to_html(message), has_button, letterhead)
    }

    /// The letter of a plain text: it is shown as it is, line by line.
    pub(super) fn plain(
        id: FormLetterId,
        message: &str,
        has_button: bool,
        letterhead: Option<&Letterhead>,
    ) -> Self {
        let paragraph =
            |lines: &str| format!("<p>{}</p>\n", layout::escaped(lines).replace('\n', "<br />\n"));
        let html: String = message.split("\n\n").map(paragraph).collect();
        Self::of(id, message, &html, has_button, letterhead)
    }

    fn of(
        id: FormLetterId,
        text: &str,
        html: &str,
        has_button: bool,
        letterhead: Option<&Letterhead>,
    ) -> Self {
        let text = layout::text(text, has_button, letterhead);
        let html = layout::html(html, has_button, letterhead);
        let mut slots = Vec::new();
        let [text, html] = [text, html].map(|part| numbered(&part, &mut slots));
        let logo = letterhead.and_then(|letterhead| letterhead.logo.clone());
        let language = language_of(letterhead);
        Self { id, text: Form::read(&text), html: Form::read(&html), slots, logo, language }
    }

    /// A letter as it was kept.
    pub fn kept(
        id: FormLetterId,
        text: &str,
        html: &str,
        logo: Option<Arc<Logo>>,
        language: Language,
    ) -> Self {
        Self { id, text: Form::read(text), html: Form::read(html), slots: Vec::new(), logo, language }
    }

    /// The letter of a single mail that is written already.
    pub fn of_mail(id: FormLetterId, mail: &RenderedMail) -> Self {
        Self::kept(id, &mail.text, &mail.html, mail.logo.clone(), mail.language)
    }

    /// The logo in it.
    pub fn logo(&self) -> Option<LogoId> {
        self.logo.as_ref().map(|logo| logo.id)
    }

    /// What it is written in.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Text and HTML as they are kept.
    pub fn written(&self) -> (String, String) {
        (self.text.written(), self.html.written())
    }

    /// What a mail's facts put into the places, a line each: a value is one line.
    ///
    /// # Errors
    /// When a part would be longer than [`MAX_PART_BYTES`].
    pub(super) fn filled(&self, facts: &Facts<'_>) -> Result<String, MailTooLong> {
        let values: Vec<String> = self.slots.iter().map(|slot| slot.value(facts)).collect();
        let filled = values.join("\n");
        // A character is at most six long in HTML, so that only a long mail is looked at again.
        let is_too_long = (self.text.len(&values) > MAX_PART_BYTES)
            || (self.html.len(&values) > MAX_PART_BYTES / 6 && self.html(&filled).len() > MAX_PART_BYTES);
        if is_too_long { Err(MailTooLong) } else { Ok(filled) }
    }

    /// A kept mail, whole.
    pub fn rendered(&self, subject: String, filled: &str) -> RenderedMail {
        let (logo, language) = (self.logo.clone(), self.language);
        RenderedMail { subject, text: self.text(filled), html: self.html(filled), language, logo }
    }

    /// The text of a kept mail; `filled` are its values, a line each.
    pub fn text(&self, filled: &str) -> String {
        self.text.filled(&filled.split('\n').collect::<Vec<_>>())
    }

    /// The HTML of a kept mail; `filled` are its values, a line each.
    pub fn html(&self, filled: &str) -> String {
        self.html.filled(&filled.split('\n').map(layout::escaped).collect::<Vec<_>>())
    }
}

impl Form {
    fn read(part: &str) -> Self {
        let (mut pieces, mut rest) = (Vec::new(), part);
        while let Some((at, place)) = rest.char_indices().find(|(_, c)| number_of(*c).is_some()) {
            pieces.push((rest[..at].to_owned(), number_of(place).unwrap_or_default()));
            rest = &rest[at + place.len_utf8()..];
        }
        Self { pieces, end: rest.to_owned() }
    }

    fn written(&self) -> String {
        let mut written = String::with_capacity(self.len::<&str>(&[]) + 4 * self.pieces.len());
        for (before, number) in &self.pieces {
            written.push_str(before);
            written.extend(char::from_u32(FIRST + *number as u32));
        }
        written + &self.end
    }

    fn len<T: AsRef<str>>(&self, values: &[T]) -> usize {
        let value = |number: &usize| values.get(*number).map_or(0, |value| value.as_ref().len());
        self.pieces.iter().map(|(before, number)| before.len() + value(number)).sum::<usize>()
            + self.end.len()
    }

    fn filled(&self, values: &[impl AsRef<str>]) -> String {
        let mut filled = String::with_capacity(self.len(values));
        for (before, number) in &self.pieces {
            filled.push_str(before);
            filled.push_str(values.get(*number).map_or("", AsRef::as_ref));
        }
        filled.push_str(&self.end);
        filled
    }
}

/// A part whose places count the values of a mail, in the order in which they come.
fn numbered(part: &str, slots: &mut Vec<Slot>) -> String {
    let mut renumbered = String::with_capacity(part.len());
    for character in part.chars() {
        let Some(slot) = Slot::at(character) else {
            renumbered.push(character);
            continue;
        };
        let number = slots.iter().position(|known| *known == slot).unwrap_or_else(|| {
            slots.push(slot);
            slots.len() - 1
        });
        renumbered.extend(char::from_u32(FIRST + number as u32));
    }
    renumbered
}

/// A value as a part of a web address: everything but RFC 3986's unreserved characters is encoded.
fn percent_encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}
