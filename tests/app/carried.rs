//! H07: the same form an hour later. Nothing is done by it; it is offered once more after signing in.

use chrono::TimeDelta;
use dunlin::domain::person::Role;

use crate::support::{PASSWORD, Page, Person, TestApp, on_both_databases};

const CLEO: &str = "cleo@acme.example";
const LEDGER: &[&str] = &["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"];
const NOTE: &str = "a note in \"quotes\" & <tags>\nof two lines";

/// A payment form that was opened in time and is sent an hour later.
async fn sent_late(app: &TestApp, cleo: &Person, headers: &[(&str, &str)]) -> (String, Page) {
    let invoice = format!("/invoices/{}", cleo.invoice_id("INV-1").await);
    let csrf = cleo.get(&format!("{invoice}/payments/new")).await.value("csrf");
    app.clock.advance(TimeDelta::hours(1));
    let fields = [("csrf", csrf.as_str()), ("amount", "40.00"), ("paid_on", "2025-12-01"), ("note", NOTE)];
    let page = cleo.send("POST", &format!("{invoice}/payments"), &fields, headers).await;
    (invoice, page)
}

async fn sign_in(person: &Person, email: &str, page: &Page) -> Page {
    let (carried, next) = (page.value("carried"), page.value("next"));
    let form = [("email", email), ("password", PASSWORD), ("carried", &carried), ("next", &next)];
    person.post_as_it_is("/sign-in", &form).await
}

/// Presses "Do it now" on an offer: sends what its form holds, and nothing else.
async fn do_it(person: &Person, offer: &Page) -> Page {
    let action = offer.between("action=\"", "\"", " class=\"confirm__buttons\"");
    let csrf = offer.value("csrf");
    let mut fields = vec![("csrf".to_owned(), csrf)];
    for piece in offer.text.split("<textarea name=\"").skip(1) {
        let (name, rest) = piece.split_once('"').unwrap();
        let (_, value) = rest.split_once(">\n").unwrap();
        fields.push((name.to_owned(), value.split_once("</textarea>").unwrap().0.to_owned()));
    }
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    person.post_as_it_is(&action, &fields).await
}

on_both_databases! {
    async fn h07_the_same_form_an_hour_later_does_nothing_and_is_offered_once_more(app: TestApp) {
        app.ledger(LEDGER).await;
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let cleo = app.signed_in(CLEO).await;
        let (invoice, page) = sent_late(&app, &cleo, &[]).await;
        assert_eq!(page.status, 401);
        page.says("Your session had ended, so nothing was done.").says("Sign in").says_not("40.00");
        let wrong = [("email", CLEO), ("password", "a wrong password"), ("carried", &page.value("carried"))];
        let again = cleo.post_as_it_is("/sign-in", &wrong).await;
        assert_eq!(again.value("carried"), page.value("carried"), "a typing error does not lose it");
        let offer = sign_in(&cleo, CLEO, &page).await;
        assert_eq!(offer.status, 200);
        offer.says("Do it now?").says("Record a payment").says("40.00").says("2025-12-01");
        assert!(offer.words().contains("a note in \"quotes\" & <tags>"), "{}", offer.words());
        cleo.get(&invoice).await.says("100.00").says_not("60.00");
        do_it(&cleo, &offer).await;
        cleo.get(&invoice).await.says("60.00");
    }

    async fn h07_settings_are_offered_in_words_without_what_their_page_sends_for_itself(app: TestApp) {
        app.add_person(app.organisation, "ada@acme.example", Role::Admin).await;
        let ada = app.signed_in("ada@acme.example").await;
        let page = ada.get("/settings/organisation").await;
        let (csrf, seen) = (page.value("csrf"), page.value("seen"));
        app.clock.advance(TimeDelta::hours(1));
        let form = [
            ("csrf", csrf.as_str()),
            ("seen", seen.as_str()),
            ("name", "Acme & Sons"),
            ("time_zone", "UTC"),
            ("currency", "EUR"),
            ("payment_terms", "30"),
        ];
        let late = ada.post_as_it_is("/settings/organisation", &form).await;
        let offer = sign_in(&ada, "ada@acme.example", &late).await;
        offer.says("<h2>Save the settings</h2>").says("<dt>Time zone</dt>").says_not("<dt>Seen</dt>");
    }

    async fn h07_leaving_it_does_nothing(app: TestApp) {
        app.ledger(LEDGER).await;
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let cleo = app.signed_in(CLEO).await;
        let referer = format!("{}/customers", app.url);
        let (invoice, page) = sent_late(&app, &cleo, &[("Referer", &referer)]).await;
        let offer = sign_in(&cleo, CLEO, &page).await;
        offer.says("<a class=\"button\" href=\"/customers\">Leave it</a>");
        cleo.get(&invoice).await.says_not("60.00");
    }

    async fn h07_a_form_that_htmx_sent_gets_the_same_page(app: TestApp) {
        app.ledger(LEDGER).await;
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let cleo = app.signed_in(CLEO).await;
        let (invoice, page) = sent_late(&app, &cleo, &[("HX-Request", "true")]).await;
        assert_eq!(page.status, 401);
        page.says("Your session had ended").says("name=\"carried\"");
        assert_eq!(do_it(&cleo, &sign_in(&cleo, CLEO, &page).await).await.status, 200);
        cleo.get(&invoice).await.says("60.00");
    }

    async fn h07_it_is_offered_to_nobody_else_and_not_after_half_a_day(app: TestApp) {
        app.ledger(LEDGER).await;
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        app.add_person(app.organisation, "eve@acme.example", Role::Clerk).await;
        let cleo = app.signed_in(CLEO).await;
        let (_, page) = sent_late(&app, &cleo, &[]).await;
        assert!(!page.value("carried").contains("40.00") && !page.value("carried").is_empty());
        let eve = sign_in(&cleo, "eve@acme.example", &page).await;
        assert_eq!(eve.url, "/invoices");
        eve.says_not("Do it now?");
        let carried = page.value("carried");
        let other = if carried[40..].starts_with('A') { "B" } else { "A" };
        let changed = [&carried[..40], other, &carried[41..]].concat();
        let form = [("email", CLEO), ("password", PASSWORD), ("carried", changed.as_str())];
        cleo.post_as_it_is("/sign-in", &form).await.says_not("Do it now?");
        app.clock.advance(TimeDelta::hours(12));
        sign_in(&cleo, CLEO, &page).await.says_not("Do it now?");
    }

    async fn h07_a_form_of_one_organisation_is_not_offered_in_another(app: TestApp) {
        let birch = app.another_organisation("Birch Trading").await;
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        app.add_person(birch, CLEO, Role::Clerk).await;
        let cleo = app.signed_in(CLEO).await;
        let csrf = cleo.get("/suppressions").await.value("csrf");
        app.clock.advance(TimeDelta::hours(1));
        let elsewhere = app.signed_in(CLEO).await;
        app.clock.advance(TimeDelta::minutes(1));
        elsewhere.post("/current-organisation", &[("organisation", &birch.to_string())]).await;
        let form = [("csrf", csrf.as_str()), ("address", "ar@acme-customer.example"), ("note", "Asked us.")];
        let page = cleo.send("POST", "/suppressions", &form, &[]).await;
        let there = sign_in(&cleo, CLEO, &page).await;
        there.says_not("Do it now?").says("<p class=\"side__organisation\">Birch Trading</p>");
        app.clock.advance(TimeDelta::minutes(1));
        elsewhere.post("/current-organisation", &[("organisation", &app.organisation.to_string())]).await;
        let form = [("email", CLEO), ("password", PASSWORD), ("carried", &page.value("carried"))];
        app.visitor().post_as_it_is("/sign-in", &form).await.says("Do it now?").says("Suppress an address");
    }

    async fn h07_a_long_text_is_carried_too_and_a_stranger_is_heard_to_no_such_length(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Admin).await;
        let cleo = app.signed_in(CLEO).await;
        let editor = "/automations/email-notifications/invoice-reminder";
        let page = cleo.get(editor).await;
        let (csrf, basis, message) = (page.value("csrf"), page.value("basis"), "Please pay. ".repeat(4_000));
        app.clock.advance(TimeDelta::hours(1));
        let form = [("csrf", csrf.as_str()), ("basis", &basis), ("subject", "A long one"), ("message", &message)];
        let page = cleo.send("POST", &format!("{editor}/drafts"), &form, &[]).await;
        assert!(page.value("carried").len() > 40_000, "{}", page.words());
        let carried = [("email", CLEO), ("password", PASSWORD), ("carried", &page.value("carried"))];
        assert_eq!(app.visitor().post_as_it_is("/sign-in", &carried).await.status, 413);
        let offer = sign_in(&cleo, CLEO, &page).await;
        assert_eq!(do_it(&cleo, &offer).await.status, 200);
        cleo.get(editor).await.says("A long one");
    }

    async fn h07_what_the_sessions_own_page_did_not_send_is_not_carried(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let cleo = app.signed_in(CLEO).await;
        let csrf = cleo.get("/invoices").await.value("csrf");
        app.clock.advance(TimeDelta::hours(1));
        let forms: [&[(&str, &str)]; 3] = [
            &[("csrf", "0000"), ("name", "Eve")],
            &[("name", "Eve")],
            // A password is never put into a page.
            &[("csrf", &csrf), ("current", PASSWORD), ("password", PASSWORD)],
        ];
        for form in forms {
            let page = cleo.send("POST", "/settings/profile/password", form, &[]).await;
            assert_eq!((page.url.as_str(), page.value("carried").as_str()), ("/sign-in", ""), "{form:?}");
        }
        let foreign = [("Origin", "http://elsewhere.example")];
        assert_eq!(cleo.send("POST", "/settings/profile/name", &[("csrf", &csrf)], &foreign).await.status, 403);
    }
}
