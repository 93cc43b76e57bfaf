//! Settings > API keys (case H25): what is kept of a key, where it is read from, when it is refused.

use chrono::TimeDelta;
use dunlin::domain::api_key::ApiKey;
use reqwest::Client;
use sha2::{Digest, Sha256};

use crate::support::{Page, Person, TestApp, on_both_databases};

const KEYS: &str = "/settings/api-keys";
const LIST: &str = "/api/v1/invoices";

/// Creates a key as an admin does, and reads it off the page.
async fn created(admin: &Person, name: &str, last_day: &str) -> (String, Page) {
    let page = admin.post(KEYS, &[("name", name), ("last_day", last_day)]).await;
    assert_eq!(page.status, 200, "{}", page.words());
    let key = page.between("readonly value=\"", "\"", " data-behaviour=\"focus\"");
    assert!(key.starts_with("dunlin_") && key.len() == 71, "{key}");
    (key, page)
}

async fn status(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> u16 {
    let request = Client::new().get(format!("{}{path}", app.url));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap().status().as_u16()
}

async fn answers(app: &TestApp, key: &str) -> u16 {
    status(app, LIST, &[("x-api-key", key)]).await
}

/// The address of a key's revocation, as the list has it.
async fn revocation(admin: &Person, key: &str) -> String {
    let label = format!(", {}\">", &key[..13]);
    let list = admin.get(KEYS).await;
    let row = list.text.split("<tr>").find(|row| row.contains(&label)).unwrap();
    row.split("href=\"").nth(1).unwrap().split_once("/edit\"").unwrap().0.to_owned()
}

/// The organisation's keys.
async fn kept(app: &TestApp) -> Vec<ApiKey> {
    let organisation = app.organisation;
    app.actions
        .reader()
        .read::<_, dunlin::store::StoreError>(move |snapshot| snapshot.api_keys(organisation, 100))
        .await
        .unwrap()
}

on_both_databases! {
    async fn a_key_is_shown_once_and_kept_as_its_sha_256_alone(app: TestApp) {
        let admin = app.admin().await;
        admin.get(KEYS).await.says("No API keys yet");
        let (key, page) = created(&admin, "ERP", "").await;
        page.says("it cannot be shown again");
        assert_eq!(answers(&app, &key).await, 200);
        let hash: String = Sha256::digest(&key).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(app.texts("SELECT secret_hash AS text FROM api_key"), [hash]);
        let (prefix, secret) = key.split_at(13);
        admin.get(KEYS).await.says("ERP").says(prefix).says("by The admin").says_not(secret);
        for word in app.texts("SELECT detail AS text FROM audit UNION ALL SELECT state FROM session") {
            assert!(!word.contains(secret), "{word}");
        }
        if let Some(file) = app.file() {
            for kept in [file.clone(), file.with_extension("db-wal")] {
                let bytes = std::fs::read(kept).unwrap_or_default();
                assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
            }
        }
    }

    async fn the_same_form_twice_is_one_key_which_is_not_shown_again(app: TestApp) {
        let admin = app.admin().await;
        let id = admin.get(KEYS).await.value("id");
        let fields = [("id", id.as_str()), ("name", "ERP")];
        admin.post(KEYS, &fields).await.says("New API key");
        let again = admin.post(KEYS, &fields).await;
        again.says("This key was made before").says_not("New API key");
        assert_eq!((again.status.as_u16(), kept(&app).await.len()), (422, 1));
        assert_ne!(again.value("id"), id);
    }

    async fn a_form_that_cannot_be_read_makes_no_key_and_keeps_what_was_typed(app: TestApp) {
        let admin = app.admin().await;
        for (name, last_day, sentence) in [
            ("", "2026-01-31", "Say what the key is for: it is empty."),
            ("a\u{202e}b", "2026-01-31", "direction-changing"),
            ("ERP", "2025-11-30", "This day has passed."),
            ("ERP", "soon", "is not a day."),
            ("ERP", "+99999-01-01", "is not a day."),
        ] {
            let page = admin.post(KEYS, &[("name", name), ("last_day", last_day)]).await;
            assert_eq!(page.status, 422, "{name:?} {last_day:?}");
            page.says(sentence).says("Error: API keys");
            let typed = page.between("name=\"name\" type=\"text\" value=\"", "\"", "");
            assert_eq!((typed.as_str(), kept(&app).await.len()), (name, 0));
        }
    }

    async fn a_key_is_read_from_a_header_and_from_nowhere_else(app: TestApp) {
        let (key, _) = created(&app.admin().await, "ERP", "").await;
        let bearer = format!("Bearer {key}");
        for header in [("x-api-key", &key), ("x-dolfin-api-key", &key), ("authorization", &bearer)] {
            assert_eq!(status(&app, LIST, &[(header.0, header.1)]).await, 200, "{header:?}");
        }
        for name in ["x-api-key", "api_key", "apiKey", "key", "token", "access_token", "authorization"] {
            assert_eq!(status(&app, &format!("{LIST}?{name}={key}"), &[]).await, 401, "{name}");
            assert_eq!(status(&app, LIST, &[("cookie", &format!("{name}={key}"))]).await, 401, "{name}");
        }
        let in_the_address = app.url.replace("http://", &format!("http://{key}:{key}@"));
        let answer = Client::new().get(format!("{in_the_address}{LIST}")).send().await.unwrap();
        assert_eq!(answer.status(), 401);
    }

    async fn who_tries_out_keys_has_to_wait_and_a_good_key_from_there_works(app: TestApp) {
        let (key, _) = created(&app.admin().await, "ERP", "").await;
        let caller = |key: &str| crate::support::Caller::new(&app.url, key.to_owned());
        for number in 0..200 {
            caller(&format!("dunlin_{number}")).get(LIST).await.is(401, "Auth.Unauthorized");
        }
        let refused = caller("dunlin_next").get(LIST).await;
        assert_eq!(refused.is(429, "RateLimited").headers["Retry-After"], "1");
        assert_eq!(answers(&app, &key).await, 200, "a good key is not asked where it comes from");
        // Who sends none has tried none out.
        assert_eq!(status(&app, LIST, &[]).await, 401);
        app.clock.advance(TimeDelta::seconds(1));
        assert_eq!(answers(&app, "dunlin_next").await, 401);
        let refused = caller("dunlin_next").get(LIST).await;
        assert_eq!(refused.is(429, "RateLimited").headers["Retry-After"], "2");
        app.clock.advance(TimeDelta::minutes(61));
        assert_eq!(answers(&app, "dunlin_next").await, 401, "it is forgotten");
        assert_eq!(answers(&app, "dunlin_next").await, 401);
    }

    async fn keys_tried_out_at_once_are_keys_one_after_the_other(app: TestApp) {
        // One for all: the first would wait on their connections while the others are made.
        let (client, list) = (Client::new(), format!("{}{LIST}", app.url));
        let tries = (0..300).map(|number| client.get(&list).header("x-api-key", format!("dunlin_{number}")).send());
        let answered = futures_util::future::join_all(tries).await;
        let answered: Vec<u16> = answered.into_iter().map(|answer| answer.unwrap().status().as_u16()).collect();
        let refused = answered.iter().filter(|status| **status == 401).count();
        // A few may be looked up beside each other.
        assert!((200..=230).contains(&refused), "{refused}");
        assert!(answered.iter().all(|status| [401, 429].contains(status)), "{answered:?}");
    }

    async fn a_key_is_refused_after_the_end_of_its_last_day(app: TestApp) {
        app.sql("UPDATE organisation SET time_zone = 'Europe/Vienna'");
        let admin = app.admin().await;
        let (key, page) = created(&admin, "ERP", "2025-12-01").await;
        page.says("1 Dec 2025").says_not("Expired");
        let other = created(&admin, "For good", "").await.0;
        // It is nine in the morning in UTC; the day in Vienna has thirteen hours more.
        app.clock.advance(TimeDelta::hours(14) - TimeDelta::minutes(1));
        assert_eq!(answers(&app, &key).await, 200);
        app.clock.advance(TimeDelta::minutes(1));
        assert_eq!((answers(&app, &key).await, answers(&app, &other).await), (401, 200));
        app.admin().await.get(KEYS).await.says("Expired");
    }

    async fn a_revoked_key_is_refused_at_once_and_only_it(app: TestApp) {
        let admin = app.admin().await;
        let (key, other) = (created(&admin, "ERP", "").await.0, created(&admin, "Shop", "").await.0);
        assert_eq!((answers(&app, &key).await, answers(&app, &other).await), (200, 200));
        let revoke = revocation(&admin, &key).await;
        admin.get(&format!("{revoke}/edit")).await.says("Revoke API key?").says(&key[..13]).says("ERP");
        assert_eq!(answers(&app, &key).await, 200);
        assert_eq!(admin.post(&revoke, &[]).await.url, KEYS);
        assert_eq!((answers(&app, &key).await, answers(&app, &other).await), (401, 200));
        let list = admin.get(KEYS).await;
        list.says("Revoked 1 Dec 2025");
        let again = admin.post(&revoke, &[]).await;
        assert_eq!((again.status.as_u16(), again.url.as_str()), (200, KEYS));
        assert_eq!(admin.get(&format!("{revoke}/edit")).await.url, KEYS);
        let told = app.texts("SELECT event || ' ' || detail AS text FROM audit WHERE event LIKE 'api_key.%' ORDER BY id");
        let line = |event: &str, name: &str, key: &str| format!("{event} {name}, {}\u{2026}", &key[..13]);
        let (erp, shop) = (("ERP", key.as_str()), ("Shop", other.as_str()));
        assert_eq!(told, [
            line("api_key.added", erp.0, erp.1),
            line("api_key.added", shop.0, shop.1),
            line("api_key.revoked", erp.0, erp.1),
        ]);
    }

    async fn another_organisations_key_is_neither_seen_nor_revoked(app: TestApp) {
        let other = app.another_organisation("Beta").await;
        let theirs = app.actions.add_api_key(other, "Their ERP".parse().unwrap()).await.unwrap();
        let id = app.texts("SELECT id AS text FROM api_key").remove(0);
        let admin = app.admin().await;
        admin.get(KEYS).await.says("No API keys yet").says_not("Their ERP");
        let revoke = format!("{KEYS}/{id}/revocation");
        assert_eq!(admin.get(&format!("{revoke}/edit")).await.status, 404);
        assert_eq!(admin.post(&revoke, &[]).await.status, 404);
        // A form that names it makes a key as one that names an unknown one does.
        admin.post(KEYS, &[("id", &id), ("name", "Our ERP")]).await.says("Our ERP").says_not("made before");
        assert_eq!(app.texts("SELECT id AS text FROM api_key").len(), 2);
        assert_eq!(answers(&app, &theirs).await, 200);
    }

    async fn that_a_key_was_used_is_noted_once_a_minute_at_most(app: TestApp) {
        let admin = app.admin().await;
        let (key, page) = created(&admin, "ERP", "").await;
        page.says("Never");
        let last_used = async || kept(&app).await[0].last_used_at;
        assert_eq!(answers(&app, &key).await, 200);
        let first = last_used().await.unwrap();
        app.clock.advance(TimeDelta::seconds(59));
        for _ in 0..5 {
            assert_eq!(answers(&app, &key).await, 200);
        }
        assert_eq!(last_used().await, Some(first));
        app.clock.advance(TimeDelta::seconds(1));
        assert_eq!(answers(&app, &key).await, 200);
        let second = last_used().await.unwrap();
        assert!(second - first >= TimeDelta::minutes(1), "{first} {second}");
        admin.get(KEYS).await.says_not("Never").says("1 Dec 2025, 09:0");
        // A key that is refused was not used.
        assert_eq!(answers(&app, &key[..70]).await, 401);
        assert_eq!(last_used().await, Some(second));
    }
}
