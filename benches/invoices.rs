//! How long the Invoices page, a search and a confirmation take with 100,000 invoices, from request to last byte, on
//! SQLite and, with `DUNLIN_TEST_POSTGRES_URL`, on PostgreSQL. Run with `cargo bench --bench invoices`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing to say"
)]

#[path = "../tests/app/support/mod.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "the tests use the rest")]
mod support;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use support::{Database, Page, Person, TestApp, today};

const INVOICES: usize = 100_000;
const CUSTOMERS: usize = 5_000;
const ROUNDS: usize = 60;

const PAGES: [(&str, &str); 9] = [
    ("open, most overdue first", "/invoices"),
    ("overdue, by balance", "/invoices?tab=overdue&sort=-balance"),
    ("open, by customer", "/invoices?sort=customer"),
    ("open, by number", "/invoices?sort=number"),
    ("paid", "/invoices?tab=paid"),
    ("all, by due day", "/invoices?tab=all&sort=-due"),
    ("filtered by amount", "/invoices?least=500&most=600"),
    ("search by customer", "/invoices?q=customer+4321"),
    ("search by number", "/invoices?tab=all&q=inv-054321"),
];

#[actix_web::main]
async fn main() {
    println!(
        "{INVOICES} invoices of {CUSTOMERS} customers; {ROUNDS} requests of each kind, one after the other"
    );
    for database in [Database::Sqlite, Database::Postgres] {
        match TestApp::start(database).await {
            Some(app) => measure(&app, database).await,
            None => println!("{database:?}: skipped, DUNLIN_TEST_POSTGRES_URL is not set"),
        }
    }
}

async fn measure(app: &TestApp, database: Database) {
    let started = Instant::now();
    app.import(&ledger()).await;
    println!("\n{database:?}: imported in {:.1} s", started.elapsed().as_secs_f64());
    println!("{:<28} {:>8} {:>8} {:>8}", "page", "median", "p95", "max");
    let clerk = app.clerk().await;
    for (name, path) in PAGES {
        let mut times = Vec::new();
        clerk.get(path).await;
        for _ in 0..ROUNDS {
            let started = Instant::now();
            assert_eq!(clerk.get(path).await.status, 200);
            times.push(started.elapsed());
        }
        print(name, times);
    }
    deep_pages(&clerk).await;
    let mut times = Vec::new();
    for _ in 0..10 {
        let started = Instant::now();
        let fields = [("matching", "1000"), ("list", "/invoices?due_to=2024-01-22")];
        clerk.post("/reminder-proposals", &fields).await;
        times.push(started.elapsed());
    }
    print("confirmation, and a page", times);
    let fields = [("matching", "5000"), ("list", "/invoices?tab=overdue&due_to=2024-04-18")];
    let shown = clerk.post("/reminder-proposals", &fields).await;
    let started = Instant::now();
    let batch = clerk.confirm(&shown).await;
    let answered = started.elapsed().as_secs_f64();
    let started = Instant::now();
    app.send_until_idle().await;
    let sent = started.elapsed().as_secs_f64();
    let mails = app.sink.deliveries().len();
    println!("{}: {mails} mails confirmed, answered in {answered:.2} s, sent in {sent:.1} s", batch.url);
}

/// Follows "Next" from page to page.
async fn deep_pages(clerk: &Person) {
    let mut times = Vec::new();
    let mut page = clerk.get("/invoices").await;
    for _ in 0..ROUNDS {
        let next = next_of(&page);
        let started = Instant::now();
        page = clerk.get(&next).await;
        times.push(started.elapsed());
    }
    print("next page, 60 times", times);
}

fn next_of(page: &Page) -> String {
    let query = page.between("href=\"/invoices?", "\"", ">Next<");
    format!("/invoices?{}", query.replace("&#38;", "&").replace("&amp;", "&"))
}

fn print(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1000.0;
    println!("{name:<28} {:>5.1} ms {:>5.1} ms {:>5.1} ms", at(50), at(95), at(100));
}

/// A third open, the rest paid; due days over two years.
fn ledger() -> String {
    let mut csv = "customer_id,customer_name,customer_email,invoice_number,currency,total,balance,due_date\n"
        .to_owned();
    for i in 0..INVOICES {
        let customer = (i * 7919) % CUSTOMERS;
        let total = 100 + (i * 37) % 5_000;
        let balance = if i % 3 == 0 { total } else { 0 };
        let currency = if i % 10 == 0 { "USD" } else { "EUR" };
        let due = today() + TimeDelta::days((i % 730) as i64 - 700);
        csv.push_str(&format!(
            "{customer},Customer {customer},c{customer}@customer.example,INV-{i:06},{currency},{total}.00,{balance}.00,{due}\n"
        ));
    }
    csv
}
