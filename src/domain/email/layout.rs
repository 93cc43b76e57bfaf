//! What stands around every message: the organisation's name, the invoice's figures, the button, the footer.
//!
//! Mail programs drop style sheets, so the layout's styles stand on its elements; it is one constant text.

use super::fields::MergeField;
use super::form_letter::Slot;
use crate::domain::language::MailWords;
use crate::domain::letterhead::{Letterhead, language_of};
use crate::domain::logo::Logo;

const HTML: &str = include_str!("../../../templates/messages/layout.html");
const BUTTON: &str = include_str!("../../../templates/messages/button.html");
const LOGO: &str = include_str!("../../../templates/messages/logo.html");

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
    text.push_str(&format!("\n{}\n", place(MergeField::OrganisationName)));
    if let Some(footer) = letterhead.and_then(|letterhead| letterhead.footer.as_ref()) {
        text.push_str(&format!("\n{footer}\n"));
    }
    text
}

/// The HTML part around a message that is HTML already.
pub(super) fn html(message: &str, has_button: bool, letterhead: Option<&Letterhead>) -> String {
    let url = Slot::Address(MergeField::InvoicePayUrl).place().to_string();
    let colour = letterhead.and_then(|letterhead| letterhead.colour);
    let (paint, ink) = colour.map_or_else(
        || ("#0b6e5f".to_owned(), "#ffffff".to_owned()),
        |colour| (colour.to_string(), colour.of_text().to_string()),
    );
    let language = language_of(letterhead);
    let words = language.mail_words();
    let button = match has_button {
        true => {
            let values = [("url", &*url), ("paint", &paint), ("ink", &ink), ("view_and_pay", words.button)];
            filled(BUTTON, &values)
        }
        false => String::new(),
    };
    let edge = colour.map_or_else(String::new, |colour| format!(";border-top:4px solid {colour}"));
    let logo = letterhead.and_then(|letterhead| letterhead.logo.as_deref()).map_or_else(String::new, picture);
    let footer = letterhead.map_or_else(String::new, footer);
    filled(
        HTML,
        &[
            ("language", language.as_str()),
            ("organisation", &place(MergeField::OrganisationName)),
            ("edge", &edge),
            ("logo", &logo),
            ("message", message),
            ("button", &button),
            ("invoice_word", words.invoice),
            ("customer_word", words.customer),
            ("balance_word", words.amount_due),
            ("due_word", words.due),
            ("sent_by", words.sent_by),
            ("answers_go_to", words.answers_go_to),
            ("number", &place(MergeField::InvoiceNumber)),
            ("customer", &place(MergeField::CustomerName)),
            ("balance", &place(MergeField::InvoiceBalance)),
            ("due", &place(MergeField::InvoiceDueOn)),
            ("due_in_words", &Slot::DueInWords.place().to_string()),
            ("answers", &place(MergeField::SenderReplyTo)),
            ("footer", &footer),
        ],
    )
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
