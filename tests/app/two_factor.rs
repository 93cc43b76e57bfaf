//! Signing in with a second factor.

use chrono::{DateTime, TimeDelta, Utc};
use dunlin::domain::person::Role;
use hmac::{Hmac, KeyInit, Mac};

use crate::support::{PASSWORD, Page, Person, TestApp, on_both_databases};

const CLEO: &str = "cleo@acme.example";
const WRONG: &str = "000000";

/// An authenticator app: the code at the test's time, some steps away from it.
fn code(app: &TestApp, secret: &str, steps: i64) -> String {
    code_at(app.clock.now(), secret, steps)
}

pub fn code_at(now: DateTime<Utc>, secret: &str, steps: i64) -> String {
    let mut bits = Vec::new();
    for letter in secret.bytes() {
        let number = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap();
        bits.extend((0..5).rev().map(|bit| number >> bit & 1));
    }
    let key: Vec<u8> = bits
        .chunks_exact(8)
        .map(|byte| byte.iter().fold(0, |number, bit| number << 1 | *bit as u8))
        .collect();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&key).unwrap();
    mac.update(&(now.timestamp() / 30 + steps).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// Lets time pass; now and then a little more, until no code counts by chance for two of the steps around, nor `WRONG` for any.
fn pass(app: &TestApp, secret: &str, time: TimeDelta) {
    app.clock.advance(time);
    let is_apart = || {
        let mut codes: Vec<String> = (-2..=2).map(|steps| code(app, secret, steps)).collect();
        codes.push(WRONG.to_owned());
        codes.sort();
        codes.windows(2).all(|pair| pair[0] != pair[1])
    };
    while !is_apart() {
        app.clock.advance(TimeDelta::seconds(30));
    }
}

/// Sets the second factor up; returns the secret of the app and the recovery codes.
async fn set_up(app: &TestApp, person: &Person) -> (String, Vec<String>) {
    let page = person.get("/settings/profile/two-factor").await;
    let secret = page.between("<code class=\"wrap\">", "</code>", "").replace(' ', "");
    let offered = page.value("offered");
    let csrf = page.value("csrf");
    let confirm = async |code: &str, password: &str| {
        let form = [("csrf", csrf.as_str()), ("offered", &offered), ("code", code), ("current", password)];
        person.post_as_it_is("/settings/profile/two-factor", &form).await
    };
    let refused = confirm("12345", PASSWORD).await;
    assert_eq!((refused.status.as_u16(), refused.value("offered")), (422, offered.clone()));
    pass(app, &secret, TimeDelta::zero());
    let typed = code(app, &secret, 0);
    let refused = confirm(&typed, "not my password").await;
    assert_eq!((refused.status.as_u16(), refused.value("offered")), (422, offered.clone()));
    refused.says("That is not your current password.");
    assert_eq!(refused.form_value("code"), typed, "it is still right, and need not be typed again");
    let shown = confirm(&typed, PASSWORD).await;
    assert_eq!(shown.status, 200, "{}", shown.words());
    let codes: Vec<String> = shown
        .text
        .split("<li><code>")
        .skip(1)
        .map(|rest| rest.split_once('<').unwrap().0.to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    (secret, codes)
}

async fn enter(person: &Person, code: &str) -> Page {
    person.post_as_it_is("/sign-in/code", &[("code", code), ("next", "/customers")]).await
}

on_both_databases! {
    async fn with_a_second_factor_a_password_alone_opens_nothing(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let (secret, _) = set_up(&app, &app.signed_in(CLEO).await).await;
        pass(&app, &secret, TimeDelta::minutes(1));
        let cleo = app.visitor();
        let step = cleo.sign_in(CLEO, PASSWORD).await;
        step.says("Enter your code");
        assert_eq!(cleo.get("/invoices").await.url, "/sign-in", "the first step gives no right");
        let first = cleo.cookie();
        cleo.sign_in(CLEO, PASSWORD).await;
        assert_ne!(cleo.cookie(), first, "each step has an id of its own");
        assert_eq!(enter(&cleo, WRONG).await.status, 422);
        assert_eq!(enter(&cleo, &code(&app, &secret, 0)).await.url, "/customers");
        assert_eq!(cleo.get("/invoices").await.url, "/invoices");
        app.admin().await.get("/settings/users").await.says("\"Last sign-in\">1 Dec 2025, 09:01<");
        // Who has not entered a password is nobody, whatever the code.
        app.clock.advance(TimeDelta::minutes(1));
        let refused = enter(&app.visitor(), &code(&app, &secret, 0)).await;
        assert_eq!(refused.status, 422);
        refused.says("Enter your password once more.");
    }

    async fn a_second_factor_of_another_key_lets_nobody_in_not_with_the_codes_of_no_secret_either(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        set_up(&app, &app.signed_in(CLEO).await).await;
        // As after a backup that was restored beside a new key.
        app.sql("UPDATE person SET totp_secret = 'sealed elsewhere', totp_step = NULL");
        let eve = app.visitor();
        eve.sign_in(CLEO, PASSWORD).await.says("Enter your code");
        assert_eq!(enter(&eve, &code(&app, "", 0)).await.status, 422);
        assert_eq!(eve.get("/invoices").await.url, "/sign-in");
    }

    async fn a_code_counts_once_and_for_a_clock_that_is_a_step_wrong(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let (secret, _) = set_up(&app, &app.signed_in(CLEO).await).await;
        let used = code(&app, &secret, 0);
        let cleo = app.visitor();
        cleo.sign_in(CLEO, PASSWORD).await;
        assert_eq!(enter(&cleo, &used).await.status, 422, "it switched the second factor on");
        pass(&app, &secret, TimeDelta::minutes(4));
        for steps in [2, -2] {
            assert_eq!(enter(&cleo, &code(&app, &secret, steps)).await.status, 422, "{steps} steps");
        }
        let before = code(&app, &secret, -1);
        assert_eq!(enter(&cleo, &before).await.status, 200);
        let again = app.visitor();
        again.sign_in(CLEO, PASSWORD).await;
        assert_eq!(enter(&again, &before).await.status, 422);
        assert_eq!(enter(&again, &code(&app, &secret, 1)).await.status, 200);
        let late = app.visitor();
        late.sign_in(CLEO, PASSWORD).await;
        assert_eq!(enter(&late, &code(&app, &secret, 0)).await.status, 422, "an earlier one is worth nothing then");
        app.clock.advance(TimeDelta::minutes(5));
        enter(&late, &code(&app, &secret, 0)).await.says("Enter your password once more.");
    }

    async fn a_recovery_code_lets_in_once(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let desk = app.signed_in(CLEO).await;
        let (secret, codes) = set_up(&app, &desk).await;
        let cleo = app.visitor();
        cleo.sign_in(CLEO, PASSWORD).await;
        let typed = codes[3].to_uppercase().replace('-', " ");
        assert_eq!(enter(&cleo, &typed).await.url, "/customers");
        let again = app.visitor();
        again.sign_in(CLEO, PASSWORD).await;
        assert_eq!(enter(&again, &codes[3]).await.status, 422);
        desk.get("/settings/profile/two-factor").await.says("9 of 10 are left.");
        let stored = app.everything_stored();
        assert!(!stored.contains(&secret) && !codes.iter().any(|code| stored.contains(&code.replace('-', ""))));
        assert!(!codes.iter().any(|code| stored.contains(code.as_str())));
        let renew = async |password| {
            desk.post("/settings/profile/two-factor/recovery-codes", &[("current", password)]).await
        };
        let refused = renew("not my password").await;
        assert_eq!((refused.status.as_u16(), refused.text.matches("<li><code>").count()), (422, 0));
        let renewed = renew(PASSWORD).await;
        assert_eq!(renewed.text.matches("<li><code>").count(), 10);
        assert_eq!(enter(&again, &codes[4]).await.status, 422, "the ones before are worth nothing");
    }

    async fn a_recovery_code_lets_in_its_own_person_alone(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        app.add_person(app.organisation, "eve@acme.example", Role::Clerk).await;
        set_up(&app, &app.signed_in(CLEO).await).await;
        let (_, codes) = set_up(&app, &app.signed_in("eve@acme.example").await).await;
        let eve = app.visitor();
        eve.sign_in(CLEO, PASSWORD).await.says("Enter your code");
        assert_eq!(enter(&eve, &codes[0]).await.status, 422);
        eve.sign_in("eve@acme.example", PASSWORD).await.says("Enter your code");
        assert_eq!(enter(&eve, &codes[0]).await.url, "/customers", "nor was it used up by that");
    }

    async fn h22_codes_have_to_wait_like_passwords(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let (secret, _) = set_up(&app, &app.signed_in(CLEO).await).await;
        pass(&app, &secret, TimeDelta::minutes(1));
        let cleo = app.visitor();
        for _ in 0..4 {
            // A right password in between forgives no wrong code.
            cleo.sign_in(CLEO, PASSWORD).await.says("Enter your code");
            assert_eq!(enter(&cleo, WRONG).await.status, 422);
        }
        let refused = enter(&cleo, &code(&app, &secret, 0)).await;
        assert_eq!(refused.status, 429);
        refused.says("Wait 1 second, then try again.");
        app.clock.advance(TimeDelta::seconds(1));
        assert_eq!(enter(&cleo, &code(&app, &secret, 0)).await.url, "/customers");
    }

    async fn it_is_switched_off_only_with_the_password(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let cleo = app.signed_in(CLEO).await;
        set_up(&app, &cleo).await;
        let off = async |password| {
            cleo.post("/settings/profile/two-factor/removal", &[("current", password)]).await
        };
        assert_eq!(off("not my password").await.status, 422);
        assert_eq!(off(PASSWORD).await.status, 200);
        assert_eq!(app.visitor().sign_in(CLEO, PASSWORD).await.url, "/invoices");
    }

    async fn h22_setting_it_up_asks_for_the_password_which_has_to_wait_as_at_sign_in(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let cleo = app.signed_in(CLEO).await;
        let page = cleo.get("/settings/profile/two-factor").await;
        let secret = page.between("<code class=\"wrap\">", "</code>", "").replace(' ', "");
        let (csrf, offered) = (page.value("csrf"), page.value("offered"));
        let confirm = async |password: &str| {
            let typed = code(&app, &secret, 0);
            let form = [("csrf", csrf.as_str()), ("offered", &offered), ("code", &typed), ("current", password)];
            cleo.post_as_it_is("/settings/profile/two-factor", &form).await
        };
        for _ in 0..4 {
            assert_eq!(confirm("").await.status, 422);
        }
        let refused = confirm(PASSWORD).await;
        assert_eq!(refused.status, 429);
        refused.says("Wait 1 second, then try again.");
        // One count for the account: at sign-in it has to wait too.
        assert_eq!(app.visitor().sign_in(CLEO, PASSWORD).await.status, 429);
        app.clock.advance(TimeDelta::seconds(1));
        assert_eq!(confirm(PASSWORD).await.text.matches("<li><code>").count(), 10);
    }

    async fn h22_first_codes_have_to_wait_too_and_none_replaces_the_second_factor_that_is_on(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let cleo = app.signed_in(CLEO).await;
        let offer = async || {
            let page = cleo.get("/settings/profile/two-factor").await;
            let secret = page.between("<code class=\"wrap\">", "</code>", "").replace(' ', "");
            (page.value("csrf"), page.value("offered"), secret)
        };
        let ((csrf, offered, secret), (_, other, another)) = (offer().await, offer().await);
        let confirm = async |offered: &str, typed: &str| {
            let form = [("csrf", csrf.as_str()), ("offered", offered), ("code", typed), ("current", PASSWORD)];
            cleo.post_as_it_is("/settings/profile/two-factor", &form).await
        };
        for _ in 0..4 {
            confirm(&offered, "12345").await.says("The code does not match.");
        }
        assert_eq!(confirm(&offered, &code(&app, &secret, 0)).await.status, 429);
        app.clock.advance(TimeDelta::seconds(1));
        assert_eq!(confirm(&offered, &code(&app, &secret, 0)).await.status, 200);
        confirm(&other, &code(&app, &another, 0)).await.says("Two-factor sign-in is on already.");
        app.clock.advance(TimeDelta::minutes(1));
        while (-1..=1).any(|steps| code(&app, &secret, steps) == code(&app, &another, 0)) {
            // By chance it is right for both.
            app.clock.advance(TimeDelta::seconds(30));
        }
        let again = app.visitor();
        again.sign_in(CLEO, PASSWORD).await;
        assert_eq!(enter(&again, &code(&app, &another, 0)).await.status, 422);
        assert_eq!(enter(&again, &code(&app, &secret, 0)).await.url, "/customers");
    }

    async fn a_secret_that_was_offered_to_somebody_else_is_none(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        app.add_person(app.organisation, "eve@acme.example", Role::Clerk).await;
        let (cleo, eve) = (app.signed_in(CLEO).await, app.signed_in("eve@acme.example").await);
        let page = eve.get("/settings/profile/two-factor").await;
        let known = code(&app, &page.between("<code class=\"wrap\">", "</code>", "").replace(' ', ""), 0);
        let form = [("offered", page.value("offered")), ("code", known), ("current", PASSWORD.to_owned())];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        let refused = cleo.post("/settings/profile/two-factor", &form).await;
        assert_eq!(refused.status, 422);
        refused.says("The code does not match.");
        assert_eq!(app.visitor().sign_in(CLEO, PASSWORD).await.url, "/invoices");
    }

    async fn where_everybody_needs_it_nothing_else_is_there_before_it_is_set_up(app: TestApp) {
        app.add_person(app.organisation, "ada@acme.example", Role::Admin).await;
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let (ada, cleo) = (app.signed_in("ada@acme.example").await, app.signed_in(CLEO).await);
        set_up(&app, &ada).await;
        let token = cleo.get("/invoices").await.value("csrf");
        ada.post("/settings/two-factor", &[("required", "true")]).await.says("Everybody needs it");
        for path in ["/", "/invoices", "/settings/profile", "/reminders.csv"] {
            assert_eq!(cleo.get(path).await.url, "/settings/profile/two-factor", "{path}");
        }
        let refused = cleo.post_as_it_is("/settings/profile/name", &[("csrf", &token), ("name", "Eve")]).await;
        assert_eq!(refused.url, "/settings/profile/two-factor");
        set_up(&app, &cleo).await;
        cleo.get("/invoices").await.says("The clerk");
        let off = cleo.post("/settings/profile/two-factor/removal", &[("current", PASSWORD)]).await;
        assert_eq!(off.status, 422);
        off.says("Your organisation asks everybody for two-factor sign-in.");
    }
}
