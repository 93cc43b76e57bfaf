//! A mail as the bytes that travel: RFC 5322 and MIME, by lettre's builder.

use lettre::Message;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, MultiPart, SinglePart};

use crate::domain::email_address::EmailAddress;
use crate::domain::language::Language;
use crate::domain::logo::Logo;
use crate::domain::mail_message::OutgoingMail;
use crate::domain::text::Line;

/// The whole mail: the same bytes for the same mail. `eight_bit` says that it may hold bytes above 127 (8BITMIME).
///
/// # Errors
/// A sentence that says what cannot be written as a mail.
pub(super) fn text(
    mail: &OutgoingMail,
    dedup_header: Option<&str>,
    eight_bit: bool,
) -> Result<String, String> {
    let sender = &mail.sender;
    let mut builder = Message::builder()
        .message_id(Some(mail.message_id.clone()))
        .date(mail.date.into())
        .from(mailbox(Some(&sender.name), &sender.from)?)
        .to(mailbox(Some(&mail.recipient_name), &mail.recipient)?)
        .subject(mail.rendered.subject.clone());
    if let Some(reply_to) = &sender.reply_to {
        builder = builder.reply_to(mailbox(None, reply_to)?);
    }
    let parts = MultiPart::alternative().boundary(format!("dunlin-{}", mail.id)).singlepart(part(
        ContentType::TEXT_PLAIN,
        &mail.rendered.text,
        eight_bit,
    ));
    let html = part(ContentType::TEXT_HTML, &mail.rendered.html, eight_bit);
    let parts = match &mail.rendered.logo {
        None => parts.singlepart(html),
        // The picture is a part of the HTML (RFC 2387): it is there without a request that tells who reads the mail.
        Some(logo) => parts.multipart(
            MultiPart::related()
                .boundary(format!("dunlin-{}-html", mail.id))
                .singlepart(html)
                .singlepart(picture(logo)?),
        ),
    };
    let mut message = builder.multipart(parts).map_err(|error| error.to_string())?;
    let headers = message.headers_mut();
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
    String::from_utf8(message.formatted()).map_err(|error| error.to_string())
}

fn picture(logo: &Logo) -> Result<SinglePart, String> {
    let kind = ContentType::parse(logo.picture.media_type()).map_err(|error| error.to_string())?;
    let body = Body::new_with_encoding(logo.content.clone(), ContentTransferEncoding::Base64)
        .map_err(|_| "the logo cannot be written into a mail".to_owned())?;
    Ok(Attachment::new_inline(logo.content_id()).body(body, kind))
}

/// A part as it is where the relay takes that, which spares the encoding; lettre chooses where it does not.
fn part(kind: ContentType, text: &str, eight_bit: bool) -> SinglePart {
    let part = SinglePart::builder().header(kind);
    match eight_bit.then(|| as_it_is(text)).flatten() {
        Some(bytes) => part.body(Body::dangerous_pre_encoded(bytes, ContentTransferEncoding::EightBit)),
        None => part.body(Body::new(text.to_owned())),
    }
}

/// The longest line that may travel, without its end (RFC 5322 2.1.1).
const MAX_LINE: usize = 998;

/// A text with the line ends of mail; `None` when it cannot travel so.
fn as_it_is(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() + text.len() / 16);
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\r', '\n']);
        if bare.len() > MAX_LINE || bare.contains(['\r', '\0']) {
            return None;
        }
        bytes.extend_from_slice(bare.as_bytes());
        if bare.len() < line.len() {
            bytes.extend_from_slice(b"\r\n");
        }
    }
    Some(bytes)
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

fn mailbox(name: Option<&Line>, address: &EmailAddress) -> Result<Mailbox, String> {
    let parsed =
        address.as_str().parse().map_err(|_| format!("{address} cannot be written as an address"))?;
    Ok(Mailbox::new(name.map(ToString::to_string), parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_travels_as_it_is_unless_a_line_is_too_long_or_holds_what_mail_cannot() {
        assert_eq!(as_it_is("a\nb\r\n\u{e9}"), Some("a\r\nb\r\n\u{e9}".as_bytes().to_vec()));
        assert_eq!(as_it_is(&"x".repeat(998)).map(|bytes| bytes.len()), Some(998));
        for text in ["x".repeat(999), "a\rb".to_owned(), "a\0b".to_owned()] {
            assert_eq!(as_it_is(&text), None);
        }
    }
}
