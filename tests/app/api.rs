//! The program's door: keys, lists, problems.

use std::collections::BTreeSet;

use dunlin::domain::ids::OrganisationId;
use dunlin::domain::person::Actor;
use reqwest::Method;
use serde_json::Value;

use crate::support::{TestApp, on_both_databases};

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

/// A request with a key: status, media type, body.
async fn ask(app: &TestApp, method: Method, path: &str, key: &str) -> (u16, String, Value) {
    let request =
        reqwest::Client::new().request(method, format!("{}{path}", app.url)).header("x-api-key", key);
    let response = request.send().await.unwrap();
    let media = response.headers()["Content-Type"].to_str().unwrap().to_owned();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, media, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}")))
}

async fn is_problem(app: &TestApp, method: Method, path: &str, key: &str, status: u16, code: &str) -> Value {
    let (found, media, problem) = ask(app, method, path, key).await;
    assert_eq!((found, media.as_str()), (status, "application/problem+json"), "{path}: {problem}");
    assert_eq!(
        (problem["code"].as_str(), problem["status"].as_u64()),
        (Some(code), Some(status.into())),
        "{path}"
    );
    problem
}

async fn key_of(app: &TestApp, organisation: OrganisationId) -> String {
    app.actions.add_api_key(organisation, "ERP".parse().unwrap()).await.unwrap()
}

/// The numbers on a page, in order.
fn numbers(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|invoice| invoice["number"].as_str().unwrap()).collect()
}

on_both_databases! {
    async fn a_bearer_token_is_read_whatever_the_case_of_its_scheme(app: TestApp) {
        let key = key_of(&app, app.organisation).await;
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let answer = get(format!("{}/api/v1/invoices", app.url), ("Authorization", &format!("{scheme} {key}"))).await;
            assert_eq!(answer.0, 200, "{scheme}");
        }
        let basic = get(format!("{}/api/v1/invoices", app.url), ("Authorization", &format!("Basic {key}"))).await;
        assert_eq!(basic.0, 401);
    }

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
        let mut answered = 0;
        while client.get(&url).header("x-api-key", &key).send().await.unwrap().status() == 200 {
            answered += 1;
        }
        // One more is let in each minute.
        assert!((1_000..1_100).contains(&answered), "{answered}");
        let (status, after, problem) = get(url, ("x-api-key", &key)).await;
        assert_eq!((status, problem["code"].as_str()), (429, Some("RateLimited")));
        assert!((1..=61).contains(&after.unwrap().parse::<u64>().unwrap()));
    }

    async fn another_organisations_invoice_is_answered_like_one_that_is_not_there(app: TestApp) {
        app.ledger(LEDGER).await;
        let other = app.another_organisation("Beta").await;
        let csv = "customer_name,invoice_number,currency,total\nMoss,THEIRS-1,EUR,10\n";
        let report = app.actions.import_ledger(Actor::System, other, std::io::Cursor::new(csv), false).await.unwrap();
        assert!(report.is_written);
        let (ours, theirs) = (key_of(&app, app.organisation).await, key_of(&app, other).await);
        let (_, _, list) = ask(&app, Method::GET, "/api/v1/invoices", &theirs).await;
        assert_eq!(numbers(&list), ["THEIRS-1"]);
        let (_, _, list) = ask(&app, Method::GET, "/api/v1/invoices?q=THEIRS", &ours).await;
        assert_eq!(numbers(&list), [""; 0]);
        let (_, _, list) = ask(&app, Method::GET, "/api/v1/invoices?q=INV-1", &ours).await;
        let id = list["data"][0]["id"].as_str().unwrap().to_owned();
        let unknown = "00000000-0000-7000-8000-000000000000";
        let mut bodies = Vec::new();
        for id in [id.as_str(), unknown] {
            let path = format!("/api/v1/invoices/{id}/reminders");
            let mut problem = is_problem(&app, Method::GET, &path, &theirs, 404, "Invoice.NotFound").await;
            assert_eq!(problem["instance"], path);
            for own in ["instance", "requestId"] {
                assert!(problem.as_object_mut().unwrap().remove(own).is_some(), "{own}");
            }
            bodies.push(problem);
        }
        assert_eq!(bodies[0], bodies[1]);
        let path = format!("/api/v1/invoices/{id}/reminders");
        assert_eq!(ask(&app, Method::GET, &path, &ours).await, (200, "application/json".to_owned(), serde_json::json!([])));
        // Another organisation's invoice as a cursor tells nothing of it either.
        let (status, _, list) = ask(&app, Method::GET, &format!("/api/v1/invoices?cursor={id}"), &theirs).await;
        assert!(status == 200 && numbers(&list).iter().all(|number| *number == "THEIRS-1"), "{list}");
    }

    async fn a_key_that_was_revoked_or_has_expired_or_never_was_one_is_refused(app: TestApp) {
        let (revoked, expiring) = (key_of(&app, app.organisation).await, key_of(&app, app.organisation).await);
        let path = "/api/v1/invoices";
        let prefix = |key: &str| key.chars().take(13).collect::<String>();
        app.sql(&format!("UPDATE api_key SET expires_at = '2025-12-01 10:00:00' WHERE prefix = '{}'", prefix(&expiring)));
        for key in [&revoked, &expiring] {
            assert_eq!(ask(&app, Method::GET, path, key).await.0, 200);
        }
        app.sql(&format!("UPDATE api_key SET revoked_at = created_at WHERE prefix = '{}'", prefix(&revoked)));
        assert_eq!(ask(&app, Method::GET, path, &expiring).await.0, 200);
        app.clock.advance(chrono::TimeDelta::hours(1));
        let good = key_of(&app, app.organisation).await;
        assert_eq!(ask(&app, Method::GET, path, &good).await.0, 200);
        let (upper, shorter) = (good.to_uppercase(), &good[..good.len() - 1]);
        let nearly = [upper.as_str(), shorter, &good[7..], &prefix(&good), "dunlin_", "' OR 1=1 --", ""];
        for key in nearly.into_iter().chain([revoked.as_str(), &expiring]) {
            is_problem(&app, Method::GET, path, key, 401, "Auth.Unauthorized").await;
            is_problem(&app, Method::GET, "/api/v1/invoices/one/reminders", key, 401, "Auth.Unauthorized").await;
        }
    }

    async fn what_the_api_does_not_have_or_cannot_read_is_a_problem_too(app: TestApp) {
        app.ledger(LEDGER).await;
        let key = key_of(&app, app.organisation).await;
        for path in ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/invoices/", "/api/v2/invoices", "/api//v1/invoices"] {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                is_problem(&app, method, path, &key, 404, "Route.NotFound").await;
            }
        }
        let invoice = "/api/v1/invoices/00000000-0000-7000-8000-000000000000";
        for path in ["/api/v1/invoices", &format!("{invoice}/reminders"), &format!("{invoice}/void")] {
            for method in [Method::PUT, Method::PATCH, Method::DELETE] {
                is_problem(&app, method, path, &key, 405, "Request.MethodNotAllowed").await;
            }
        }
        for id in ["one", "1", "%FF", "%00", "..%2F", "00000000-0000-7000-8000-00000000000", "00000000-0000-7000-8000-000000000000%20"] {
            let path = format!("/api/v1/invoices/{id}/reminders");
            is_problem(&app, Method::GET, &path, &key, 400, "Request.Malformed").await;
        }
        for query in ["limit=0", "limit=101", "limit=-1", "limit=ten", "limit=", "limit=1&limit=2", "cursor=x", "tab=lost", "tab=open&tab=paid"] {
            is_problem(&app, Method::GET, &format!("/api/v1/invoices?{query}"), &key, 400, "Request.Malformed").await;
        }
    }

    async fn paging_to_the_end_lists_every_invoice_once_in_order_of_id(app: TestApp) {
        let lines: Vec<String> =
            (1..=45).map(|i| format!("INV-{i:02}, Customer {}, c@customer.example, {i}.00, -{}, {}", i % 4, i % 7, ["Sent", "Paid", "Draft"][i % 3])).collect();
        app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let clerk = app.clerk().await;
        let archived = clerk.invoice_id("INV-03").await;
        clerk.post(&format!("/invoices/{archived}/archive"), &[]).await;
        let key = key_of(&app, app.organisation).await;
        let all: BTreeSet<String> = (1..=45).map(|i| format!("INV-{i:02}")).collect();
        for limit in [1, 7, 9, 45, 100] {
            let (mut ids, mut seen, mut cursor) = (Vec::new(), BTreeSet::new(), String::new());
            loop {
                let (_, _, page) = ask(&app, Method::GET, &format!("/api/v1/invoices?limit={limit}{cursor}"), &key).await;
                let data = page["data"].as_array().unwrap();
                assert!(!data.is_empty() && data.len() <= limit, "{limit}");
                ids.extend(data.iter().map(|invoice| invoice["id"].as_str().unwrap().to_owned()));
                seen.extend(numbers(&page).into_iter().map(str::to_owned));
                assert_eq!(page["hasMore"].as_bool().unwrap(), page["nextCursor"].is_string());
                match page["nextCursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!((ids.len(), &seen), (45, &all), "{limit}");
            assert!(ids.is_sorted(), "{limit}");
        }
    }

    async fn tab_and_q_narrow_the_list_and_each_other(app: TestApp) {
        app.ledger(&[LEDGER, &["INV-4, Gamma, , 30.00, 0, Draft", "INV-5, Acme, ar@acme-customer.example, 1.00, -40, Sent"]].concat()).await;
        let clerk = app.clerk().await;
        let archived = clerk.invoice_id("INV-5").await;
        clerk.post(&format!("/invoices/{archived}/archive"), &[]).await;
        let key = key_of(&app, app.organisation).await;
        for (query, expected) in [
            ("", vec!["INV-1", "INV-2", "INV-3", "INV-4", "INV-5"]),
            ("tab=all", vec!["INV-1", "INV-2", "INV-3", "INV-4", "INV-5"]),
            ("tab=open", vec!["INV-1", "INV-2"]),
            ("tab=overdue", vec!["INV-1"]),
            ("tab=upcoming", vec!["INV-2"]),
            ("tab=paid", vec!["INV-3"]),
            ("tab=draft", vec!["INV-4"]),
            ("tab=archived", vec!["INV-5"]),
            ("q=acme", vec!["INV-1", "INV-2", "INV-5"]),
            ("q=beta.example", vec!["INV-3"]),
            ("q=INV-2", vec!["INV-2"]),
            ("q=acme&tab=open", vec!["INV-1", "INV-2"]),
            ("q=acme&tab=open&limit=1", vec!["INV-1"]),
            ("q=acme&tab=paid", vec![]),
            ("q=%25", vec![]),
            ("q=_", vec![]),
            ("q=%00", vec![]),
            ("q=%FF", vec![]),
        ] {
            let (status, _, page) = ask(&app, Method::GET, &format!("/api/v1/invoices?{query}"), &key).await;
            assert_eq!(status, 200, "{query}: {page}");
            let mut found = numbers(&page);
            found.sort();
            assert_eq!(found, expected, "{query}");
        }
        let (_, _, page) = ask(&app, Method::GET, "/api/v1/invoices?tab=archived", &key).await;
        assert_eq!((page["data"][0]["status"].as_str(), page["data"][0]["archivedAt"].is_string()), (Some("Overdue"), true));
    }
}
