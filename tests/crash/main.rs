//! Faults against the real program: it is killed, stopped and cut off from its database while it sends, and what it says of
//! each reminder afterwards is compared with what a mail server received. `cargo test --test crash` runs each fault a few
//! times; `cargo test --release --test crash -- --long` runs what the README's table quotes.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up fails the run")]

#[path = "../app/support/mod.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "the tests through the doors use the rest")]
mod support;

mod chance;
mod scenarios;
mod sink;
mod world;

use std::time::{Duration, Instant};

use chance::Chance;
use dunlin::config::environment;
use support::program::Machine;
use world::Tally;

/// How often each fault is tried.
struct Extent {
    kills: usize,
    mails: usize,
    kills_postgres: usize,
    mails_postgres: usize,
    terminations: usize,
    stops: usize,
    restarts: usize,
}

const SHORT: Extent = Extent {
    kills: 20,
    mails: 600,
    kills_postgres: 10,
    mails_postgres: 300,
    terminations: 4,
    stops: 3,
    restarts: 2,
};

const LONG: Extent = Extent {
    kills: 1_000,
    mails: 20_000,
    kills_postgres: 200,
    mails_postgres: 4_000,
    terminations: 50,
    stops: 50,
    restarts: 10,
};

impl Tally {
    fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.mails += other.mails;
        self.lost += other.lost;
        self.lies += other.lies;
        self.duplicates += other.duplicates;
        self.stuck += other.stuck;
        self.unconfirmed += other.unconfirmed;
        self.most_in_flight = self.most_in_flight.max(other.most_in_flight);
        self.slowest_first = self.slowest_first.max(other.slowest_first);
        self.problems.extend(other.problems);
    }

    /// Prints its row of the table; says whether it holds.
    fn print(&self, name: &str, took: Duration) -> bool {
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {:.1} s | {:.0} s |",
            self.kills,
            self.mails,
            self.lost,
            self.lies,
            self.duplicates,
            self.stuck,
            self.unconfirmed,
            self.slowest_first.as_secs_f64(),
            took.as_secs_f64()
        );
        self.problems.iter().for_each(|problem| println!("  {problem}"));
        self.lost + self.lies + self.duplicates + self.stuck == 0 && self.problems.is_empty()
    }
}

// The mail server goes on while the driver waits for a process to end.
#[tokio::main(flavor = "multi_thread", worker_threads = 3)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let extent = if arguments.iter().any(|word| word == "--long") { LONG } else { SHORT };
    let after = |name: &str| {
        let place = arguments.iter().position(|word| word == name)?;
        arguments.get(place + 1).cloned()
    };
    let only = after("--scenario");
    let seed =
        after("--seed").and_then(|seed| seed.parse().ok()).unwrap_or_else(|| u64::from(std::process::id()));
    let mut chance = Chance::new(seed);
    println!("seed {seed}; 4 connections, in `steps` 1");
    println!(
        "| fault | times | mails | lost | lies | duplicates | stuck | unconfirmed | first delivery | took |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut holds = true;
    macro_rules! scenario {
        ($name:expr, $tally:expr) => {
            if only.as_deref().is_none_or(|only| $name.contains(only)) {
                let started = Instant::now();
                holds &= $tally.await.print($name, started.elapsed());
            }
        };
    }
    let Extent { kills, mails, kills_postgres, mails_postgres, terminations, stops, restarts } = extent;
    scenario!(
        "K01 kill -9 at random, SQLite",
        scenarios::random_kills(Machine::new(), kills, mails, &mut chance)
    );
    scenario!("K02 kill -9 at each step, SQLite", scenarios::kill_at_steps(Machine::new));
    scenario!(
        "K06 kill -9 inside the POST, SQLite",
        scenarios::kill_in_post(Machine::new(), 10, &mut chance)
    );
    scenario!("K10 SIGTERM, SQLite", scenarios::sigterm(Machine::new(), terminations, &mut chance));
    if let Some(machine) = Machine::on_postgres() {
        scenario!(
            "K01 kill -9 at random, PostgreSQL",
            scenarios::random_kills(machine, kills_postgres, mails_postgres, &mut chance)
        );
        let fresh = || Machine::on_postgres().expect("PostgreSQL was there");
        scenario!("K02 kill -9 at each step, PostgreSQL", scenarios::kill_at_steps(fresh));
        scenario!("K10 SIGTERM, PostgreSQL", scenarios::sigterm(fresh(), terminations, &mut chance));
        scenario!(
            "C10 SIGSTOP past the lease, PostgreSQL",
            scenarios::stop_and_continue(fresh(), stops, &mut chance)
        );
        match environment().get("DUNLIN_TEST_POSTGRES_RESTART") {
            Some(restart) => {
                scenario!("PostgreSQL restarted", scenarios::database_restarts(fresh(), restarts, restart))
            }
            None => println!("PostgreSQL restarted: skipped, DUNLIN_TEST_POSTGRES_RESTART does not say how"),
        }
    } else {
        println!("PostgreSQL: skipped, DUNLIN_TEST_POSTGRES_URL is not set");
    }
    if !holds {
        println!("a promise was broken");
        std::process::exit(1);
    }
}
