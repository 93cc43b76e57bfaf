//! A copied or restored database starts paused, sends nothing and says why, until somebody lets it go on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};

use crate::support::program::{Machine, Running};
use crate::support::{PASSWORD, PATIENCE, Person, Sink};

const EMAIL: &str = "ada@acme.example";
const LOOKS_LIKE_A_COPY: &str = "This looks like a copy of another installation: ";

/// An installation with a reminder that is queued and may leave as soon as anything is sent.
struct Original {
    machine: Machine,
    sink: Sink,
}

impl Original {
    async fn on(machine: Machine) -> Self {
        let sink = Sink::start().await;
        let machine = machine.with("DUNLIN_MAIL_URL", &sink.url).with("DUNLIN_UNDO_SECONDS", "0");
        assert_eq!(
            machine.run(&["organisation", "add", "--name", "Acme", "--from", "ar@acme.example"]).code,
            Some(0)
        );
        assert_eq!(machine.add_user(EMAIL, PASSWORD).code, Some(0));
        let ledger = machine.folder.path().join("ledger.csv");
        let rows = "customer_name,customer_email,invoice_number,currency,total\n\
             Beta,ar@beta.example,INV-1,EUR,10\nMoss,ar@moss.example,INV-2,EUR,20\n";
        fs::write(&ledger, rows).unwrap();
        assert_eq!(machine.run(&["import", &ledger.display().to_string()]).code, Some(0));
        let (mut running, person) = silent(&machine).await;
        let batch = person.confirm(&person.propose(&["INV-1"]).await).await;
        batch.says("Sending reminders");
        assert_eq!(running.terminate(), Some(0));
        Self { machine, sink }
    }

    fn data(&self) -> PathBuf {
        self.machine.folder.path().join("data")
    }

    fn mark(&self) -> PathBuf {
        self.data().join("instance")
    }

    /// A machine whose data folder is `data` below this one's folder.
    fn beside(&self, data: &Path) -> Machine {
        Machine::new()
            .with("DUNLIN_DATA_DIR", &data.display().to_string())
            .with("DUNLIN_MAIL_URL", &self.sink.url)
            .with("DUNLIN_UNDO_SECONDS", "0")
    }

    /// It goes on like any other: the mail that waits is sent.
    async fn sends(&self, machine: &Machine) {
        assert_eq!(machine.run(&["check"]).out, "Database: ready\nMail: ready\n");
        let (mut running, person) = signed_in(machine).await;
        wait(&person, "/reminders", "Accepted by mail server").await;
        person.get("/invoices").await.says_not("Sending is paused");
        assert_eq!(running.terminate(), Some(0));
    }

    /// It starts paused, sends nothing and says why; a command lets it go on, for good.
    async fn is_held(&self, machine: &Machine, why: &str) {
        let sentence = format!("{LOOKS_LIKE_A_COPY}{why}. If it replaces the old one, resume;");
        let before = machine.run(&["check"]);
        assert!(before.out.contains(&format!("paused from the next start on: {sentence}")), "{before:?}");
        for _ in 0..3 {
            let (mut running, person) = signed_in(machine).await;
            running.log_says(&sentence);
            person.get("/invoices").await.says("Sending is paused since").says(&sentence);
            person.get("/settings/sending").await.says(&sentence).says("Resume sending");
            // What is asked for now waits like what waited already, though the worker is there and looks.
            person.get("/reminders").await.says("Queued");
            assert_eq!(running.terminate(), Some(0));
        }
        assert!(self.sink.deliveries().is_empty());
        let check = machine.run(&["check"]);
        assert!(check.code == Some(0) && check.out.contains("Sending: paused since "), "{check:?}");
        assert!(check.out.contains(&sentence), "{check:?}");
        assert_eq!(machine.run(&["resume"]).code, Some(0));
        self.sends(machine).await;
        self.sends(machine).await;
        assert_eq!(self.sink.deliveries().len(), 1);
    }
}

async fn signed_in(machine: &Machine) -> (Running, Person) {
    let (running, url) = machine.serve();
    let person = Person::new(&url);
    assert_eq!(person.sign_in(EMAIL, PASSWORD).await.url, "/invoices");
    (running, person)
}

/// A server that does not send.
async fn silent(machine: &Machine) -> (Running, Person) {
    let running = machine.start(&["serve", "--no-worker", "--bind", "127.0.0.1:0"]);
    let person = Person::new(&running.address());
    assert_eq!(person.sign_in(EMAIL, PASSWORD).await.url, "/invoices");
    (running, person)
}

async fn wait(person: &Person, page: &str, words: &str) {
    let started = Instant::now();
    while !person.get(page).await.has(words) {
        assert!(started.elapsed() < PATIENCE, "{page} says {words}");
    }
}

fn copy_folder(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
}

fn sql(machine: &Machine, statement: &str) {
    let database = machine.database();
    match database.strip_prefix("sqlite://") {
        Some(path) => SqliteConnection::establish(path).unwrap().batch_execute(statement).unwrap(),
        None => PgConnection::establish(&database).unwrap().batch_execute(statement).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copied_data_folder_is_held_and_the_original_goes_on() {
    let original = Original::on(Machine::new()).await;
    let copy = original.machine.folder.path().join("copy");
    copy_folder(&original.data(), &copy);
    original.is_held(&original.beside(&copy), "its database was copied or moved").await;
    let (mut running, person) = signed_in(&original.machine).await;
    wait(&person, "/reminders", "Accepted by mail server").await;
    assert_eq!(running.terminate(), Some(0));
    assert_eq!(original.sink.deliveries().len(), 2, "the second copy is what the sentence warns of");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_state_put_over_the_database_is_held() {
    let original = Original::on(Machine::new()).await;
    let (database, kept) = (original.data().join("dunlin.db"), original.data().join("kept.db"));
    fs::copy(&database, &kept).unwrap();
    let (mut running, _) = silent(&original.machine).await;
    assert_eq!(running.terminate(), Some(0));
    fs::copy(&kept, &database).unwrap();
    original.is_held(&original.machine, "its database is older than at the last start").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_its_mark_or_with_another_ones_is_held() {
    let missing = Original::on(Machine::new()).await;
    fs::remove_file(missing.mark()).unwrap();
    missing.is_held(&missing.machine, "the file `instance` beside its database is missing or damaged").await;

    let mixed = Original::on(Machine::new()).await;
    fs::copy(missing.mark(), mixed.mark()).unwrap();
    let why = "its database and the file `instance` beside it belong to different installations";
    mixed.is_held(&mixed.machine, why).await;

    let damaged = Original::on(Machine::new()).await;
    fs::write(damaged.mark(), [0xff; 40]).unwrap();
    damaged.is_held(&damaged.machine, "the file `instance` beside its database is missing or damaged").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_moved_within_its_disk_is_no_copy() {
    let original = Original::on(Machine::new()).await;
    let moved = original.machine.folder.path().join("moved");
    fs::rename(original.data(), &moved).unwrap();
    original.sends(&original.beside(&moved)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_and_processes_that_end_between_the_two_writes_pause_nothing() {
    for machine in Machine::on_both() {
        let original = Original::on(machine).await;
        let machine = &original.machine;
        let before = fs::read(original.mark()).ok();
        for _ in 0..3 {
            let mut running = machine.start(&["serve", "--no-worker", "--bind", "127.0.0.1:0"]);
            running.address();
            running.kill();
        }
        // The number in the file is behind, as a process leaves it that is killed after each first write.
        if let Some(mark) = before {
            fs::write(original.mark(), mark).unwrap();
        }
        machine.run(&["migrate"]);
        original.sends(machine).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_of_a_version_without_marks_gets_one_also_when_that_is_interrupted() {
    for machine in Machine::on_both() {
        let original = Original::on(machine).await;
        let machine = &original.machine;
        let without = "UPDATE installation SET instance_id = NULL, instance_place = NULL, starts = 0";
        fs::remove_file(original.mark()).ok();
        sql(machine, without);
        assert_eq!(machine.run(&["migrate"]).code, Some(0));
        sql(machine, without);
        original.sends(machine).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_of_a_version_without_marks_put_over_a_later_one_is_held() {
    let original = Original::on(Machine::new()).await;
    sql(&original.machine, "UPDATE installation SET instance_id = NULL, instance_place = NULL, starts = 0");
    original.is_held(&original.machine, "its database is older than at the last start").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_made_from_another_one_on_the_same_server_is_held() {
    let Some(machine) = Machine::on_postgres() else {
        return println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
    };
    let original = Original::on(machine).await;
    let url = original.machine.database();
    let (server, name) = url.rsplit_once('/').unwrap();
    let mut postgres = PgConnection::establish(&format!("{server}/postgres")).unwrap();
    postgres.batch_execute(&format!("CREATE DATABASE {name}_copy TEMPLATE {name}")).unwrap();
    let copy = original
        .beside(&original.machine.folder.path().join("data"))
        .with("DUNLIN_DATABASE_URL", &format!("{url}_copy"));
    original.is_held(&copy, "its database was copied or moved").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_restored_from_a_dump_is_held() {
    let Some(machine) = Machine::on_postgres() else {
        return println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
    };
    let original = Original::on(machine).await;
    // What a dump does to the one table that counts: made anew, with the rows that it had.
    sql(
        &original.machine,
        "ALTER TABLE installation RENAME TO old; CREATE TABLE installation (LIKE old INCLUDING ALL); \
         INSERT INTO installation SELECT * FROM old; DROP TABLE old",
    );
    original.is_held(&original.machine, "its database was copied or moved").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_that_a_person_has_set_stays_with_its_reason_and_an_admin_lets_both_go() {
    let original = Original::on(Machine::new()).await;
    let (mut running, person) = silent(&original.machine).await;
    person.post("/settings/sending/pause", &[("reason", "Stocktaking until Monday.")]).await;
    assert_eq!(running.terminate(), Some(0));
    fs::remove_file(original.mark()).unwrap();
    let (mut running, person) = signed_in(&original.machine).await;
    person.get("/invoices").await.says(LOOKS_LIKE_A_COPY).says("Stocktaking until Monday.");
    let resumed = person.post("/settings/sending/resumption", &[]).await;
    resumed.says("Mails go out.").says_not(LOOKS_LIKE_A_COPY);
    wait(&person, "/reminders", "Accepted by mail server").await;
    assert_eq!(running.terminate(), Some(0));
    original.sends(&original.machine).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_confirmed_before_its_first_start_too_and_an_ordinary_pause_changes_no_mark() {
    let original = Original::on(Machine::new()).await;
    fs::remove_file(original.mark()).unwrap();
    assert_eq!(original.machine.run(&["resume"]).code, Some(0));
    let mark = fs::read(original.mark()).unwrap();
    original.machine.run(&["pause"]);
    original.machine.run(&["resume"]);
    assert_eq!(fs::read(original.mark()).unwrap(), mark);
    original.sends(&original.machine).await;
}
