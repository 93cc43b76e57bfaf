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

/// A customer's name and address, as a person writes them anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerEdit {
    /// Its name.
    pub name: Line,
    /// Where reminders go; `None`: nowhere.
    pub email: Option<EmailAddress>,
}

impl Customer {
    /// What an edit changes, as the audit tells it; `None`: nothing.
    pub fn changes(&self, edit: &CustomerEdit) -> Option<String> {
        let written = |email: &Option<EmailAddress>| {
            email.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)
        };
        let mut parts = Vec::new();
        if self.name != edit.name {
            parts.push(format!("name from {} to {}", self.name, edit.name));
        }
        if self.email != edit.email {
            parts.push(format!("e-mail from {} to {}", written(&self.email), written(&edit.email)));
        }
        (!parts.is_empty()).then(|| format!("{}: {}", self.name, parts.join("; ")))
    }
}
