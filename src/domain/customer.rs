//! A customer: who owes, and the address that is written to.

use chrono::{DateTime, Utc};

use super::email_address::EmailAddress;
use super::ids::{CustomerId, OrganisationId};
use super::text::Line;

/// Who owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Which one.
    pub id: CustomerId,
    /// Whose ledger it is in.
    pub organisation_id: OrganisationId,
    /// What the ledger's own system calls it.
    pub external_id: Option<Line>,
    /// Its name.
    pub name: Line,
    /// Where reminders go; without it nothing can be mailed.
    pub email: Option<EmailAddress>,
    /// When it first came in.
    pub created_at: DateTime<Utc>,
}
