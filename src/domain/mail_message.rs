//! A mail ready to leave, and how a try to send it ended.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::email_address::EmailAddress;
use super::ids::FormLetterId;
use super::ids::ReminderId;
use super::language::Language;
use super::logo::Logo;
use super::named::named;
use super::organisation::Sender;
use super::reminder::FailureKind;
use super::text::Line;

named! {
    /// What a row of the outbox is; only reminders have slot, log and timeline.
    MailKind {
        /// A reminder.
        Reminder = "reminder",
        /// An admin's test of a text, sent to oneself.
        Test = "test",
        /// A link by which somebody joins an organisation.
        Invitation = "invitation",
        /// A link by which a person sets a new password.
        PasswordReset = "password_reset",
        /// What a person is told of their account.
        AccountNotice = "account_notice",
    }
}

impl MailKind {
    /// Whether the mail holds a link that opens something: what it is made from is forgotten once the mail has left.
    pub fn has_link(self) -> bool {
        match self {
            Self::Invitation | Self::PasswordReset => true,
            Self::Reminder | Self::Test | Self::AccountNotice => false,
        }
    }

    /// Whether somebody needs it to get at their account: an organisation that pauses its sending does not stop it.
    pub fn is_about_account(self) -> bool {
        match self {
            Self::Invitation | Self::PasswordReset | Self::AccountNotice => true,
            Self::Reminder | Self::Test => false,
        }
    }
}

/// What is kept of a rendered mail: its form letter, its subject, and what stands in the letter's places, a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMail {
    /// The letter.
    pub letter_id: FormLetterId,
    /// The whole subject.
    pub subject: String,
    /// The values, in the order of their places.
    pub filled: String,
}

named! {
    /// What a try came to, in a word: for counting.
    OutcomeKind {
        /// Accepted.
        Accepted = "accepted",
        /// Not now.
        TryLater = "try_later",
        /// A full mailbox.
        MailboxFull = "mailbox_full",
        /// Never.
        Refused = "refused",
        /// The mail server cannot be used.
        RelayDown = "relay_down",
        /// The connection was not wanted.
        Busy = "busy",
        /// The sender is not taken.
        SenderRefused = "sender_refused",
        /// Nobody knows.
        NoAnswer = "no_answer",
    }
}

/// A subject and both parts, rendered from one template version and one set of facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedMail {
    /// One line.
    pub subject: String,
    /// The `text/plain` part.
    pub text: String,
    /// The `text/html` part, a whole document with its CSS inlined.
    pub html: String,
    /// What it is written in.
    pub language: Language,
    /// The picture that the HTML shows, by [`Logo::content_id`].
    pub logo: Option<Arc<Logo>>,
}

/// Everything that one mail says and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMail {
    /// Its row in the outbox; the header `X-Dunlin-Reminder` and the name of the captured file.
    pub id: ReminderId,
    /// What it is.
    pub kind: MailKind,
    /// The `Message-ID` with its angle brackets, stable for the mail's life.
    pub message_id: String,
    /// The `Date` header.
    pub date: DateTime<Utc>,
    /// Who it comes from.
    pub sender: Sender,
    /// The recipient's name.
    pub recipient_name: Line,
    /// The one recipient.
    pub recipient: EmailAddress,
    /// What it says.
    pub rendered: RenderedMail,
}

/// Writes a mail as the text that travels; given to the doors at start, since only `mail` knows how.
pub type MailWriter = Arc<dyn Fn(&OutgoingMail) -> Result<String, String> + Send + Sync>;

/// What stands in the place of a mail server's words where the mail was kept here.
pub const KEPT_HERE: &str = "Kept here, not delivered.";

/// How a try ended, sorted by what to do next (design: "What a reply means").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The mail server answered the final dot with 2yz, or the mail is kept as a file.
    Accepted {
        /// Its words.
        reply: String,
        /// Whether it was kept here instead of being handed to a mail server.
        kept_here: bool,
    },
    /// Not now, this recipient or this mail: try again after a while.
    TryLater {
        /// The mail server's words, or what went wrong on the line.
        reply: String,
        /// Whether the server closed the connection with them (421): it wants no other mail now either.
        is_closing: bool,
    },
    /// The recipient's mailbox is full: try again, but not for as long.
    MailboxFull {
        /// The mail server's words.
        reply: String,
    },
    /// Never.
    Refused {
        /// Which kind of failure it is.
        kind: FailureKind,
        /// The mail server's words.
        reply: String,
    },
    /// The mail server as a whole cannot be used now; not the recipient's fault, no try is counted.
    RelayDown {
        /// What happened, for the banner.
        problem: String,
    },
    /// This connection is not wanted now (421); others may be. No try is counted.
    Busy {
        /// The mail server's words.
        problem: String,
    },
    /// The mail server does not take mails of this sender; of others it may. No try is counted.
    SenderRefused {
        /// Its words.
        reply: String,
    },
    /// Handed over without a clear answer: it may have been delivered.
    NoAnswer {
        /// What happened.
        problem: String,
    },
}

impl Outcome {
    /// The mail server's words, or what went wrong.
    pub fn into_words(self) -> String {
        match self {
            Self::Accepted { reply: words, .. }
            | Self::TryLater { reply: words, .. }
            | Self::MailboxFull { reply: words }
            | Self::SenderRefused { reply: words }
            | Self::Refused { reply: words, .. }
            | Self::RelayDown { problem: words }
            | Self::Busy { problem: words }
            | Self::NoAnswer { problem: words } => words,
        }
    }

    /// It in a word.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Accepted { .. } => OutcomeKind::Accepted,
            Self::TryLater { .. } => OutcomeKind::TryLater,
            Self::MailboxFull { .. } => OutcomeKind::MailboxFull,
            Self::Refused { .. } => OutcomeKind::Refused,
            Self::RelayDown { .. } => OutcomeKind::RelayDown,
            Self::Busy { .. } => OutcomeKind::Busy,
            Self::SenderRefused { .. } => OutcomeKind::SenderRefused,
            Self::NoAnswer { .. } => OutcomeKind::NoAnswer,
        }
    }
}
