//! A mail as the bytes that travel: RFC 5322 and MIME, by lettre's builder.

use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use crate::domain::email_address::EmailAddress;
use crate::domain::mail_message::OutgoingMail;
use crate::domain::text::Line;

/// The whole mail.
///
/// # Errors
/// A sentence that says what cannot be written as a mail.
pub(super) fn bytes(mail: &OutgoingMail, dedup_header: Option<&str>) -> Result<Vec<u8>, String> {
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
    let parts = MultiPart::alternative()
        .singlepart(SinglePart::plain(mail.rendered.text.clone()))
        .singlepart(SinglePart::html(mail.rendered.html.clone()));
    let mut message = builder.multipart(parts).map_err(|error| error.to_string())?;
    let headers = message.headers_mut();
    // RFC 3834: nobody's holiday note should answer.
    headers.insert_raw(raw("Auto-Submitted", "auto-generated".to_owned())?);
    headers.insert_raw(raw("X-Dunlin-Reminder", mail.id.to_string())?);
    if let Some(name) = dedup_header {
        headers.insert_raw(raw(name, mail.id.to_string())?);
    }
    Ok(message.formatted())
}

fn raw(name: &str, value: String) -> Result<HeaderValue, String> {
    let name = HeaderName::new_from_ascii(name.to_owned())
        .map_err(|_| format!("{name} is not a header\u{2019}s name"))?;
    Ok(HeaderValue::new(name, value))
}

fn mailbox(name: Option<&Line>, address: &EmailAddress) -> Result<Mailbox, String> {
    let parsed =
        address.as_str().parse().map_err(|_| format!("{address} cannot be written as an address"))?;
    Ok(Mailbox::new(name.map(ToString::to_string), parsed))
}
