//! Mails with a link that opens something once. The link's secret is stored nowhere: it is made from a seed that stands
//! with the mail until that has left, and from the installation's key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::people::fingerprint;
use super::{ActionError, Actions, Settings};
use crate::domain::email::LinkLetter;
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{OrganisationId, ReminderId};
use crate::domain::mail_message::MailKind;
use crate::domain::organisation::{Organisation, Sender};
use crate::domain::person::Actor;
use crate::domain::text::Line;
use crate::store::{LinkMail, NewMail, Posting, Tx};

/// A mail with a link, to be queued.
pub(super) struct NewLinkMail<'a> {
    /// What it is.
    pub kind: MailKind,
    /// Whose sender it has.
    pub organisation: &'a Organisation,
    /// Who asked for it.
    pub actor: Actor,
    /// The recipient's name.
    pub recipient_name: Line,
    /// The recipient.
    pub recipient: EmailAddress,
    /// What it says.
    pub letter: LinkLetter,
    /// How long the link works.
    pub life: TimeDelta,
}

impl Settings {
    /// The secret of a link.
    pub(super) fn link_secret(&self, seed: &str) -> String {
        self.keyed("link", seed)
    }

    /// What only this installation makes of a text, for a purpose.
    pub(super) fn keyed(&self, purpose: &str, text: &str) -> String {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("a key of any length");
        mac.update(purpose.as_bytes());
        mac.update(b"\0");
        mac.update(text.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

impl Actions {
    /// How a mail that is not a reminder is posted: it may leave now, and is given up after the usual time.
    pub(super) fn posting(&self, organisation_id: OrganisationId, actor: Actor, sender: Sender) -> Posting {
        let now = self.clock().now();
        let expires_at = now + self.0.settings.retry_deadline;
        Posting { organisation_id, actor, sender, scheduled_at: now, expires_at, now }
    }

    /// Queues a mail with a link.
    pub(super) fn queue_link(&self, tx: &mut Tx<'_>, new: NewLinkMail<'_>) -> Result<LinkMail, ActionError> {
        let (id, seed) = (self.0.ids.next::<ReminderId>(), self.secret());
        let sender = self.0.settings.sender_of(new.organisation)?;
        // Who invites is an organisation; a password is of a person, who may belong to several.
        let (name, letterhead) = match new.kind {
            MailKind::Invitation => (Some(new.organisation.name.as_str()), tx.letterhead_of(&sender)?),
            _ => (None, None),
        };
        let mut posting = self.posting(new.organisation.id, new.actor, sender);
        let expires_at = posting.now + new.life;
        // Nobody is helped by a mail whose link is worth nothing any more.
        posting.expires_at = posting.expires_at.min(expires_at);
        let token_hash = fingerprint(&self.0.settings.link_secret(&seed));
        let mail = NewMail {
            id,
            kind: new.kind,
            recipient_name: new.recipient_name,
            recipient: new.recipient,
            letter: new.letter.form(id.as_uuid().into(), name, letterhead.as_ref()),
            subject: new.letter.subject,
            filled: seed,
        };
        tx.enqueue_mail(&posting, &mail)?;
        Ok(LinkMail { token_hash, mail_id: id, expires_at })
    }
}
