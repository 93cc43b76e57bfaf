//! A message's Markdown as HTML and as plain text. Raw HTML is shown as text, images are dropped, and links lead to
//! web and mail addresses only: what comes out is safe by construction.

use std::fmt::Write;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

use super::fields::MergeField;
use super::form_letter::Slot;
use super::layout::escaped;

fn events(message: &str) -> impl Iterator<Item = Event<'_>> {
    let mut open_links: Vec<bool> = Vec::new();
    Parser::new_ext(message, Options::ENABLE_STRIKETHROUGH).filter_map(move |event| match event {
        Event::Html(markup) | Event::InlineHtml(markup) => Some(Event::Text(markup)),
        Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => None,
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { link_type, dest_url, title: _, id: _ }) => {
            let is_safe = is_web_or_mail(&dest_url);
            open_links.push(is_safe);
            let (title, id) = (CowStr::Borrowed(""), CowStr::Borrowed(""));
            is_safe.then_some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::End(TagEnd::Link) => open_links.pop().unwrap_or(false).then_some(Event::End(TagEnd::Link)),
        // A line break in the message is one in the mail, as people expect of a letter's closing.
        Event::SoftBreak => Some(Event::HardBreak),
        other => Some(other),
    })
}

/// Whether a link may lead there. Of the fields only the one that is an address may stand at its beginning.
fn is_web_or_mail(address: &str) -> bool {
    if let Some(slot) = address.chars().next().and_then(Slot::at) {
        return slot == Slot::Field(MergeField::InvoicePayUrl);
    }
    let scheme = address.split(':').next().unwrap_or("").to_ascii_lowercase();
    address.contains(':') && matches!(scheme.as_str(), "https" | "http" | "mailto")
}

/// The message as HTML.
pub(super) fn to_html(message: &str) -> String {
    let mut html = String::with_capacity(message.len() * 2);
    let with_places = events(message).map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => {
            Event::InlineHtml(format!("<a href=\"{}\">", web_address(&dest_url)).into())
        }
        Event::End(TagEnd::Link) => Event::InlineHtml("</a>".into()),
        other => other,
    });
    pulldown_cmark::html::push_html(&mut html, with_places);
    html
}

/// A link's address for an attribute, its fields as places for parts of an address.
fn web_address(address: &str) -> String {
    let mut written = String::with_capacity(address.len());
    for character in address.chars() {
        match (Slot::at(character), character) {
            (Some(Slot::Field(field)), _) => written.push(Slot::Address(field).place()),
            (_, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}') => {
                // Writing to a String cannot fail.
                let _ = write!(written, "%{:02X}", u32::from(character));
            }
            (_, '!'..='~') => written.push_str(&escaped(character.encode_utf8(&mut [0; 4]))),
            _ => {
                for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(written, "%{byte:02X}");
                }
            }
        }
    }
    written
}

/// The message as plain text: paragraphs apart, lists with dashes or numbers, a link's address behind its words.
pub(super) fn to_text(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut lists: Vec<Option<u64>> = Vec::new();
    let mut links: Vec<(String, usize)> = Vec::new();
    for event in events(message) {
        match event {
            Event::Text(words) | Event::Code(words) => text.push_str(&words),
            Event::HardBreak => text.push('\n'),
            Event::Rule => text.push_str("----\n\n"),
            Event::Start(Tag::List(first)) => lists.push(first),
            Event::Start(Tag::Item) => {
                text.push_str(&"  ".repeat(lists.len().saturating_sub(1)));
                match lists.last_mut() {
                    Some(Some(number)) => {
                        text.push_str(&format!("{number}. "));
                        *number += 1;
                    }
                    Some(None) | None => text.push_str("- "),
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => links.push((dest_url.to_string(), text.len())),
            Event::End(TagEnd::Link) => {
                if let Some((address, from)) = links.pop() {
                    let shown = address.strip_prefix("mailto:").unwrap_or(&address);
                    if text.get(from..) != Some(shown) {
                        text.push_str(&format!(" ({shown})"));
                    }
                }
            }
            Event::End(TagEnd::Item) => text.push('\n'),
            Event::End(TagEnd::List(_)) => {
                lists.pop();
                text.push('\n');
            }
            Event::End(
                TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::BlockQuote(_),
            ) => {
                text.push_str("\n\n");
            }
            _ => {}
        }
    }
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
    lines.join("\n").trim().to_owned()
}
