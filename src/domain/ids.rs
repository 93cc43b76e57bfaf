//! The identity of each thing: a UUIDv7 in a type of its own, so that an invoice's id cannot stand for a customer's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl $name {
            /// The bare UUID, for a place that has no type of ours, such as a mail header.
            pub fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A tenant: one accounts-receivable team with its ledger.
    OrganisationId,
    /// A person who signs in.
    UserId,
    /// A program's key.
    ApiKeyId,
    /// Who owes.
    CustomerId,
    /// A demand for payment.
    InvoiceId,
    /// One message about one invoice to one recipient.
    ReminderId,
    /// Reminders asked for together; made by the server when it proposes, so that confirming twice is one batch.
    BatchId,
    /// What all mails of a text have in common.
    FormLetterId,
    /// How an organisation's mails look around their text.
    LetterheadId,
    /// A picture in them.
    LogoId,
    /// A kind of text an admin edits.
    TemplateId,
    /// One immutable saved text of a template.
    TemplateVersionId,
    /// One file brought in.
    ImportId,
    /// A payment recorded in Dunlin.
    PaymentId,
    /// The worker's right to send one mail; every later write of that mail names it.
    ClaimToken,
    /// One process that sends, from its start to its end.
    WorkerId,
    /// One suppressed address.
    SuppressionId,
    /// One installation, as its database and the mark beside it name it.
    InstanceId,
    /// One invitation to join an organisation.
    InvitationId,
    /// One way to set a forgotten password anew.
    PasswordResetId,
    /// What comes of a program's request, whatever it is: a reminder, a payment, a batch.
    ThingId,
    /// One row of the audit.
    AuditId,
}
