//! The API as its descriptions say it is: Schemathesis asks for what they allow, and for what they do not, on both
//! databases. `DUNLIN_TEST_SCHEMATHESIS` names the program; without it this is left out (`tests/run` installs it).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "app/support/mod.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "the tests through the doors use the rest")]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use dunlin::config::environment;
use reqwest::Method;
use serde_json::{Map, Value, json};
use support::program::Machine;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis");
const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract/reminders.openapi.yaml");

/// A ledger in which every state is found, and everybody has an address.
fn ledger() -> String {
    let mut csv = "customer_name,customer_email,invoice_number,currency,total,due_date,status\n".to_owned();
    for i in 0..60 {
        let (customer, due) = (i % 20, if i % 2 == 0 { "2025-11-15" } else { "2025-12-15" });
        let state = ["Sent", "Sent", "Sent", "Paid", "Draft"][i % 5];
        csv += &format!(
            "Customer {customer},c{customer}@customer.example,INV-{i:03},EUR,{}.50,{due},{state}\n",
            100 + i
        );
    }
    csv
}

/// Our own description, in which no answer may have a member that is not described.
fn closed() -> Value {
    let mut document = dunlin::api::document();
    let schemas = document["components"]["schemas"].as_object().unwrap().clone();
    let merged = |schema: &Value| {
        let Some(parts) = schema["allOf"].as_array() else { return schema.clone() };
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for part in parts {
            let name = part["$ref"].as_str().and_then(|name| name.rsplit('/').next());
            let part = name.map_or(part, |name| &schemas[name]);
            properties.extend(part["properties"].as_object().unwrap().clone());
            required.extend(part["required"].as_array().unwrap().clone());
        }
        json!({"type": "object", "properties": properties, "required": required})
    };
    for (name, schema) in &schemas {
        let mut schema = merged(schema);
        // The contract's request may have members that are not known, and they are ignored.
        if schema["properties"].is_object() && name != "SendReminderRequest" {
            schema["additionalProperties"] = json!(false);
        }
        document["components"]["schemas"][name] = schema;
    }
    // A key that is used again for another body is refused, which a schema cannot say.
    for item in document["paths"].as_object_mut().unwrap().values_mut() {
        for operation in item.as_object_mut().unwrap().values_mut() {
            if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
                parameters.retain(|parameter| parameter["name"] != "Idempotency-Key");
            }
        }
    }
    document
}

/// What a program is told.
async fn told(method: Method, url: &str, key: &str) -> Value {
    let request = reqwest::Client::new().request(method, url).header("x-api-key", key);
    request.send().await.unwrap().json().await.unwrap()
}

/// Writes dictionaries of ids that are there: a list's, and those of reminders that were sent.
async fn write_ids(folder: &Path, url: &str, key: &str) {
    for list in ["invoices", "customers"] {
        let page = told(Method::GET, &format!("{url}/api/v1/{list}?limit=100"), key).await;
        let ids: String =
            page["data"].as_array().unwrap().iter().map(|item| format!("{}\n", item["id"])).collect();
        fs::write(folder.join(format!("{list}.txt")), ids).unwrap();
    }
    let open = told(Method::GET, &format!("{url}/api/v1/invoices?tab=open&limit=3"), key).await;
    let mut ids = String::new();
    for invoice in open["data"].as_array().unwrap() {
        let id = invoice["id"].as_str().unwrap();
        let reminder = told(Method::POST, &format!("{url}/api/v1/invoices/{id}/reminders"), key).await;
        ids += &format!("{}\n", reminder["id"]);
    }
    fs::write(folder.join("reminders.txt"), ids).unwrap();
}

/// Asks for everything in a description; prints what was found to be wrong.
fn holds(program: &str, folder: &Path, description: &Path, url: &str, key: &str) -> bool {
    let base = format!("{url}/api/v1");
    let arguments =
        ["--config-file", "schemathesis.toml", "--no-color", "run", "--seed", "1", "--url", &base];
    let run =
        Command::new(program).args(arguments).arg(description).current_dir(folder).env("KEY", key).output();
    let run = run.unwrap();
    print!("{}", String::from_utf8_lossy(&run.stdout));
    run.status.success()
}

#[actix_web::test]
async fn the_api_is_what_its_descriptions_say() {
    let Some(program) = environment().remove("DUNLIN_TEST_SCHEMATHESIS") else {
        return println!("skipped: DUNLIN_TEST_SCHEMATHESIS is not set");
    };
    let mut broken = Vec::new();
    for machine in Machine::on_both() {
        let settings = [
            ("DUNLIN_CLOCK", "2025-12-01T09:00:00Z"),
            ("DUNLIN_UNDO_SECONDS", "1"),
            ("DUNLIN_API_RATE_PER_MINUTE", "0"),
        ];
        let machine = settings.into_iter().fold(machine, |machine, (name, value)| machine.with(name, value));
        let folder = machine.folder.path();
        let own = folder.join("openapi.json");
        fs::write(&own, closed().to_string()).unwrap();
        fs::copy(format!("{FOLDER}/schemathesis.toml"), folder.join("schemathesis.toml")).unwrap();
        fs::write(folder.join("ledger.csv"), ledger()).unwrap();
        assert_eq!(
            machine.run(&["organisation", "add", "--name", "Acme", "--from", "ar@acme.example"]).code,
            Some(0)
        );
        assert_eq!(machine.run(&["import", &folder.join("ledger.csv").display().to_string()]).code, Some(0));
        let key = machine.run(&["api-key", "add", "--name", "Schemathesis"]).out.trim().to_owned();
        let (_running, url) = machine.serve();
        write_ids(folder, &url, &key).await;
        for description in [own.as_path(), Path::new(CONTRACT)] {
            let what = format!("{} on {}", description.display(), machine.database());
            if !holds(&program, folder, description, &url, &key) {
                broken.push(what);
            }
        }
    }
    assert!(broken.is_empty(), "Schemathesis found what is printed above: {broken:?}");
}
