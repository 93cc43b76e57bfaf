//! Another organisation's things: for a program they are like things that are not there.

use dunlin::routes::Entry;
use dunlin::server::table;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Caller, on_both_databases, reply};

const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";

/// A request about one thing, and the code that says that it is not there.
type Request = (Method, &'static str, Value, &'static str);

const KINDS: [&str; 5] = ["invoice", "customer", "batch", "reminder", "suppression"];

fn requests(kind: &str) -> Vec<Request> {
    let invoice = "Invoice.NotFound";
    match kind {
        "invoice" => vec![
            (Method::GET, "/invoices/{id}", Value::Null, invoice),
            (Method::PATCH, "/invoices/{id}", json!({"dueOn": "2026-01-01"}), invoice),
            (Method::GET, "/invoices/{id}/reminders", Value::Null, invoice),
            (Method::POST, "/invoices/{id}/reminders", Value::Null, invoice),
            (Method::POST, "/invoices/{id}/payments", json!({"amount": "1.00"}), invoice),
            (Method::POST, "/invoices/{id}/archive", Value::Null, invoice),
            (Method::POST, "/invoices/{id}/unarchive", Value::Null, invoice),
            (Method::POST, "/invoices/{id}/void", Value::Null, invoice),
            (Method::GET, "/invoices/{id}/hold", Value::Null, invoice),
            (Method::POST, "/invoices/{id}/hold", json!({"reason": "mine"}), invoice),
            (Method::DELETE, "/invoices/{id}/hold", Value::Null, invoice),
            (Method::POST, "/reminder-batches", json!({"invoiceIds": ["{id}"]}), invoice),
        ],
        "customer" => vec![
            (Method::GET, "/customers/{id}", Value::Null, "Customer.NotFound"),
            (Method::PATCH, "/customers/{id}", json!({"email": "me@mine.example"}), "Customer.NotFound"),
            (Method::GET, "/customers/{id}/hold", Value::Null, "Customer.NotFound"),
            (Method::POST, "/customers/{id}/hold", json!({"reason": "mine"}), "Customer.NotFound"),
            (Method::DELETE, "/customers/{id}/hold", Value::Null, "Customer.NotFound"),
            (
                Method::POST,
                "/invoices",
                json!({"customerId": "{id}", "number": "X", "total": {"amount": "1", "currency": "EUR"}}),
                "Customer.NotFound",
            ),
        ],
        "batch" => vec![(Method::GET, "/reminder-batches/{id}", Value::Null, "ReminderBatch.NotFound")],
        "reminder" => vec![(Method::POST, "/reminders/{id}/cancel", Value::Null, "InvoiceReminder.NotFound")],
        _ => vec![
            (Method::GET, "/suppressions/{id}", Value::Null, "Suppression.NotFound"),
            (Method::DELETE, "/suppressions/{id}", Value::Null, "Suppression.NotFound"),
        ],
    }
}

/// What a program is told of a thing, but for what each request has of its own.
async fn told(program: &Caller, request: &Request, id: &str) -> (Vec<String>, Value) {
    let (method, path, body, code) = request;
    let (path, body) = (path.replace("{id}", id), body.to_string().replace("{id}", id));
    let mut request = program.request(method.clone(), &format!("/api/v1{path}"));
    if body != "null" {
        request = request.header("Content-Type", "application/json").body(body);
    }
    let reply = reply(request).await;
    let of_request = ["date", "x-request-id", "x-ratelimit-remaining"];
    let headers = reply.headers.iter().filter(|(name, _)| !of_request.contains(&name.as_str()));
    let mut headers: Vec<_> =
        headers.map(|(name, value)| format!("{name}: {value:?}").replace(id, "ID")).collect();
    headers.sort();
    let mut body = reply.is(404, code).body.clone();
    for own in ["instance", "requestId"] {
        assert!(body.as_object_mut().unwrap().remove(own).is_some(), "{own}");
    }
    (headers, body)
}

/// What every route about one thing answers is compared: those that only read are also in `roles::foreign`.
#[test]
fn every_route_that_names_an_id_is_asked_with_a_foreign_one() {
    let asked: Vec<Request> = KINDS.iter().flat_map(|kind| requests(kind)).collect();
    for Entry { method, path, .. } in table() {
        let Some(route) = path.strip_prefix("/api/v1").filter(|route| route.contains("{id}")) else {
            continue;
        };
        let is_asked = |(of, at, ..): &Request| (of.as_str(), *at) == (method.as_str(), route);
        assert!(asked.iter().any(is_asked), "tests/app/api_foreign.rs does not ask for {method} {path}");
    }
}

/// Everything of the organisation, as its own program reads it.
async fn everything(program: &Caller, paths: &[String]) -> Vec<Value> {
    let mut bodies = Vec::new();
    for path in paths {
        bodies.push(program.get(&format!("/api/v1{path}")).await.body);
    }
    bodies
}

on_both_databases! {
    async fn another_organisations_things_are_like_things_that_are_not_there(app: TestApp) {
        app.ledger(&["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"]).await;
        let ours = app.program().await;
        let theirs = app.program_of(app.another_organisation("Beta").await).await;
        let invoice = ours.invoice("INV-1").await;
        let customer = ours.get("/api/v1/customers").await.body["data"][0]["id"].as_str().unwrap().to_owned();
        let batch = ours.post("/api/v1/reminder-batches", &json!({"invoiceIds": [invoice]})).await.text("id").to_owned();
        let reminders = format!("/api/v1/invoices/{invoice}/reminders");
        let reminder = ours.get(&reminders).await.body[0]["id"].as_str().unwrap().to_owned();
        let suppression = ours.post("/api/v1/suppressions", &json!({"address": "a@b.example"})).await.text("id").to_owned();
        let paths = [
            format!("/invoices/{invoice}"),
            format!("/invoices/{invoice}/reminders"),
            format!("/customers/{customer}"),
            format!("/reminder-batches/{batch}"),
            "/suppressions".to_owned(),
        ];
        let before = everything(&ours, &paths).await;
        for (kind, id) in KINDS.into_iter().zip([invoice, customer, batch, reminder, suppression]) {
            for request in requests(kind) {
                let (foreign, unknown) = (told(&theirs, &request, &id).await, told(&theirs, &request, UNKNOWN).await);
                assert_eq!(foreign, unknown, "{request:?}");
            }
        }
        assert_eq!(everything(&ours, &paths).await, before);
        for held in [&paths[0], &paths[2]] {
            ours.get(&format!("/api/v1{held}/hold")).await.is(404, "Hold.NotFound");
        }
        for list in ["invoices", "customers", "suppressions"] {
            assert_eq!(theirs.get(&format!("/api/v1/{list}")).await.body["data"], json!([]), "{list}");
        }
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }
}
