//! Holds that programs set and lift.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Caller, on_both_databases, reply};

async fn holds_of(program: &Caller) -> [String; 2] {
    let invoice = program.get("/api/v1/invoices?q=INV-1").await.body["data"][0].clone();
    let id = |member: &str| invoice[member].as_str().unwrap().to_owned();
    [format!("/api/v1/invoices/{}/hold", id("id")), format!("/api/v1/customers/{}/hold", id("customerId"))]
}

async fn lift(program: &Caller, hold: &str) -> u16 {
    reply(program.request(Method::DELETE, hold)).await.status
}

on_both_databases! {
    async fn a_program_holds_an_invoice_or_a_customer_and_lifts_it(app: TestApp) {
        app.ledger(&["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"]).await;
        let (program, clerk) = (app.program().await, app.clerk().await);
        let id = program.invoice("INV-1").await;
        for hold in holds_of(&program).await {
            program.get(&hold).await.is(404, "Hold.NotFound");
            clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
            let set = program.post(&hold, &json!({"reason": "a dispute", "until": "2025-12-03"})).await;
            assert_eq!((set.status, set.body), (200, json!({"reason": "a dispute", "until": "2025-12-03", "handedOver": []})));
            assert_eq!(program.get(&hold).await.body, json!({"reason": "a dispute", "until": "2025-12-03"}));
            app.send_until_idle().await;
            let reminders = program.get(&format!("/api/v1/invoices/{id}/reminders")).await.body;
            assert!(reminders.as_array().unwrap().iter().all(|reminder| reminder["status"] == "Cancelled"), "{reminders}");
            program.remind(&id).await.is(409, "InvoiceReminder.InvoiceNotRemindable");
            let anew = program.post(&hold, &json!({"reason": "still a dispute"})).await;
            assert_eq!((anew.text("reason"), &anew.body["until"]), ("still a dispute", &Value::Null));
            assert_eq!([lift(&program, &hold).await, lift(&program, &hold).await], [204, 204]);
            program.get(&hold).await.is(404, "Hold.NotFound");
        }
        let told = clerk.get(&format!("/invoices/{id}")).await.text;
        assert_eq!(told.matches("Hold lifted").count(), 1, "lifting what is lifted is nothing that happened");
        assert_eq!(program.remind(&id).await.status, 200);
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn a_hold_is_over_after_its_last_day_and_none_begins_that_is_over(app: TestApp) {
        app.ledger(&["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"]).await;
        let program = app.program().await;
        for hold in holds_of(&program).await {
            let today = app.clock.now().date_naive().to_string();
            assert_eq!(program.post(&hold, &json!({"reason": "until the evening", "until": today})).await.status, 200);
            app.clock.advance(TimeDelta::days(1));
            program.get(&hold).await.is(404, "Hold.NotFound");
            program.post(&hold, &json!({"reason": "too late", "until": today})).await.is(409, "Hold.Ended");
            for (body, named) in [
                (json!({}), "reason"),
                (json!({"reason": ""}), "reason"),
                (json!({"reason": "a\nb"}), "reason"),
                (json!({"reason": "x", "until": "soon"}), "until"),
                (json!({"reason": "x", "from": "2025-12-01"}), "from"),
            ] {
                let refused = program.post(&hold, &body).await;
                assert!(refused.is(400, "Request.Malformed").text("detail").contains(named), "{body}: {}", refused.body);
            }
        }
    }

    async fn what_was_made_is_at_the_address_that_the_answer_names_also_when_it_is_given_again(app: TestApp) {
        let program = app.program().await;
        let mut customer = String::new();
        for (path, body) in [
            ("/api/v1/customers", json!({"name": "Acme", "email": "ar@acme-customer.example"})),
            ("/api/v1/invoices", json!({"number": "INV-1", "total": {"amount": "10", "currency": "EUR"}})),
            ("/api/v1/reminder-batches", json!({"filter": {}})),
        ] {
            let mut body = body;
            if path.ends_with("invoices") {
                body["customerId"] = json!(customer);
            }
            let mut told = Vec::new();
            for _ in 0..2 {
                let request = program.request(Method::POST, path).header("Idempotency-Key", path).json(&body);
                let made = reply(request).await;
                assert!(matches!(made.status, 201 | 202), "{}", made.body);
                told.push(made.headers["Location"].to_str().unwrap().to_owned());
                customer = if path.ends_with("customers") { made.text("id").to_owned() } else { customer };
                assert_eq!(told[0], format!("{path}/{}", made.text("id")));
                assert_eq!(program.get(&told[0]).await.body["id"], made.body["id"]);
            }
            assert_eq!(told[0], told[1]);
        }
        let dry = program.post("/api/v1/reminder-batches", &json!({"filter": {}, "dryRun": true})).await;
        assert!(!dry.headers.contains_key("Location"), "a dry run makes nothing");
        app.send_until_idle().await;
    }
}
