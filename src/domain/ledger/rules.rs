//! What an invoice is after it was told of, by a row of a file or a program: the status rules, what is left where nothing
//! is said, and what Dunlin itself recorded.

use chrono::{Days, NaiveDate};

use super::doubt::{Contradiction, Doubt};
use crate::domain::invoice::{Invoice, InvoiceState, PayUrl};
use crate::domain::money::Money;

/// What a row or a program says of an invoice; `None` says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What was demanded, not negative.
    pub total: Money,
    /// What is still owed, not negative.
    pub balance: Option<Money>,
    /// The state.
    pub state: Option<InvoiceState>,
    /// The day of issue.
    pub issued_on: Option<NaiveDate>,
    /// The day by which it is to be paid.
    pub due_on: Option<NaiveDate>,
    /// Whether it is out of the working list.
    pub archived: Option<bool>,
    /// Where the customer can view and pay it.
    pub pay_url: Option<PayUrl>,
}

/// What it is read by, beside what it says.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The day in the organisation's time zone.
    pub today: NaiveDate,
    /// Days from issue to due when nobody says.
    pub payment_terms_days: u16,
    /// Whether it may undo what Dunlin itself recorded.
    pub reopen: bool,
}

/// An invoice as it is kept, with what Dunlin itself recorded of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredInvoice {
    /// The invoice.
    pub invoice: Invoice,
    /// A payment, also a part, or its withdrawal was recorded here.
    pub settled_here: bool,
    /// It was archived here.
    pub archived_here: bool,
}

/// What an invoice becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceValues {
    /// The stored state.
    pub state: InvoiceState,
    /// What was demanded.
    pub total: Money,
    /// What is still owed.
    pub balance: Money,
    /// The day of issue.
    pub issued_on: NaiveDate,
    /// The day by which it is to be paid.
    pub due_on: NaiveDate,
    /// Whether it is out of the working list.
    pub is_archived: bool,
    /// Where the customer can view and pay it.
    pub pay_url: Option<PayUrl>,
    /// See [`StoredInvoice::settled_here`].
    pub settled_here: bool,
    /// See [`StoredInvoice::archived_here`].
    pub archived_here: bool,
}

impl InvoiceValues {
    /// What is kept of an invoice now.
    pub fn of(stored: &StoredInvoice) -> Self {
        let invoice = &stored.invoice;
        Self {
            state: invoice.state,
            total: invoice.total,
            balance: invoice.balance,
            issued_on: invoice.issued_on,
            due_on: invoice.due_on,
            is_archived: invoice.archived_at.is_some(),
            pay_url: invoice.pay_url.clone(),
            settled_here: stored.settled_here,
            archived_here: stored.archived_here,
        }
    }

    /// What ends the reminding of an invoice that becomes so: the reason that its cancelled reminders show.
    pub fn closed_because(&self) -> Option<&'static str> {
        if self.is_archived {
            return Some("The invoice was archived.");
        }
        match self.state {
            InvoiceState::Paid => Some("The invoice was paid."),
            InvoiceState::Void => Some("The invoice was made void."),
            InvoiceState::Credited => Some("The invoice was credited."),
            InvoiceState::Draft => Some("The invoice became a draft again."),
            InvoiceState::Sent | InvoiceState::PartiallyPaid => None,
        }
    }
}

/// Applies what is told to an invoice, or to none.
///
/// # Errors
/// When what results contradicts itself.
pub fn resulting(
    told: &Told,
    stored: Option<&StoredInvoice>,
    terms: Terms,
) -> Result<(InvoiceValues, Vec<Doubt>), Contradiction> {
    let mut doubts = Vec::new();
    let (settled, settled_here) = match stored {
        None => (Settled::by(told, told.state, told.balance)?, false),
        Some(stored) => updated_money(told, stored, terms, &mut doubts)?,
    };
    let (is_archived, archived_here) = archived(told, stored, terms, &mut doubts);
    let issued_on = told.issued_on.or(stored.map(|stored| stored.invoice.issued_on)).unwrap_or(terms.today);
    let due_on = told.due_on.or(stored.map(|stored| stored.invoice.due_on)).unwrap_or_else(|| {
        issued_on.checked_add_days(Days::new(terms.payment_terms_days.into())).unwrap_or(issued_on)
    });
    let is_issue_day_told = told.issued_on.is_some() || (stored.is_some() && told.due_on.is_some());
    if due_on < issued_on && is_issue_day_told {
        doubts.push(Doubt::DueBeforeIssue);
    }
    let pay_url = told.pay_url.clone().or_else(|| stored.and_then(|stored| stored.invoice.pay_url.clone()));
    let values = InvoiceValues {
        state: settled.state,
        total: settled.total,
        balance: settled.balance,
        issued_on,
        due_on,
        is_archived,
        pay_url,
        settled_here,
        archived_here,
    };
    Ok((values, doubts))
}

/// A state with the amounts that go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Settled {
    state: InvoiceState,
    total: Money,
    balance: Money,
}

impl Settled {
    /// The status rules of the contract; `None` is no status, no balance. What is not as told is what is kept.
    fn by(told: &Told, state: Option<InvoiceState>, balance: Option<Money>) -> Result<Self, Contradiction> {
        use InvoiceState::{Credited, Draft, Paid, PartiallyPaid, Sent, Void};
        let total = told.total;
        if let Some(balance) = balance.filter(|balance| balance.currency() != total.currency()) {
            return Err(Contradiction::TwoCurrencies { balance, total });
        }
        if let Some(balance) = balance.filter(|balance| balance.minor() > total.minor()) {
            return Err(Contradiction::AboveTotal { balance, total, is_kept: told.balance.is_none() });
        }
        let zero = Money::zero(total.currency());
        match (state, balance) {
            (Some(Draft), balance) => Ok(Self { state: Draft, total, balance: balance.unwrap_or(total) }),
            (Some(state @ (Paid | Void | Credited)), Some(balance)) if balance.is_positive() => {
                Err(Contradiction::NotOwedWithBalance { state, balance, is_kept: told.state.is_none() })
            }
            (Some(state @ (Paid | Void | Credited)), _) => Ok(Self { state, total, balance: zero }),
            (Some(PartiallyPaid), None) => Err(Contradiction::PartWithoutBalance),
            (Some(Sent | PartiallyPaid) | None, balance) => {
                let balance = balance.unwrap_or(total);
                let state = match balance.minor() {
                    0 => Paid,
                    owed if owed < total.minor() => PartiallyPaid,
                    _ => Sent,
                };
                Ok(Self { state, total, balance })
            }
        }
    }
}

/// State, total and balance of an update, and whether what Dunlin recorded still stands.
fn updated_money(
    told: &Told,
    stored: &StoredInvoice,
    terms: Terms,
    doubts: &mut Vec<Doubt>,
) -> Result<(Settled, bool), Contradiction> {
    let kept = &stored.invoice;
    let taken = taken_money(told, stored)?;
    if !stored.settled_here || !undoes(&taken, kept) {
        return Ok((taken, stored.settled_here));
    }
    if terms.reopen {
        return Ok((taken, false));
    }
    let left = leave_recorded(kept, told);
    doubts.push(Doubt::SettlementStands {
        number: kept.number.clone(),
        state: left.state,
        balance: left.balance,
        leaves_total: left.total != told.total,
    });
    Ok((left, true))
}

/// What an update says, with what is left where it says nothing.
fn taken_money(told: &Told, stored: &StoredInvoice) -> Result<Settled, Contradiction> {
    let kept = &stored.invoice;
    // A balance that undoes a recorded payment brings its state along, where none is told.
    let brings_state = stored.settled_here && told.balance.is_some_and(Money::is_positive);
    let state = match told.state {
        None if brings_state => None,
        state => Some(state.unwrap_or(kept.state)),
    };
    let balance = match told.balance {
        Some(balance) => Some(balance),
        None => left_balance(state, kept, told.total)?,
    };
    Settled::by(told, state, balance)
}

/// What is left where no balance is told.
fn left_balance(
    state: Option<InvoiceState>,
    kept: &Invoice,
    total: Money,
) -> Result<Option<Money>, Contradiction> {
    use InvoiceState::{Credited, Paid, Void};
    match state {
        Some(Paid | Void | Credited) => Ok(None),
        _ if kept.balance == kept.total => Ok(Some(total)),
        _ if !kept.balance.is_positive() => Ok(Some(Money::zero(total.currency()))),
        _ if kept.total.currency() != total.currency() => Err(Contradiction::CurrencyWithoutBalance),
        _ => Ok(Some(kept.balance)),
    }
}

/// Whether an update would take back a payment or a withdrawal that was recorded here.
fn undoes(taken: &Settled, kept: &Invoice) -> bool {
    let paid = |total: Money, balance: Money| total.minor() - balance.minor();
    match (kept.state, taken.state) {
        (InvoiceState::Void, state) => state != InvoiceState::Void,
        (state, InvoiceState::Draft) => state != InvoiceState::Draft,
        _ => {
            taken.total.currency() != kept.total.currency()
                || (taken.balance.minor() > kept.balance.minor()
                    && paid(taken.total, taken.balance) < paid(kept.total, kept.balance))
        }
    }
}

/// The recorded state and balance with the total that is told, unless that would not hold them.
fn leave_recorded(kept: &Invoice, told: &Told) -> Settled {
    let recorded = Settled { state: kept.state, total: kept.total, balance: kept.balance };
    if told.total.currency() != kept.total.currency() {
        return recorded;
    }
    Settled::by(told, Some(kept.state), Some(kept.balance)).unwrap_or(recorded)
}

fn archived(
    told: &Told,
    stored: Option<&StoredInvoice>,
    terms: Terms,
    doubts: &mut Vec<Doubt>,
) -> (bool, bool) {
    let Some(stored) = stored else { return (told.archived.unwrap_or(false), false) };
    let kept = stored.invoice.archived_at.is_some();
    match told.archived {
        Some(false) if kept && stored.archived_here && !terms.reopen => {
            doubts.push(Doubt::ArchiveStands(stored.invoice.number.clone()));
            (true, true)
        }
        Some(archived) if archived != kept => (archived, false),
        _ => (kept, stored.archived_here),
    }
}
