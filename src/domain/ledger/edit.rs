//! One invoice that a program brings or changes: by the rules of a file's row, but where a file is told what was left of
//! it, a program is refused.

use chrono::NaiveDate;
use thiserror::Error;

use super::doubt::{Contradiction, Doubt, recorded};
use super::rules::{InvoiceValues, StoredInvoice, Terms, Told, resulting};
use crate::domain::ids::CustomerId;
use crate::domain::invoice::{InvoiceState, PayUrl};
use crate::domain::money::Money;
use crate::domain::text::Line;

/// An invoice that is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvoice {
    /// Who owes.
    pub customer_id: CustomerId,
    /// What the customer knows it by; no other invoice of the customer has it.
    pub number: Line,
    /// The rest.
    pub told: Told,
}

/// What is changed of a known invoice; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvoiceEdit {
    /// What was demanded, not negative.
    pub total: Option<Money>,
    /// What is still owed, not negative.
    pub balance: Option<Money>,
    /// The state.
    pub state: Option<InvoiceState>,
    /// The day of issue.
    pub issued_on: Option<NaiveDate>,
    /// The day by which it is to be paid.
    pub due_on: Option<NaiveDate>,
    /// Where the customer can view and pay it; `Some(None)`: nowhere any more.
    pub pay_url: Option<Option<PayUrl>>,
    /// Whether it may undo what Dunlin itself recorded.
    pub reopen: bool,
}

/// Why an invoice cannot be brought or changed so; nothing was.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvoiceRefused {
    /// It contradicts itself or what is kept.
    #[error("{}", .0.sentence("state"))]
    Contradictory(Contradiction),
    /// It would undo what Dunlin itself recorded, in this state.
    #[error(
        "Dunlin itself recorded {}, which this would undo. Send \u{201c}reopen\u{201d}: true to undo it.",
        recorded(*.0)
    )]
    NeedsReopen(InvoiceState),
}

impl From<Contradiction> for InvoiceRefused {
    fn from(contradiction: Contradiction) -> Self {
        Self::Contradictory(contradiction)
    }
}

impl NewInvoice {
    /// What it is.
    ///
    /// # Errors
    /// When what is told contradicts itself.
    pub fn values(&self, terms: Terms) -> Result<InvoiceValues, InvoiceRefused> {
        Ok(resulting(&self.told, None, terms)?.0)
    }
}

impl InvoiceEdit {
    /// What the invoice becomes.
    ///
    /// # Errors
    /// When that contradicts itself, or would undo what Dunlin itself recorded.
    pub fn values(&self, stored: &StoredInvoice, terms: Terms) -> Result<InvoiceValues, InvoiceRefused> {
        let kept = &stored.invoice;
        let told = Told {
            total: self.total.unwrap_or(kept.total),
            balance: self.balance,
            state: self.state,
            issued_on: self.issued_on,
            due_on: self.due_on,
            archived: None,
            pay_url: self.pay_url.clone().flatten(),
        };
        let (values, doubts) = resulting(&told, Some(stored), Terms { reopen: self.reopen, ..terms })?;
        if doubts.iter().any(|doubt| matches!(doubt, Doubt::SettlementStands { .. })) {
            return Err(InvoiceRefused::NeedsReopen(kept.state));
        }
        let pay_url = if self.pay_url == Some(None) { None } else { values.pay_url };
        Ok(InvoiceValues { pay_url, ..values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::invoice::{Invoice, sample};

    fn euros(minor: i64) -> Money {
        Money::from_minor(minor, "EUR".parse().unwrap())
    }

    fn stored(state: InvoiceState, balance: i64, settled_here: bool) -> StoredInvoice {
        let invoice = Invoice { pay_url: "https://pay.example/1".parse().ok(), ..sample(state, balance) };
        StoredInvoice { invoice, settled_here, archived_here: false }
    }

    fn after(stored: &StoredInvoice, edit: InvoiceEdit) -> Result<InvoiceValues, InvoiceRefused> {
        let terms = Terms { today: stored.invoice.issued_on, payment_terms_days: 30, reopen: false };
        edit.values(stored, terms)
    }

    #[test]
    fn an_edit_that_says_nothing_changes_nothing() {
        let kept = stored(InvoiceState::PartiallyPaid, 4_000, true);
        assert_eq!(after(&kept, InvoiceEdit::default()), Ok(InvoiceValues::of(&kept)));
    }

    #[test]
    fn the_balance_decides_the_state_and_a_full_balance_follows_the_total() {
        let kept = stored(InvoiceState::Sent, 10_000, false);
        let part = InvoiceEdit { balance: Some(euros(1)), ..InvoiceEdit::default() };
        assert_eq!(after(&kept, part).unwrap().state, InvoiceState::PartiallyPaid);
        let paid = InvoiceEdit { balance: Some(euros(0)), ..InvoiceEdit::default() };
        assert_eq!(after(&kept, paid).unwrap().closed_because(), Some("The invoice was paid."));
        let raised = InvoiceEdit { total: Some(euros(12_000)), ..InvoiceEdit::default() };
        assert_eq!(after(&kept, raised).unwrap().balance, euros(12_000));
    }

    #[test]
    fn a_pay_link_is_left_replaced_or_taken_away() {
        let kept = stored(InvoiceState::Sent, 10_000, false);
        let link = |pay_url| after(&kept, InvoiceEdit { pay_url, ..InvoiceEdit::default() }).unwrap().pay_url;
        assert_eq!(link(None), kept.invoice.pay_url);
        assert_eq!(link(Some(None)), None);
        assert_eq!(link(Some("https://pay.example/2".parse().ok())), "https://pay.example/2".parse().ok());
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_what_to_do() {
        let kept = stored(InvoiceState::Sent, 10_000, false);
        let refused = |edit| after(&kept, edit).unwrap_err().to_string();
        let above = InvoiceEdit { balance: Some(euros(10_001)), ..InvoiceEdit::default() };
        assert_eq!(refused(above), "The balance, 100.01 EUR, is above the total, 100.00 EUR.");
        let dollars = Money::from_minor(1, "USD".parse().unwrap());
        let other = InvoiceEdit { balance: Some(dollars), ..InvoiceEdit::default() };
        assert!(refused(other).contains("another currency"));
        let settled = stored(InvoiceState::Credited, 0, false);
        let owed = InvoiceEdit { balance: Some(euros(1)), ..InvoiceEdit::default() };
        assert!(after(&settled, owed).unwrap_err().to_string().ends_with("Give the state as well."));
    }

    #[test]
    fn what_dunlin_recorded_is_undone_only_where_that_is_said() {
        let kept = stored(InvoiceState::Void, 0, true);
        let sent = InvoiceEdit { state: Some(InvoiceState::Sent), ..InvoiceEdit::default() };
        let refused = after(&kept, sent.clone()).unwrap_err();
        assert_eq!(refused, InvoiceRefused::NeedsReopen(InvoiceState::Void));
        assert!(refused.to_string().starts_with("Dunlin itself recorded that it is void"));
        let reopened = InvoiceEdit { balance: Some(euros(10_000)), reopen: true, ..sent };
        let values = after(&kept, reopened).unwrap();
        assert_eq!((values.state, values.settled_here), (InvoiceState::Sent, false));
    }
}
