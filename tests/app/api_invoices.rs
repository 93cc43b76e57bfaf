//! Invoices that programs list, read, bring and change.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Caller, Reply, on_both_databases, reply};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Acme, ar@acme-customer.example, 50.50, 3, Sent",
    "INV-3, Beta, ar@beta.example, 20.00, -1, Paid",
    "INV-4, Gamma, , 30.00, -1, Draft",
];

const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";

fn euros(amount: &str) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

async fn patch(program: &Caller, id: &str, body: &Value) -> Reply {
    reply(program.request(Method::PATCH, &format!("/api/v1/invoices/{id}")).json(body)).await
}

/// The numbers on a page, in order of number.
fn numbers(page: &Value) -> Vec<&str> {
    let data = page["data"].as_array().unwrap_or_else(|| panic!("{page}"));
    let mut numbers: Vec<&str> = data.iter().map(|invoice| invoice["number"].as_str().unwrap()).collect();
    numbers.sort();
    numbers
}

/// A new invoice of a customer, with some members other than usual.
fn invoice(customer: &str, other: Value) -> Value {
    let mut body = json!({"customerId": customer, "number": "NEW-1", "total": euros("10.00")});
    body.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    body
}

async fn customer(program: &Caller, name: &str) -> String {
    program.post("/api/v1/customers", &json!({"name": name})).await.text("id").to_owned()
}

on_both_databases! {
    async fn every_filter_of_the_page_narrows_the_list(app: TestApp) {
        app.ledger(LEDGER).await;
        app.import("customer_name,invoice_number,currency,total,due_date\nDelta,INV-5,JPY,1000,2026-03-01\n").await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let program = app.program().await;
        let beta = program.get("/api/v1/customers?q=beta").await.body["data"][0]["id"].as_str().unwrap().to_owned();
        for (query, expected) in [
            ("", vec!["INV-1", "INV-2", "INV-3", "INV-4", "INV-5"]),
            (&format!("customer={beta}"), vec!["INV-3"]),
            ("currency=JPY", vec!["INV-5"]),
            ("due_from=2025-12-02", vec!["INV-2", "INV-5"]),
            ("due_to=2025-11-21", vec!["INV-1"]),
            ("due_from=2025-12-02&due_to=2025-12-31", vec!["INV-2"]),
            ("least=50.50&most=100", vec!["INV-1", "INV-2"]),
            ("not_reminded=never&tab=open", vec!["INV-2", "INV-5"]),
            ("not_reminded=7", vec!["INV-2", "INV-3", "INV-4", "INV-5"]),
            ("remindable=yes", vec!["INV-1", "INV-2", "INV-5"]),
            ("remindable=yes&currency=EUR&q=acme", vec!["INV-1", "INV-2"]),
        ] {
            let page = program.get(&format!("/api/v1/invoices?{query}")).await;
            assert_eq!((page.status, numbers(&page.body)), (200, expected), "{query}");
        }
    }

    async fn a_filter_that_cannot_be_read_or_is_unknown_is_named(app: TestApp) {
        let program = app.program().await;
        let long = format!("q={}", "a".repeat(50_001));
        for (query, named) in [
            (long.as_str(), "longer than 254 characters"),
            ("customer=acme", "customer"),
            ("currency=XXL", "currency"),
            ("due_from=yesterday", "due from"),
            ("due_to=2025-13-01", "due to"),
            ("due_from=%2B262142-01-01", "due from"),
            ("least=-1", "amount from"),
            ("most=NaN", "amount to"),
            ("not_reminded=often", "not reminded"),
            ("due-from=2025-12-01", "due-from"),
            ("sort=due", "sort"),
            ("per=25", "per"),
        ] {
            let refused = program.get(&format!("/api/v1/invoices?{query}")).await;
            refused.is(400, "Request.Malformed");
            let said = refused.text("detail");
            assert!(said.contains(named) && !said.contains("deserialize"), "{query}: {said}");
        }
    }

    async fn one_invoice_is_read_as_the_list_has_it(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        for listed in program.get("/api/v1/invoices").await.body["data"].as_array().unwrap() {
            let found = program.get(&format!("/api/v1/invoices/{}", listed["id"].as_str().unwrap())).await;
            assert_eq!((found.status, &found.body), (200, listed));
        }
        program.get(&format!("/api/v1/invoices/{UNKNOWN}")).await.is(404, "Invoice.NotFound");
        program.get("/api/v1/invoices/INV-1").await.is(400, "Request.Malformed");
    }

    async fn a_program_brings_an_invoice_that_is_then_reminded_like_any_other(app: TestApp) {
        let program = app.program().await;
        let acme = program
            .post("/api/v1/customers", &json!({"name": "Acme", "email": "ar@acme-customer.example"}))
            .await;
        let told = json!({"issuedOn": "2025-11-01", "dueOn": "2025-11-15", "payUrl": "https://pay.example/1"});
        let added = program.post("/api/v1/invoices", &invoice(acme.text("id"), told)).await;
        let id = added.text("id").to_owned();
        let expected = json!({
            "id": id, "number": "NEW-1", "customerId": acme.text("id"), "state": "Sent", "status": "Overdue",
            "archivedAt": null, "total": euros("10.00"), "balance": euros("10.00"), "issuedOn": "2025-11-01",
            "dueOn": "2025-11-15", "payUrl": "https://pay.example/1",
        });
        assert_eq!((added.status, &added.body), (201, &expected));
        assert_eq!(program.get(&format!("/api/v1/invoices/{id}")).await.body, expected);
        let clerk = app.clerk().await;
        clerk.get(&format!("/invoices/{id}")).await.says("Invoice brought in").says("ERP");
        clerk.confirm(&clerk.propose(&["NEW-1"]).await).await;
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn what_a_new_invoice_does_not_say_follows_the_rules_of_the_file(app: TestApp) {
        let program = app.program().await;
        let acme = customer(&program, "Acme").await;
        for (index, (told, expected)) in [
            (json!({}), json!({"state": "Sent", "balance": euros("10.00"), "issuedOn": "2025-12-01", "dueOn": "2025-12-31"})),
            (json!({"balance": euros("4.00")}), json!({"state": "PartiallyPaid", "status": "Upcoming"})),
            (json!({"balance": euros("0")}), json!({"state": "Paid", "balance": euros("0.00")})),
            (json!({"state": "Draft"}), json!({"state": "Draft", "balance": euros("10.00")})),
            (json!({"state": "Void"}), json!({"state": "Void", "balance": euros("0.00")})),
            (json!({"state": null, "balance": null, "payUrl": null}), json!({"state": "Sent", "payUrl": null})),
            (json!({"total": {"amount": "1000", "currency": "JPY"}}), json!({"balance": {"amount": "1000", "currency": "JPY"}})),
            (json!({"total": {"amount": "1.2", "currency": "BHD"}}), json!({"total": {"amount": "1.200", "currency": "BHD"}})),
            (json!({"total": euros("1000000000000.00")}), json!({"total": euros("1000000000000.00")})),
        ].into_iter().enumerate() {
            let mut body = invoice(&acme, told);
            body["number"] = json!(format!("NEW-{index}"));
            let added = program.post("/api/v1/invoices", &body).await;
            assert_eq!(added.status, 201, "{body}: {}", added.body);
            for (member, value) in expected.as_object().unwrap() {
                assert_eq!(&added.body[member], value, "{body}: {member}");
            }
        }
    }

    async fn amounts_currencies_and_days_that_are_none_are_refused_and_nothing_is_kept(app: TestApp) {
        let program = app.program().await;
        let acme = customer(&program, "Acme").await;
        let total = |amount: &str, currency: &str| json!({"total": {"amount": amount, "currency": currency}});
        for (told, named) in [
            (total("-1", "EUR"), "total"),
            (total("NaN", "EUR"), "total"),
            (total("1e309", "EUR"), "total"),
            (total("1.001", "EUR"), "total"),
            (total("1,00", "EUR"), "total"),
            (total("", "EUR"), "total"),
            (total("99999999999999999999", "EUR"), "total"),
            (total("1.5", "JPY"), "total"),
            (total("1.2345", "BHD"), "total"),
            (total("1.00", "XXL"), "total"),
            (total("1.00", "eur"), "total"),
            (total("1.00", ""), "total"),
            (json!({"total": {"amount": 1.0, "currency": "EUR"}}), "expected a string"),
            (json!({"total": 1.0}), "expected an object"),
            (json!({"total": "1.00"}), "expected an object"),
            (json!({"total": ["1.00", "EUR"]}), "expected an object"),
            (json!({"balance": ["1.00", "EUR"]}), "expected an object"),
            (json!({"total": {"amount": "1.00"}}), "currency"),
            (json!({"total": {"amount": "1.00", "currency": "EUR", "cents": 100}}), "cents"),
            (json!({"balance": euros("-0.01")}), "balance"),
            (json!({"state": "Overdue"}), "state"),
            (json!({"number": ""}), "number"),
            (json!({"number": "a\r\nBcc: b"}), "number"),
            (json!({"number": "x".repeat(201)}), "number"),
            (json!({"issuedOn": "01.12.2025"}), "issuedOn"),
            (json!({"dueOn": "2025-02-30"}), "dueOn"),
            (json!({"dueOn": "9999-12-31"}), "dueOn"),
            (json!({"payUrl": "javascript:alert(1)"}), "payUrl"),
            (json!({"customerId": "acme"}), "customer"),
            (json!({"status": "Sent"}), "status"),
        ] {
            let body = invoice(&acme, told);
            let refused = program.post("/api/v1/invoices", &body).await;
            refused.is(400, "Request.Malformed");
            assert!(refused.text("detail").contains(named), "{body}: {}", refused.text("detail"));
        }
        let zero = program.post("/api/v1/invoices", &invoice(&acme, total("0", "EUR"))).await;
        assert_eq!((zero.status, zero.text("state")), (201, "Paid"));
        assert_eq!(numbers(&program.get("/api/v1/invoices").await.body), ["NEW-1"]);
    }

    async fn an_invoice_that_contradicts_itself_is_refused_with_what_to_do(app: TestApp) {
        let program = app.program().await;
        let acme = customer(&program, "Acme").await;
        for (told, said) in [
            (json!({"balance": euros("10.01")}), "is above the total"),
            (json!({"state": "PartiallyPaid"}), "Say what is still owed."),
            (json!({"state": "Paid", "balance": euros("1.00")}), "The state Paid goes with a balance of 0"),
            (json!({"balance": {"amount": "1.00", "currency": "USD"}}), "another currency"),
        ] {
            let refused = program.post("/api/v1/invoices", &invoice(&acme, told)).await;
            refused.is(409, "Invoice.Contradictory");
            assert!(refused.text("detail").contains(said), "{}", refused.text("detail"));
        }
        assert_eq!(numbers(&program.get("/api/v1/invoices").await.body), [""; 0]);
    }

    async fn a_number_is_one_invoice_of_a_customer(app: TestApp) {
        let program = app.program().await;
        let (acme, beta) = (customer(&program, "Acme").await, customer(&program, "Beta").await);
        assert_eq!(program.post("/api/v1/invoices", &invoice(&acme, json!({}))).await.status, 201);
        let again = program.post("/api/v1/invoices", &invoice(&acme, json!({"total": euros("99.00")}))).await;
        again.is(409, "Invoice.NumberTaken");
        assert_eq!(again.text("detail"), "Acme has an invoice NEW-1 already.");
        assert_eq!(program.post("/api/v1/invoices", &invoice(&beta, json!({}))).await.status, 201);
        program.post("/api/v1/invoices", &invoice(UNKNOWN, json!({}))).await.is(404, "Customer.NotFound");
    }

    async fn an_edit_changes_what_it_names_and_stands_in_the_timeline(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let id = program.invoice("INV-1").await;
        let before = program.get(&format!("/api/v1/invoices/{id}")).await.body;
        let changed = patch(&program, &id, &json!({"dueOn": "2026-01-15", "payUrl": "https://pay.example/1"})).await;
        let mut expected = before.clone();
        expected["dueOn"] = json!("2026-01-15");
        expected["payUrl"] = json!("https://pay.example/1");
        expected["status"] = json!("Upcoming");
        expected["handedOver"] = json!([]);
        assert_eq!((changed.status, &changed.body), (200, &expected));
        let clerk = app.clerk().await;
        let page = clerk.get(&format!("/invoices/{id}")).await;
        page.says("Invoice changed").says("due day from 2025-11-21 to 2026-01-15").says("ERP");
        let cleared = patch(&program, &id, &json!({"payUrl": null, "dueOn": null})).await;
        assert_eq!((&cleared.body["payUrl"], cleared.text("dueOn")), (&Value::Null, "2026-01-15"));
        assert_eq!(patch(&program, &id, &json!({})).await.body, cleared.body);
        let raised = patch(&program, &id, &json!({"total": euros("120.00")})).await;
        assert_eq!((&raised.body["total"], &raised.body["balance"]), (&euros("120.00"), &euros("120.00")));
    }

    async fn an_edit_that_cannot_be_is_refused_and_changes_nothing(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let id = program.invoice("INV-1").await;
        let before = program.get(&format!("/api/v1/invoices/{id}")).await.body;
        for (edit, status, code) in [
            (json!({"number": "INV-9"}), 400, "Request.Malformed"),
            (json!({"customerId": UNKNOWN}), 400, "Request.Malformed"),
            (json!({"dueOn": "soon"}), 400, "Request.Malformed"),
            (json!({"total": euros("-1")}), 400, "Request.Malformed"),
            (json!({"state": "Archived"}), 400, "Request.Malformed"),
            (json!([]), 400, "Request.Malformed"),
            (json!({"balance": euros("100.01")}), 409, "Invoice.Contradictory"),
            (json!({"total": {"amount": "100", "currency": "JPY"}, "balance": euros("1")}), 409, "Invoice.Contradictory"),
        ] {
            patch(&program, &id, &edit).await.is(status, code);
            assert_eq!(program.get(&format!("/api/v1/invoices/{id}")).await.body, before, "{edit}");
        }
        patch(&program, UNKNOWN, &json!({})).await.is(404, "Invoice.NotFound");
    }

    async fn an_edit_that_settles_an_invoice_calls_its_reminder_back(app: TestApp) {
        app.ledger(LEDGER).await;
        let (program, clerk) = (app.program().await, app.clerk().await);
        for (number, edit, reason) in [
            ("INV-1", json!({"balance": euros("0")}), "The invoice was paid."),
            ("INV-2", json!({"state": "Credited"}), "The invoice was credited."),
        ] {
            clerk.confirm(&clerk.propose(&[number]).await).await;
            let id = program.invoice(number).await;
            let settled = patch(&program, &id, &edit).await;
            assert_eq!((settled.status, &settled.body["handedOver"]), (200, &json!([])), "{}", settled.body);
            let reminders = program.get(&format!("/api/v1/invoices/{id}/reminders")).await;
            assert_eq!(reminders.body[0]["status"], "Cancelled", "{number}");
            clerk.get(&format!("/invoices/{id}")).await.says(reason);
        }
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 0);
    }

    async fn what_was_recorded_in_dunlin_is_undone_only_where_that_is_said(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let id = program.invoice("INV-1").await;
        let paid = program.post(&format!("/api/v1/invoices/{id}/payments"), &json!({"amount": "90.00"})).await;
        assert_eq!((paid.status, paid.text("state")), (200, "PartiallyPaid"));
        let undoing = json!({"balance": euros("100.00")});
        let refused = patch(&program, &id, &undoing).await;
        refused.is(409, "Invoice.NeedsReopen");
        assert!(refused.text("detail").contains("a payment"), "{}", refused.body);
        let reopened = patch(&program, &id, &json!({"balance": euros("100.00"), "reopen": true})).await;
        assert_eq!((reopened.status, reopened.text("state")), (200, "Sent"));
        app.clerk().await.get(&format!("/invoices/{id}")).await.says("Reopened");
    }
}
