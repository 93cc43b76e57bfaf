//! Troubles on the way, of every kind: in the end no mail is stuck, none went out twice, and what is told of it is true.

use std::io::Cursor;
use std::time::Instant;

use chrono::TimeDelta;
use dunlin::domain::person::{Actor, Role};

use crate::delivery::{batch_of_thirty, batch_of_two, confirm, ledger_of};
use crate::support::{PATIENCE, STEP, TestApp, Whim, on_both_databases};

/// What a mail server does for a while, and to whom. Every one of them either takes a mail or may be asked again.
const TROUBLES: &[(&str, Whim)] = &[
    ("", Whim::Reply("banner", "421 4.7.0 too many connections")),
    ("", Whim::Drop("banner")),
    ("", Whim::Reply("EHLO", "421 4.3.2 going down")),
    ("", Whim::Drop("EHLO")),
    ("", Whim::Reply("MAIL", "451 4.3.0 try again")),
    ("", Whim::Reply("MAIL", "421 4.3.2 going down")),
    ("", Whim::Drop("MAIL")),
    ("3.example", Whim::Reply("RCPT", "450 4.2.0 greylisted")),
    ("7.example", Whim::Reply("RCPT", "421 4.7.0 slow down")),
    ("3.example", Whim::Drop("RCPT")),
    ("7.example", Whim::Reply("DATA", "451 4.3.0 try again")),
    ("3.example", Whim::Reply("DATA", "421 4.3.2 going down")),
    ("7.example", Whim::Drop("DATA")),
    ("9.example", Whim::Drop("body")),
    ("3.example", Whim::Reply("dot", "451 4.7.1 try again")),
    ("7.example", Whim::Reply("dot", "421 4.3.2 going down")),
    ("1.example", Whim::Drop("dot")),
    ("3.example", Whim::Drop("ahead")),
    ("7.example", Whim::Reply("ahead", "421 4.3.2 going down")),
];

/// Makes it impossible to render a mail and to put one back that was claimed, until what stands here is undone.
fn sabotage(app: &TestApp) -> &'static str {
    match app.file() {
        Some(_) => {
            app.sql(
                "CREATE TRIGGER no_letter BEFORE INSERT ON form_letter BEGIN SELECT RAISE(ABORT, 'no'); END; \
                 CREATE TRIGGER no_return BEFORE UPDATE ON outbox WHEN OLD.state = 'Claimed' \
                 AND NEW.state = 'Pending' BEGIN SELECT RAISE(ABORT, 'no'); END",
            );
            "DROP TRIGGER no_letter; DROP TRIGGER no_return"
        }
        None => {
            app.sql(
                "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$; \
                 CREATE TRIGGER no_letter BEFORE INSERT ON form_letter FOR EACH ROW EXECUTE FUNCTION no(); \
                 CREATE TRIGGER no_return BEFORE UPDATE ON outbox FOR EACH ROW \
                 WHEN (OLD.state = 'Claimed' AND NEW.state = 'Pending') EXECUTE FUNCTION no()",
            );
            "DROP TRIGGER no_letter ON form_letter; DROP TRIGGER no_return ON outbox"
        }
    }
}

/// Waits for something that happens by itself.
async fn until(mut has_happened: impl FnMut() -> bool) {
    let waiting = async {
        while !has_happened() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it has happened by now");
}

on_both_databases! {
    async fn a_421_said_of_a_mail_lets_that_one_wait_and_the_other_go(app: TestApp) {
        for (round, step) in ["RCPT", "DATA", "dot"].into_iter().enumerate() {
            app.sink.misbehave("beta", Whim::Reply(step, "421 4.7.0 slow down"));
            let batch = batch_of_two(&app).await;
            let sending = tokio::time::timeout(PATIENCE, app.send_until_idle());
            sending.await.expect("the same mail is tried again and again");
            app.clerk().await.get(&batch).await.says("1 of 2").says("slow down");
            assert_eq!(app.sink.deliveries().len(), 2 * round + 1);
            app.sink.behave();
            app.clock.advance(TimeDelta::seconds(361));
            app.send_now().await;
            app.clerk().await.get(&batch).await.says("Finished. 2 of 2");
            app.clock.advance(TimeDelta::seconds(61));
        }
        assert_eq!(app.sink.deliveries().len(), 6);
    }

    async fn a_server_that_hangs_up_on_all_but_one_connection_gets_every_mail_over_that_one(app: TestApp) {
        app.sink.take_at_most(1);
        batch_of_thirty(&app).await.says("30 of 30 accepted");
    }

    async fn a_server_that_does_not_say_goodbye_keeps_nobody_waiting(app: TestApp) {
        app.sink.misbehave("", Whim::Hang("QUIT"));
        // A connection serves a hundred mails.
        let numbers = ledger_of(&app, 400).await;
        confirm(&app, &numbers).await;
        app.send_until_idle().await;
        let started = Instant::now();
        app.clock.advance(TimeDelta::seconds(61));
        confirm(&app, &numbers[..30]).await;
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 430);
        assert!(started.elapsed() < STEP, "it waited for {:?}", started.elapsed());
    }

    async fn a_sender_that_is_refused_holds_up_no_other_and_is_asked_for_less_and_less_often(app: TestApp) {
        let birch = app.another_organisation("Birch Trading").await;
        app.sql("UPDATE organisation SET from_email = 'ar@birch.example' WHERE name = 'Birch Trading'");
        let csv = "customer_name,customer_email,invoice_number,currency,total,due_date\n\
                   Moss,ar@moss.example,BIR-1,EUR,10,2025-11-01\nFern,ar@fern.example,BIR-2,EUR,10,2025-11-01\n";
        app.actions.import_ledger(Actor::System, birch, Cursor::new(csv), false).await.unwrap();
        app.add_person(birch, "clerk@birch.example", Role::Clerk).await;
        let theirs = app.signed_in("clerk@birch.example").await;
        app.sink.misbehave("birch", Whim::Reply("MAIL", "553 5.1.8 sender not known here"));
        theirs.confirm(&theirs.propose(&["BIR-1", "BIR-2"]).await).await;
        app.send_until_idle().await;
        // Those of the sender are due again and the first that are tried; then the others are.
        app.clock.advance(TimeDelta::seconds(20));
        batch_of_thirty(&app).await.says("30 of 30 accepted");
        app.clerk().await.get("/invoices").await.says_not("Mail server not reachable");
        for _ in 0..25 {
            app.clock.advance(TimeDelta::minutes(1));
            app.send_now().await;
        }
        let postponed = app.texts("SELECT event AS text FROM audit WHERE event = 'reminder.postponed'").len();
        assert!((8..=30).contains(&postponed), "{postponed} in half an hour, for two mails");
        app.clock.advance(TimeDelta::seconds(301));
        app.send_now().await;
        // Nor is anybody told that the mail server is down, for it is not.
        app.clerk().await.get("/invoices").await.says_not("Mail server not reachable");
        let theirs = app.signed_in("clerk@birch.example").await;
        let reminders = theirs.get("/reminders").await;
        let id = reminders.between("href=\"/reminders/", "\"", " aria-label=\"Reminder of BIR-1");
        theirs.get(&format!("/reminders/{id}")).await.says("553 5.1.8 sender not known here");
        app.sink.behave();
        app.clock.advance(TimeDelta::seconds(301));
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 32);
    }

    async fn a_mail_of_a_refused_sender_fails_at_its_deadline(app: TestApp) {
        app.sink.misbehave("", Whim::Reply("MAIL", "553 5.1.8 sender not known here"));
        let batch = batch_of_two(&app).await;
        for hours in [0, 20, 27, 3] {
            app.clock.advance(TimeDelta::hours(hours));
            app.send_until_idle().await;
        }
        app.clerk().await.get(&batch).await.says("Finished").says("2 failed");
    }

    async fn what_was_said_of_the_mail_server_before_a_start_is_taken_back_once_it_answers(app: TestApp) {
        app.sink.misbehave("", Whim::Reply("banner", "554 5.3.2 not today"));
        batch_of_two(&app).await;
        app.send_until_idle().await;
        let admin = app.admin().await;
        admin.get("/invoices").await.says("Mail server not reachable");
        app.sink.behave();
        app.while_sending(until(|| app.sink.deliveries().len() == 2)).await;
        admin.get("/invoices").await.says_not("Mail server not reachable");
    }

    async fn that_the_mail_server_is_back_is_noticed_with_nothing_to_send(app: TestApp) {
        app.sink.misbehave("", Whim::Reply("banner", "554 5.3.2 not today"));
        let batch = batch_of_two(&app).await;
        app.send_until_idle().await;
        let clerk = app.clerk().await;
        clerk.post(&format!("{batch}/cancellation"), &[]).await.says("Mail server not reachable");
        app.send_now().await;
        clerk.get("/invoices").await.says("Mail server not reachable");
        app.sink.behave();
        app.send_now().await;
        clerk.get("/invoices").await.says_not("Mail server not reachable");
    }

    async fn what_could_not_be_put_back_is_put_back_before_the_next_round(app: TestApp) {
        batch_of_two(&app).await;
        app.clock.advance(TimeDelta::seconds(11));
        let undo = sabotage(&app);
        app.try_to_send().await.unwrap_err();
        assert_eq!(app.texts("SELECT state AS text FROM outbox"), ["Claimed", "Claimed"]);
        app.sql(undo);
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 2);
    }

    async fn after_troubles_of_every_kind_each_mail_has_ended_once_and_the_log_says_how(app: TestApp) {
        let numbers = ledger_of(&app, TROUBLES.len() * 10).await;
        for (one, numbers) in numbers.chunks(10).enumerate() {
            confirm(&app, numbers).await;
            for (recipient, whim) in [&TROUBLES[one], &TROUBLES[(one * 7 + 3) % TROUBLES.len()]] {
                app.sink.misbehave(recipient, whim.clone());
            }
            app.send_until_idle().await;
            app.sink.behave();
            app.clock.advance(TimeDelta::minutes(7));
        }
        for _ in 0..5 {
            app.clock.advance(TimeDelta::hours(4));
            app.send_now().await;
        }
        let log = app.clerk().await.get("/reminders.csv").await;
        assert_eq!(log.text.lines().count(), 1 + numbers.len());
        let deliveries = app.sink.deliveries();
        for line in log.text.lines().skip(1) {
            let cells: Vec<&str> = line.split("\",\"").collect();
            let copies = deliveries.iter().filter(|mail| mail.recipient == cells[3]).count();
            match cells[6] {
                "Sent" => assert_eq!(copies, 1, "{line}"),
                "Failed" => assert!(cells[7].starts_with("delivery_unconfirmed") && copies <= 1, "{line}"),
                _ => panic!("not ended: {line}"),
            }
        }
    }
}

#[actix_web::test]
async fn answers_of_the_database_that_get_lost_neither_lose_a_mail_nor_send_one_twice() {
    let Some((app, lossy)) = TestApp::on_lossy_postgres().await else {
        return println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
    };
    let numbers = ledger_of(&app, 60).await;
    let batch = confirm(&app, &numbers).await;
    app.clock.advance(TimeDelta::seconds(11));
    lossy.lose_every(5);
    app.while_sending(until(|| app.sink.deliveries().len() == 60)).await;
    assert!(lossy.commits() > 10, "enough of them were lost");
    lossy.lose_every(0);
    app.send_now().await;
    app.clerk().await.get(&batch).await.says("Finished. 60 of 60");
    assert_eq!(app.sink.deliveries().len(), 60);
}
