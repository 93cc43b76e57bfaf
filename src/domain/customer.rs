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

/// A customer that is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCustomer {
    /// What the ledger's own system calls it; no other customer has it.
    pub external_id: Option<Line>,
    /// Its name.
    pub name: Line,
    /// Where reminders go; without it nothing can be mailed.
    pub email: Option<EmailAddress>,
}

/// What somebody changes of a customer; `None` leaves it, `Some(None)` takes it away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerEdit {
    /// What the ledger's own system calls it.
    pub external_id: Option<Option<Line>>,
    /// Its name.
    pub name: Option<Line>,
    /// Where reminders go.
    pub email: Option<Option<EmailAddress>>,
}

impl Customer {
    /// The customer after an edit.
    pub fn edited(&self, edit: CustomerEdit) -> Self {
        Self {
            external_id: edit.external_id.unwrap_or_else(|| self.external_id.clone()),
            name: edit.name.unwrap_or_else(|| self.name.clone()),
            email: edit.email.unwrap_or_else(|| self.email.clone()),
            ..self.clone()
        }
    }

    /// What makes of this customer another state of it, as the audit tells it; `None`: nothing.
    pub fn changes(&self, after: &Self) -> Option<String> {
        fn written<T: ToString>(value: Option<&T>) -> String {
            value.map_or_else(|| "none".to_owned(), ToString::to_string)
        }
        let mut parts = Vec::new();
        if self.name != after.name {
            parts.push(format!("name from {} to {}", self.name, after.name));
        }
        if self.email != after.email {
            let (old, new) = (written(self.email.as_ref()), written(after.email.as_ref()));
            parts.push(format!("e-mail from {old} to {new}"));
        }
        if self.external_id != after.external_id {
            let (old, new) = (written(self.external_id.as_ref()), written(after.external_id.as_ref()));
            parts.push(format!("customer id from {old} to {new}"));
        }
        (!parts.is_empty()).then(|| format!("{}: {}", self.name, parts.join("; ")))
    }
}
