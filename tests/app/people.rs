//! Who may do what, and who is who.

use chrono::TimeDelta;
use dunlin::domain::person::Role;

use crate::support::{PASSWORD, on_both_databases};

const CLEO: &str = "cleo@acme.example";

const LEDGER: &[&str] = &["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"];

on_both_databases! {
    async fn what_is_over_of_sessions_and_tries_is_thrown_away_when_somebody_signs_in_or_fails_to(app: TestApp) {
        let count = |table: &str| app.texts(&format!("SELECT 'x' AS text FROM {table}")).len();
        for number in 0..3 {
            app.visitor().sign_in(&format!("nobody-{number}@acme.example"), "wrong").await;
        }
        app.person(Role::Clerk).await;
        assert_eq!((count("session"), count("sign_in_failure")), (1, 4), "three accounts and an address");
        app.clock.advance(TimeDelta::hours(13));
        app.visitor().sign_in("late@acme.example", "wrong").await;
        app.person(Role::Clerk).await;
        assert_eq!((count("session"), count("sign_in_failure")), (1, 5));
        app.clock.advance(TimeDelta::hours(12) + TimeDelta::seconds(1));
        app.visitor().sign_in("last@acme.example", "wrong").await;
        app.person(Role::Clerk).await;
        assert_eq!((count("session"), count("sign_in_failure")), (1, 3), "those of twelve hours ago still count");
    }

    async fn nobody_reads_a_page_without_signing_in(app: TestApp) {
        let page = app.visitor().get("/invoices?tab=paid").await;
        assert_eq!(page.url, "/sign-in");
        assert_eq!(page.value("next"), "/invoices?tab=paid");
    }

    async fn a_wrong_password_and_an_unknown_address_get_the_same_answer_and_many_have_to_wait(app: TestApp) {
        app.admin().await;
        let visitor = app.visitor();
        for _ in 0..4 {
            visitor.sign_in("nobody@acme.example", PASSWORD).await.says("E-mail or password is wrong.");
        }
        visitor.sign_in("nobody@acme.example", PASSWORD).await.says("Wait 1 second,");
    }

    async fn support_and_viewers_have_no_send_button_and_a_post_is_refused(app: TestApp) {
        app.ledger(LEDGER).await;
        let id = app.clerk().await.invoice_id("INV-1").await;
        for person in [app.support().await, app.viewer().await] {
            person.get("/invoices").await.says("INV-1").says_not("Send reminder").says_not("Bulk actions");
            assert_eq!(person.post("/reminder-proposals", &[("invoice", &id)]).await.status, 403);
            assert_eq!(person.post("/reminder-batches", &[]).await.status, 403);
            assert_eq!(person.post(&format!("/invoices/{id}/full-payment"), &[]).await.status, 403);
            assert_eq!(person.get("/imports").await.status, 403);
        }
    }

    async fn a_form_without_the_sessions_token_is_refused(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let id = clerk.invoice_id("INV-1").await;
        assert_eq!(clerk.post_as_it_is(&format!("/invoices/{id}/full-payment"), &[]).await.status, 403);
        let forged = [("csrf", "0000")];
        assert_eq!(clerk.post_as_it_is(&format!("/invoices/{id}/full-payment"), &forged).await.status, 403);
        clerk.get(&format!("/invoices/{id}")).await.says("Overdue");
    }

    async fn neither_signing_in_nor_choosing_colours_leads_to_another_site(app: TestApp) {
        let clerk = app.clerk().await;
        for next in ["%09/127.0.0.1:1/x", "%0a/127.0.0.1:1/x", "%5c127.0.0.1:1/x", "%00/x"] {
            let page = clerk.get(&format!("/sign-in?next=/{next}")).await;
            assert_eq!((page.status.as_u16(), page.url.as_str()), (200, "/invoices"), "{next}");
        }
        for back in ["/\t/127.0.0.1:1/x", "/\0/x", "//127.0.0.1:1/x"] {
            let page = clerk.post("/theme", &[("theme", "dark"), ("back", back)]).await;
            assert_eq!((page.status.as_u16(), page.url.as_str()), (200, "/invoices"), "{back:?}");
        }
    }

    async fn h22_brute_force_has_to_wait_longer_each_time_and_nobody_is_locked_out(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let visitor = app.visitor();
        let mut waits = Vec::new();
        for _ in 0..14 {
            visitor.sign_in(CLEO, "a wrong password").await;
            let refused = visitor.sign_in(CLEO, "a wrong password").await;
            let Some((_, rest)) = refused.text.split_once("Wait ") else { continue };
            assert_eq!(refused.status, 429);
            let seconds: i64 = rest.split_once(' ').unwrap().0.parse().unwrap();
            waits.push(seconds);
            // Also who knows the password has to wait; not a moment longer, and not for good.
            assert_eq!(visitor.sign_in(CLEO, PASSWORD).await.status, 429);
            app.clock.advance(TimeDelta::seconds(seconds));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(visitor.sign_in(CLEO, PASSWORD).await.url, "/invoices");
        app.visitor().sign_in(CLEO, "a wrong password").await.says("E-mail or password is wrong.");
    }

    async fn h22_a_thousand_tries_at_once_are_not_a_thousand_tries(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let visitor = app.visitor();
        let tries = (0..60).map(async |n| visitor.sign_in(CLEO, &format!("wrong password {n}")).await.status.as_u16());
        let statuses = futures_util::future::join_all(tries).await;
        let checked = statuses.iter().filter(|status| **status == 422).count();
        assert!((4..=8).contains(&checked), "{checked} passwords were looked at");
        assert!(statuses.iter().all(|status| [422, 429].contains(status)), "{statuses:?}");
    }

    async fn h22_tries_at_many_accounts_from_one_address_have_to_wait_too(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let visitor = app.visitor();
        for n in 0..4 {
            visitor.sign_in(&format!("somebody{n}@acme.example"), PASSWORD).await;
        }
        visitor.sign_in(CLEO, PASSWORD).await.says("Wait 1 second,");
        app.clock.advance(TimeDelta::hours(24) + TimeDelta::seconds(1));
        visitor.sign_in("somebody@acme.example", PASSWORD).await.says("E-mail or password is wrong.");
        assert_eq!(visitor.sign_in(CLEO, PASSWORD).await.url, "/invoices", "what was a day ago counts no more");
    }

    async fn h22_who_signs_in_to_their_own_account_has_not_undone_their_tries_at_others(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        app.add_person(app.organisation, "eve@acme.example", Role::Viewer).await;
        let eve = app.visitor();
        for n in 0..4 {
            eve.sign_in(&format!("somebody{n}@acme.example"), PASSWORD).await;
            app.clock.advance(TimeDelta::seconds(2));
            assert_eq!(eve.sign_in("eve@acme.example", PASSWORD).await.url, "/invoices");
        }
        eve.sign_in(CLEO, "a wrong password").await.says("E-mail or password is wrong.");
        eve.sign_in(CLEO, "another wrong password").await.says("Wait 2 seconds,");
        // Nor do they count for ever: an address may be that of an office.
        app.clock.advance(TimeDelta::hours(1) + TimeDelta::seconds(1));
        eve.sign_in("somebody@acme.example", PASSWORD).await.says("E-mail or password is wrong.");
        assert_eq!(eve.sign_in(CLEO, PASSWORD).await.url, "/invoices");
    }

    async fn h23_a_session_ends_after_half_an_hour_of_silence(app: TestApp) {
        let clerk = app.clerk().await;
        app.clock.advance(TimeDelta::minutes(29));
        assert_eq!(clerk.get("/invoices").await.url, "/invoices");
        app.clock.advance(TimeDelta::minutes(29));
        assert_eq!(clerk.get("/invoices").await.url, "/invoices");
        app.clock.advance(TimeDelta::minutes(31));
        assert_eq!(clerk.get("/invoices").await.url, "/sign-in");
    }

    async fn h23_a_page_that_polls_does_not_keep_a_session_alive(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let batch = clerk.confirm(&clerk.propose(&["INV-1"]).await).await.url;
        let polls = [(batch.clone(), "true"), (format!("{batch}?told=1"), "true")];
        for _ in 0..2 {
            for (path, htmx) in &polls {
                app.clock.advance(TimeDelta::minutes(7));
                assert_eq!(clerk.send("GET", path, &[], &[("HX-Request", htmx)]).await.status, 200);
            }
        }
        assert_eq!(clerk.send("GET", &format!("{batch}?watching"), &[], &[]).await.status, 200);
        app.clock.advance(TimeDelta::minutes(3));
        assert_eq!(clerk.send("GET", &batch, &[], &[("HX-Request", "true")]).await.status, 401);
        assert_eq!(clerk.get("/invoices").await.url, "/sign-in");
    }

    async fn h23_a_session_ends_after_twelve_hours_whatever_is_done_with_it(app: TestApp) {
        let clerk = app.clerk().await;
        for _ in 0..35 {
            app.clock.advance(TimeDelta::minutes(20));
            assert_eq!(clerk.get("/invoices").await.url, "/invoices");
        }
        app.clock.advance(TimeDelta::minutes(21));
        assert_eq!(clerk.get("/invoices").await.url, "/sign-in");
    }

    async fn h23_a_session_has_another_id_after_signing_in_and_after_a_change_of_role(app: TestApp) {
        let admin = app.admin().await;
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let cleo = app.signed_in(CLEO).await;
        let first = cleo.cookie();
        assert!(first.contains("HttpOnly") && first.contains("SameSite=Lax"), "{first}");
        cleo.sign_in(CLEO, PASSWORD).await;
        let second = cleo.cookie();
        assert_ne!(first, second);
        let with = async |cookie: &str| {
            let value = cookie.split(';').next().unwrap().to_owned();
            app.visitor().send("GET", "/invoices", &[], &[("Cookie", &value)]).await.url
        };
        assert_eq!((with(&first).await.as_str(), with(&second).await.as_str()), ("/sign-in", "/invoices"));
        let users = admin.get("/settings/users").await;
        let row = users.text.split("<tr>").skip(1).find(|row| row.contains(CLEO)).unwrap();
        let id = &row.split_once("/settings/users/").unwrap().1[..36];
        app.clock.advance(TimeDelta::minutes(5));
        admin.post(&format!("/settings/users/{id}/role"), &[("role", "support")]).await;
        assert_eq!(cleo.get("/invoices").await.url, "/invoices");
        let third = cleo.cookie();
        assert_ne!(second, third);
        assert_eq!((with(&second).await.as_str(), with(&third).await.as_str()), ("/sign-in", "/invoices"));
        let profile = cleo.get("/settings/profile").await;
        profile.says("1 Dec 2025, 09:00").says("1 Dec 2025, 09:05");
    }

    async fn h23_requests_that_come_together_after_a_change_of_role_are_all_answered(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let cleo = app.signed_in(CLEO).await;
        let known = cleo.cookie();
        let known = [("Cookie", known.split(';').next().unwrap())];
        app.sql("UPDATE membership SET role = 'viewer' WHERE role = 'clerk'");
        // What is not allowed any more renews nothing yet.
        assert_eq!(app.visitor().send("GET", "/imports", &[], &known).await.status, 403);
        let tabs: Vec<_> = (0..8).map(|_| app.visitor()).collect();
        let pages = tabs.iter().map(|tab| tab.answer("GET", "/customers", &[], &known));
        for page in futures_util::future::join_all(pages).await {
            // Who comes once it has gone on is led to sign in, and has the new id by then.
            assert!([200, 303].contains(&page.status.as_u16()), "{}", page.body);
        }
        assert_eq!(tabs.iter().filter(|tab| !tab.cookie().is_empty()).count(), 1, "one goes on");
        assert_eq!(app.visitor().send("GET", "/customers", &[], &known).await.url, "/sign-in");
    }

    async fn h23_sessions_are_listed_and_ended_one_by_one_and_all_others_at_once(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let firefox = [("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")];
        let (desk, phone, cafe) = (app.visitor(), app.visitor(), app.visitor());
        let form = [("email", CLEO), ("password", PASSWORD)];
        for person in [&desk, &phone, &cafe] {
            person.send("POST", "/sign-in", &form, &firefox).await;
        }
        let profile = desk.get("/settings/profile").await;
        assert_eq!(profile.text.matches("Firefox on Linux</th>").count(), 2);
        profile.says("Firefox on Linux <span class=\"tag\">This one</span>");
        let of_phone = phone.get("/settings/profile").await;
        let known = profile.sessions();
        let handle = known.iter().find(|handle| !of_phone.sessions().contains(handle)).unwrap();
        // A stranger's handle, and one of nobody, end nothing.
        let stranger = app.clerk().await;
        assert_eq!(stranger.post("/settings/profile/ended-sessions", &[("session", handle)]).await.status, 404);
        assert_eq!(phone.get("/invoices").await.url, "/invoices");
        desk.post("/settings/profile/ended-sessions", &[("session", handle)]).await;
        assert_eq!(phone.get("/invoices").await.url, "/sign-in");
        assert_eq!(cafe.get("/invoices").await.url, "/invoices");
        desk.post("/settings/profile/ended-sessions", &[]).await.says_not("End all others");
        assert_eq!(cafe.get("/invoices").await.url, "/sign-in");
        assert_eq!(desk.get("/invoices").await.url, "/invoices");
    }

    async fn after_signing_out_the_session_is_worth_nothing(app: TestApp) {
        let clerk = app.clerk().await;
        clerk.post("/sign-out", &[]).await;
        assert_eq!(clerk.get("/invoices").await.url, "/sign-in");
    }
}
