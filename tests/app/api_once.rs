//! What programs ask for twice is done once: under an `Idempotency-Key`, and after a crash with the id it had.

use dunlin::clock::Ids;
use dunlin::domain::customer::NewCustomer;
use dunlin::domain::ids::{BatchId, CustomerId, InvoiceId, SuppressionId};
use dunlin::domain::ledger::{NewInvoice, Told};
use dunlin::domain::money::Money;
use dunlin::domain::person::{Actor, Principal};
use dunlin::domain::suppression::{NewSuppression, SuppressionReason};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Caller, Reply, on_both_databases, reply};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Acme, ar@acme-customer.example, 50.50, 3, Sent",
];

async fn keyed(program: &Caller, path: &str, key: &str, body: &Value) -> Reply {
    let request = program.request(Method::POST, &format!("/api/v1{path}"));
    reply(request.header("Idempotency-Key", key).json(body)).await
}

/// How many items a list has.
async fn count(program: &Caller, list: &str) -> usize {
    program.get(&format!("/api/v1/{list}")).await.body["data"].as_array().unwrap().len()
}

on_both_databases! {
    async fn under_a_key_each_thing_is_made_once_and_told_again(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let customer = program.get("/api/v1/customers").await.body["data"][0]["id"].clone();
        let invoice = program.invoice("INV-1").await;
        let other = program.invoice("INV-2").await;
        let total = json!({"amount": "10.00", "currency": "EUR"});
        for (index, (path, body, status)) in [
            ("/customers".to_owned(), json!({"name": "Beta"}), 201),
            ("/invoices".to_owned(), json!({"customerId": customer, "number": "NEW-1", "total": total}), 201),
            ("/suppressions".to_owned(), json!({"address": "a@b.example"}), 201),
            (format!("/invoices/{invoice}/payments"), json!({"amount": "10.00"}), 200),
            ("/reminder-batches".to_owned(), json!({"invoiceIds": [other]}), 202),
            (format!("/invoices/{other}/archive"), json!({}), 200),
        ].into_iter().enumerate() {
            let key = format!("key-{index}");
            let first = keyed(&program, &path, &key, &body).await;
            assert_eq!(first.status, status, "{path}: {}", first.body);
            for _ in 0..2 {
                let again = keyed(&program, &path, &key, &body).await;
                assert_eq!((again.status, &again.body), (status, &first.body), "{path}");
            }
            keyed(&program, &path, &key, &json!({"other": true})).await.is(400, "Request.Malformed");
        }
        assert_eq!(count(&program, "customers").await, 2);
        assert_eq!(count(&program, "invoices").await, 3);
        assert_eq!(count(&program, "suppressions").await, 1);
        let paid = program.get(&format!("/api/v1/invoices/{invoice}")).await;
        assert_eq!(paid.body["balance"]["amount"], "90.00");
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 0, "it was archived before it left");
    }

    async fn with_the_id_that_it_had_before_a_crash_each_thing_is_made_once(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let by = Principal { actor: Actor::System, organisation_id: app.organisation, name: "ERP".parse().unwrap() };
        let (customer, invoice): (CustomerId, InvoiceId) = (Ids.next(), Ids.next());
        let (suppression, batch): (SuppressionId, BatchId) = (Ids.next(), Ids.next());
        let chosen = dunlin::actions::Origin::Chosen(vec![program.invoice("INV-1").await.parse().unwrap()]);
        let told = Told {
            total: Money::from_minor(1_000, "EUR".parse().unwrap()),
            balance: None,
            state: None,
            issued_on: None,
            due_on: None,
            archived: None,
            pay_url: None,
        };
        for _ in 0..2 {
            let new = NewCustomer { external_id: "C-1".parse().ok(), name: "Beta".parse().unwrap(), email: None };
            app.actions.add_customer(&by, customer, new).await.unwrap();
            let new = NewInvoice { customer_id: customer, number: "NEW-1".parse().unwrap(), told: told.clone() };
            app.actions.add_invoice(&by, invoice, new).await.unwrap();
            let new = NewSuppression {
                address: "a@b.example".parse().unwrap(),
                reason: SuppressionReason::Manual,
                evidence: None,
            };
            app.actions.suppress(&by, suppression, new).await.unwrap();
            app.actions.start_batch(&by, batch, chosen.clone()).await.unwrap();
        }
        assert_eq!([count(&program, "customers").await, count(&program, "invoices").await], [2, 3]);
        assert_eq!(count(&program, "suppressions").await, 1);
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
        let figures = program.get(&format!("/api/v1/reminder-batches/{batch}")).await.body;
        assert_eq!((&figures["selected"], &figures["sent"]), (&json!(1), &json!(1)));
    }
}
