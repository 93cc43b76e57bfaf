//! The program's door, read only: keys, lists, reminders, problems.

use serde_json::Value;

use crate::support::on_both_databases;

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Acme, ar@acme-customer.example, 50.50, 3, Sent",
    "INV-3, Beta, ar@beta.example, 20.00, -1, Paid",
];

async fn get(url: String, header: (&str, &str)) -> (u16, Option<String>, Value) {
    let response = reqwest::Client::new().get(url).header(header.0, header.1).send().await.unwrap();
    let after = response.headers().get("Retry-After").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), after, response.json().await.unwrap())
}

on_both_databases! {
    async fn a_program_reads_invoices_and_their_reminders(app: TestApp) {
        app.ledger(LEDGER).await;
        let key = app.actions.add_api_key(app.organisation, "ERP".parse().unwrap()).await.unwrap();
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let (status, _, page) = get(format!("{}/api/v1/invoices?limit=2", app.url), ("x-api-key", &key)).await;
        assert_eq!((status, page["hasMore"].as_bool(), page["data"].as_array().unwrap().len()), (200, Some(true), 2));
        let next = page["nextCursor"].as_str().unwrap();
        let bearer = format!("Bearer {key}");
        let (_, _, rest) = get(format!("{}/api/v1/invoices?cursor={next}", app.url), ("Authorization", &bearer)).await;
        assert_eq!((rest["hasMore"].as_bool(), rest["data"].as_array().unwrap().len()), (Some(false), 1));
        let (_, _, overdue) = get(format!("{}/api/v1/invoices?tab=overdue", app.url), ("x-dolfin-api-key", &key)).await;
        let invoice = &overdue["data"][0];
        assert_eq!(invoice["balance"], serde_json::json!({"amount": "100.00", "currency": "EUR"}));
        assert_eq!((invoice["status"].as_str(), invoice["number"].as_str()), (Some("Overdue"), Some("INV-1")));
        let id = invoice["id"].as_str().unwrap();
        let (_, _, reminders) = get(format!("{}/api/v1/invoices/{id}/reminders", app.url), ("x-api-key", &key)).await;
        let reminder = &reminders[0];
        assert_eq!((reminder["status"].as_str(), reminder["invoiceId"].as_str()), (Some("Sent"), Some(id)));
        assert!(reminder["body"].as_str().unwrap().contains("INV-1") && reminder["offset"].is_null());
    }

    async fn every_failure_is_a_problem_with_a_code(app: TestApp) {
        let key = app.actions.add_api_key(app.organisation, "ERP".parse().unwrap()).await.unwrap();
        let key = ("x-api-key", key.as_str());
        let nobody = ("x-api-key", "dunlin_wrong");
        let unknown = "00000000-0000-7000-8000-000000000000";
        for (path, header, status, code) in [
            ("/api/v1/invoices".to_owned(), nobody, 401, "Auth.Unauthorized"),
            (format!("/api/v1/invoices/{unknown}/reminders"), key, 404, "Invoice.NotFound"),
            ("/api/v1/invoices/one/reminders".to_owned(), key, 400, "Request.Malformed"),
            ("/api/v1/invoices?limit=101".to_owned(), key, 400, "Request.Malformed"),
            ("/api/v1/invoices?tab=lost".to_owned(), key, 400, "Request.Malformed"),
            ("/api/v1/nothing".to_owned(), key, 404, "Route.NotFound"),
        ] {
            let (found, _, problem) = get(format!("{}{path}", app.url), header).await;
            assert_eq!((found, problem["code"].as_str()), (status, Some(code)), "{path}");
            assert_eq!((problem["status"].as_u64(), problem["title"].as_str()), (Some(status.into()), Some(code)));
            assert!(!problem["detail"].as_str().unwrap().is_empty() && !problem["requestId"].as_str().unwrap().is_empty());
        }
    }

    async fn a_key_that_asks_too_often_is_told_when_to_come_back(app: TestApp) {
        let key = app.actions.add_api_key(app.organisation, "ERP".parse().unwrap()).await.unwrap();
        let client = reqwest::Client::new();
        let url = format!("{}/api/v1/invoices", app.url);
        for _ in 0..1_000 {
            assert_eq!(client.get(&url).header("x-api-key", &key).send().await.unwrap().status(), 200);
        }
        let (status, after, problem) = get(url, ("x-api-key", &key)).await;
        assert_eq!((status, problem["code"].as_str()), (429, Some("RateLimited")));
        assert!((1..=61).contains(&after.unwrap().parse::<u64>().unwrap()));
    }
}
