//! What an invoice is after a row of a file: the status rules, what an empty cell leaves, and what Dunlin itself recorded.

use chrono::{Days, NaiveDate};

use super::finding::Finding;
use super::header::Column;
use super::row::LedgerRow;
use crate::domain::invoice::{Invoice, InvoiceState, PayUrl};
use crate::domain::money::Money;

/// What a row is read by, beside what it says.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The day in the organisation's time zone.
    pub today: NaiveDate,
    /// Days from issue to due when a row does not say.
    pub payment_terms_days: u16,
    /// Whether the file may undo what Dunlin itself recorded.
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

/// What a row makes of an invoice.
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
}

/// Applies a row to the invoice of its key, or to none.
///
/// # Errors
/// When the resulting row contradicts itself.
pub fn resulting(
    row: &LedgerRow,
    stored: Option<&StoredInvoice>,
    terms: Terms,
) -> Result<(InvoiceValues, Vec<Finding>), Finding> {
    let mut warnings = Vec::new();
    let money = match stored {
        None => Settled::by(row.status, row.balance, row.total)
            .map(|settled| (settled, false))
            .map_err(|refusal| refusal.finding(row, row.total))?,
        Some(stored) => updated_money(row, stored, terms, &mut warnings)?,
    };
    let (settled, settled_here) = money;
    let (is_archived, archived_here) = archived(row, stored, terms, &mut warnings);
    let issued_on = row.issue_date.or(stored.map(|stored| stored.invoice.issued_on)).unwrap_or(terms.today);
    let due_on = row.due_date.or(stored.map(|stored| stored.invoice.due_on)).unwrap_or_else(|| {
        issued_on.checked_add_days(Days::new(terms.payment_terms_days.into())).unwrap_or(issued_on)
    });
    let is_issue_day_told = row.issue_date.is_some() || (stored.is_some() && row.due_date.is_some());
    if due_on < issued_on && is_issue_day_told {
        let sentence = "The due day is before the day of issue.";
        warnings.push(Finding::warning(row.row, Some(Column::DueDate.as_str()), sentence));
    }
    let pay_url = row.pay_url.clone().or_else(|| stored.and_then(|stored| stored.invoice.pay_url.clone()));
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
    Ok((values, warnings))
}

/// A state with the amounts that go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Settled {
    state: InvoiceState,
    total: Money,
    balance: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    PartWithoutBalance,
    CurrencyWithoutBalance,
    AboveTotal(Money),
    NotOwedWithBalance(InvoiceState, Money),
}

impl Settled {
    /// The status rules of the contract; `None` is no status, no balance.
    fn by(status: Option<InvoiceState>, balance: Option<Money>, total: Money) -> Result<Self, Refusal> {
        use InvoiceState::{Credited, Draft, Paid, PartiallyPaid, Sent, Void};
        if let Some(balance) = balance.filter(|balance| balance.minor() > total.minor()) {
            return Err(Refusal::AboveTotal(balance));
        }
        let zero = Money::zero(total.currency());
        match (status, balance) {
            (Some(Draft), balance) => Ok(Self { state: Draft, total, balance: balance.unwrap_or(total) }),
            (Some(state @ (Paid | Void | Credited)), Some(balance)) if balance.is_positive() => {
                Err(Refusal::NotOwedWithBalance(state, balance))
            }
            (Some(state @ (Paid | Void | Credited)), _) => Ok(Self { state, total, balance: zero }),
            (Some(PartiallyPaid), None) => Err(Refusal::PartWithoutBalance),
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

impl Refusal {
    fn finding(self, row: &LedgerRow, total: Money) -> Finding {
        let sentence = match self {
            Self::PartWithoutBalance => {
                "The status is PartiallyPaid and the balance is empty. Say what is still owed.".to_owned()
            }
            Self::CurrencyWithoutBalance => {
                "The currency is another than before and a part was paid. Give the balance as well."
                    .to_owned()
            }
            Self::AboveTotal(balance) if row.balance.is_none() => format!(
                "The balance that is kept, {balance}, is above the total, {total}. Give the balance as well."
            ),
            Self::AboveTotal(balance) => format!("The balance, {balance}, is above the total, {total}."),
            Self::NotOwedWithBalance(state, balance) if row.status.is_none() => format!(
                "The invoice is kept as {state}, which goes with a balance of 0, not {balance}. Give the status as well."
            ),
            Self::NotOwedWithBalance(state, balance) => {
                format!("The status {state} goes with a balance of 0 or an empty one, not {balance}.")
            }
        };
        Finding::error(row.row, Some(Column::Balance.as_str()), sentence)
    }
}

/// State, total and balance of an update, and whether what Dunlin recorded still stands.
fn updated_money(
    row: &LedgerRow,
    stored: &StoredInvoice,
    terms: Terms,
    warnings: &mut Vec<Finding>,
) -> Result<(Settled, bool), Finding> {
    let kept = &stored.invoice;
    let taken = taken_money(row, stored).map_err(|refusal| refusal.finding(row, row.total))?;
    if !stored.settled_here || !undoes(&taken, kept) {
        return Ok((taken, stored.settled_here));
    }
    if terms.reopen {
        return Ok((taken, false));
    }
    let left = leave_recorded(kept, row.total);
    let recorded = if kept.state == InvoiceState::Void { "that it is void" } else { "a payment" };
    let cells = if left.total == row.total { "status and balance" } else { "status, balance and total" };
    let sentence = format!(
        "Dunlin itself recorded {recorded}, so the {cells} of the file are left: {} stays {} with {} owed. Reopen takes them.",
        row.invoice_number, left.state, left.balance
    );
    warnings.push(Finding::warning(row.row, Some(Column::Balance.as_str()), sentence));
    Ok((left, true))
}

/// What an update says, with what its empty cells leave.
fn taken_money(row: &LedgerRow, stored: &StoredInvoice) -> Result<Settled, Refusal> {
    let kept = &stored.invoice;
    // A balance that undoes a recorded payment brings its state along, where the file has no status of its own.
    let brings_state = stored.settled_here && row.balance.is_some_and(Money::is_positive);
    let status = match row.status {
        None if brings_state => None,
        status => Some(status.unwrap_or(kept.state)),
    };
    let balance = match row.balance {
        Some(balance) => Some(balance),
        None => left_balance(status, kept, row.total)?,
    };
    Settled::by(status, balance, row.total)
}

/// What an empty balance cell leaves.
fn left_balance(
    status: Option<InvoiceState>,
    kept: &Invoice,
    total: Money,
) -> Result<Option<Money>, Refusal> {
    use InvoiceState::{Credited, Paid, Void};
    match status {
        Some(Paid | Void | Credited) => Ok(None),
        _ if kept.balance == kept.total => Ok(Some(total)),
        _ if !kept.balance.is_positive() => Ok(Some(Money::zero(total.currency()))),
        _ if kept.total.currency() != total.currency() => Err(Refusal::CurrencyWithoutBalance),
        _ => Ok(Some(kept.balance)),
    }
}

/// Whether a row would take back a payment or a withdrawal that was recorded here.
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

/// The recorded state and balance with the file's total, unless that would not hold them.
fn leave_recorded(kept: &Invoice, total: Money) -> Settled {
    let recorded = Settled { state: kept.state, total: kept.total, balance: kept.balance };
    if total.currency() != kept.total.currency() {
        return recorded;
    }
    Settled::by(Some(kept.state), Some(kept.balance), total).unwrap_or(recorded)
}

fn archived(
    row: &LedgerRow,
    stored: Option<&StoredInvoice>,
    terms: Terms,
    warnings: &mut Vec<Finding>,
) -> (bool, bool) {
    let Some(stored) = stored else { return (row.archived.unwrap_or(false), false) };
    let kept = stored.invoice.archived_at.is_some();
    match row.archived {
        Some(false) if kept && stored.archived_here && !terms.reopen => {
            let sentence = format!(
                "{} was archived in Dunlin, so the cell is left: it stays archived. Reopen takes it.",
                row.invoice_number
            );
            warnings.push(Finding::warning(row.row, Some(Column::Archived.as_str()), sentence));
            (true, true)
        }
        Some(archived) if archived != kept => (archived, false),
        _ => (kept, stored.archived_here),
    }
}
