//! The faults, each named by its case of the reliability table.

use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::sink::Manner;
use crate::support::program::Machine;
use crate::world::{PATIENCE, Tally, World};

const QUICK: Manner = Manner { pipelining: true, dot_delay: Duration::ZERO };
/// Slow enough that a kill meets a mail in the middle.
const SLOW: Manner = Manner { pipelining: true, dot_delay: Duration::from_millis(2) };
const CONNECTIONS: usize = 4;
/// What should come at once is there by then, also where the cores are slow and shared.
const AT_ONCE: Duration = Duration::from_secs(25);

/// K01: killed at random moments in batches of many mails.
pub async fn random_kills(machine: Machine, kills: usize, mails: usize, chance: &mut Chance) -> Tally {
    let mut world = World::new(machine, mails, CONNECTIONS, SLOW).await;
    let (mut tally, mut accepted) = (Tally::default(), 0);
    let mut is_drained = true;
    while tally.kills < kills || world.has_more() {
        let before = world.sink.count();
        let started = Instant::now();
        let (mut running, url) = world.serve();
        if is_drained && world.has_more() {
            accepted += world.confirm_next(&url).await;
        } else if !is_drained {
            note_first(&world, before, started, &mut tally).await;
        }
        // On the average a fifth less than would use the mails up: what goes out before the kill arrives comes on top.
        let life = chance.below(8 * mails / (5 * kills.max(1)) + 1);
        let is_killed_in_time = world.sink.counted(before + life, Duration::from_secs(2)).await;
        tokio::time::sleep(Duration::from_micros(chance.below(6_000) as u64)).await;
        running.kill();
        tally.kills += 1;
        let in_flight = world.in_state(&["Committed"]);
        tally.most_in_flight = tally.most_in_flight.max(in_flight);
        is_drained = !is_killed_in_time && world.in_state(&["Pending", "Claimed", "Committed"]) == 0;
        if is_drained && !world.has_more() {
            break;
        }
    }
    finish(world, accepted, CONNECTIONS * tally.kills, tally).await
}

/// K02: killed while the mail server stands still at a step; one connection.
pub async fn kill_at_steps(machine: impl Fn() -> Machine) -> Tally {
    let mut all = Tally::default();
    for pipelining in [true, false] {
        for step in ["EHLO", "MAIL", "RCPT", "DATA", "dot"] {
            let mut world = World::new(machine(), 5, 1, Manner { pipelining, ..QUICK }).await;
            let (mut running, url) = world.serve();
            world.sink.stand_still_at(step, usize::from(step != "EHLO") * 2);
            let accepted = world.confirm_next(&url).await;
            if !world.sink.reached(PATIENCE).await {
                all.problems.push(format!("{step} was never reached"));
            }
            running.kill();
            world.sink.go_on();
            let allowed = usize::from(step == "dot");
            let tally = finish(world, accepted, allowed, Tally { kills: 1, ..Tally::default() }).await;
            all.add(tally);
        }
    }
    all
}

/// K06: killed inside the POST of a batch: all of its rows or none.
pub async fn kill_in_post(machine: Machine, kills: usize, chance: &mut Chance) -> Tally {
    let mut world = World::new(machine, 2_000, CONNECTIONS, QUICK).await;
    let mut tally = Tally::default();
    for _ in 0..kills {
        let (mut running, url) = world.serve();
        let (person, shown) = world.propose_next(&url).await;
        let fields: Vec<(String, String)> =
            shown.yes().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let token = person.get("/invoices").await.value("csrf");
        let posting = tokio::spawn(async move {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            // The answer may never come: that is the case.
            person
                .try_post("/reminder-batches", &[&[("csrf", token.as_str())], fields.as_slice()].concat())
                .await
        });
        tokio::time::sleep(Duration::from_millis(chance.below(250) as u64)).await;
        running.kill();
        posting.await.ok();
        tally.kills += 1;
        let rows = world.rows().len();
        if rows != 0 && rows != 2_000 {
            tally.problems.push(format!("{rows} of 2,000 rows were written"));
        }
        if rows > 0 {
            break;
        }
    }
    let accepted = world.rows().len();
    finish(world, accepted, CONNECTIONS * tally.kills, tally).await
}

/// K10: SIGTERM in the middle of a batch: a clean end, nothing unconfirmed.
pub async fn sigterm(machine: Machine, times: usize, chance: &mut Chance) -> Tally {
    let mails = (times * 40).min(crate::world::BATCH);
    let mut world = World::new(machine, mails, CONNECTIONS, SLOW).await;
    let (mut tally, mut accepted) = (Tally::default(), 0);
    for _ in 0..times {
        let before = world.sink.count();
        let (mut running, url) = world.serve();
        if world.has_more() {
            accepted += world.confirm_next(&url).await;
        }
        world.sink.counted(before + 1 + chance.below(30), Duration::from_secs(5)).await;
        let told = Instant::now();
        let code = running.terminate();
        tally.kills += 1;
        if code != Some(0) || told.elapsed() > AT_ONCE {
            tally.problems.push(format!("SIGTERM ended with {code:?} after {:?}", told.elapsed()));
        }
        let held = world.in_state(&["Claimed", "Committed"]);
        if held > 0 {
            tally.problems.push(format!("{held} mails were left in its hands"));
        }
    }
    finish(world, accepted, 0, tally).await
}

/// C10: two workers on PostgreSQL, one stopped past its lease and continued.
pub async fn stop_and_continue(machine: Machine, times: usize, chance: &mut Chance) -> Tally {
    let mut world = World::new(machine, (times * 400).min(crate::world::BATCH * 4), CONNECTIONS, SLOW).await;
    let mut tally = Tally::default();
    let (serving, url) = world.serve();
    let working = world.machine.start(&["work"]);
    let mut accepted = 0;
    for _ in 0..times {
        if world.in_state(&["Pending"]) < 200 && world.has_more() {
            accepted += world.confirm_next(&url).await;
        }
        world.sink.counted(world.sink.count() + chance.below(20), Duration::from_secs(3)).await;
        let stopped = if chance.below(2) == 0 { &serving } else { &working };
        stopped.signal("STOP");
        tally.kills += 1;
        tokio::time::sleep(Duration::from_millis(2_500 + chance.below(1_500) as u64)).await;
        stopped.signal("CONT");
        tokio::time::sleep(Duration::from_millis(chance.below(300) as u64)).await;
    }
    while world.has_more() {
        accepted += world.confirm_next(&url).await;
    }
    drain_running(&world, &mut tally).await;
    drop((serving, working));
    finish(world, accepted, CONNECTIONS * tally.kills, tally).await
}

/// The database server restarted in the middle of a batch: none lost, none twice.
pub async fn database_restarts(machine: Machine, times: usize, restart: &str) -> Tally {
    let mut world = World::new(machine, 4_000, CONNECTIONS, SLOW).await;
    let mut tally = Tally::default();
    let (running, url) = world.serve();
    let accepted = world.confirm_next(&url).await;
    for _ in 0..times {
        world.sink.counted(world.sink.count() + 50, Duration::from_secs(10)).await;
        let done = std::process::Command::new("sh").args(["-c", restart]).status();
        tally.kills += 1;
        if !done.is_ok_and(|status| status.success()) {
            tally.problems.push("the database server could not be restarted".to_owned());
        }
    }
    drain_running(&world, &mut tally).await;
    drop(running);
    finish(world, accepted, CONNECTIONS * times, tally).await
}

/// Lets the rest go out while everything runs on: what only a new start would move is stuck.
async fn drain_running(world: &World, tally: &mut Tally) {
    if !world.drain().await {
        tally.stuck += world.in_state(&["Pending", "Claimed", "Committed"]);
    }
}

/// Lets the rest go out, and compares.
async fn finish(world: World, accepted: usize, most_unconfirmed: usize, mut tally: Tally) -> Tally {
    let before = world.sink.count();
    let has_waiting = world.in_state(&["Pending", "Claimed"]) > 0;
    let started = Instant::now();
    let (mut running, _) = world.serve();
    if has_waiting {
        note_first(&world, before, started, &mut tally).await;
    }
    world.drain().await;
    running.terminate();
    world.judge(&mut tally, accepted);
    if tally.unconfirmed > most_unconfirmed {
        tally.problems.push(format!("{} unconfirmed; at most {most_unconfirmed} may be", tally.unconfirmed));
    }
    tally
}

async fn note_first(world: &World, before: usize, started: Instant, tally: &mut Tally) {
    if world.sink.counted(before + 1, AT_ONCE).await {
        tally.slowest_first = tally.slowest_first.max(started.elapsed());
    } else if world.in_state(&["Pending"]) > 0 {
        tally.problems.push(format!("no delivery within {AT_ONCE:?} of a start"));
    }
}
