//! The API's description: what programs get, what people read, and that both say what the contract says.

use std::collections::BTreeSet;
use std::fs;

use dunlin::config::environment;
use dunlin::domain::money::{Currency, Money};
use reqwest::get;
use serde_json::{Value, json};

use crate::support::on_both_databases;

fn contract() -> Value {
    serde_saphyr::from_str(include_str!("../contract/reminders.openapi.yaml")).unwrap()
}

/// A description without the words that only people read, with every name replaced by what it stands for, and without
/// an order where there is none.
fn meaning(document: &Value, part: &Value) -> Value {
    match part {
        Value::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(Value::as_str) {
                let named = document.pointer(name.trim_start_matches('#'));
                return meaning(document, named.unwrap_or_else(|| panic!("{name} is nowhere")));
            }
            let words = ["description", "summary", "tags", "example"];
            let is_text = |name: &str, value: &Value| value.is_string() && words.contains(&name);
            members
                .iter()
                .filter(|(name, value)| !is_text(name, value) && *name != "tags")
                .map(|(name, value)| (name.clone(), meaning(document, value)))
                .collect()
        }
        Value::Array(items) => {
            let mut items: Vec<_> = items.iter().map(|item| meaning(document, item)).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        other => other.clone(),
    }
}

#[test]
fn the_description_is_the_one_that_was_last_agreed_on() {
    let (now, file) =
        (dunlin::api::document(), concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract/openapi.json"));
    if environment().contains_key("DUNLIN_TEST_WRITE_DOCS") {
        fs::write(file, format!("{now:#}\n")).unwrap();
    }
    let agreed: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert!(
        now == agreed,
        "tests/contract/openapi.json is not the program\u{2019}s description. Write it anew, and look at what changed, with\n    \
         DUNLIN_TEST_WRITE_DOCS=1 cargo test --test app -- openapi"
    );
}

#[test]
fn what_the_contract_has_of_reminders_is_described_with_the_same_meaning() {
    let (contract, ours) = (contract(), dunlin::api::document());
    let mut compared = 0;
    for (path, item) in contract["paths"].as_object().unwrap() {
        let own = &ours["paths"][path];
        assert_eq!(meaning(&ours, &own["parameters"]), meaning(&contract, &item["parameters"]), "{path}");
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters")
        {
            let (wanted, mut found) = (meaning(&contract, operation), meaning(&ours, &own[method]));
            // Headers that a program may send beside it are an addition.
            let added = found.as_object_mut().unwrap().remove("parameters");
            for parameter in added.iter().filter_map(Value::as_array).flatten() {
                assert_ne!(parameter["required"], json!(true), "{method} {path}: {parameter}");
            }
            // A status that the contract does not name is its default.
            let answers = found["responses"].as_object_mut().unwrap();
            let default = wanted["responses"]["default"].clone();
            answers.retain(|status, answer| {
                let is_named = wanted["responses"].get(status).is_some();
                assert!(is_named || *answer == default, "{method} {path}: {status}");
                is_named
            });
            assert_eq!(found, wanted, "{method} {path}");
            compared += 1;
        }
    }
    assert_eq!(compared, 2);
    for part in ["security", "servers"] {
        assert_eq!(meaning(&ours, &ours[part]), meaning(&contract, &contract[part]));
    }
    for part in ["schemas", "responses", "securitySchemes"] {
        for (name, wanted) in contract["components"][part].as_object().unwrap() {
            assert_eq!(meaning(&ours, &ours["components"][part][name]), meaning(&contract, wanted), "{name}");
        }
    }
}

/// An address without the names of its ids.
fn nameless(path: &str) -> String {
    let pieces = path.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, rest)| rest));
    pieces.collect::<Vec<_>>().join("{}")
}

#[test]
fn every_route_of_the_api_is_described_and_nothing_else() {
    let routes = dunlin::server::table().into_iter().filter(|route| route.path.starts_with("/api/v1/"));
    let routes: BTreeSet<_> = routes.map(|route| (route.method.to_string(), nameless(&route.path))).collect();
    let document = dunlin::api::document();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().keys().filter(|name| *name != "parameters");
        described.extend(methods.map(|method| (method.to_uppercase(), nameless(&format!("/api/v1{path}")))));
    }
    let missing: Vec<_> = routes.difference(&described).collect();
    let gone: Vec<_> = described.difference(&routes).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "not described: {missing:?}; described, but not there: {gone:?}"
    );
}

#[test]
fn every_name_in_the_description_stands_for_something_and_every_operation_has_a_heading() {
    let ours = dunlin::api::document();
    meaning(&ours, &ours);
    let tags: Vec<_> = ours["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for item in ours["paths"].as_object().unwrap().values() {
        for (_, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            assert!(tags.contains(&&operation["tags"][0]), "{operation}");
        }
    }
}

#[test]
fn an_amount_of_any_currency_is_one_as_it_is_described() {
    let ours = dunlin::api::document();
    for schema in ["Money", "CreatePayment"] {
        let pattern =
            ours["components"]["schemas"][schema]["properties"]["amount"]["pattern"].as_str().unwrap();
        let most = pattern.strip_prefix("^[0-9]{1,").and_then(|most| most.strip_suffix("})?$"));
        let (whole, decimals) = most.and_then(|most| most.split_once("}(\\.[0-9]{1,")).unwrap();
        let (whole, decimals): (usize, usize) = (whole.parse().unwrap(), decimals.parse().unwrap());
        for currency in (0..=4).flat_map(Currency::with_decimals) {
            let largest = Money::from_minor(Money::MAX_MINOR, currency).to_decimal();
            let (digits, fraction) = largest.split_once('.').unwrap_or((&largest, ""));
            assert!(digits.len() <= whole && fraction.len() <= decimals, "{schema}: {largest} {currency}");
        }
    }
}

on_both_databases! {
    async fn anyone_reads_the_description_as_a_document_and_as_a_page_that_asks_nobody_else(app: TestApp) {
        let document: Value = get(format!("{}/api/v1/openapi.json", app.url)).await.unwrap().json().await.unwrap();
        assert_eq!(document, dunlin::api::document());
        let page = get(format!("{}/api/docs", app.url)).await.unwrap();
        assert_eq!(page.status(), 200);
        assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
        let page = page.text().await.unwrap();
        for item in document["paths"].as_object().unwrap().values() {
            for (_, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
                let id = operation["operationId"].as_str().unwrap();
                assert!(page.contains(&format!("<section class=\"card card--padded\" id=\"{id}\"")), "{id}");
            }
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
        }
        for elsewhere in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
            assert!(!page.contains(elsewhere), "{elsewhere}");
        }
    }
}
