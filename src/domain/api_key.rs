//! A program's key as people see it. The key itself is shown once and not kept.

use chrono::{DateTime, Utc};

use super::ids::ApiKeyId;
use super::text::Line;

/// A key that was made, whether or not it may still be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Which one.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: Line,
    /// The characters it begins with, by which people tell keys apart.
    pub prefix: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Who made it; "Dunlin" where a command did.
    pub created_by: String,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
    /// When a person ended it.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// Whether its time is over.
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}
