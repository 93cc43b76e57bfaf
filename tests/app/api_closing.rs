//! What programs do to invoices: payments, archive, unarchive, void; and how that reaches the mails.

use serde_json::{Value, json};

use crate::support::{Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Beta, ar@beta.example, 20.00, -1, Paid",
    "INV-3, Gamma, ar@gamma.example, 30.00, -1, Draft",
];

const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";

fn euros(amount: &str) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

on_both_databases! {
    async fn a_payment_lowers_the_balance_and_all_of_it_settles_the_invoice(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let id = program.invoice("INV-1").await;
        let payments = format!("/api/v1/invoices/{id}/payments");
        let part = program.post(&payments, &json!({"amount": "40.00", "paidOn": "2025-11-30"})).await;
        assert_eq!((part.status, part.text("state"), &part.body["balance"]), (200, "PartiallyPaid", &euros("60.00")));
        assert_eq!(part.body["handedOver"], json!([]));
        program.post(&payments, &json!({"amount": "60.01"})).await.is(409, "Payment.ExceedsBalance");
        let rest = program.post(&payments, &json!({"amount": "60"})).await;
        assert_eq!((rest.text("state"), rest.text("status"), &rest.body["balance"]), ("Paid", "Paid", &euros("0.00")));
        program.post(&payments, &json!({"amount": "1.00"})).await.is(409, "Invoice.NotOpen");
        let page = app.clerk().await.get(&format!("/invoices/{id}")).await;
        page.says("40.00 EUR on 30 Nov 2025").says("60.00 EUR on 1 Dec 2025").says("ERP");
    }

    async fn a_payment_that_cannot_be_is_refused_and_changes_nothing(app: TestApp) {
        app.ledger(LEDGER).await;
        app.import("customer_name,invoice_number,currency,total\nDelta,YEN,JPY,1000\nDelta,DINAR,BHD,1.500\n").await;
        let program = app.program().await;
        for (number, body, status, code) in [
            ("INV-1", json!({"amount": "-1"}), 400, "Request.Malformed"),
            ("INV-1", json!({"amount": "0"}), 400, "Request.Malformed"),
            ("INV-1", json!({"amount": "NaN"}), 400, "Request.Malformed"),
            ("INV-1", json!({"amount": "1e309"}), 400, "Request.Malformed"),
            ("INV-1", json!({"amount": "1.001"}), 400, "Request.Malformed"),
            ("INV-1", json!({"amount": 1}), 400, "Request.Malformed"),
            ("INV-1", json!({"amount": "1", "currency": "EUR"}), 400, "Request.Malformed"),
            ("INV-1", json!({"amount": "1", "paidOn": "today"}), 400, "Request.Malformed"),
            ("INV-1", json!({}), 400, "Request.Malformed"),
            ("INV-1", json!({"amount": "1", "paidOn": "2025-12-02"}), 409, "Payment.InFuture"),
            ("INV-1", json!({"amount": "100.01"}), 409, "Payment.ExceedsBalance"),
            ("YEN", json!({"amount": "1.5"}), 400, "Request.Malformed"),
            ("DINAR", json!({"amount": "0.0001"}), 400, "Request.Malformed"),
            ("INV-2", json!({"amount": "1"}), 409, "Invoice.NotOpen"),
            ("INV-3", json!({"amount": "1"}), 409, "Invoice.NotOpen"),
        ] {
            let id = program.invoice(number).await;
            let before = program.get(&format!("/api/v1/invoices/{id}")).await.body;
            program.post(&format!("/api/v1/invoices/{id}/payments"), &body).await.is(status, code);
            assert_eq!(program.get(&format!("/api/v1/invoices/{id}")).await.body, before, "{number} {body}");
        }
        for (number, amount, left) in [("YEN", "1", "999"), ("DINAR", "0.5", "1.000")] {
            let id = program.invoice(number).await;
            let paid = program.post(&format!("/api/v1/invoices/{id}/payments"), &json!({"amount": amount})).await;
            assert_eq!(paid.body["balance"]["amount"], left, "{number}");
        }
        program.post(&format!("/api/v1/invoices/{UNKNOWN}/payments"), &json!({"amount": "1"})).await.is(404, "Invoice.NotFound");
    }

    async fn archiving_and_bringing_back_twice_is_once(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let id = program.invoice("INV-1").await;
        let archived = program.post(&format!("/api/v1/invoices/{id}/archive"), &json!({})).await;
        assert_eq!((archived.status, archived.text("status")), (200, "Overdue"));
        assert!(archived.body["archivedAt"].is_string() && archived.body["handedOver"] == json!([]));
        assert_eq!(program.post(&format!("/api/v1/invoices/{id}/archive"), &json!({})).await.body, archived.body);
        let back = program.post(&format!("/api/v1/invoices/{id}/unarchive"), &json!({})).await;
        assert_eq!((back.status, &back.body["archivedAt"], &back.body["handedOver"]), (200, &Value::Null, &json!([])));
        assert_eq!(program.post(&format!("/api/v1/invoices/{id}/unarchive"), &json!({})).await.body, back.body);
        let page = app.clerk().await.get(&format!("/invoices/{id}")).await;
        page.says("ERP");
    }

    async fn a_void_invoice_owes_nothing_and_a_settled_one_cannot_be_made_void(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        for number in ["INV-1", "INV-3"] {
            let path = format!("/api/v1/invoices/{}/void", program.invoice(number).await);
            for _ in 0..2 {
                let voided = program.post(&path, &json!({})).await;
                assert_eq!((voided.status, voided.text("state"), &voided.body["balance"]), (200, "Void", &euros("0.00")));
            }
        }
        let paid = program.invoice("INV-2").await;
        program.post(&format!("/api/v1/invoices/{paid}/void"), &json!({})).await.is(409, "Invoice.NotVoidable");
    }

    async fn what_is_not_there_or_not_understood_is_refused_on_each_of_these_routes(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let id = program.invoice("INV-1").await;
        for verb in ["archive", "unarchive", "void"] {
            program.post(&format!("/api/v1/invoices/{UNKNOWN}/{verb}"), &json!({})).await.is(404, "Invoice.NotFound");
            program.post(&format!("/api/v1/invoices/one/{verb}"), &json!({})).await.is(400, "Request.Malformed");
            let unknown = program.post(&format!("/api/v1/invoices/{id}/{verb}"), &json!({"force": true})).await;
            unknown.is(400, "Request.Malformed");
            assert!(unknown.text("detail").contains("force"));
            program.get(&format!("/api/v1/invoices/{id}/{verb}")).await.is(405, "Request.MethodNotAllowed");
        }
    }

    async fn what_closes_an_invoice_calls_its_reminder_back_and_names_what_was_handed_over(app: TestApp) {
        app.ledger(LEDGER).await;
        let (program, clerk) = (app.program().await, app.clerk().await);
        let id = program.invoice("INV-1").await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        let archived = program.post(&format!("/api/v1/invoices/{id}/archive"), &json!({})).await;
        assert_eq!(archived.body["handedOver"], json!([]));
        program.post(&format!("/api/v1/invoices/{id}/unarchive"), &json!({})).await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.sink.misbehave("", Whim::Withhold("dot"));
        let paid = async {
            app.sink.is_withholding().await;
            let paid = program.post(&format!("/api/v1/invoices/{id}/payments"), &json!({"amount": "100"})).await;
            app.sink.behave();
            paid
        };
        let (paid, ()) = tokio::join!(paid, app.send_until_idle());
        let reminders = program.get(&format!("/api/v1/invoices/{id}/reminders")).await;
        let words: Vec<_> = reminders.body.as_array().unwrap().iter().map(|reminder| reminder["status"].as_str().unwrap()).collect();
        assert_eq!(words, ["Cancelled", "Sent"]);
        assert_eq!(paid.body["handedOver"], json!([reminders.body[1]["id"]]));
    }

    async fn a_program_cancels_a_reminder_that_has_not_left(app: TestApp) {
        app.ledger(LEDGER).await;
        let (program, clerk) = (app.program().await, app.clerk().await);
        let id = program.invoice("INV-1").await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        let reminders = format!("/api/v1/invoices/{id}/reminders");
        let pending = program.get(&reminders).await.body[0]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/reminders/{pending}/cancel");
        let cancelled = program.post(&path, &json!({})).await;
        cancelled.is(200, "Cancelled");
        assert!(cancelled.body["cancelledAt"].is_string() && cancelled.body["failureReason"].is_null());
        assert_eq!(program.post(&path, &json!({})).await.body, cancelled.body);
        clerk.get(&format!("/reminders/{pending}")).await.says("Cancelled by ERP.");
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let sent = program.get(&reminders).await.body[1]["id"].as_str().unwrap().to_owned();
        program.post(&format!("/api/v1/reminders/{sent}/cancel"), &json!({})).await.is(409, "InvoiceReminder.NotCancellable");
        program.post(&format!("/api/v1/reminders/{UNKNOWN}/cancel"), &json!({})).await.is(404, "InvoiceReminder.NotFound");
        program.post("/api/v1/reminders/one/cancel", &json!({})).await.is(400, "Request.Malformed");
        program.post(&path, &json!({"why": "because"})).await.is(400, "Request.Malformed");
        assert_eq!(app.sink.deliveries().len(), 1);
    }
}
