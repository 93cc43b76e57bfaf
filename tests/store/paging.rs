//! Lists by keyset: every row once, in one stable order, forwards and backwards, by the same rule on both databases.

use std::cmp::Ordering;

use dunlin::domain::ids::{CustomerId, InvoiceId};
use dunlin::domain::invoice_list::{InvoiceFilter, InvoiceList, Place, Sort, SortKey, Tab};
use dunlin::store::InvoicePage;

use crate::filters::matches;
use crate::generated::{Generated, Row};
use crate::ledger::sorted;
use crate::on_both_databases;
use crate::test_store::{TestStore, at};

/// Few enough that every order has many pages, and that ties lie across their edges.
const PER: usize = 7;

pub fn first_page(filter: InvoiceFilter) -> InvoiceList {
    InvoiceList { filter, sort: Sort::default(), per: PER, place: Place::Start }
}

fn ids(page: &InvoicePage) -> Vec<InvoiceId> {
    page.rows.iter().map(|row| row.invoice.id).collect()
}

/// The order in plain words: by the folded text's code points, the day or the figure; ties by id.
fn compare(sort: Sort, a: &Row, b: &Row) -> Ordering {
    let by_key = match sort.key {
        SortKey::Number => a.invoice.number.folded().cmp(&b.invoice.number.folded()),
        SortKey::Customer => a.customer.name.folded().cmp(&b.customer.name.folded()),
        SortKey::Due => a.invoice.values.due_on.cmp(&b.invoice.values.due_on),
        SortKey::Balance => in_one_unit(a).cmp(&in_one_unit(b)),
    };
    let ascending = by_key.then(a.invoice.id.cmp(&b.invoice.id));
    if sort.is_descending { ascending.reverse() } else { ascending }
}

/// What is owed, in ten-thousandths of the currency's major unit.
fn in_one_unit(row: &Row) -> i64 {
    let balance = row.invoice.values.balance;
    balance.minor() * 10_i64.pow(4 - balance.currency().decimals())
}

/// Every order that a list may have.
fn sorts() -> impl Iterator<Item = Sort> {
    SortKey::ALL.iter().flat_map(|&key| [false, true].map(|is_descending| Sort { key, is_descending }))
}

impl TestStore {
    /// Follows "next" from the first page on, and then "previous" back from the last one.
    async fn there_and_back(&self, list: &InvoiceList) -> (Vec<InvoicePage>, Vec<InvoicePage>) {
        let at_place = |place| InvoiceList { place, ..list.clone() };
        let mut there = vec![self.page(list.clone()).await];
        while let Some(next) = there[there.len() - 1].next.clone() {
            there.push(self.page(at_place(Place::After(next))).await);
        }
        let mut back = vec![there[there.len() - 1].clone()];
        while let Some(previous) = back[back.len() - 1].previous.clone() {
            back.push(self.page(at_place(Place::Before(previous))).await);
        }
        back.reverse();
        (there, back)
    }
}

on_both_databases! {
    async fn every_order_shows_each_invoice_once_forwards_and_backwards(store: TestStore) {
        let mut rows = Generated::in_store(&store, 90).await.rows;
        let tabs = [Tab::All, Tab::Open, Tab::Paid];
        for (tab, sort) in tabs.into_iter().flat_map(|tab| sorts().map(move |sort| (tab, sort))) {
            let list = InvoiceList { sort, ..first_page(InvoiceFilter::tab(tab)) };
            let (there, back) = store.there_and_back(&list).await;
            assert_eq!(there, back, "{tab} by {sort}");
            let shown: Vec<InvoiceId> = there.iter().flat_map(ids).collect();
            rows.sort_by(|a, b| compare(sort, a, b));
            let expected: Vec<InvoiceId> =
                rows.iter().filter(|row| matches(&list.filter, row)).map(|row| row.invoice.id).collect();
            assert_eq!(shown, expected, "{tab} by {sort}");
            assert_eq!(shown.len(), there[0].matching.count, "{tab} by {sort}");
            for (place, page) in there.iter().enumerate() {
                assert_eq!(page.first, place * PER + 1, "{tab} by {sort}");
            }
        }
    }

    async fn a_row_that_leaves_the_list_between_two_pages_hides_no_other(store: TestStore) {
        let rows = Generated::in_store(&store, 90).await.rows;
        for sort in sorts() {
            let list = InvoiceList { sort, ..first_page(InvoiceFilter::tab(Tab::All)) };
            let whole: Vec<InvoiceId> = store.there_and_back(&list).await.0.iter().flat_map(ids).collect();
            assert_eq!(sorted(whole.clone()), sorted(rows.iter().map(|row| row.invoice.id)));
            let narrowed = InvoiceList {
                filter: InvoiceFilter { tab: Tab::Archived, ..list.filter.clone() },
                ..list.clone()
            };
            let archive = |ids: Vec<InvoiceId>, archived_at| {
                store.write(move |tx| ids.iter().try_for_each(|id| tx.set_archived(*id, archived_at, at(1))))
            };
            archive(whole.clone(), Some(at(1))).await.unwrap();
            let first = store.page(narrowed.clone()).await;
            archive(ids(&first)[2..].to_vec(), None).await.unwrap();
            let next = InvoiceList { place: Place::After(first.next.clone().unwrap()), ..narrowed };
            assert_eq!(ids(&store.page(next).await), whole[PER..2 * PER], "by {sort}");
        }
    }

    async fn customers_are_listed_once_each_in_order_of_name(store: TestStore) {
        let mut customers = Generated::in_store(&store, 0).await.customers;
        customers.sort_by_key(|customer| (customer.name.folded(), customer.id));
        let (organisation, mut after, mut shown) = (store.organisation, String::new(), Vec::<CustomerId>::new());
        loop {
            let page = store.read(move |snapshot| snapshot.customers(organisation, None, &after, 3)).await.unwrap();
            let Some(last) = page.last() else { break };
            after = last.cursor();
            shown.extend(page.iter().map(|row| row.customer.id));
        }
        assert_eq!(shown, customers.iter().map(|customer| customer.id).collect::<Vec<_>>());
    }
}
