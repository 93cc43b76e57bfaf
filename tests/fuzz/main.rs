//! What is read from strangers, fed with what no stranger should send: ledger files, texts of e-mails, replies of mail servers.
//!
//! `cargo test --test fuzz` gives each target three seconds; `cargo test --release --test fuzz -- --seconds 60` runs longer,
//! `-- --seconds 3600 --seed 7 replies` one target with another seed. Inputs are made from good ones, cut, spliced and sprinkled
//! with words of their language; those that are answered as none before are kept and changed further. What fails is written
//! to a file that is named.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the run")]

#[path = "../crash/chance.rs"]
mod chance;
mod ledger;
mod mutation;
mod replies;
mod template;

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chance::Chance;
use mutation::Mutation;

/// Something that reads.
trait Target {
    /// Good input, and the words of its language.
    fn mutation(&self) -> Mutation;

    /// Reads one input and checks what must hold of every answer; returns the answer in few words.
    fn read(&mut self, input: &[u8]) -> String;
}

/// No input of this size may take longer, also on a busy machine.
const SLOWEST: Duration = Duration::from_secs(20);

/// More kept inputs would only dilute the good ones.
const MOST_KEPT: usize = 2_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let seconds = Duration::from_secs(value("--seconds").unwrap_or(3));
    let seed = value("--seed").unwrap_or(1);
    let is_named = |name: &str| {
        let mut names =
            arguments.iter().filter(|argument| argument.starts_with(char::is_alphabetic)).peekable();
        names.peek().is_none() || names.any(|argument| argument == name)
    };
    let targets: [(&str, Box<dyn Target>); 3] = [
        ("ledger", Box::new(ledger::LedgerFile)),
        ("template", Box::new(template::Text::new())),
        ("replies", Box::new(replies::Server::start())),
    ];
    for (name, mut target) in targets.into_iter().filter(|(name, _)| is_named(name)) {
        run(name, target.as_mut(), seconds, seed);
    }
}

fn run(name: &str, target: &mut dyn Target, seconds: Duration, seed: u64) {
    let (mut chance, mut mutation) = (Chance::new(seed), target.mutation());
    let (begun, mut answers, mut inputs, mut slowest) =
        (Instant::now(), HashSet::new(), 0_u64, Duration::ZERO);
    while begun.elapsed() < seconds {
        let input = mutation.next(&mut chance);
        let asked = Instant::now();
        let answer = catch_unwind(AssertUnwindSafe(|| target.read(&input)));
        let took = asked.elapsed();
        match answer {
            Ok(answer) if took <= SLOWEST => {
                if answers.insert(fingerprint(&answer)) && mutation.kept.len() < MOST_KEPT {
                    mutation.kept.push(input);
                }
            }
            Ok(_) => fail(name, &input, &format!("took {took:?}")),
            Err(_) => fail(name, &input, "panicked"),
        }
        inputs += 1;
        slowest = slowest.max(took);
    }
    println!(
        "{name}: {inputs} inputs in {} s, {} different answers, slowest {} ms, seed {seed}: ok",
        seconds.as_secs(),
        answers.len(),
        slowest.as_millis()
    );
}

fn fingerprint(answer: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    answer.hash(&mut hasher);
    hasher.finish()
}

/// Keeps the input where it can be looked at, and ends the run.
fn fail(name: &str, input: &[u8], what: &str) -> ! {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
    std::fs::write(&file, input).unwrap();
    println!("{name}: {what} on the input in {}: {}", file.display(), input.escape_ascii());
    std::process::exit(1);
}

/// An answer without the numbers in it, which would make all answers different.
fn without_numbers(answer: &str) -> String {
    answer.chars().filter(|character| !character.is_ascii_digit()).collect()
}
