//! Reminders for programs beside everything else: beside a batch, on a single connection, across processes, and for a
//! program that does not wait long.

use std::time::{Duration, Instant};

use dunlin::clock::Ids;
use dunlin::store::Hands;
use serde_json::json;

use crate::support::program::Machine;
use crate::support::{Caller, PASSWORD, PATIENCE, Person, Sink, Whim, on_both_databases, reminders_of};

/// An installation of so many customers, of which the first is `first@customer.example`, with a key.
fn furnish(machine: &Machine, invoices: usize) -> String {
    fill(machine, invoices);
    key(machine)
}

fn key(machine: &Machine) -> String {
    machine.run(&["api-key", "add", "--name", "ERP"]).out.trim().to_owned()
}

fn fill(machine: &Machine, invoices: usize) {
    machine.run(&["organisation", "add", "--name", "Acme", "--from", "ar@acme.example"]);
    machine.add_user("ada@acme.example", PASSWORD);
    let ledger = machine.folder.path().join("ledger.csv");
    let mut csv = "customer_name,customer_email,invoice_number,currency,total,due_date\n".to_owned();
    csv.push_str("First,first@customer.example,FIRST,EUR,10.00,2020-01-01\n");
    for i in 1..invoices {
        csv.push_str(&format!("C{i},bulk{i}@customer.example,INV-{i:03},EUR,10.00,2020-02-01\n"));
    }
    std::fs::write(&ledger, csv).unwrap();
    assert_eq!(machine.run(&["import", &ledger.display().to_string()]).code, Some(0));
}

/// Confirms a batch of all but the first invoice.
async fn batch(ada: &Person, number: usize) -> String {
    let list = [("matching", &*number.to_string()), ("list", "/invoices?tab=all&q=INV")];
    ada.confirm(&ada.post("/reminder-proposals", &list).await).await.url
}

on_both_databases! {
    async fn a_program_waits_behind_no_batch(app: TestApp) {
        let lines: Vec<String> = (0..20).map(|i| format!("BULK-{i}, B{i}, bulk{i}@customer.example, 1.00, -1, Sent")).collect();
        app.ledger(&[lines.iter().map(String::as_str).collect(), vec!["ONE, One, one@customer.example, 1.00, -1, Sent"]].concat()).await;
        let (program, clerk) = (app.program().await, app.clerk().await);
        let list = [("matching", "20"), ("list", "/invoices?q=BULK")];
        clerk.confirm(&clerk.post("/reminder-proposals", &list).await).await;
        let id = program.invoice("ONE").await;
        // Every mail of the batch has come to its end and hears nothing.
        app.sink.misbehave("bulk", Whim::Withhold("dot"));
        app.clock.advance(chrono::TimeDelta::seconds(11));
        let asking = async {
            app.sink.is_withholding().await;
            let answer = program.remind(&id).await;
            assert_eq!(app.sink.deliveries().len(), 1);
            app.sink.behave();
            answer
        };
        app.while_sending(asking).await.is(200, "Sent");
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 21);
    }

    async fn a_mail_that_was_claimed_when_the_database_refused_is_sent_once_it_does_not(app: TestApp) {
        app.ledger(&["ONE, One, one@customer.example, 1.00, -1, Sent"]).await;
        let program = app.program().await;
        let id = program.invoice("ONE").await;
        app.sql("ALTER TABLE own_words RENAME TO mislaid");
        let mending = async {
            let nobody = Hands::OfAllBut(Ids.next());
            while app.store.read(move |snapshot| snapshot.mails_in_flight(nobody)).await.unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            app.sql("ALTER TABLE mislaid RENAME TO own_words");
        };
        let (answer, ()) = app.while_sending(async { tokio::join!(program.remind(&id), mending) }).await;
        answer.is(200, "Sent");
        assert_eq!(app.sink.deliveries().len(), 1);
    }
}

#[actix_web::test]
async fn with_one_connection_a_programs_mail_goes_before_the_next_of_a_batch() {
    for machine in Machine::on_both() {
        let sink = Sink::start().await;
        let machine = machine.with("DUNLIN_MAIL_URL", &sink.url).with("DUNLIN_UNDO_SECONDS", "0");
        let machine = machine.with("DUNLIN_MAIL_CONNECTIONS", "1");
        let key = furnish(&machine, 31);
        let (_serving, url) = machine.serve();
        let (ada, program) = (Person::new(&url), Caller::new(&url, key));
        ada.sign_in("ada@acme.example", PASSWORD).await;
        let id = program.invoice("FIRST").await;
        sink.misbehave("bulk", Whim::Withhold("dot"));
        batch(&ada, 30).await;
        sink.is_withholding().await;
        let going_on = async {
            let begun = Instant::now();
            while program.get(&reminders_of(&id)).await.body == json!([]) {
                assert!(begun.elapsed() < PATIENCE, "no reminder is there");
            }
            sink.behave();
            // Long enough for the program's mail to come to the line.
            sink.misbehave("bulk", Whim::Wait("dot", Duration::from_secs(4)));
        };
        let (answer, ()) = tokio::join!(program.remind(&id), going_on);
        answer.is(200, "Sent");
        let place =
            sink.deliveries().iter().position(|mail| mail.recipient == "first@customer.example").unwrap();
        // One was on the line, and one more may have come there before the program's had been claimed.
        assert!(place <= 2, "{place}");
    }
}

#[actix_web::test]
async fn a_key_that_is_made_while_a_batch_is_sent_waits_behind_a_part_of_it_alone() {
    for machine in Machine::on_both() {
        let sink = Sink::start().await;
        let machine = machine.with("DUNLIN_MAIL_URL", &sink.url).with("DUNLIN_UNDO_SECONDS", "0");
        let machine = machine.with("DUNLIN_MAIL_CONNECTIONS", "2");
        fill(&machine, 501);
        let (_serving, url) = machine.serve();
        let ada = Person::new(&url);
        ada.sign_in("ada@acme.example", PASSWORD).await;
        sink.misbehave("bulk", Whim::Wait("dot", Duration::from_millis(20)));
        batch(&ada, 500).await;
        while sink.deliveries().len() < 3 {
            tokio::task::yield_now().await;
        }
        let program = Caller::new(&url, key(&machine));
        let id = program.invoice("FIRST").await;
        program.remind(&id).await.is(200, "Sent");
        let sent = sink.deliveries().len();
        assert!(sent < 501, "the batch had been sent");
    }
}

#[actix_web::test]
async fn a_program_that_has_waited_long_enough_is_answered_pending_and_the_mail_goes_on() {
    for machine in Machine::on_both() {
        let sink = Sink::start().await;
        let machine = machine.with("DUNLIN_MAIL_URL", &sink.url).with("DUNLIN_API_WAIT_SECONDS", "0.5");
        let key = furnish(&machine, 1);
        let (_serving, url) = machine.serve();
        let program = Caller::new(&url, key);
        let id = program.invoice("FIRST").await;
        sink.misbehave("", Whim::Withhold("dot"));
        let asked = Instant::now();
        let pending = program.remind(&id).await;
        assert!((Duration::from_millis(500)..Duration::from_secs(25)).contains(&asked.elapsed()));
        pending.is(200, "Pending");
        let again = program.remind(&id).await;
        assert_eq!(again.is(200, "Pending").text("id"), pending.text("id"));
        sink.behave();
        let mut sent = program.remind(&id).await;
        while sent.body["status"] == "Pending" {
            sent = program.remind(&id).await;
        }
        assert_eq!((sent.is(200, "Sent").text("id"), sink.deliveries().len()), (pending.text("id"), 1));
    }
}

#[actix_web::test]
async fn a_program_that_waits_for_a_process_that_stops_is_answered_pending_at_once() {
    for machine in Machine::on_both() {
        let sink = Sink::start().await;
        let machine = machine.with("DUNLIN_MAIL_URL", &sink.url).with("DUNLIN_MAIL_CONNECTIONS", "1");
        let machine = machine.with("DUNLIN_API_WAIT_SECONDS", "60").with("DUNLIN_SHUTDOWN_SECONDS", "60");
        let key = furnish(&machine, 2);
        let (mut serving, url) = machine.serve();
        let program = Caller::new(&url, key);
        let (first, second) = (program.invoice("FIRST").await, program.invoice("INV-001").await);
        sink.misbehave("first", Whim::Withhold("dot"));
        let (asked, is_asked) = tokio::sync::oneshot::channel();
        let behind_it = async {
            sink.is_withholding().await;
            asked.send(()).unwrap();
            program.remind(&second).await
        };
        let stopping = async {
            is_asked.await.unwrap();
            while program.get(&reminders_of(&second)).await.body.as_array().unwrap().is_empty() {}
            serving.signal("TERM");
            sink.behave();
            Instant::now()
        };
        let (sent, pending, stopped) = tokio::join!(program.remind(&first), behind_it, stopping);
        sent.is(200, "Sent");
        pending.is(200, "Pending");
        assert_eq!(serving.terminate(), Some(0));
        assert!(stopped.elapsed() < Duration::from_secs(40), "{:?}", stopped.elapsed());
        assert_eq!(sink.deliveries().len(), 1);
    }
}

#[actix_web::test]
async fn a_program_hears_of_what_another_process_has_sent() {
    let Some(machine) = Machine::on_postgres() else {
        return println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
    };
    let sink = Sink::start().await;
    let machine = machine.with("DUNLIN_MAIL_URL", &sink.url);
    let key = furnish(&machine, 1);
    let _working = machine.start(&["work"]);
    let serving = machine.start(&["serve", "--no-worker", "--bind", "127.0.0.1:0"]);
    let program = Caller::new(&serving.address(), key);
    let id = program.invoice("FIRST").await;
    let sent = program.remind(&id).await;
    assert_eq!(program.get(&reminders_of(&id)).await.body[0], sent.is(200, "Sent").body);
    assert_eq!(sink.deliveries().len(), 1);
}
