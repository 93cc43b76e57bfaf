//! What happens to an invoice that is told of, as its timeline tells it.

use super::rules::{InvoiceValues, StoredInvoice};

/// What a file or a program does to an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not known.
    Created,
    /// It was changed; the sentence says from what to what.
    Updated(String),
    /// What Dunlin itself had recorded was undone; the sentence says from what to what.
    Reopened(String),
}

impl Change {
    /// What makes of the stored invoice, or of none, what it is to be.
    pub fn between(stored: Option<&StoredInvoice>, new: &InvoiceValues) -> Self {
        let Some(stored) = stored else { return Self::Created };
        let old = InvoiceValues::of(stored);
        let mut parts = Vec::new();
        let mut tell = |name: &str, old: String, new: String| {
            if old != new {
                parts.push(format!("{name} from {old} to {new}"));
            }
        };
        let written = |is_archived: bool| if is_archived { "archived" } else { "not archived" }.to_owned();
        let link =
            |values: &InvoiceValues| values.pay_url.as_ref().map_or("none", |url| url.as_str()).to_owned();
        tell("status", old.state.to_string(), new.state.to_string());
        tell("total", old.total.to_string(), new.total.to_string());
        tell("balance", old.balance.to_string(), new.balance.to_string());
        tell("day of issue", old.issued_on.to_string(), new.issued_on.to_string());
        tell("due day", old.due_on.to_string(), new.due_on.to_string());
        tell("archive", written(old.is_archived), written(new.is_archived));
        tell("pay link", link(&old), link(new));
        let sentence = parts.join("; ");
        let is_reopened = (old.settled_here && !new.settled_here)
            || (old.archived_here && !new.archived_here && !new.is_archived);
        if is_reopened { Self::Reopened(sentence) } else { Self::Updated(sentence) }
    }
}
