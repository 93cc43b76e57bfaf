//! `dunlin backup`: a whole copy of one moment while the server writes, which nobody else may read and which mails nothing
//! when it is restored.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};

use crate::support::program::{Machine, Told};
use crate::support::{PASSWORD, PATIENCE, Person, Sink, Whim};

const EMAIL: &str = "ada@acme.example";
const INVOICES: usize = 600;

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Text)]
    words: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// An installation with a ledger; the mails of a batch go to a mail server.
fn installation(sink: &Sink) -> Machine {
    let machine = Machine::new().with("DUNLIN_MAIL_URL", &sink.url).with("DUNLIN_UNDO_SECONDS", "0");
    machine.run(&["organisation", "add", "--name", "Acme", "--from", "ar@acme.example"]);
    machine.add_user(EMAIL, PASSWORD);
    let rows =
        (0..INVOICES).map(|i| format!("Customer {i},c{i}@customer.example,INV-{i:04},EUR,10.00\n")).collect();
    let head = "customer_name,customer_email,invoice_number,currency,total\n".to_owned();
    let ledger = machine.folder.path().join("ledger.csv");
    fs::write(&ledger, [head, rows].concat()).unwrap();
    assert_eq!(machine.run(&["import", &ledger.display().to_string()]).code, Some(0));
    machine
}

fn backup(machine: &Machine, file: &Path) -> Told {
    machine.run(&["backup", &file.display().to_string()])
}

fn done() -> Told {
    Told { code: Some(0), out: String::new(), err: String::new() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_backup_of_a_server_that_sends_is_whole_and_restored_it_sends_nothing() {
    let sink = Sink::start().await;
    let machine = installation(&sink);
    let (mut running, url) = machine.serve();
    let ada = Person::new(&url);
    ada.sign_in(EMAIL, PASSWORD).await;
    // One mail waits for its answer until the first backup has been made.
    sink.misbehave("c7@customer.example", Whim::Withhold("dot"));
    let all = [("matching", "600"), ("list", "/invoices?tab=all")];
    let batch = ada.confirm(&ada.post("/reminder-proposals", &all).await).await;
    batch.says("Sending reminders");
    let folder = machine.folder.path().join("backups");
    fs::create_dir(&folder).unwrap();
    let (mut sent, started) = (Vec::new(), Instant::now());
    while !ada.get(&batch.url).await.has("Finished. 600 of 600") {
        assert!(started.elapsed() < PATIENCE);
        let file = folder.join(format!("{}'s.db", sent.len()));
        assert_eq!(backup(&machine, &file), done());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let mut copy = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
        let checked: Words = diesel::sql_query("SELECT integrity_check AS words FROM pragma_integrity_check")
            .get_result(&mut copy)
            .unwrap();
        assert_eq!(checked.words, "ok");
        let count = |condition: &str| format!("SELECT COUNT(*) AS number FROM outbox WHERE {condition}");
        let rows: Number = diesel::sql_query(count("TRUE")).get_result(&mut copy).unwrap();
        let settled: Number = diesel::sql_query(count("state = 'Sent'")).get_result(&mut copy).unwrap();
        assert_eq!(rows.number, 600, "the batch is in it whole");
        sent.push(settled.number);
        sink.behave();
    }
    assert!(sent.is_sorted() && sent.first().is_some_and(|sent| *sent < 600), "{sent:?}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), sent.len(), "and nothing beside them");
    assert_eq!(running.terminate(), Some(0));
    assert_eq!(sink.deliveries().len(), INVOICES);

    let restored = Machine::new().with("DUNLIN_MAIL_URL", &sink.url);
    let data = restored.folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::copy(folder.join("0's.db"), data.join("dunlin.db")).unwrap();
    let (running, url) = restored.serve();
    running.log_says("its database was restored from a backup");
    let ada = Person::new(&url);
    ada.sign_in(EMAIL, PASSWORD).await.says("its database was restored from a backup");
    assert_eq!(sink.deliveries().len(), INVOICES);
}

#[test]
fn a_backup_writes_over_nothing_and_makes_no_installation() {
    let machine = Machine::new();
    let file = machine.folder.path().join("backup.db");
    let data = machine.folder.path().join("data");
    let nothing = backup(&machine, &file);
    assert!(nothing.code == Some(1) && nothing.err.contains("dunlin.db: No such file"), "{nothing:?}");
    assert!(!data.exists());

    assert_eq!(machine.run(&["migrate"]).code, Some(0));
    fs::write(&file, "yesterday's").unwrap();
    let refused = backup(&machine, &file);
    assert!(refused.code == Some(1) && refused.err.contains("backup.db is there already"), "{refused:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "yesterday's");
    let nowhere = backup(&machine, Path::new("/nowhere/backup.db"));
    assert!(nowhere.code == Some(1) && nowhere.err.starts_with("/nowhere: "), "{nowhere:?}");
    fs::write(data.join("dunlin.db"), "not a database, though it has the name of one").unwrap();
    let damaged = backup(&machine, &machine.folder.path().join("other.db"));
    assert!(damaged.code == Some(1) && !damaged.err.is_empty(), "{damaged:?}");
    let left: Vec<_> = fs::read_dir(machine.folder.path()).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(left.len(), 2, "the data folder and the old backup: {left:?}");
}

#[test]
fn on_postgresql_a_backup_names_its_own_tool() {
    let machine = Machine::new().with("DUNLIN_DATABASE_URL", "postgres://nobody@127.0.0.1:9/nothing");
    let told = backup(&machine, Path::new("backup.db"));
    assert!(told.code == Some(2) && told.err.contains("pg_dump"), "{told:?}");
}
