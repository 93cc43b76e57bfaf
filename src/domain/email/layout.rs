//! What stands around every message: whose it is, with logo and colour, what belongs to it, the footer.
//!
//! Mail programs drop style sheets, so the layout's styles stand on its elements; it is one constant text.

use super::fields::MergeField;
use super::form_letter::Slot;
use crate::domain::language::{Language, MailWords};
use crate::domain::letterhead::{Letterhead, language_of};
use crate::domain::logo::Logo;

const HTML: &str = include_str!("../../../templates/messages/layout.html");
const INVOICE: &str = include_str!("../../../templates/messages/invoice.html");
const BUTTON: &str = include_str!("../../../templates/messages/button.html");
const LOGO: &str = include_str!("../../../templates/messages/logo.html");

/// The HTML that a frame stands around.
pub(super) struct Framed<'a> {
    /// What the frame's own words are written in.
    pub language: Language,
    /// Whose mail it is.
    pub name: &'a str,
    /// What it says.
    pub message: &'a str,
    /// The rows below that.
    pub details: &'a str,
    /// Where answers go, as the end of a sentence; empty where none are expected.
    pub answers: &'a str,
}

fn place(field: MergeField) -> String {
    Slot::Field(field).place().to_string()
}

/// The plain-text part around a message.
pub(super) fn text(message: &str, has_button: bool, letterhead: Option<&Letterhead>) -> String {
    let words = language_of(letterhead).mail_words();
    let MailWords { invoice, customer, amount_due, due, colon, view_and_pay, .. } = words;
    let mut text = format!(
        "{message}\n\n--\n{invoice}{colon} {}\n{customer}{colon} {}\n{amount_due}{colon} {}\n{due}{colon} {} ({})\n",
        place(MergeField::InvoiceNumber),
        place(MergeField::CustomerName),
        place(MergeField::InvoiceBalance),
        place(MergeField::InvoiceDueOn),
        Slot::DueInWords.place(),
    );
    if has_button {
        text.push_str(&format!("{view_and_pay}{colon} {}\n", place(MergeField::InvoicePayUrl)));
    }
    text + &text_below(&place(MergeField::OrganisationName), letterhead)
}

/// The end of a plain-text part.
pub(super) fn text_below(name: &str, letterhead: Option<&Letterhead>) -> String {
    let footer = letterhead.and_then(|letterhead| letterhead.footer.as_ref());
    footer.map_or_else(|| format!("\n{name}\n"), |footer| format!("\n{name}\n\n{footer}\n"))
}

/// The HTML part around a message about an invoice that is HTML already.
pub(super) fn html(message: &str, has_button: bool, letterhead: Option<&Letterhead>) -> String {
    let url = Slot::Address(MergeField::InvoicePayUrl).place().to_string();
    let language = language_of(letterhead);
    let words = language.mail_words();
    let button = match has_button {
        true => button(words.button, &url, letterhead),
        false => String::new(),
    };
    let details = filled(
        INVOICE,
        &[
            ("button", &button),
            ("invoice_word", words.invoice),
            ("customer_word", words.customer),
            ("balance_word", words.amount_due),
            ("due_word", words.due),
            ("number", &place(MergeField::InvoiceNumber)),
            ("customer", &place(MergeField::CustomerName)),
            ("balance", &place(MergeField::InvoiceBalance)),
            ("due", &place(MergeField::InvoiceDueOn)),
            ("due_in_words", &Slot::DueInWords.place().to_string()),
        ],
    );
    let name = &place(MergeField::OrganisationName);
    let answers = &format!("{}{}", words.answers_go_to, place(MergeField::SenderReplyTo));
    framed(&Framed { language, name, message, details: &details, answers }, letterhead)
}

/// A whole HTML part.
pub(super) fn framed(inside: &Framed<'_>, letterhead: Option<&Letterhead>) -> String {
    let colour = letterhead.and_then(|letterhead| letterhead.colour);
    let edge = colour.map_or_else(String::new, |colour| format!(";border-top:4px solid {colour}"));
    let logo = letterhead.and_then(|letterhead| letterhead.logo.as_deref()).map_or_else(String::new, picture);
    let footer = letterhead.map_or_else(String::new, footer);
    filled(
        HTML,
        &[
            ("language", inside.language.as_str()),
            ("name", inside.name),
            ("edge", &edge),
            ("logo", &logo),
            ("message", inside.message),
            ("details", inside.details),
            ("sent_by", inside.language.mail_words().sent_by),
            ("answers", inside.answers),
            ("footer", &footer),
        ],
    )
}

/// A link that looks like a button, in the letterhead's colour.
pub(super) fn button(label: &str, url: &str, letterhead: Option<&Letterhead>) -> String {
    let (paint, ink) = letterhead.and_then(|letterhead| letterhead.colour).map_or_else(
        || ("#0b6e5f".to_owned(), "#ffffff".to_owned()),
        |colour| (colour.to_string(), colour.of_text().to_string()),
    );
    filled(BUTTON, &[("label", label), ("url", url), ("paint", &paint), ("ink", &ink)])
}

/// The name stands below it, so that it need not say it again to those who do not see it.
fn picture(logo: &Logo) -> String {
    let (width, height) = logo.shown();
    let [width, height] = [width, height].map(|edge| edge.to_string());
    filled(LOGO, &[("logo", &logo.content_id()), ("width", &width), ("height", &height)])
}

fn footer(letterhead: &Letterhead) -> String {
    let Some(footer) = &letterhead.footer else { return String::new() };
    let lines: Vec<String> = footer.lines().map(escaped).collect();
    format!("\n<p style=\"margin:8px 0 0;font-size:13px;color:#5a6a66\">{}</p>", lines.join("<br>"))
}

/// Puts values into the places `[[name]]` in one pass, so that no value is looked into for places.
pub(super) fn filled(layout: &str, values: &[(&str, &str)]) -> String {
    let mut filled =
        String::with_capacity(layout.len() + values.iter().map(|(_, value)| value.len()).sum::<usize>());
    let mut rest = layout;
    while let Some((before, after)) = rest.split_once("[[") {
        filled.push_str(before);
        let (name, remaining) = after.split_once("]]").unwrap_or((after, ""));
        filled.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = remaining;
    }
    filled.push_str(rest);
    filled
}

/// A value as text in HTML, inside an element or an attribute.
pub(super) fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
