//! A mail as the bytes that travel: RFC 5322 and MIME. lettre writes the headers and encodes what cannot travel as it is.

use std::fmt::Write;

use lettre::message::header::{
    self, ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers, MIME_VERSION_1_0,
};
use lettre::message::{Attachment, Body, Mailbox, Mailboxes};

use crate::domain::email_address::EmailAddress;
use crate::domain::language::Language;
use crate::domain::logo::Logo;
use crate::domain::mail_message::OutgoingMail;
use crate::domain::text::Line;

/// What the headers of a mail and its parts take at most, but for a logo.
const HEADERS: usize = 1_500;

/// The whole mail: the same bytes for the same mail. `eight_bit` says that it may hold bytes above 127 (8BITMIME).
///
/// # Errors
/// A sentence that says what cannot be written as a mail.
pub(super) fn text(
    mail: &OutgoingMail,
    dedup_header: Option<&str>,
    eight_bit: bool,
) -> Result<String, String> {
    let rendered = &mail.rendered;
    let lines = rendered.text.len() + rendered.html.len();
    let mut out = String::with_capacity(lines + lines / 16 + HEADERS);
    let written = write!(out, "{}", headers(mail, dedup_header)?);
    written.map_err(|error| error.to_string())?;
    let boundary = format!("dunlin-{}", mail.id);
    begin_parts(&mut out, "alternative", &boundary);
    next_part(&mut out, &boundary);
    push_text(&mut out, "plain", &rendered.text, eight_bit)?;
    next_part(&mut out, &boundary);
    match &rendered.logo {
        None => push_text(&mut out, "html", &rendered.html, eight_bit)?,
        // The picture is a part of the HTML (RFC 2387): it is there without a request that tells who reads the mail.
        Some(logo) => {
            let related = format!("{boundary}-html");
            begin_parts(&mut out, "related", &related);
            next_part(&mut out, &related);
            push_text(&mut out, "html", &rendered.html, eight_bit)?;
            next_part(&mut out, &related);
            push_picture(&mut out, logo)?;
            end_parts(&mut out, &related);
        }
    }
    end_parts(&mut out, &boundary);
    Ok(out)
}

fn headers(mail: &OutgoingMail, dedup_header: Option<&str>) -> Result<Headers, String> {
    let sender = &mail.sender;
    let mut headers = Headers::with_capacity(10);
    headers.set(header::MessageId::from(mail.message_id.clone()));
    headers.set(header::Date::new(mail.date.into()));
    headers.set(header::From::from(mailbox(Some(&sender.name), &sender.from)?));
    // Who is known by their address alone has no name beside it.
    let recipient_name = Some(&mail.recipient_name).filter(|name| name.as_str() != mail.recipient.as_str());
    headers.set(header::To::from(mailbox(recipient_name, &mail.recipient)?));
    headers.set(header::Subject::from(mail.rendered.subject.clone()));
    if let Some(reply_to) = &sender.reply_to {
        headers.set(header::ReplyTo::from(mailbox(None, reply_to)?));
    }
    headers.set(MIME_VERSION_1_0);
    // RFC 3834: nobody's holiday note should answer.
    headers.insert_raw(raw("Auto-Submitted", "auto-generated".to_owned())?);
    headers.insert_raw(raw("X-Dunlin-Reminder", mail.id.to_string())?);
    // Mails in English are as they were before there were others: one that is sent again is the same.
    if mail.rendered.language != Language::English {
        headers.insert_raw(raw("Content-Language", mail.rendered.language.to_string())?);
    }
    for (header, name, address) in
        [("From", &sender.name, &sender.from), ("To", &mail.recipient_name, &mail.recipient)]
    {
        if is_bare_with_points(name) {
            headers.insert_raw(raw(header, format!("\"{name}\" <{address}>"))?);
        }
    }
    if let Some(name) = dedup_header {
        headers.insert_raw(raw(name, mail.id.to_string())?);
    }
    Ok(headers)
}

/// The header of several parts (RFC 2046 5.1) and the end of the headers.
fn begin_parts(out: &mut String, kind: &str, boundary: &str) {
    out.extend(["Content-Type: multipart/", kind, ";\r\n boundary=\"", boundary, "\"\r\n\r\n"]);
}

fn next_part(out: &mut String, boundary: &str) {
    out.extend(["--", boundary, "\r\n"]);
}

fn end_parts(out: &mut String, boundary: &str) {
    out.extend(["--", boundary, "--\r\n"]);
}

/// A text as it is where the relay takes that, which spares the encoding; lettre chooses one where it does not.
fn push_text(out: &mut String, kind: &str, text: &str, eight_bit: bool) -> Result<(), String> {
    let start = out.len();
    let begin = |out: &mut String, encoding: ContentTransferEncoding| {
        out.extend(["Content-Type: text/", kind, "; charset=utf-8\r\nContent-Transfer-Encoding: "]);
        out.extend([encoding.to_string().as_str(), "\r\n\r\n"]);
    };
    begin(out, ContentTransferEncoding::EightBit);
    if !(eight_bit && push_as_it_is(out, text)) {
        out.truncate(start);
        let body = Body::new(text.to_owned());
        begin(out, body.encoding());
        out.push_str(&ascii(body.into_vec())?);
    }
    out.push_str("\r\n");
    Ok(())
}

/// The longest line that may travel, without its end (RFC 5322 2.1.1).
const MAX_LINE: usize = 998;

/// Writes a text with the line ends of mail; says whether it can travel so.
fn push_as_it_is(out: &mut String, text: &str) -> bool {
    let is_odd = text.contains('\r') || text.contains('\0');
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\r', '\n']);
        if bare.len() > MAX_LINE || (is_odd && bare.contains(['\r', '\0'])) {
            return false;
        }
        out.push_str(bare);
        if bare.len() < line.len() {
            out.push_str("\r\n");
        }
    }
    true
}

fn push_picture(out: &mut String, logo: &Logo) -> Result<(), String> {
    let kind = ContentType::parse(logo.picture.media_type()).map_err(|error| error.to_string())?;
    let body = Body::new_with_encoding(logo.content.clone(), ContentTransferEncoding::Base64)
        .map_err(|_| "the logo cannot be written into a mail".to_owned())?;
    out.push_str(&ascii(Attachment::new_inline(logo.content_id()).body(body, kind).formatted())?);
    Ok(())
}

fn ascii(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

fn raw(name: &str, value: String) -> Result<HeaderValue, String> {
    let name = HeaderName::new_from_ascii(name.to_owned())
        .map_err(|_| format!("{name} is not a header\u{2019}s name"))?;
    Ok(HeaderValue::new(name, value))
}

/// A name that lettre writes as it is, though a point may stand in none but between quotes (RFC 5322 3.2.3 and 3.2.5).
fn is_bare_with_points(name: &Line) -> bool {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    name.as_str().contains('.') && name.as_str().bytes().all(is_bare)
}

fn mailbox(name: Option<&Line>, address: &EmailAddress) -> Result<Mailboxes, String> {
    let parsed =
        address.as_str().parse().map_err(|_| format!("{address} cannot be written as an address"))?;
    Ok(Mailbox::new(name.map(ToString::to_string), parsed).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_it_is(text: &str) -> Option<String> {
        let mut out = String::new();
        push_as_it_is(&mut out, text).then_some(out)
    }

    #[test]
    fn a_text_travels_as_it_is_unless_a_line_is_too_long_or_holds_what_mail_cannot() {
        assert_eq!(as_it_is("a\nb\r\n\u{e9}").as_deref(), Some("a\r\nb\r\n\u{e9}"));
        assert_eq!(as_it_is(&"x".repeat(998)).map(|text| text.len()), Some(998));
        for text in ["x".repeat(999), "a\rb".to_owned(), "a\0b".to_owned()] {
            assert_eq!(as_it_is(&text), None);
        }
    }
}
