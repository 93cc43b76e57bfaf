//! How fast reminders for programs are: 1,000 POSTs for as many invoices from 16 clients, each answered when its mail is
//! sent, beside a batch of as many; with the built program, on SQLite and a mail server that answers at once. Run with
//! `cargo bench --bench api`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing to say"
)]
#![allow(clippy::disallowed_methods, reason = "the environment says which database there is to measure with")]

#[path = "../tests/app/support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "the tests use the rest")]
mod support;

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::iter;
use support::program::Machine;
use support::{Caller, PASSWORD, Person, Sink};

const REMINDERS: usize = 1_000;
const CLIENTS: usize = 16;

#[actix_web::main]
async fn main() {
    let sink = Sink::start().await;
    let machine = Machine::new().with("DUNLIN_MAIL_URL", &sink.url).with("DUNLIN_UNDO_SECONDS", "0");
    let machine = machine.with("DUNLIN_API_RATE_PER_MINUTE", "0");
    let key = furnish(&machine);
    let (_serving, url) = machine.serve();
    let program = Caller::new(&url, key);
    println!("{:<34} {:>8} {:>10} {:>10} {:>10}", "", "rate", "median", "p95", "longest");
    posts(&program, &sink).await;
    batch(&url, &sink).await;
}

/// Half of the invoices for the programs, half for the batch.
fn furnish(machine: &Machine) -> String {
    machine.run(&["organisation", "add", "--name", "Acme", "--from", "ar@acme.example"]);
    machine.add_user("ada@acme.example", PASSWORD);
    let mut csv = "customer_name,customer_email,invoice_number,currency,total,due_date\n".to_owned();
    for i in 0..REMINDERS {
        for kind in ["API", "BULK"] {
            csv.push_str(&format!("C{i},c{i}@customer.example,{kind}-{i:05},EUR,10.00,2020-01-01\n"));
        }
    }
    let ledger = machine.folder.path().join("ledger.csv");
    std::fs::write(&ledger, csv).unwrap();
    assert_eq!(machine.run(&["import", &ledger.display().to_string()]).code, Some(0));
    machine.run(&["api-key", "add", "--name", "Benchmark"]).out.trim().to_owned()
}

async fn posts(program: &Caller, sink: &Sink) {
    let ids = ids(program).await;
    let started = Instant::now();
    let asked = iter(&ids).map(async |id| {
        let started = Instant::now();
        program.remind(id).await.is(200, "Sent");
        started.elapsed()
    });
    let mut times: Vec<Duration> = asked.buffer_unordered(CLIENTS).collect().await;
    let whole = started.elapsed();
    assert_eq!(sink.deliveries().len(), REMINDERS);
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1000.0;
    println!(
        "{REMINDERS} POSTs from {CLIENTS} clients          {:>6.0}/s {:>7.1} ms {:>7.1} ms {:>7.1} ms",
        rate(whole),
        at(50),
        at(95),
        at(100)
    );
}

async fn ids(program: &Caller) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = program.get(&format!("/api/v1/invoices?q=API-&limit=100{cursor}")).await.body;
        let data = page["data"].as_array().unwrap();
        ids.extend(data.iter().map(|invoice| invoice["id"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

/// From the confirming POST to the last mail, without a program that asks.
async fn batch(url: &str, sink: &Sink) {
    let ada = Person::new(url);
    ada.sign_in("ada@acme.example", PASSWORD).await;
    let number = REMINDERS.to_string();
    let list = [("matching", number.as_str()), ("list", "/invoices?tab=all&q=BULK")];
    let shown = ada.post("/reminder-proposals", &list).await;
    let started = Instant::now();
    let batch = ada.confirm(&shown).await;
    assert_eq!(batch.status, 200);
    while sink.deliveries().len() < 2 * REMINDERS {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    println!("a batch of {REMINDERS}                    {:>6.0}/s", rate(started.elapsed()));
}

fn rate(whole: Duration) -> f64 {
    REMINDERS as f64 / whole.as_secs_f64()
}
