//! The figures of the Invoices page: how many, how much is owed, how many are not remindable and why. Each is read from
//! an index alone, and the organisation's state counts once for a page.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};

use super::columns::{count, money, parsed};
use super::invoice_filter::push_filter;
use super::invoice_list::CountRow;
use super::sql::Sql;
use super::{Snapshot, StoreError};
use crate::domain::ids::OrganisationId;
use crate::domain::invoice::{Ineligible, InvoiceState};
use crate::domain::invoice_list::{InvoiceFilter, Tab};
use crate::domain::money::Totals;

/// Everything that a filter matches, in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matching {
    /// How many.
    pub count: usize,
    /// What is owed on them; a currency in which nothing is owed is not there.
    pub totals: Totals,
    /// How many of them are not remindable, and why.
    pub ineligible: Vec<(Ineligible, usize)>,
}

/// How many invoices there are in each state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateCounts {
    active: BTreeMap<InvoiceState, usize>,
    archived: usize,
}

impl StateCounts {
    fn of(&self, states: &[InvoiceState]) -> usize {
        states.iter().filter_map(|state| self.active.get(state)).sum()
    }

    fn total(&self) -> usize {
        self.active.values().sum::<usize>() + self.archived
    }

    fn ineligible(&self) -> Vec<(Ineligible, usize)> {
        [
            (Ineligible::Archived, self.archived),
            (Ineligible::Draft, self.of(&[InvoiceState::Draft])),
            (Ineligible::Paid, self.of(&[InvoiceState::Paid])),
            (Ineligible::Void, self.of(&[InvoiceState::Void])),
            (Ineligible::Credited, self.of(&[InvoiceState::Credited])),
        ]
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .collect()
    }
}

#[derive(QueryableByName)]
struct TotalRow {
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = BigInt)]
    owed: i64,
}

#[derive(QueryableByName)]
struct StateRow {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = BigInt)]
    archived: i64,
}

impl Snapshot<'_> {
    /// How many of the invoices that a filter matches are in each state.
    pub fn state_counts(
        &mut self,
        organisation: OrganisationId,
        filter: &InvoiceFilter,
        today: NaiveDate,
    ) -> Result<StateCounts, StoreError> {
        let mut sql = Sql::new(
            "SELECT i.state, COUNT(*) AS number, COUNT(i.archived_at) AS archived FROM invoice i WHERE ",
        );
        push_filter(&mut sql, organisation, filter, today);
        sql.push(" GROUP BY i.state");
        let mut counts = StateCounts::default();
        for row in sql.load::<StateRow>(self.connection())? {
            let state = parsed("invoice.state", &row.state)?;
            counts.active.insert(state, count("count", row.number - row.archived)?);
            counts.archived += count("count", row.archived)?;
        }
        Ok(counts)
    }

    /// How many invoices each tab has, before any filter; `everything` are the organisation's state counts.
    pub fn tab_counts(
        &mut self,
        organisation: OrganisationId,
        everything: &StateCounts,
        today: NaiveDate,
    ) -> Result<Vec<(Tab, usize)>, StoreError> {
        let mut sql = Sql::new("SELECT COUNT(*) AS number FROM invoice i WHERE ");
        push_filter(&mut sql, organisation, &InvoiceFilter::tab(Tab::Overdue), today);
        let overdue = sql.first::<CountRow>(self.connection())?.ok_or(StoreError::Missing("count"))?.number;
        let overdue = count("count", overdue)?;
        let open = everything.of(&[InvoiceState::Sent, InvoiceState::PartiallyPaid]);
        let number = |tab| match tab {
            Tab::Open => open,
            Tab::Overdue => overdue,
            Tab::Upcoming => open - overdue,
            Tab::Paid => everything.of(&[InvoiceState::Paid]),
            Tab::Draft => everything.of(&[InvoiceState::Draft]),
            Tab::Archived => everything.archived,
            Tab::All => everything.total(),
        };
        Ok(Tab::ALL.iter().map(|&tab| (tab, number(tab))).collect())
    }

    /// Everything that a filter matches, in figures. `everything` are the organisation's state counts, where the caller
    /// has read them already: for the tab All they are the answer.
    pub fn matching(
        &mut self,
        organisation: OrganisationId,
        filter: &InvoiceFilter,
        today: NaiveDate,
        everything: Option<&StateCounts>,
    ) -> Result<Matching, StoreError> {
        if filter.tab.is_all_remindable() {
            let (count, totals) = self.owed(organisation, filter, today)?;
            return Ok(Matching { count, totals, ineligible: Vec::new() });
        }
        let counts = match everything {
            Some(everything) if *filter == InvoiceFilter::tab(Tab::All) => everything.clone(),
            _ => self.state_counts(organisation, filter, today)?,
        };
        let totals = match filter.tab {
            Tab::Paid => Totals::default(),
            _ => self.owed(organisation, filter, today)?.1,
        };
        Ok(Matching { count: counts.total(), totals, ineligible: counts.ineligible() })
    }

    /// How many of the matching invoices have something owed on them, and how much.
    fn owed(
        &mut self,
        organisation: OrganisationId,
        filter: &InvoiceFilter,
        today: NaiveDate,
    ) -> Result<(usize, Totals), StoreError> {
        let mut sql = Sql::new(
            "SELECT i.currency, COUNT(*) AS number, CAST(SUM(i.balance) AS BIGINT) AS owed FROM invoice i WHERE ",
        );
        push_filter(&mut sql, organisation, filter, today);
        if !filter.tab.is_all_remindable() {
            // PostgreSQL adds up BIGINTs as NUMERIC: the many zeros of what is paid would cost the most.
            sql.push(" AND i.balance > 0");
        }
        sql.push(" GROUP BY i.currency");
        let (mut number, mut totals) = (0, Totals::default());
        for row in sql.load::<TotalRow>(self.connection())? {
            number += count("count", row.number)?;
            totals.add(money("invoice.balance", row.owed, &row.currency)?);
        }
        Ok((number, totals))
    }
}
