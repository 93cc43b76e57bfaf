//! Search and filters find what a plain filter over the same rows finds, whatever they are combined from.

use chrono::TimeDelta;
use dunlin::domain::ids::InvoiceId;
use dunlin::domain::invoice::InvoiceState;
use dunlin::domain::invoice_list::{InvoiceFilter, NotReminded, Tab};
use dunlin::domain::money::Totals;
use dunlin::domain::search::Search;

use crate::chance::Chance;
use crate::generated::{Generated, Row};
use crate::ledger::sorted;
use crate::on_both_databases;
use crate::paging::first_page;
use crate::test_store::today;

/// What a search may be for; the last ones are what a pattern would take for its own.
const SEARCHES: [&str; 20] = [
    "inv",
    "inv-01",
    "7",
    "ac",
    "acme",
    "ä",
    "é",
    "ß",
    "i̇",
    "株",
    "🙂",
    "@",
    "customer.example",
    "kd-",
    "o'b",
    "zzz",
    "%",
    "_",
    "\\",
    "100% _",
];

fn drawn(chance: &mut Chance, rows: &[Row]) -> InvoiceFilter {
    let mut filter = InvoiceFilter::tab(Tab::ALL[chance.below(Tab::ALL.len())]);
    let row = &rows[chance.below(rows.len())];
    let day = |chance: &mut Chance| today() + TimeDelta::days(chance.below(9) as i64 - 4);
    let amount = |chance: &mut Chance| [0, 1, 9, 10, 999, 1_000, 5_005, 100_000][chance.below(8)];
    if chance.below(2) == 0 {
        filter.search = Search::read(SEARCHES[chance.below(SEARCHES.len())]).unwrap();
    }
    if chance.below(6) == 0 {
        filter.customer = Some(row.customer.id);
    }
    if chance.below(4) == 0 {
        filter.currency = Some(row.invoice.values.total.currency());
    }
    if chance.below(3) == 0 {
        filter.due_from = Some(day(chance));
    }
    if chance.below(3) == 0 {
        filter.due_to = Some(day(chance));
    }
    if chance.below(3) == 0 {
        filter.least = Some(amount(chance));
    }
    if chance.below(3) == 0 {
        filter.most = Some(amount(chance));
    }
    if chance.below(3) == 0 {
        let days = chance.below(8) as u16;
        filter.not_reminded = Some(if days == 0 { NotReminded::Never } else { NotReminded::ForDays(days) });
    }
    filter
}

/// The rule in plain words.
pub fn matches(filter: &InvoiceFilter, row: &Row) -> bool {
    let values = &row.invoice.values;
    let is_archived = row.invoice.archived_at.is_some();
    let is_open = !is_archived && matches!(values.state, InvoiceState::Sent | InvoiceState::PartiallyPaid);
    let is_overdue = values.due_on < today();
    let is_in_tab = match filter.tab {
        Tab::Open => is_open,
        Tab::Overdue => is_open && is_overdue,
        Tab::Upcoming => is_open && !is_overdue,
        Tab::Paid => !is_archived && values.state == InvoiceState::Paid,
        Tab::Draft => !is_archived && values.state == InvoiceState::Draft,
        Tab::Archived => is_archived,
        Tab::All => true,
    };
    let is_found = |search: &Search| {
        let (customer, search) = (&row.customer, search.as_str());
        row.invoice.number.folded().contains(search)
            || customer.name.folded().contains(search)
            || customer.email.as_ref().is_some_and(|email| email.folded().contains(search))
            || customer.external_id.as_ref().is_some_and(|id| id.folded().contains(search))
    };
    // An amount in a filter is in thousandths of the major unit, whatever the currency.
    let owed = i128::from(values.balance.minor()) * 1_000;
    let figure =
        |thousandths: i64| i128::from(thousandths) * 10_i128.pow(values.balance.currency().decimals());
    let is_not_reminded = |rule: NotReminded| match (rule, row.reminded_at) {
        (_, None) => true,
        (NotReminded::Never, Some(_)) => false,
        (NotReminded::ForDays(days), Some(at)) => {
            at.date_naive() < today() - TimeDelta::days(i64::from(days))
        }
    };
    is_in_tab
        && filter.search.as_ref().is_none_or(is_found)
        && filter.customer.is_none_or(|id| row.customer.id == id)
        && filter.currency.is_none_or(|currency| values.total.currency() == currency)
        && filter.due_from.is_none_or(|day| values.due_on >= day)
        && filter.due_to.is_none_or(|day| values.due_on <= day)
        && filter.least.is_none_or(|least| owed >= figure(least))
        && filter.most.is_none_or(|most| owed <= figure(most))
        && filter.not_reminded.is_none_or(is_not_reminded)
}

on_both_databases! {
    async fn a_filter_finds_the_rows_that_a_plain_rule_finds_and_adds_them_up(store: TestStore) {
        let Generated { rows, .. } = Generated::in_store(&store, 240).await;
        let mut chance = Chance::new(20_251_201);
        let mut sizes = Vec::new();
        for _ in 0..400 {
            let filter = drawn(&mut chance, &rows);
            let chosen: Vec<&Row> = rows.iter().filter(|row| matches(&filter, row)).collect();
            let expected: Vec<InvoiceId> = sorted(chosen.iter().map(|row| row.invoice.id));
            let totals: Totals = chosen
                .iter()
                .map(|row| row.invoice.values.balance)
                .filter(|balance| balance.is_positive())
                .collect();

            let (organisation, asked) = (store.organisation, filter.clone());
            let found =
                store.read(move |snapshot| snapshot.matching_ids(organisation, &asked, today(), 1_000)).await;
            assert_eq!(found.unwrap(), expected, "{filter:?}");
            let page = store.page(first_page(filter.clone())).await;
            assert_eq!(page.matching.count, expected.len(), "{filter:?}");
            assert_eq!(page.matching.totals, totals, "{filter:?}");
            sizes.push(expected.len());
        }
        let found_some = sizes.iter().filter(|size| **size > 0).count();
        assert!(found_some > 100, "the filters that were drawn find too little to tell: {sizes:?}");
    }
}
