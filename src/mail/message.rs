//! A mail as the bytes that travel: RFC 5322 and MIME, by lettre's builder.

use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use crate::domain::email_address::EmailAddress;
use crate::domain::mail_message::OutgoingMail;
use crate::domain::text::Line;

/// `X-Dunlin-Reminder`: which row of the outbox this is.
#[derive(Clone)]
struct ReminderHeader(String);

impl Header for ReminderHeader {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("X-Dunlin-Reminder")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

/// `Auto-Submitted` (RFC 3834): nobody's holiday note should answer.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The whole mail.
///
/// # Errors
/// A sentence that says what cannot be written as a mail.
pub(super) fn bytes(mail: &OutgoingMail) -> Result<Vec<u8>, String> {
    let sender = &mail.sender;
    let mut builder = Message::builder()
        .message_id(Some(mail.message_id.clone()))
        .date(mail.date.into())
        .from(mailbox(Some(&sender.name), &sender.from)?)
        .to(mailbox(Some(&mail.recipient_name), &mail.recipient)?)
        .subject(mail.rendered.subject.clone())
        .header(ReminderHeader(mail.id.to_string()))
        .header(AutoSubmitted);
    if let Some(reply_to) = &sender.reply_to {
        builder = builder.reply_to(mailbox(None, reply_to)?);
    }
    let parts = MultiPart::alternative()
        .singlepart(SinglePart::plain(mail.rendered.text.clone()))
        .singlepart(SinglePart::html(mail.rendered.html.clone()));
    builder.multipart(parts).map(|message| message.formatted()).map_err(|error| error.to_string())
}

fn mailbox(name: Option<&Line>, address: &EmailAddress) -> Result<Mailbox, String> {
    let parsed =
        address.as_str().parse().map_err(|_| format!("{address} cannot be written as an address"))?;
    Ok(Mailbox::new(name.map(ToString::to_string), parsed))
}
