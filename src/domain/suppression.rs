//! Addresses that must not be mailed, with the reason and the evidence.

use chrono::{DateTime, Utc};

use super::email_address::EmailAddress;
use super::ids::SuppressionId;
use super::named::named;
use super::text::Line;

named! {
    /// Why an address must not be mailed.
    SuppressionReason {
        /// A mail server said that it does not exist.
        HardBounce = "hard_bounce",
        /// The recipient complained.
        Complaint = "complaint",
        /// The recipient asked not to be mailed.
        OptedOut = "opted_out",
        /// A person put it here.
        Manual = "manual",
    }
}

impl SuppressionReason {
    /// As a person reads it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::HardBounce => "The address does not exist",
            Self::Complaint => "The recipient complained",
            Self::OptedOut => "The recipient opted out",
            Self::Manual => "Added by hand",
        }
    }

    /// Whether a person may lift it. A complaint stays.
    pub fn may_be_lifted(self) -> bool {
        self != Self::Complaint
    }
}

/// An address that must not be mailed, or once must not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Which one.
    pub id: SuppressionId,
    /// The address.
    pub address: EmailAddress,
    /// Why.
    pub reason: SuppressionReason,
    /// What it rests on: a mail server's words, a person's note.
    pub evidence: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Who put it here; "Dunlin" where it was found out.
    pub by: String,
    /// When, and why, it was lifted.
    pub lifted: Option<(DateTime<Utc>, String)>,
}

/// What a person gives to add one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSuppression {
    /// The address.
    pub address: EmailAddress,
    /// Why.
    pub reason: SuppressionReason,
    /// A note.
    pub evidence: Option<Line>,
}
