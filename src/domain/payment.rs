//! A payment: how much was paid on an invoice and when, and what the invoice is after it.

use chrono::NaiveDate;
use thiserror::Error;

use super::ids::PaymentId;
use super::invoice::{Invoice, InvoiceState};
use super::money::{Currency, Money};
use super::organisation::day_in_words;
use super::text::Line;

/// Money that came in for one invoice, all that is owed or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Made before it is asked for: recording the same payment twice is recording it once.
    pub id: PaymentId,
    /// How much.
    pub amount: Money,
    /// The day on which it came in.
    pub paid_on: NaiveDate,
}

/// What an invoice is after a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AfterPayment {
    /// Paid, or PartiallyPaid.
    pub state: InvoiceState,
    /// What is still owed.
    pub balance: Money,
}

/// Why a payment cannot be recorded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PaymentRefused {
    /// The invoice is not Sent or PartiallyPaid.
    #[error("Nothing is owed on {0}.")]
    NothingOwed(Line),
    /// Zero or negative.
    #[error("A payment is more than zero.")]
    NotPositive,
    /// In another currency than the invoice.
    #[error("The invoice is in {0}: give the amount in it.")]
    OtherCurrency(Currency),
    /// More than is owed.
    #[error("{amount} is more than is owed: {owed}.")]
    AboveBalance {
        /// What was to be recorded.
        amount: Money,
        /// What is owed.
        owed: Money,
    },
    /// On a day that has not come yet.
    #[error("{} has not come yet. Give the day on which the money came in.", day_in_words(*.0))]
    InFuture(NaiveDate),
}

impl Payment {
    /// All that is owed on an invoice.
    pub fn of_all(invoice: &Invoice, id: PaymentId, paid_on: NaiveDate) -> Self {
        Self { id, amount: invoice.balance, paid_on }
    }

    /// What the invoice is after it.
    ///
    /// # Errors
    /// When it cannot be recorded as things stand on a day.
    pub fn applied_to(&self, invoice: &Invoice, today: NaiveDate) -> Result<AfterPayment, PaymentRefused> {
        let (amount, owed) = (self.amount, invoice.balance);
        if !invoice.is_owed() {
            return Err(PaymentRefused::NothingOwed(invoice.number.clone()));
        }
        if amount.currency() != owed.currency() {
            return Err(PaymentRefused::OtherCurrency(owed.currency()));
        }
        if !amount.is_positive() {
            return Err(PaymentRefused::NotPositive);
        }
        if self.paid_on > today {
            return Err(PaymentRefused::InFuture(self.paid_on));
        }
        let balance = Money::from_minor(owed.minor() - amount.minor(), owed.currency());
        match balance.minor() {
            0 => Ok(AfterPayment { state: InvoiceState::Paid, balance }),
            1.. => Ok(AfterPayment { state: InvoiceState::PartiallyPaid, balance }),
            _ => Err(PaymentRefused::AboveBalance { amount, owed }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::invoice::sample as invoice;
    use uuid::Uuid;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2025, 12, day).unwrap()
    }

    fn euros(minor: i64) -> Money {
        Money::from_minor(minor, "EUR".parse().unwrap())
    }

    fn after(invoice: &Invoice, amount: Money) -> Result<AfterPayment, PaymentRefused> {
        Payment { id: Uuid::nil().into(), amount, paid_on: day(1) }.applied_to(invoice, day(1))
    }

    #[test]
    fn a_part_lowers_the_balance_and_all_of_it_settles_the_invoice() {
        let invoice = invoice(InvoiceState::Sent, 10_000);
        let part = AfterPayment { state: InvoiceState::PartiallyPaid, balance: euros(1) };
        assert_eq!(after(&invoice, euros(9_999)), Ok(part));
        let all = AfterPayment { state: InvoiceState::Paid, balance: euros(0) };
        assert_eq!(after(&invoice, euros(10_000)), Ok(all));
    }

    #[test]
    fn what_is_not_owed_cannot_be_paid() {
        let invoice = invoice(InvoiceState::PartiallyPaid, 4_000);
        let refused = after(&invoice, euros(4_001)).unwrap_err();
        assert_eq!(refused.to_string(), "40.01 EUR is more than is owed: 40.00 EUR.");
        assert_eq!(after(&invoice, euros(0)), Err(PaymentRefused::NotPositive));
        assert_eq!(after(&invoice, euros(-1)), Err(PaymentRefused::NotPositive));
        let yen = Money::from_minor(1, "JPY".parse().unwrap());
        assert!(matches!(after(&invoice, yen), Err(PaymentRefused::OtherCurrency(_))));
        let tomorrow = Payment { id: Uuid::nil().into(), amount: euros(1), paid_on: day(2) };
        assert_eq!(tomorrow.applied_to(&invoice, day(1)), Err(PaymentRefused::InFuture(day(2))));
    }

    #[test]
    fn only_a_sent_invoice_can_be_paid() {
        for state in [InvoiceState::Draft, InvoiceState::Paid, InvoiceState::Void, InvoiceState::Credited] {
            let balance = if state == InvoiceState::Draft { 10_000 } else { 0 };
            let refused = after(&invoice(state, balance), euros(1));
            assert!(matches!(refused, Err(PaymentRefused::NothingOwed(_))), "{state}");
        }
    }
}
