//! What the log of a busy day says, and what it must never say.

use std::fs;

use reqwest::Client;
use serde_json::Value;

use crate::support::program::Machine;
use crate::support::{PASSWORD, Person, Sink, Whim};

const EMAIL: &str = "ada@acme.example";

#[actix_web::test]
async fn the_log_of_a_busy_run_is_json_with_request_ids_and_holds_no_secret_no_body_and_no_address() {
    let sink = Sink::start().await;
    let relay = sink.url.replace("smtp://", "smtp://mailer:relay-secret@");
    for machine in Machine::on_both() {
        let machine = machine
            .with("DUNLIN_MAIL_URL", &relay)
            .with("DUNLIN_UNDO_SECONDS", "0")
            .with("DUNLIN_LOG", "debug");
        machine.run(&["organisation", "add", "--name", "Acme", "--from", "ar@acme.example"]);
        machine.add_user(EMAIL, PASSWORD);
        let key = machine.run(&["api-key", "add", "--name", "ERP"]).out.trim().to_owned();
        let ledger = machine.folder.path().join("ledger.csv");
        let rows =
            "Confidential Ltd,good@customer.example,INV-1,EUR,10\nBad,bad@customer.example,INV-2,EUR,10\n";
        fs::write(&ledger, format!("customer_name,customer_email,invoice_number,currency,total\n{rows}"))
            .unwrap();
        assert_eq!(machine.run(&["import", &ledger.display().to_string()]).code, Some(0));
        let (mut running, url) = machine.serve();
        let ada = Person::new(&url);
        ada.sign_in(EMAIL, "not her password at all").await;
        ada.sign_in("somebody@else.example", "not her password at all").await;
        assert_eq!(ada.sign_in(EMAIL, PASSWORD).await.url, "/invoices");
        let token = ada.get("/invoices").await.value("csrf");
        ada.get("/invoices?q=good@customer.example").await.says("Confidential Ltd");
        ada.get("/sign-in?next=/invoices%3Fq%3Dgood@customer.example").await;
        ada.get("/setup?token=0123456789abcdef").await;
        ada.get("/reminders.csv?q=good@customer.example").await;
        ada.get("/nowhere/good@customer.example%0A%7B%22level%22:%22INFO made up").await;
        ada.post("/suppressions", &[("address", "never@customer.example"), ("note", "Confidential note")])
            .await;
        ada.send("POST", "/sign-out", &[("csrf", "forged-token")], &[("X-Forwarded-For", "INFO made up")])
            .await;
        let api = Client::new()
            .get(format!("{url}/api/v1/invoices?q=good@customer.example"))
            .header("x-api-key", &key);
        assert_eq!(api.send().await.unwrap().status(), 200);
        Client::new().get(format!("{url}/api/v1/invoices")).bearer_auth("forged-key").send().await.unwrap();
        sink.misbehave("bad", Whim::Reply("RCPT", "550 5.1.1 <bad@customer.example> is not known here"));
        let batch = ada.confirm(&ada.propose(&["INV-1", "INV-2"]).await).await;
        while !ada.get(&batch.url).await.has("Finished.") {}
        sink.behave();
        assert_eq!(running.terminate(), Some(0));
        let lines = running.rest().1;
        let mut requests = 0;
        for line in &lines {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
            if line["fields"]["message"] == "answered" {
                requests += 1;
                let span = &line["span"];
                assert!(span["request_id"].as_str().is_some_and(|id| id.len() == 36), "{line}");
                assert!(span["status"].is_number() && span["route"].is_string(), "{line}");
            }
        }
        assert!(requests > 15, "{requests} requests are logged");
        let whole = lines.join("\n");
        for secret in [
            PASSWORD,
            "not her password",
            "relay-secret",
            &key,
            &token,
            "forged-token",
            "forged-key",
            "0123456789abcdef",
            "Confidential",
            "@customer.example",
            "somebody@",
            "ada@",
            "ar@acme",
            "__Host-",
            "made up",
            "customer_name",
        ] {
            let line = whole.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{secret:?} is in the log: {}", line.unwrap());
        }
        assert!(whole.contains("/suppressions"), "{whole}");
    }
}
