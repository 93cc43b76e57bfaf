//! A forgotten password.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use dunlin::domain::person::Role;

use crate::support::{PASSWORD, Page, Person, on_both_databases};

const CLEO: &str = "cleo@acme.example";
const NEW: &str = "a brand new password";

async fn ask(person: &Person, email: &str) -> Page {
    person.post_as_it_is("/password-resets", &[("email", email)]).await
}

async fn set(person: &Person, link: &str, password: &str) -> Page {
    person.post_as_it_is(link, &[("password", password)]).await
}

on_both_databases! {
    async fn a_forgotten_password_is_set_anew_once_and_ends_all_sessions(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let (desk, phone) = (app.signed_in(CLEO).await, app.signed_in(CLEO).await);
        let visitor = app.visitor();
        visitor.get("/sign-in").await.says("href=\"/password-resets\">Forgot your password?");
        ask(&visitor, CLEO).await.says("a link is on its way to it");
        let link = app.link_to(CLEO).await;
        assert_eq!(visitor.get(&link).await.status, 200);
        assert_eq!(set(&visitor, &link, "short").await.status, 422);
        let done = set(&visitor, &link, NEW).await;
        assert_eq!(done.url, "/sign-in");
        done.says("Your password is set.");
        for person in [&desk, &phone] {
            assert_eq!(person.get("/invoices").await.url, "/sign-in");
        }
        assert_eq!(visitor.get(&link).await.status, 410);
        assert_eq!(set(&visitor, &link, "yet another password").await.status, 410);
        visitor.sign_in(CLEO, PASSWORD).await.says("E-mail or password is wrong.");
        assert_eq!(visitor.sign_in(CLEO, NEW).await.url, "/invoices");
    }

    async fn h22_who_sets_a_new_password_need_not_wait_for_tries_at_their_account_from_anywhere(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let (eve, cleo) = (app.visitor(), app.visitor());
        for _ in 0..3 {
            eve.sign_in(CLEO, "a wrong password").await.says("E-mail or password is wrong.");
        }
        // Those of the address are forgotten by then, those at the account are not.
        app.clock.advance(TimeDelta::hours(1) + TimeDelta::seconds(1));
        eve.sign_in(CLEO, "a wrong password").await.says("E-mail or password is wrong.");
        cleo.sign_in(CLEO, PASSWORD).await.says("Wait 1 second,");
        ask(&cleo, CLEO).await;
        let link = app.link_to(CLEO).await;
        set(&cleo, &link, NEW).await.says("Your password is set.");
        assert_eq!(cleo.sign_in(CLEO, NEW).await.url, "/invoices");
    }

    async fn a_reset_works_for_twenty_minutes_and_not_after_a_newer_one_was_used(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let visitor = app.visitor();
        ask(&visitor, CLEO).await;
        let first = app.link_to(CLEO).await;
        app.clock.advance(TimeDelta::minutes(19));
        assert_eq!(visitor.get(&first).await.status, 200);
        ask(&visitor, CLEO).await;
        let second = app.link_to(CLEO).await;
        set(&visitor, &second, NEW).await;
        assert_eq!(visitor.get(&first).await.status, 410, "who set a password wants no other link to work");
        ask(&visitor, CLEO).await;
        let third = app.link_to(CLEO).await;
        app.clock.advance(TimeDelta::minutes(20));
        assert_eq!(visitor.get(&third).await.status, 410);
        assert_eq!(set(&visitor, &third, PASSWORD).await.status, 410);
    }

    async fn known_and_unknown_addresses_get_the_same_answer_and_neither_at_once(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let visitor = app.visitor();
        let mut answers = Vec::new();
        for email in [CLEO, "nobody@acme.example"] {
            let begun = Instant::now();
            let page = ask(&visitor, email).await;
            // Longer than the work for either takes.
            assert!(begun.elapsed() >= Duration::from_millis(250), "{email}: {:?}", begun.elapsed());
            answers.push((page.status, page.text.replace(email, "EMAIL")));
        }
        assert_eq!(answers[0], answers[1]);
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn asking_again_and_again_has_to_wait_for_an_account_known_or_not_and_from_an_address(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let visitor = app.visitor();
        let mut statuses = Vec::new();
        for email in [CLEO, "nobody@acme.example"] {
            let mut answered = Vec::new();
            for _ in 0..6 {
                answered.push(ask(&visitor, email).await.status.as_u16());
            }
            statuses.push(answered);
            app.clock.advance(TimeDelta::hours(25));
        }
        assert_eq!(statuses, vec![vec![200, 200, 200, 200, 429, 429]; 2]);
        for n in 0..4 {
            ask(&visitor, &format!("somebody{n}@acme.example")).await;
        }
        let refused = ask(&visitor, "one.more@acme.example").await;
        assert_eq!(refused.status, 429);
        refused.says("Wait 1 second, then try again.");
        assert_eq!(app.visitor().sign_in(CLEO, PASSWORD).await.url, "/invoices", "signing in is not in its way");
    }

    async fn a_person_who_is_disabled_gets_no_link(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        app.sql("UPDATE membership SET disabled_at = '2025-11-30 09:00:00'");
        ask(&app.visitor(), CLEO).await.says("a link is on its way to it");
        app.send_now().await;
        assert!(app.sink.deliveries().is_empty());
    }

    async fn a_link_is_worth_nothing_once_its_person_may_not_come_in_anywhere(app: TestApp) {
        let admin = app.admin().await;
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        ask(&app.visitor(), CLEO).await;
        let link = app.link_to(CLEO).await;
        app.sql("UPDATE membership SET disabled_at = '2025-11-30 09:00:00' WHERE role = 'clerk'");
        assert_eq!(app.visitor().get(&link).await.status, 410);
        assert_eq!(set(&app.visitor(), &link, NEW).await.status, 410);
        admin.get("/settings/audit-log").await.says_not("New password set with a link");
    }

    async fn a_reset_link_is_stored_nowhere(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        ask(&app.visitor(), CLEO).await;
        let before = app.everything_stored();
        let link = app.link_to(CLEO).await;
        let secret = link.rsplit('/').next().unwrap();
        assert!(!before.contains(secret) && !app.everything_stored().contains(secret));
        assert_eq!(app.seeds(), 0);
        set(&app.visitor(), &link, NEW).await;
        assert!(!app.everything_stored().contains(secret));
    }
}
