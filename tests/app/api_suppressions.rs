//! Addresses that programs suppress and lift.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Caller, Reply, on_both_databases, reply};

const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";
const SUPPRESSIONS: &str = "/api/v1/suppressions";

fn addresses(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|item| item["address"].as_str().unwrap()).collect()
}

async fn delete(program: &Caller, rest: &str) -> Reply {
    reply(program.request(Method::DELETE, &format!("{SUPPRESSIONS}/{rest}"))).await
}

on_both_databases! {
    async fn a_suppressed_address_gets_no_mail_until_it_is_lifted(app: TestApp) {
        app.ledger(&["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"]).await;
        let (program, clerk) = (app.program().await, app.clerk().await);
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        let told = json!({"address": "AR@acme-customer.example", "reason": "opted_out", "evidence": "by phone"});
        let added = program.post(SUPPRESSIONS, &told).await;
        assert_eq!((added.status, added.text("address"), added.text("reason")), (201, "AR@acme-customer.example", "opted_out"));
        assert_eq!((added.text("evidence"), added.text("createdBy")), ("by phone", "ERP"));
        let address = added.headers["Location"].to_str().unwrap();
        assert_eq!(program.get(address).await.body, added.body);
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 0);
        let invoice = program.invoice("INV-1").await;
        let reminders = format!("/api/v1/invoices/{invoice}/reminders");
        assert_eq!(program.get(&reminders).await.body[0]["status"], "Cancelled");
        clerk.get("/suppressions").await.says("The recipient opted out").says("by phone").says("ERP");
        let rest = format!("{}?reason=They%20asked%20for%20it", added.text("id"));
        for _ in 0..2 {
            assert_eq!(delete(&program, &rest).await.status, 204);
        }
        assert_eq!(addresses(&program.get(SUPPRESSIONS).await.body), [""; 0]);
        program.get(address).await.is(404, "Suppression.NotFound");
        clerk.get("/suppressions").await.says("They asked for it");
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn suppressions_are_listed_in_order_of_id_and_found_by_address(app: TestApp) {
        let program = app.program().await;
        for name in ["z", "a", "m"] {
            let added = program.post(SUPPRESSIONS, &json!({"address": format!("{name}@acme.example")})).await;
            assert_eq!((added.status, added.text("reason"), added.text("evidence")), (201, "manual", ""));
        }
        let page = program.get(&format!("{SUPPRESSIONS}?limit=2")).await.body;
        assert_eq!((addresses(&page), page["hasMore"].as_bool()), (vec!["z@acme.example", "a@acme.example"], Some(true)));
        let rest = program.get(&format!("{SUPPRESSIONS}?cursor={}", page["nextCursor"].as_str().unwrap())).await.body;
        assert_eq!((addresses(&rest), rest["hasMore"].as_bool()), (vec!["m@acme.example"], Some(false)));
        let one = program.get(&format!("{SUPPRESSIONS}?address=A@Acme.Example")).await.body;
        assert_eq!(addresses(&one), ["a@acme.example"]);
        for query in ["address=nowhere", "limit=0", "cursor=x", "reason=manual"] {
            program.get(&format!("{SUPPRESSIONS}?{query}")).await.is(400, "Request.Malformed");
        }
    }

    async fn what_cannot_be_suppressed_or_lifted_is_refused(app: TestApp) {
        let program = app.program().await;
        for (body, named) in [
            (json!({}), "address"),
            (json!({"address": "nowhere"}), "address"),
            (json!({"address": "a@b.example, c@d.example"}), "address"),
            (json!({"address": "a@b.example", "reason": "spite"}), "reason"),
            (json!({"address": "a@b.example", "evidence": "a\nb"}), "evidence"),
            (json!({"address": "a@b.example", "until": "2026-01-01"}), "until"),
        ] {
            let refused = program.post(SUPPRESSIONS, &body).await;
            refused.is(400, "Request.Malformed");
            assert!(refused.text("detail").contains(named), "{body}: {}", refused.body);
        }
        let told = json!({"address": "a@b.example", "reason": "complaint"});
        let complaint = program.post(SUPPRESSIONS, &told).await;
        program.post(SUPPRESSIONS, &json!({"address": "A@B.example"})).await.is(409, "Suppression.AlreadyActive");
        delete(&program, complaint.text("id")).await.is(409, "Suppression.Complaint");
        delete(&program, UNKNOWN).await.is(404, "Suppression.NotFound");
        delete(&program, "one").await.is(400, "Request.Malformed");
        delete(&program, &format!("{UNKNOWN}?reason=")).await.is(400, "Request.Malformed");
        assert_eq!(addresses(&program.get(SUPPRESSIONS).await.body), ["a@b.example"]);
        let other = program.post(SUPPRESSIONS, &json!({"address": "b@b.example"})).await;
        assert_eq!(delete(&program, other.text("id")).await.status, 204);
        app.clerk().await.get("/suppressions").await.says("Lifted through the API.");
    }
}
