//! What a monitoring system reads: numbers that follow what happens, without a name and without signing in.

use chrono::TimeDelta;
use reqwest::StatusCode;

use crate::support::{Page, TestApp, Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-3, Beta, ar@beta.example, 20.00, -1, Sent",
];

async fn metrics(app: &TestApp) -> Page {
    let page = app.visitor().get("/metrics").await;
    assert_eq!(page.status, StatusCode::OK);
    page
}

/// The value of one line, by all that stands before it.
fn value(page: &Page, name: &str) -> i64 {
    let line = page.text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("{name} is not in\n{}", page.text)).parse().unwrap()
}

/// How many mails are in each open state, from pending to unconfirmed.
fn mails(page: &Page) -> Vec<i64> {
    let states = ["pending", "claimed", "committed", "unconfirmed"];
    states.map(|state| value(page, &format!("dunlin_mails{{state=\"{state}\"}}"))).to_vec()
}

fn attempts(page: &Page, outcome: &str) -> i64 {
    value(page, &format!("dunlin_mail_attempts_total{{outcome=\"{outcome}\"}}"))
}

on_both_databases! {
    async fn the_numbers_follow_the_mails_and_what_stops_them(app: TestApp) {
        let page = metrics(&app).await;
        assert_eq!(mails(&page), [0; 4]);
        assert_eq!(value(&page, &format!("dunlin_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))), 1);
        for name in ["dunlin_oldest_due_mail_age_seconds", "dunlin_mail_breaker_open", "dunlin_sending_paused", "dunlin_organisations_paused"] {
            assert_eq!(value(&page, name), 0, "{name}");
        }

        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-1", "INV-3"]).await).await;
        let page = metrics(&app).await;
        assert_eq!(mails(&page), [2, 0, 0, 0]);
        assert_eq!(value(&page, "dunlin_oldest_due_mail_age_seconds"), 0, "it can still be undone");
        app.clock.advance(TimeDelta::seconds(70));
        assert!((60..70).contains(&value(&metrics(&app).await, "dunlin_oldest_due_mail_age_seconds")));

        app.actions.pause("a test".to_owned()).await.unwrap();
        assert_eq!(value(&metrics(&app).await, "dunlin_sending_paused"), 1);
        app.actions.resume().await.unwrap();
        app.admin().await.post("/settings/sending/pause", &[]).await;
        let page = metrics(&app).await;
        let paused = ["dunlin_sending_paused", "dunlin_organisations_paused"].map(|name| value(&page, name));
        assert_eq!(paused, [0, 1], "an organisation's own pause is not the installation's");
        assert_eq!(value(&page, "dunlin_oldest_due_mail_age_seconds"), 0, "none of them could have left");
        app.admin().await.post("/settings/sending/resumption", &[]).await;
        app.sink.misbehave("beta", Whim::Drop("dot"));
        app.send_now().await;
        let page = metrics(&app).await;
        assert_eq!(mails(&page), [0, 0, 0, 1]);
        assert_eq!((attempts(&page, "accepted"), attempts(&page, "no_answer")), (1, 1));
        assert_eq!((attempts(&page, "refused"), value(&page, "dunlin_sending_paused")), (0, 0));
        assert_eq!(value(&page, "dunlin_oldest_due_mail_age_seconds"), 0);
        for secret in ["Acme", "Beta", "example", "INV-"] {
            page.says_not(secret);
        }
    }

    async fn a_mail_server_that_is_down_is_seen(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.sink.misbehave("", Whim::Reply("banner", "554 5.3.2 no"));
        app.send_until_idle().await;
        let page = metrics(&app).await;
        assert_eq!((value(&page, "dunlin_mail_breaker_open"), mails(&page)[0]), (1, 1));
        assert!(attempts(&page, "relay_down") > 0);
        app.sink.behave();
        app.send_now().await;
        let page = metrics(&app).await;
        assert_eq!((value(&page, "dunlin_mail_breaker_open"), attempts(&page, "accepted")), (0, 1));
    }

    async fn every_family_says_what_it_is_before_its_values(app: TestApp) {
        let page = metrics(&app).await;
        let mut family = "";
        for lines in page.text.lines().collect::<Vec<_>>().chunk_by(|_, next| !next.starts_with("# HELP ")) {
            let name = lines[0].strip_prefix("# HELP ").unwrap().split(' ').next().unwrap();
            assert!(lines[1].starts_with(&format!("# TYPE {name} ")) && name != family, "{lines:?}");
            assert!(lines.len() > 2 && lines[2..].iter().all(|line| line.starts_with(name)), "{lines:?}");
            family = name;
        }
        assert!(page.text.ends_with('\n'));
    }
}
