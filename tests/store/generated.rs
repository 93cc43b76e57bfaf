//! A ledger by chance, the same for both databases: many ties, names in mixed case and many scripts, every state.

use chrono::{DateTime, TimeDelta, Utc};
use dunlin::domain::invoice::InvoiceState;
use dunlin::domain::money::{Currency, Money};
use dunlin::store::{WrittenCustomer, WrittenInvoice};
use uuid::Uuid;

use crate::chance::Chance;
use crate::ledger::{customer, invoice};
use crate::test_store::{TestStore, at, today};

const NAMES: [&str; 16] = [
    "Acme",
    "ACME",
    "acme",
    "Acme Süd",
    "Ärzte eG",
    "ärzte eg",
    "Zoë",
    "zoe",
    "Émile & Fils",
    "émile & fils",
    "Straße AG",
    "İstanbul",
    "株式会社カイト",
    "🙂 Smile",
    "O'Brien 100% _under_ \\",
    "  -  dash",
];

/// An invoice with its customer and when it was last reminded of.
pub struct Row {
    pub invoice: WrittenInvoice,
    pub customer: WrittenCustomer,
    pub reminded_at: Option<DateTime<Utc>>,
}

pub struct Generated {
    pub rows: Vec<Row>,
    pub customers: Vec<WrittenCustomer>,
}

impl Generated {
    /// So many invoices, written to a store.
    pub async fn in_store(store: &TestStore, number: usize) -> Self {
        let mut chance = Chance::new(7);
        // Ids by chance: an order by id must not be the order of writing.
        let mut id = || Uuid::from_u64_pair(chance.below(1 << 30) as u64, chance.below(1 << 30) as u64);
        let customers: Vec<WrittenCustomer> = NAMES
            .iter()
            .enumerate()
            .map(|(place, name)| WrittenCustomer {
                id: id().into(),
                external_id: (place % 3 == 0).then(|| format!("KD-{place}").parse().unwrap()),
                email: (place % 4 != 0).then(|| format!("Pay{place}@Customer.example").parse().unwrap()),
                ..customer(name)
            })
            .collect();
        let ids: Vec<Uuid> = (0..number).map(|_| id()).collect();
        let mut rows: Vec<Row> =
            ids.into_iter().enumerate().map(|(place, id)| row(&mut chance, place, id, &customers)).collect();
        let invoices: Vec<WrittenInvoice> = rows.iter().map(|row| row.invoice.clone()).collect();
        store.keep(&customers, &invoices).await.unwrap();
        for days in [1, 3, 3, 6] {
            remind_some(store, &mut chance, &mut rows, at(0) - TimeDelta::days(days)).await;
        }
        Self { rows, customers }
    }
}

fn row(chance: &mut Chance, place: usize, id: Uuid, customers: &[WrittenCustomer]) -> Row {
    let customer = customers[chance.below(customers.len())].clone();
    let currency: Currency = ["EUR", "EUR", "USD", "JPY", "BHD", "CLF"][chance.below(6)].parse().unwrap();
    let state = InvoiceState::ALL[chance.below(InvoiceState::ALL.len())];
    let minor = [1, 1, 10, 99, 100, 101, 999, 1_000, 5_005][chance.below(9)];
    let is_owed = matches!(state, InvoiceState::Draft | InvoiceState::Sent | InvoiceState::PartiallyPaid);
    let number = ["INV", "inv", "Inv", "RÉF", "réf", "№ 株", "🙂"][chance.below(7)];
    let mut written = invoice(customer.id, &format!("{number}-{:03}", place / 2));
    written.id = id.into();
    written.values.state = state;
    written.values.total = Money::from_minor(10_000, currency);
    written.values.balance = Money::from_minor(if is_owed { minor } else { 0 }, currency);
    written.values.due_on = today() + TimeDelta::days(chance.below(7) as i64 - 3);
    written.archived_at = (chance.below(6) == 0).then(|| at(0));
    if place % 2 == 1 {
        // No customer has a number twice.
        written.number = format!("{}-b", written.number).parse().unwrap();
    }
    Row { invoice: written, customer, reminded_at: None }
}

async fn remind_some(store: &TestStore, chance: &mut Chance, rows: &mut [Row], now: DateTime<Utc>) {
    let mut chosen = Vec::new();
    for row in rows {
        if chance.below(5) == 0 {
            row.reminded_at = Some(now);
            chosen.push(row.invoice.clone());
        }
    }
    store.remind(&chosen, now).await;
}
