//! The figures of the Invoices page: how many, how much is owed, how many are not remindable and why. What currency,
//! state, archive and due day tell is read from the tally that the database keeps; any other filter is counted from the
//! invoices that it finds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Text};

use super::columns::{count, money, parsed};
use super::invoice_filter::{push_filter, push_kinds};
use super::sql::Sql;
use super::{Snapshot, StoreError};
use crate::domain::ids::OrganisationId;
use crate::domain::invoice::{Ineligible, InvoiceState};
use crate::domain::invoice_list::{InvoiceFilter, Tab};
use crate::domain::money::{Currency, Money, Totals};

/// Everything that a filter matches, in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// How many.
    pub count: usize,
    /// What is owed on them; a currency in which nothing is owed is not there.
    pub totals: Totals,
    /// What is owed on those that are remindable.
    pub remindable: Totals,
    /// How many of them are not remindable, and why.
    pub ineligible: Vec<(Ineligible, usize)>,
}

/// Invoices in figures, a kind each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures(Vec<Kind>);

/// Invoices that are alike: in one currency, in one state, archived or not, due before today or not.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kind {
    state: InvoiceState,
    is_archived: bool,
    is_past_due: bool,
    number: usize,
    owed: Money,
}

#[derive(QueryableByName)]
struct KindRow {
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Bool)]
    is_archived: bool,
    #[diesel(sql_type = Bool)]
    is_past_due: bool,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = BigInt)]
    owed: i64,
}

impl Kind {
    fn is_in(&self, tab: Tab) -> bool {
        let is_open =
            !self.is_archived && matches!(self.state, InvoiceState::Sent | InvoiceState::PartiallyPaid);
        match tab {
            Tab::Open => is_open,
            Tab::Overdue => is_open && self.is_past_due,
            Tab::Upcoming => is_open && !self.is_past_due,
            Tab::Paid => !self.is_archived && self.state == InvoiceState::Paid,
            Tab::Draft => !self.is_archived && self.state == InvoiceState::Draft,
            Tab::Archived => self.is_archived,
            Tab::All => true,
        }
    }
}

impl TryFrom<KindRow> for Kind {
    type Error = StoreError;

    fn try_from(row: KindRow) -> Result<Self, StoreError> {
        Ok(Self {
            state: parsed("invoice.state", &row.state)?,
            is_archived: row.is_archived,
            is_past_due: row.is_past_due,
            number: count("count", row.number)?,
            owed: money("invoice.balance", row.owed, &row.currency)?,
        })
    }
}

impl Figures {
    /// How many are in a tab.
    pub fn count(&self, tab: Tab) -> usize {
        self.0.iter().filter(|kind| kind.is_in(tab)).map(|kind| kind.number).sum()
    }

    /// The currencies in which there are any.
    pub fn currencies(&self) -> BTreeSet<Currency> {
        self.0.iter().map(|kind| kind.owed.currency()).collect()
    }

    fn in_tab(&self, tab: Tab) -> Matching {
        let mut matching = Matching::default();
        let mut ineligible = BTreeMap::<Ineligible, usize>::new();
        for kind in self.0.iter().filter(|kind| kind.is_in(tab)) {
            matching.count += kind.number;
            if kind.owed.minor() > 0 {
                matching.totals.add(kind.owed);
            }
            match Ineligible::of(kind.state, kind.owed.minor() > 0, kind.is_archived) {
                Some(why) => *ineligible.entry(why).or_default() += kind.number,
                None => matching.remindable.add(kind.owed),
            }
        }
        matching.ineligible = ineligible.into_iter().collect();
        matching
    }
}

impl Snapshot<'_> {
    /// All invoices of an organisation in figures, as of a day.
    pub fn ledger_figures(
        &mut self,
        organisation: OrganisationId,
        today: NaiveDate,
    ) -> Result<Figures, StoreError> {
        self.figures(organisation, &InvoiceFilter::tab(Tab::All), today)
    }

    /// Everything that a filter matches, in figures.
    pub fn matching(
        &mut self,
        organisation: OrganisationId,
        filter: &InvoiceFilter,
        today: NaiveDate,
    ) -> Result<Matching, StoreError> {
        Ok(self.figures(organisation, filter, today)?.in_tab(filter.tab))
    }

    fn figures(
        &mut self,
        organisation: OrganisationId,
        filter: &InvoiceFilter,
        today: NaiveDate,
    ) -> Result<Figures, StoreError> {
        let mut sql = Sql::new("SELECT i.currency, i.state, ");
        if filter.is_by_kind() {
            sql.push("i.is_archived, i.due_on < ").value(today);
            sql.push(
                " AS is_past_due, CAST(SUM(i.number) AS BIGINT) AS number, CAST(SUM(i.owed) AS BIGINT) AS owed \
                 FROM invoice_tally i WHERE ",
            );
            push_kinds(&mut sql, organisation, filter);
            sql.push(" GROUP BY 1, 2, 3, 4 HAVING SUM(i.number) > 0");
        } else {
            sql.push("i.archived_at IS NOT NULL AS is_archived, i.due_on < ").value(today);
            sql.push(
                " AS is_past_due, COUNT(*) AS number, CAST(SUM(i.balance) AS BIGINT) AS owed FROM invoice i WHERE ",
            );
            push_filter(&mut sql, organisation, filter, today);
            sql.push(" GROUP BY 1, 2, 3, 4");
        }
        let rows = sql.load::<KindRow>(self.connection())?;
        rows.into_iter().map(Kind::try_from).collect::<Result<_, _>>().map(Figures)
    }
}
