//! What a list of invoices shows: tab, filters, order and page, as the address of the page says them.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ids::{CustomerId, InvoiceId};
use super::money::Currency;
use super::named::named;
use super::search::{Search, SearchTooLong};

named! {
    /// Which invoices, by display status.
    Tab {
        /// Overdue and Upcoming: what there is to do.
        Open = "open",
        /// Owed, due before today.
        Overdue = "overdue",
        /// Owed, due today or later.
        Upcoming = "upcoming",
        /// Nothing owed any more.
        Paid = "paid",
        /// Not issued yet.
        Draft = "draft",
        /// Taken out of the working list.
        Archived = "archived",
        /// Every one, archived too.
        All = "all",
    }
}

impl Tab {
    /// Its name on the page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Overdue => "Overdue",
            Self::Upcoming => "Upcoming",
            Self::Paid => "Paid",
            Self::Draft => "Draft",
            Self::Archived => "Archived",
            Self::All => "All",
        }
    }
}

named! {
    /// What the list is ordered by; ties by id.
    SortKey {
        /// The invoice number.
        Number = "number",
        /// The customer's name.
        Customer = "customer",
        /// The due day.
        Due = "due",
        /// What is owed, in the major unit of any currency.
        Balance = "balance",
    }
}

/// What the list is ordered by, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// Largest first.
    pub is_descending: bool,
}

/// The most overdue first.
impl Default for Sort {
    fn default() -> Self {
        Self { key: SortKey::Due, is_descending: false }
    }
}

impl std::fmt::Display for Sort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", if self.is_descending { "-" } else { "" }, self.key)
    }
}

/// Whom a reminder has not reached lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReminded {
    /// No reminder was ever sent.
    Never,
    /// None in the last so many days.
    ForDays(u16),
}

/// Which invoices: everything in the address but order and page. Also what "Select all that match" sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceFilter {
    /// Which tab.
    pub tab: Tab,
    /// A part of number, customer name or e-mail.
    pub search: Option<Search>,
    /// One customer's.
    pub customer: Option<CustomerId>,
    /// One currency's.
    pub currency: Option<Currency>,
    /// Due on this day or later.
    pub due_from: Option<NaiveDate>,
    /// Due on this day or earlier.
    pub due_to: Option<NaiveDate>,
    /// Owed at least so much, in thousandths of the major unit of any currency.
    pub least: Option<i64>,
    /// Owed at most so much, likewise.
    pub most: Option<i64>,
    /// Not reminded lately.
    pub not_reminded: Option<NotReminded>,
    /// Only those that may be reminded at all: what "Deselect them" leaves of all that match.
    pub is_remindable: bool,
}

impl InvoiceFilter {
    /// A tab without any filter.
    pub fn tab(tab: Tab) -> Self {
        Self {
            tab,
            search: None,
            customer: None,
            currency: None,
            due_from: None,
            due_to: None,
            least: None,
            most: None,
            not_reminded: None,
            is_remindable: false,
        }
    }

    /// Whether it tells invoices apart by tab, currency and due day alone.
    pub fn is_by_kind(&self) -> bool {
        let (currency, due_from, due_to) = (self.currency, self.due_from, self.due_to);
        *self == Self { currency, due_from, due_to, ..Self::tab(self.tab) }
    }

    /// Whether anything narrows the tab.
    pub fn is_narrowed(&self) -> bool {
        *self != Self::tab(self.tab)
    }
}

/// A place between two rows of an ordered list: the key and id of the row beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The row's value of the sort key.
    pub key: String,
    /// The row.
    pub id: InvoiceId,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}~{}", self.key, self.id)
    }
}

impl std::str::FromStr for Cursor {
    type Err = ListProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.rsplit_once('~')
            .and_then(|(key, id)| Some(Self { key: key.to_owned(), id: id.parse().ok()? }))
            .ok_or(ListProblem::new("page", "is not a page of this list"))
    }
}

/// Which page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first rows.
    Start,
    /// The rows after a row.
    After(Cursor),
    /// The rows before a row.
    Before(Cursor),
}

/// A whole list: which invoices, in which order, which page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceList {
    /// Which invoices.
    pub filter: InvoiceFilter,
    /// In which order.
    pub sort: Sort,
    /// Rows a page: 25, 50 or 100.
    pub per: usize,
    /// Which page.
    pub place: Place,
}

/// The sizes a page may have.
pub const PAGE_SIZES: [usize; 3] = [25, 50, 100];

/// An address's query, as text; every field may be absent or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvoiceQuery {
    /// See [`Tab`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tab: String,
    /// The search.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub q: String,
    /// A customer's id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub customer: String,
    /// A currency's code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub currency: String,
    /// A day, `2025-12-01`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub due_from: String,
    /// A day.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub due_to: String,
    /// An amount, `100` or `99.50`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub least: String,
    /// An amount.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub most: String,
    /// `never`, or a number of days.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub not_reminded: String,
    /// `yes`: only those that may be reminded.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remindable: String,
    /// A sort key; a leading `-` turns it round.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sort: String,
    /// Rows a page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub per: String,
    /// A cursor.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub after: String,
    /// A cursor.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub before: String,
}

/// A field of the address that cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ListProblem {
    /// One of the filters, the order or the page.
    #[error("The filter \u{201c}{field}\u{201d} {problem}.")]
    Field {
        /// Which one.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The search.
    #[error(transparent)]
    Search(#[from] SearchTooLong),
}

impl ListProblem {
    fn new(field: &'static str, problem: &'static str) -> Self {
        Self::Field { field, problem }
    }
}

impl TryFrom<&InvoiceQuery> for InvoiceList {
    type Error = ListProblem;

    fn try_from(query: &InvoiceQuery) -> Result<Self, ListProblem> {
        let filter = InvoiceFilter {
            tab: read(&query.tab, "tab", "is not a tab")?.unwrap_or(Tab::Open),
            search: Search::read(&query.q)?,
            customer: read(&query.customer, "customer", "is not a customer")?,
            currency: read(&query.currency, "currency", "is not a currency")?,
            due_from: day(&query.due_from, "due from")?,
            due_to: day(&query.due_to, "due to")?,
            least: amount(&query.least, "amount from")?,
            most: amount(&query.most, "amount to")?,
            not_reminded: match query.not_reminded.as_str() {
                "never" => Some(NotReminded::Never),
                days => read(days, "not reminded", "is neither \u{201c}never\u{201d} nor a number of days")?
                    .map(NotReminded::ForDays),
            },
            is_remindable: match query.remindable.as_str() {
                "" => false,
                "yes" => true,
                _ => return Err(ListProblem::new("remindable", "is neither empty nor \u{201c}yes\u{201d}")),
            },
        };
        let per = read(&query.per, "per", "is not 25, 50 or 100")?.unwrap_or(50);
        if !PAGE_SIZES.contains(&per) {
            return Err(ListProblem::new("per", "is not 25, 50 or 100"));
        }
        let place = match (query.after.as_str(), query.before.as_str()) {
            ("", "") => Place::Start,
            (after, "") => Place::After(after.parse()?),
            (_, before) => Place::Before(before.parse()?),
        };
        Ok(Self { filter, sort: sort(&query.sort)?, per, place })
    }
}

fn read<T: std::str::FromStr>(
    text: &str,
    field: &'static str,
    problem: &'static str,
) -> Result<Option<T>, ListProblem> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| ListProblem::new(field, problem)),
    }
}

/// A day of a year with four digits: PostgreSQL knows none far beyond.
fn day(text: &str, field: &'static str) -> Result<Option<NaiveDate>, ListProblem> {
    let problem = "is not a day such as 2025-12-01";
    let day: Option<NaiveDate> = read(text, field, problem)?;
    match day.is_none_or(|day| (1..=9_999).contains(&day.year())) {
        true => Ok(day),
        false => Err(ListProblem::new(field, problem)),
    }
}

fn sort(text: &str) -> Result<Sort, ListProblem> {
    let (key, is_descending) = match text.strip_prefix('-') {
        Some(key) => (key, true),
        None => (text, false),
    };
    let key = read(key, "sort", "is not number, customer, due or balance")?;
    Ok(key.map_or_else(Sort::default, |key| Sort { key, is_descending }))
}

/// An amount in thousandths, whatever the currency.
fn amount(text: &str, field: &'static str) -> Result<Option<i64>, ListProblem> {
    let problem = || ListProblem::new(field, "is not an amount such as 100 or 99.50");
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || fraction.len() > 3 || !is_digits(whole) || !is_digits(fraction)
    {
        return Err(problem());
    }
    format!("{whole}{fraction:0<3}").parse().map(Some).map_err(|_| problem())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_address_is_the_open_tab_most_overdue_first() {
        let list = InvoiceList::try_from(&InvoiceQuery::default()).unwrap();
        assert_eq!((list.filter.tab, list.sort, list.per), (Tab::Open, Sort::default(), 50));
        assert!(!list.filter.is_narrowed());
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        let query = InvoiceQuery { due_from: "yesterday".into(), ..InvoiceQuery::default() };
        let problem = InvoiceList::try_from(&query).unwrap_err();
        assert_eq!(problem.to_string(), "The filter “due from” is not a day such as 2025-12-01.");
        let query = InvoiceQuery { remindable: "no".into(), ..InvoiceQuery::default() };
        let problem = InvoiceList::try_from(&query).unwrap_err();
        assert_eq!(problem.to_string(), "The filter “remindable” is neither empty nor “yes”.");
    }

    #[test]
    fn amounts_are_compared_in_thousandths() {
        let query = InvoiceQuery { least: "99.5".into(), most: "100".into(), ..InvoiceQuery::default() };
        let list = InvoiceList::try_from(&query).unwrap();
        assert_eq!((list.filter.least, list.filter.most), (Some(99_500), Some(100_000)));
    }
}
