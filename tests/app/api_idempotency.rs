//! `Idempotency-Key`: a request under a key is done once and answered alike for a day.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::program::Machine;
use crate::support::{Caller, Reply, Sink, Whim, on_both_databases, reminders_of, reply};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Beta, ar@beta.example, 50.00, -10, Sent",
];

async fn keyed(program: &Caller, invoice: &str, key: &str, body: &Value) -> Reply {
    let request = program.request(Method::POST, &reminders_of(invoice)).header("Idempotency-Key", key);
    reply(request.json(body)).await
}

fn is_replayed(reply: &Reply) -> bool {
    reply.headers.get("Idempotency-Replayed").is_some_and(|value| value == "true")
}

/// An organisation with a sender, an invoice, and a key.
fn furnish(machine: &Machine) -> String {
    machine.run(&["organisation", "add", "--name", "Acme", "--from", "ar@acme.example"]);
    furnish_invoices(machine)
}

/// An invoice, and a key.
fn furnish_invoices(machine: &Machine) -> String {
    let ledger = machine.folder.path().join("ledger.csv");
    let csv =
        "customer_name,customer_email,invoice_number,currency,total\nBeta,ar@beta.example,INV-1,EUR,10\n";
    std::fs::write(&ledger, csv).unwrap();
    assert_eq!(machine.run(&["import", &ledger.display().to_string()]).code, Some(0));
    machine.run(&["api-key", "add", "--name", "ERP"]).out.trim().to_owned()
}

on_both_databases! {
    async fn the_same_request_under_its_key_is_answered_alike_for_a_day(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let id = program.invoice("INV-1").await;
        let ask = async || app.while_sending(keyed(&program, &id, "monday", &json!({"subject": "One", "message": null}))).await;
        let first = ask().await;
        assert!(!is_replayed(first.is(200, "Sent")));
        for seconds in [0, 59, 2, 86_000] {
            app.clock.advance(TimeDelta::seconds(seconds));
            let again = ask().await;
            assert_eq!((again.status, &again.body, is_replayed(&again)), (200, &first.body, true), "{seconds}");
        }
        app.clock.advance(TimeDelta::seconds(400));
        assert_ne!(ask().await.is(200, "Sent").text("id"), first.text("id"), "the key is forgotten");
        assert_eq!(app.sink.deliveries().len(), 2);
    }

    async fn a_key_belongs_to_one_request_of_one_program(app: TestApp) {
        app.ledger(LEDGER).await;
        let (program, other) = (app.program().await, app.program().await);
        let [one, two] = [program.invoice("INV-1").await, program.invoice("INV-2").await];
        let body = json!({"message": "Pay.", "subject": "One"});
        let first = app.while_sending(keyed(&program, &one, "k", &body)).await;
        first.is(200, "Sent");
        let unknown = "00000000-0000-7000-8000-000000000000";
        for (invoice, body) in [(one.as_str(), json!({"subject": "One"})), (&one, json!(null)), (&two, body.clone()), (unknown, body.clone())] {
            app.while_sending(keyed(&program, invoice, "k", &body)).await.is(422, "IdempotencyKey.Reused");
        }
        // The order of members is not a difference; malformed comes first, and whose key it is before that.
        let request = || program.request(Method::POST, &reminders_of(&one)).header("Idempotency-Key", "k");
        let turned = request().header("Content-Type", "application/json");
        assert!(is_replayed(reply(turned.body("{ \"subject\": \"One\", \"message\": \"Pay.\" }")).await.is(200, "Sent")));
        reply(request().json(&json!({"subject": "a\nb"}))).await.is(400, "Request.Malformed");
        keyed(&program, "one", "k", &body).await.is(400, "Request.Malformed");
        let theirs = app.while_sending(keyed(&other, &two, "k", &json!({}))).await;
        assert!(!is_replayed(theirs.is(200, "Sent")));
        for word in ["", " ", "two words", &"k".repeat(256), "k\u{e9}"] {
            keyed(&program, &one, word, &body).await.is(400, "Request.Malformed");
        }
        let twice = request().header("Idempotency-Key", "l");
        reply(twice.json(&body)).await.is(400, "Request.Malformed");
        assert_eq!(app.sink.deliveries().len(), 2);
    }

    async fn while_a_request_is_under_way_its_key_is_in_flight(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let id = program.invoice("INV-1").await;
        app.sink.misbehave("", Whim::Withhold("dot"));
        let meanwhile = async {
            app.sink.is_withholding().await;
            keyed(&program, &id, "k", &json!({})).await.is(409, "IdempotencyKey.InFlight");
            keyed(&program, &id, "k", &json!({"subject": "Other"})).await.is(422, "IdempotencyKey.Reused");
            app.sink.behave();
        };
        let empty = json!({});
        let (first, ()) = app.while_sending(async { tokio::join!(keyed(&program, &id, "k", &empty), meanwhile) }).await;
        first.is(200, "Sent");
        assert_eq!(keyed(&program, &id, "k", &json!({})).await.body, first.body);
    }

    async fn what_is_not_found_or_not_possible_is_kept_and_what_failed_may_be_tried_again(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let id = program.invoice("INV-1").await;
        let unknown = "00000000-0000-7000-8000-000000000000";
        for was_asked in [false, true] {
            let answer = keyed(&program, unknown, "none", &json!({})).await;
            assert_eq!(is_replayed(answer.is(404, "Invoice.NotFound")), was_asked);
        }
        let clerk = app.clerk().await;
        clerk.post(&format!("/invoices/{id}/archive"), &[]).await;
        let refused = keyed(&program, &id, "shut", &json!({})).await;
        refused.is(409, "InvoiceReminder.InvoiceNotRemindable");
        clerk.post(&format!("/invoices/{id}/unarchive"), &[]).await;
        let again = keyed(&program, &id, "shut", &json!({})).await;
        assert_eq!(again.is(409, "InvoiceReminder.InvoiceNotRemindable").text("detail"), refused.text("detail"));
        assert_ne!(again.text("requestId"), refused.text("requestId"), "each request has its own");
        app.sink.misbehave("", Whim::Reply("RCPT", "450 4.2.0 greylisted"));
        app.while_sending(keyed(&program, &id, "try", &json!({}))).await.is(502, "Invoice.EmailSendFailed");
        app.sink.behave();
        app.while_sending(keyed(&program, &id, "try", &json!({}))).await.is(200, "Sent");
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn a_key_that_was_answered_pending_is_answered_with_the_same_reminder_as_it_is_later(app: TestApp) {
        app.ledger(LEDGER).await;
        let (program, clerk) = (app.program().await, app.clerk().await);
        let id = program.invoice("INV-1").await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        let first = keyed(&program, &id, "k", &json!({})).await;
        first.is(200, "Pending");
        app.send_until_idle().await;
        for (hours, is_again) in [(0, false), (1, true)] {
            app.clock.advance(TimeDelta::hours(hours));
            let later = keyed(&program, &id, "k", &json!({})).await;
            assert_eq!(later.is(200, "Sent").text("id"), first.text("id"), "the window is over, the key is not");
            assert_eq!(is_replayed(&later), is_again);
        }
        assert_eq!((app.sink.deliveries().len(), program.get(&reminders_of(&id)).await.body.as_array().unwrap().len()), (1, 1));
    }

    async fn a_caller_that_hangs_up_is_answered_when_it_asks_again(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let id = program.invoice("INV-1").await;
        app.sink.misbehave("", Whim::Withhold("dot"));
        let empty = json!({});
        let hanging_up = async {
            tokio::select! {
                answer = keyed(&program, &id, "k", &empty) => panic!("{}", answer.body),
                () = app.sink.is_withholding() => {}
            }
            app.sink.behave();
            loop {
                let again = keyed(&program, &id, "k", &empty).await;
                if again.status != 409 {
                    return again;
                }
            }
        };
        app.while_sending(hanging_up).await.is(200, "Sent");
        app.clock.advance(TimeDelta::hours(1));
        assert!(is_replayed(keyed(&program, &id, "k", &json!({})).await.is(200, "Sent")));
        assert_eq!(app.sink.deliveries().len(), 1);
    }
}

#[actix_web::test]
async fn a_key_that_was_answered_pending_waits_for_the_outcome_like_the_first_request() {
    for machine in Machine::on_both() {
        let sink = Sink::start().await;
        let machine = machine.with("DUNLIN_MAIL_URL", &sink.url).with("DUNLIN_API_WAIT_SECONDS", "0.5");
        let key = furnish(&machine);
        let (_serving, url) = machine.serve();
        let program = Caller::new(&url, key);
        let id = program.invoice("INV-1").await;
        sink.misbehave("", Whim::Withhold("dot"));
        let mut replies = Vec::new();
        for _ in 0..2 {
            let asked = Instant::now();
            replies.push(keyed(&program, &id, "k", &json!({})).await);
            assert!(asked.elapsed() >= Duration::from_millis(500));
        }
        sink.behave();
        while replies.last().unwrap().body["status"] == "Pending" {
            replies.push(keyed(&program, &id, "k", &json!({})).await);
        }
        replies[1].is(200, "Pending");
        replies.last().unwrap().is(200, "Sent");
        assert!(replies.iter().all(|reply| reply.text("id") == replies[0].text("id")));
        assert_eq!(sink.deliveries().len(), 1);
    }
}

#[actix_web::test]
async fn a_send_for_which_there_is_no_sender_is_told_as_not_sent_and_may_be_tried_again_under_its_key() {
    for machine in Machine::on_both() {
        let machine = machine
            .with("DUNLIN_MAIL_URL", "smtp://relay.invalid:25")
            .with("DUNLIN_MAIL_TIMEOUT_SECONDS", "2");
        let organisation = machine.run(&["organisation", "add", "--name", "Acme"]).out;
        let key = furnish_invoices(&machine);
        let (_serving, url) = machine.serve();
        let program = Caller::new(&url, key);
        let id = program.invoice("INV-1").await;
        let unsent = keyed(&program, &id, "k", &json!({})).await;
        unsent.is(502, "Invoice.EmailSendFailed");
        assert!(unsent.text("detail").contains("Settings > Sender"), "{}", unsent.body);
        let batch = program.post("/api/v1/reminder-batches", &json!({"invoiceIds": [id]})).await;
        batch.is(502, "Invoice.EmailSendFailed");
        assert_eq!(program.get(&reminders_of(&id)).await.body, json!([]));
        let from = ["--from", "ar@acme.example"];
        let set = [&["organisation", "set", "--organisation", organisation.trim()], &from[..]].concat();
        assert_eq!(machine.run(&set).code, Some(0));
        let tried = keyed(&program, &id, "k", &json!({})).await;
        assert!(!tried.is(502, "Invoice.EmailSendFailed").text("detail").contains("Settings > Sender"));
        assert_eq!(program.get(&reminders_of(&id)).await.body[0]["status"], "Failed");
    }
}

#[actix_web::test]
async fn a_request_whose_process_is_killed_is_answered_by_the_next_with_the_same_reminder() {
    for machine in Machine::on_both() {
        let sink = Sink::start().await;
        let machine = machine.with("DUNLIN_MAIL_URL", &sink.url);
        let key = furnish(&machine);
        let (mut first, url) = machine.serve();
        let program = Caller::new(&url, key.clone());
        let id = program.invoice("INV-1").await;
        sink.misbehave("", Whim::Withhold("RCPT"));
        let request = program.request(Method::POST, &reminders_of(&id)).header("Idempotency-Key", "k");
        let asked = tokio::spawn(request.send());
        sink.is_withholding().await;
        first.kill();
        assert!(asked.await.unwrap().is_err(), "nobody answered");
        sink.behave();
        let (_second, url) = machine.serve();
        let program = Caller::new(&url, key);
        let recorded = program.get(&reminders_of(&id)).await.body;
        let answer = keyed(&program, &id, "k", &json!(null)).await;
        answer.is(200, "Sent");
        assert_eq!(recorded[0]["id"], answer.body["id"]);
        assert_eq!(sink.deliveries().len(), 1);
    }
}
