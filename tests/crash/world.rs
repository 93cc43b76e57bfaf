//! An installation of the real program with a ledger, a mail server, and what it says of its own reminders.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection};

use crate::sink::{Manner, Sink};
use crate::support::program::{Machine, Running};
use crate::support::{PASSWORD, Person};

/// Longest wait for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Invoices of one batch.
pub const BATCH: usize = 5_000;

pub struct World {
    pub machine: Machine,
    pub sink: Sink,
    database: String,
    invoices: usize,
    confirmed: usize,
    rows_before: usize,
}

/// What a scenario came to.
#[derive(Default)]
pub struct Tally {
    pub kills: usize,
    pub mails: usize,
    pub lost: usize,
    pub lies: usize,
    pub duplicates: usize,
    pub stuck: usize,
    pub unconfirmed: usize,
    /// The most in flight past the point of no return after one kill.
    pub most_in_flight: usize,
    pub slowest_first: Duration,
    pub problems: Vec<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    state: String,
}

impl World {
    /// An installation with so many remindable invoices and so many connections.
    pub async fn new(machine: Machine, invoices: usize, connections: usize, manner: Manner) -> Self {
        let sink = Sink::start(manner).await;
        let machine = machine
            .with("DUNLIN_MAIL_URL", &sink.url)
            .with("DUNLIN_MAIL_CONNECTIONS", &connections.to_string())
            .with("DUNLIN_UNDO_SECONDS", "0")
            .with("DUNLIN_RETRY_BASE_SECONDS", "1")
            .with("DUNLIN_LEASE_SECONDS", "2");
        Self::furnish(machine, sink, invoices)
    }

    fn furnish(machine: Machine, sink: Sink, invoices: usize) -> Self {
        let made = machine.run(&["organisation", "add", "--name", "Acme", "--from", "ar@acme.example"]);
        assert_eq!(made.code, Some(0), "{}", made.err);
        assert_eq!(machine.add_user("ada@acme.example", PASSWORD).code, Some(0));
        let file = machine.folder.path().join("ledger.csv");
        fs::write(&file, ledger(invoices)).unwrap();
        let imported = machine.run(&["import", &file.display().to_string()]);
        assert_eq!(imported.code, Some(0), "{}", imported.err);
        let database = machine.database();
        Self { machine, sink, database, invoices, confirmed: 0, rows_before: 0 }
    }

    /// Confirms the next invoices that were not reminded yet; says how many.
    pub async fn confirm_next(&mut self, url: &str) -> usize {
        let (person, shown) = self.propose_next(url).await;
        let batch = person.confirm(&shown).await;
        assert!(batch.url.starts_with("/reminder-batches/"), "{} {}", batch.status, batch.words());
        self.confirmed += 1;
        self.rows().len() - self.rows_before
    }

    /// Shows the confirmation of the next invoices to somebody.
    pub async fn propose_next(&mut self, url: &str) -> (Person, crate::support::Page) {
        self.rows_before = self.rows().len();
        let person = Person::new(url);
        person.sign_in("ada@acme.example", PASSWORD).await;
        let number = BATCH.min(self.invoices - self.confirmed * BATCH).to_string();
        let list = format!("/invoices?tab=all&due_from={0}&due_to={0}", due_day(self.confirmed));
        let shown = person.post("/reminder-proposals", &[("matching", &number), ("list", &list)]).await;
        (person, shown)
    }

    pub fn has_more(&self) -> bool {
        self.confirmed * BATCH < self.invoices
    }

    /// Starts the program; says where it listens.
    pub fn serve(&self) -> (Running, String) {
        self.machine.serve()
    }

    /// What the database says of each reminder.
    pub fn rows(&self) -> HashMap<String, String> {
        let query = diesel::sql_query("SELECT id, state FROM outbox");
        let rows: Vec<Row> = match self.database.strip_prefix("sqlite://") {
            Some(path) => {
                let mut connection = SqliteConnection::establish(path).unwrap();
                diesel::sql_query("PRAGMA busy_timeout = 20000").execute(&mut connection).unwrap();
                query.load(&mut connection).unwrap()
            }
            None => query.load(&mut PgConnection::establish(&self.database).unwrap()).unwrap(),
        };
        rows.into_iter().map(|row| (row.id, row.state)).collect()
    }

    pub fn in_state(&self, states: &[&str]) -> usize {
        self.rows().values().filter(|state| states.contains(&state.as_str())).count()
    }

    /// Waits until nothing is on its way any more.
    pub async fn drain(&self) -> bool {
        let started = Instant::now();
        while self.in_state(&["Pending", "Claimed", "Committed"]) > 0 {
            if started.elapsed() > PATIENCE * 3 {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        true
    }

    /// Compares what the database says with what was delivered.
    pub fn judge(&self, tally: &mut Tally, accepted: usize) {
        let (rows, deliveries) = (self.rows(), self.sink.deliveries());
        let delivered = |id: &String| deliveries.get(id).copied().unwrap_or(0);
        tally.mails += accepted;
        tally.lost += accepted.abs_diff(rows.len());
        tally.lies += rows.iter().filter(|(id, state)| *state == "Sent" && delivered(id) == 0).count();
        tally.duplicates += deliveries.values().filter(|times| **times > 1).count();
        let is_open = |state: &&String| matches!(state.as_str(), "Pending" | "Claimed" | "Committed");
        tally.stuck += rows.values().filter(is_open).count();
        tally.unconfirmed += rows.values().filter(|state| *state == "Unconfirmed").count();
        let unknown = deliveries.keys().filter(|id| !rows.contains_key(*id)).count();
        let failed = rows.values().filter(|state| *state == "Failed" || *state == "Cancelled").count();
        if unknown + failed > 0 {
            tally.problems.push(format!("{unknown} deliveries of nothing, {failed} failed for no reason"));
        }
    }
}

fn due_day(batch: usize) -> String {
    format!("2026-01-{:02}", batch + 1)
}

fn ledger(invoices: usize) -> String {
    let mut csv =
        "customer_name,customer_email,invoice_number,currency,total,issue_date,due_date\n".to_owned();
    for i in 0..invoices {
        let (customer, due) = (i % 997, due_day(i / BATCH));
        csv.push_str(&format!(
            "Customer {customer},c{customer}@customer.example,INV-{i:06},EUR,{}.00,2025-12-01,{due}\n",
            100 + i % 900
        ));
    }
    csv
}
