//! What stands around every message: the organisation's name, the invoice's figures, the button, the footer.
//!
//! Mail programs drop style sheets, so the layout's styles stand on its elements; it is one constant text.

use super::fields::Facts;
use crate::domain::organisation::day_in_words;

const HTML: &str = include_str!("../../../templates/messages/layout.html");
const BUTTON: &str = include_str!("../../../templates/messages/button.html");

/// The plain-text part around a message.
pub(super) fn text(message: &str, facts: &Facts<'_>) -> String {
    let invoice = facts.invoice;
    let mut text = format!(
        "{message}\n\n--\nInvoice: {}\nCustomer: {}\nAmount due: {}\nDue: {} ({})\n",
        invoice.number,
        facts.customer_name,
        invoice.balance,
        day_in_words(invoice.due_on),
        invoice.due_in_words(facts.today),
    );
    if let Some(url) = &invoice.pay_url {
        text.push_str(&format!("View and pay: {}\n", url.as_str()));
    }
    text.push_str(&format!("\n{}\n", facts.organisation.name));
    text
}

/// The HTML part around a message that is HTML already.
pub(super) fn html(message: &str, facts: &Facts<'_>) -> String {
    let invoice = facts.invoice;
    let button = invoice
        .pay_url
        .as_ref()
        .map_or_else(String::new, |url| filled(BUTTON, &[("url", &escaped(url.as_str()))]));
    filled(
        HTML,
        &[
            ("organisation", &escaped(facts.organisation.name.as_str())),
            ("message", message),
            ("button", &button),
            ("number", &escaped(invoice.number.as_str())),
            ("customer", &escaped(facts.customer_name.as_str())),
            ("balance", &escaped(&invoice.balance.to_string())),
            ("due", &escaped(&day_in_words(invoice.due_on))),
            ("due_in_words", &escaped(&invoice.due_in_words(facts.today))),
            ("answers", &escaped(facts.sender.reply_to.as_ref().unwrap_or(&facts.sender.from).as_str())),
        ],
    )
}

/// Puts values into the places `[[name]]` in one pass, so that no value is looked into for places.
fn filled(layout: &str, values: &[(&str, &str)]) -> String {
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

fn escaped(value: &str) -> String {
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
