//! An invoice: what is stored of it, what is derived from today, and when it may be reminded.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use url::Url;

use super::ids::{CustomerId, InvoiceId, OrganisationId};
use super::language::Language;
use super::money::Money;
use super::named::named;
use super::text::Line;

named! {
    /// The stored state; `archived_at` stands beside it.
    InvoiceState {
        /// Not issued yet.
        Draft = "Draft",
        /// Issued; nothing paid.
        Sent = "Sent",
        /// Issued; a part paid.
        PartiallyPaid = "PartiallyPaid",
        /// Nothing is owed any more.
        Paid = "Paid",
        /// Withdrawn.
        Void = "Void",
        /// Cancelled out by a credit note.
        Credited = "Credited",
    }
}

named! {
    /// What a person reads: derived from state, balance, due day and today, never stored.
    DisplayStatus {
        /// Owed, and the due day is before today.
        Overdue = "Overdue",
        /// Owed, due today or later.
        Upcoming = "Upcoming",
        /// See [`InvoiceState::Draft`].
        Draft = "Draft",
        /// Nothing is owed any more.
        Paid = "Paid",
        /// See [`InvoiceState::Void`].
        Void = "Void",
        /// See [`InvoiceState::Credited`].
        Credited = "Credited",
    }
}

/// Why an invoice is not remindable at all. Its sentence is shown word for word in row, modal, log and API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ineligible {
    /// Taken out of the working list.
    Archived,
    /// Not issued yet.
    Draft,
    /// Nothing is owed.
    Paid,
    /// Withdrawn.
    Void,
    /// Cancelled out by a credit note.
    Credited,
}

impl Ineligible {
    /// Why an invoice in this state is not remindable, if it is not.
    pub fn of(state: InvoiceState, is_owed: bool, is_archived: bool) -> Option<Self> {
        if is_archived {
            return Some(Self::Archived);
        }
        match state {
            InvoiceState::Draft => Some(Self::Draft),
            InvoiceState::Void => Some(Self::Void),
            InvoiceState::Credited => Some(Self::Credited),
            InvoiceState::Paid => Some(Self::Paid),
            InvoiceState::Sent | InvoiceState::PartiallyPaid => (!is_owed).then_some(Self::Paid),
        }
    }

    /// Every reason.
    pub const ALL: [Self; 5] = [Self::Archived, Self::Draft, Self::Paid, Self::Void, Self::Credited];

    /// The word for programs and columns.
    pub fn code(self) -> &'static str {
        match self {
            Self::Archived => "archived",
            Self::Draft => "draft",
            Self::Paid => "paid",
            Self::Void => "void",
            Self::Credited => "credited",
        }
    }

    /// The reason as an adjective: "2 are paid".
    pub fn as_adjective(self) -> &'static str {
        match self {
            Self::Archived => "archived",
            Self::Draft => "still a draft",
            Self::Paid => "paid",
            Self::Void => "void",
            Self::Credited => "credited",
        }
    }
}

impl fmt::Display for Ineligible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "It is {}.", self.as_adjective())
    }
}

/// A demand for payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// Which one.
    pub id: InvoiceId,
    /// Whose ledger it is in.
    pub organisation_id: OrganisationId,
    /// Who owes.
    pub customer_id: CustomerId,
    /// What the customer knows it by.
    pub number: Line,
    /// The stored state.
    pub state: InvoiceState,
    /// What was demanded.
    pub total: Money,
    /// What is still owed (EN 16931 BT-115).
    pub balance: Money,
    /// The day of issue.
    pub issued_on: NaiveDate,
    /// The day by which it is to be paid.
    pub due_on: NaiveDate,
    /// When it was taken out of the working list.
    pub archived_at: Option<DateTime<Utc>>,
    /// Where the customer can view and pay it.
    pub pay_url: Option<PayUrl>,
}

impl Invoice {
    /// Whether something is owed: Sent or PartiallyPaid with a balance, archived or not.
    pub fn is_owed(&self) -> bool {
        matches!(self.state, InvoiceState::Sent | InvoiceState::PartiallyPaid) && self.balance.is_positive()
    }

    /// Whether it can be withdrawn: it is not settled, and not withdrawn yet.
    pub fn may_be_voided(&self) -> bool {
        !matches!(self.state, InvoiceState::Paid | InvoiceState::Credited | InvoiceState::Void)
    }

    /// What a person reads, as of a calendar day in the organisation's time zone.
    pub fn status(&self, today: NaiveDate) -> DisplayStatus {
        match self.state {
            InvoiceState::Draft => DisplayStatus::Draft,
            InvoiceState::Void => DisplayStatus::Void,
            InvoiceState::Credited => DisplayStatus::Credited,
            InvoiceState::Sent | InvoiceState::PartiallyPaid if self.is_owed() => match self.due_on < today {
                true => DisplayStatus::Overdue,
                false => DisplayStatus::Upcoming,
            },
            InvoiceState::Sent | InvoiceState::PartiallyPaid | InvoiceState::Paid => DisplayStatus::Paid,
        }
    }

    /// Why it is not remindable; `None` when it is (product item A3: the one predicate of page, bulk, API and rules).
    pub fn ineligible(&self) -> Option<Ineligible> {
        Ineligible::of(self.state, self.is_owed(), self.archived_at.is_some())
    }

    /// The due day as a distance from today: "12 days overdue", "due today", "in 3 days".
    pub fn due_in_words(&self, today: NaiveDate) -> String {
        Language::English.since_due((today - self.due_on).num_days())
    }
}

/// Where an invoice can be viewed and paid: an absolute `https` or `http` address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayUrl(Url);

impl PayUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Why a text is not a [`PayUrl`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("it is not a web address that begins with https:// or http://")]
pub struct InvalidPayUrl;

impl std::str::FromStr for PayUrl {
    type Err = InvalidPayUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text.trim()).map_err(|_| InvalidPayUrl)?;
        let is_plain =
            matches!(url.scheme(), "https" | "http") && url.username().is_empty() && url.password().is_none();
        if is_plain && text.len() <= 2_000 { Ok(Self(url)) } else { Err(InvalidPayUrl) }
    }
}

/// An invoice to test with: 100.00 EUR, issued and due on 1 December 2025, of which so many cents are owed.
#[cfg(test)]
pub(super) fn sample(state: InvoiceState, balance: i64) -> Invoice {
    let (nil, eur) = (uuid::Uuid::nil(), "EUR".parse().unwrap());
    let day = NaiveDate::from_ymd_opt(2025, 12, 1).unwrap();
    Invoice {
        id: nil.into(),
        organisation_id: nil.into(),
        customer_id: nil.into(),
        number: "INV-1".parse().unwrap(),
        state,
        total: Money::from_minor(10_000, eur),
        balance: Money::from_minor(balance, eur),
        issued_on: day,
        due_on: day,
        archived_at: None,
        pay_url: None,
    }
}

#[cfg(test)]
mod tests {
    use super::sample as invoice;
    use super::*;

    #[test]
    fn an_invoice_due_today_is_upcoming_and_from_tomorrow_overdue() {
        let invoice = invoice(InvoiceState::Sent, 1_000);
        assert_eq!(invoice.status(invoice.due_on), DisplayStatus::Upcoming);
        assert_eq!(invoice.status(invoice.due_on.succ_opt().unwrap()), DisplayStatus::Overdue);
    }

    #[test]
    fn only_an_owed_invoice_that_is_not_archived_is_remindable() {
        assert_eq!(invoice(InvoiceState::Sent, 1_000).ineligible(), None);
        assert_eq!(invoice(InvoiceState::PartiallyPaid, 1).ineligible(), None);
        assert_eq!(invoice(InvoiceState::Sent, 0).ineligible(), Some(Ineligible::Paid));
        assert_eq!(invoice(InvoiceState::Draft, 1_000).ineligible(), Some(Ineligible::Draft));
        assert_eq!(invoice(InvoiceState::Void, 0).ineligible(), Some(Ineligible::Void));
        assert_eq!(invoice(InvoiceState::Credited, 0).ineligible(), Some(Ineligible::Credited));
        let archived =
            Invoice { archived_at: Some(DateTime::UNIX_EPOCH), ..invoice(InvoiceState::Sent, 1_000) };
        assert_eq!(archived.ineligible(), Some(Ineligible::Archived));
    }

    #[test]
    fn a_pay_link_is_a_plain_web_address() {
        assert!("https://pay.example/INV-1".parse::<PayUrl>().is_ok());
        for text in ["javascript:alert(1)", "pay.example", "https://user:pass@pay.example", ""] {
            assert!(text.parse::<PayUrl>().is_err(), "{text}");
        }
    }
}
