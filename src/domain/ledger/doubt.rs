//! What stands in the way of what is told of an invoice, and what of it is left: with the sentences that say so.

use crate::domain::invoice::InvoiceState;
use crate::domain::money::Money;
use crate::domain::text::Line;

/// What is told of an invoice cannot be: it contradicts itself or what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// Paid in part, and it is not said how much is still owed.
    PartWithoutBalance,
    /// Another currency than before, of which a part was paid.
    CurrencyWithoutBalance,
    /// Total and balance in two currencies.
    TwoCurrencies {
        /// What is owed.
        balance: Money,
        /// What was demanded.
        total: Money,
    },
    /// More is owed than was demanded.
    AboveTotal {
        /// What is owed.
        balance: Money,
        /// What was demanded.
        total: Money,
        /// Whether the balance is the one that is kept, not a told one.
        is_kept: bool,
    },
    /// Something is owed in a state in which nothing is.
    NotOwedWithBalance {
        /// The state.
        state: InvoiceState,
        /// What is owed.
        balance: Money,
        /// Whether the state is the one that is kept, not a told one.
        is_kept: bool,
    },
}

impl Contradiction {
    /// What it is and what to do; a file calls the state `status`.
    pub fn sentence(&self, state_word: &str) -> String {
        match self {
            Self::PartWithoutBalance => {
                format!("The {state_word} is PartiallyPaid and the balance is empty. Say what is still owed.")
            }
            Self::CurrencyWithoutBalance => {
                "The currency is another than before and a part was paid. Give the balance as well."
                    .to_owned()
            }
            Self::TwoCurrencies { balance, total } => {
                format!("The balance, {balance}, is in another currency than the total, {total}.")
            }
            Self::AboveTotal { balance, total, is_kept: true } => format!(
                "The balance that is kept, {balance}, is above the total, {total}. Give the balance as well."
            ),
            Self::AboveTotal { balance, total, is_kept: false } => {
                format!("The balance, {balance}, is above the total, {total}.")
            }
            Self::NotOwedWithBalance { state, balance, is_kept: true } => format!(
                "The invoice is kept as {state}, which goes with a balance of 0, not {balance}. Give the {state_word} as well."
            ),
            Self::NotOwedWithBalance { state, balance, is_kept: false } => {
                format!("The {state_word} {state} goes with a balance of 0 or an empty one, not {balance}.")
            }
        }
    }
}

/// Something to know of what an invoice becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is due before it was issued.
    DueBeforeIssue,
    /// Dunlin itself recorded a payment or a withdrawal: what would take it back is left.
    SettlementStands {
        /// The invoice.
        number: Line,
        /// Its state, which stays.
        state: InvoiceState,
        /// What is owed, which stays.
        balance: Money,
        /// Whether the total that was told is left as well.
        leaves_total: bool,
    },
    /// It was archived in Dunlin, and stays so.
    ArchiveStands(Line),
}

impl Doubt {
    /// What it is and what to do, to somebody who brings a file.
    pub fn sentence(&self) -> String {
        match self {
            Self::DueBeforeIssue => "The due day is before the day of issue.".to_owned(),
            Self::SettlementStands { number, state, balance, leaves_total } => {
                let recorded = recorded(*state);
                let cells = if *leaves_total { "status, balance and total" } else { "status and balance" };
                format!(
                    "Dunlin itself recorded {recorded}, so the {cells} of the file are left: {number} stays {state} with {balance} owed. Reopen takes them."
                )
            }
            Self::ArchiveStands(number) => format!(
                "{number} was archived in Dunlin, so the cell is left: it stays archived. Reopen takes it."
            ),
        }
    }
}

/// What Dunlin itself recorded of an invoice that is settled in a state, wholly or in part.
pub(super) fn recorded(state: InvoiceState) -> &'static str {
    if state == InvoiceState::Void { "that it is void" } else { "a payment" }
}
