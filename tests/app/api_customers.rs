//! Customers that programs list, read, add and change.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Caller, Reply, Whim, on_both_databases, reply};

const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";
const CUSTOMERS: &str = "/api/v1/customers";

async fn patch(program: &Caller, id: &str, body: &Value) -> Reply {
    reply(program.request(Method::PATCH, &format!("{CUSTOMERS}/{id}")).json(body)).await
}

fn names(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|customer| customer["name"].as_str().unwrap()).collect()
}

on_both_databases! {
    async fn the_page_of_a_customer_without_an_invoice_says_that_the_address_is_suppressed(app: TestApp) {
        let (program, clerk) = (app.program().await, app.clerk().await);
        let added = program.post(CUSTOMERS, &json!({"name": "Acme", "email": "ar@acme.example"})).await;
        let page = format!("/customers/{}", added.text("id"));
        clerk.get(&page).await.says_not(">Suppressed</a>");
        clerk.post("/suppressions", &[("address", "ar@acme.example")]).await;
        clerk.get(&page).await.says(">Suppressed</a>");
    }

    async fn a_program_adds_a_customer_and_finds_it_again(app: TestApp) {
        let program = app.program().await;
        let told = json!({"name": "Acme", "email": "AR@Acme.Example", "externalId": "C-1"});
        let added = program.post(CUSTOMERS, &told).await;
        let expected = json!({
            "id": added.text("id"), "externalId": "C-1", "name": "Acme", "email": "AR@acme.example",
            "createdAt": "2025-12-01T09:00:00Z",
        });
        assert_eq!(added.status, 201);
        let mut known = added.body.clone();
        known["createdAt"] = expected["createdAt"].clone();
        assert_eq!(known, expected);
        assert_eq!(program.get(&format!("{CUSTOMERS}/{}", added.text("id"))).await.body, added.body);
        let bare = program.post(CUSTOMERS, &json!({"name": "Beta", "email": null})).await;
        assert_eq!((&bare.body["email"], &bare.body["externalId"]), (&Value::Null, &Value::Null));
        for (query, expected) in [
            ("", vec!["Acme", "Beta"]),
            ("?q=ACME.ex", vec!["Acme"]),
            ("?q=c-1", vec!["Acme"]),
            ("?externalId=C-1", vec!["Acme"]),
            ("?externalId=C", vec![]),
            ("?q=%25", vec![]),
            ("?q=%00", vec![]),
        ] {
            let page = program.get(&format!("{CUSTOMERS}{query}")).await;
            assert_eq!((page.status, names(&page.body)), (200, expected), "{query}");
        }
        app.clerk().await.get("/customers").await.says("Acme").says("Beta");
    }

    async fn customers_are_paged_in_order_of_id(app: TestApp) {
        let program = app.program().await;
        let mut expected = Vec::new();
        for name in ["Zeta", "Acme", "Mu", "Beta", "Omega"] {
            expected.push(program.post(CUSTOMERS, &json!({"name": name})).await.text("id").to_owned());
        }
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = program.get(&format!("{CUSTOMERS}?limit=2{cursor}")).await.body;
            ids.extend(page["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            assert_eq!(page["hasMore"].as_bool().unwrap(), page["nextCursor"].is_string());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(ids, expected);
        for query in ["limit=0", "limit=101", "limit=", "cursor=x", "sort=name", "externalId=%0A"] {
            program.get(&format!("{CUSTOMERS}?{query}")).await.is(400, "Request.Malformed");
        }
        let long = program.get(&format!("{CUSTOMERS}?q={}", "a".repeat(50_001))).await;
        assert!(long.is(400, "Request.Malformed").text("detail").contains("longer than 254 characters"));
    }

    async fn what_is_no_customer_is_refused_and_nothing_is_kept(app: TestApp) {
        let program = app.program().await;
        for (body, named) in [
            (json!({}), "name"),
            (json!({"name": " "}), "name"),
            (json!({"name": "a\u{202e}b"}), "name"),
            (json!({"name": "x".repeat(201)}), "name"),
            (json!({"name": 7}), "expected a string"),
            (json!({"name": "Acme", "email": "a@b.example, c@d.example"}), "email"),
            (json!({"name": "Acme", "email": "a@b.example\r\nBcc: c@d.example"}), "email"),
            (json!({"name": "Acme", "email": ""}), "email"),
            (json!({"name": "Acme", "externalId": ""}), "externalId"),
            (json!({"name": "Acme", "external_id": "C-1"}), "external_id"),
            (json!({"name": "Acme", "id": UNKNOWN}), "id"),
        ] {
            let refused = program.post(CUSTOMERS, &body).await;
            refused.is(400, "Request.Malformed");
            assert!(refused.text("detail").contains(named), "{body}: {}", refused.body);
        }
        assert_eq!(names(&program.get(CUSTOMERS).await.body), [""; 0]);
    }

    async fn an_external_id_is_one_customers(app: TestApp) {
        let program = app.program().await;
        program.post(CUSTOMERS, &json!({"name": "Acme", "externalId": "C-1"})).await;
        let beta = program.post(CUSTOMERS, &json!({"name": "Beta", "externalId": "C-2"})).await;
        let again = program.post(CUSTOMERS, &json!({"name": "Other", "externalId": "C-1"})).await;
        again.is(409, "Customer.ExternalIdTaken");
        patch(&program, beta.text("id"), &json!({"externalId": "C-1"})).await.is(409, "Customer.ExternalIdTaken");
        assert_eq!(patch(&program, beta.text("id"), &json!({"externalId": "C-2"})).await.status, 200);
        assert_eq!(names(&program.get(CUSTOMERS).await.body), ["Acme", "Beta"]);
        // Every organisation has names of its own for them.
        let elsewhere = app.program_of(app.another_organisation("Elsewhere").await).await;
        assert_eq!(elsewhere.post(CUSTOMERS, &json!({"name": "Theirs", "externalId": "C-1"})).await.status, 201);
    }

    async fn an_edit_changes_what_it_names(app: TestApp) {
        let program = app.program().await;
        let told = json!({"name": "Acme", "email": "ar@acme.example", "externalId": "C-1"});
        let added = program.post(CUSTOMERS, &told).await;
        let id = added.text("id");
        let mut expected = added.body.clone();
        expected["handedOver"] = json!([]);
        for (edit, member, value) in [
            (json!({"name": "Acme Ltd"}), "name", json!("Acme Ltd")),
            (json!({"email": null}), "email", Value::Null),
            (json!({"email": "new@acme.example"}), "email", json!("new@acme.example")),
            (json!({"externalId": null}), "externalId", Value::Null),
            (json!({}), "name", json!("Acme Ltd")),
        ] {
            expected[member] = value;
            let changed = patch(&program, id, &edit).await;
            assert_eq!((changed.status, &changed.body), (200, &expected), "{edit}");
        }
        expected.as_object_mut().unwrap().remove("handedOver");
        assert_eq!(program.get(&format!("{CUSTOMERS}/{id}")).await.body, expected);
        for edit in [json!({"name": ""}), json!({"email": "nowhere"}), json!({"hold": true}), json!("Acme")] {
            patch(&program, id, &edit).await.is(400, "Request.Malformed");
        }
        patch(&program, UNKNOWN, &json!({})).await.is(404, "Customer.NotFound");
        program.get(&format!("{CUSTOMERS}/{UNKNOWN}")).await.is(404, "Customer.NotFound");
        program.get(&format!("{CUSTOMERS}/acme")).await.is(400, "Request.Malformed");
        assert_eq!(program.get(&format!("{CUSTOMERS}/{id}")).await.body, expected);
    }

    async fn a_new_address_names_the_mails_that_went_to_the_old_one(app: TestApp) {
        app.ledger(&["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"]).await;
        let (program, clerk) = (app.program().await, app.clerk().await);
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        let id = program.get(CUSTOMERS).await.body["data"][0]["id"].as_str().unwrap().to_owned();
        app.sink.misbehave("", Whim::Withhold("dot"));
        let act = async {
            app.sink.is_withholding().await;
            let changed = patch(&program, &id, &json!({"email": "new@acme.example"})).await;
            app.sink.behave();
            changed
        };
        let changed = tokio::join!(app.send_until_idle(), act).1;
        let invoice = program.invoice("INV-1").await;
        let reminders = program.get(&format!("/api/v1/invoices/{invoice}/reminders")).await.body;
        assert_eq!(changed.body["handedOver"], json!([reminders[0]["id"]]));
    }
}
