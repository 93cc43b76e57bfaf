//! Inviting somebody by a link in a mail.

use chrono::TimeDelta;
use dunlin::domain::person::Role;

use crate::support::{PASSWORD, Person, Whim, on_both_databases};

const ADA: &str = "ada@newcomer.example";

async fn invite(admin: &Person, email: &str, role: &str) -> crate::support::Page {
    admin.post("/settings/invitations", &[("email", email), ("role", role)]).await
}

/// The id of the only invitation.
async fn invitation(admin: &Person) -> String {
    admin.get("/settings/users").await.between("action=\"/settings/invitations/", "/resending", "")
}

on_both_databases! {
    async fn an_invitation_makes_a_user_with_the_role_once(app: TestApp) {
        let admin = app.admin().await;
        invite(&admin, ADA, "support").await.says(ADA).says("The mail is on its way");
        let link = app.link_to(ADA).await;
        admin.get("/settings/users").await.says("Sent; can be accepted until 8 Dec 2025, 09:00");
        let visitor = app.visitor();
        visitor.get(&link).await.says("Join Acme Receivables").says("as support");
        let weak = visitor.post_as_it_is(&link, &[("name", ""), ("password", "short")]).await;
        assert_eq!(weak.status, 422);
        weak.says("Your name: it is empty.").says("Password: a password has 12 to 128 characters, and not blanks alone.");
        let joined = visitor.post_as_it_is(&link, &[("name", "Ada"), ("password", PASSWORD)]).await;
        assert_eq!((joined.status.as_u16(), joined.url.as_str()), (200, "/invoices"));
        joined.says("Ada").says("support").says_not("Imports");
        for person in [&visitor, &app.visitor()] {
            let again = person.get(&link).await;
            assert_eq!(again.status, 410);
            again.says("This invitation does not work any more");
            let again = person.post_as_it_is(&link, &[("name", "Eve"), ("password", PASSWORD)]).await;
            assert_eq!(again.status, 410);
        }
        assert_eq!(app.signed_in(ADA).await.get("/invoices").await.url, "/invoices");
        admin.get("/settings/users").await.says(ADA).says_not("Invited");
    }

    async fn an_invitation_works_for_seven_days(app: TestApp) {
        let admin = app.admin().await;
        invite(&admin, ADA, "clerk").await;
        let link = app.link_to(ADA).await;
        app.clock.advance(TimeDelta::days(7) - TimeDelta::seconds(30));
        assert_eq!(app.visitor().get(&link).await.status, 200);
        app.clock.advance(TimeDelta::seconds(31));
        assert_eq!(app.visitor().get(&link).await.status, 410);
        app.admin().await.get("/settings/users").await.says("Expired 8 Dec 2025, 09:00");
    }

    async fn sending_again_replaces_the_link_and_withdrawing_ends_it(app: TestApp) {
        let admin = app.admin().await;
        invite(&admin, ADA, "clerk").await;
        let first = app.link_to(ADA).await;
        let id = invitation(&admin).await;
        admin.post(&format!("/settings/invitations/{id}/resending"), &[]).await;
        let second = app.link_to(ADA).await;
        assert_ne!(first, second);
        assert_eq!(app.visitor().get(&first).await.status, 410);
        assert_eq!(app.visitor().get(&second).await.status, 200);
        admin.post(&format!("/settings/invitations/{id}/withdrawal"), &[]).await.says_not(ADA);
        assert_eq!(app.visitor().get(&second).await.status, 410);
        assert_eq!(admin.post(&format!("/settings/invitations/{id}/withdrawal"), &[]).await.status, 404);
        assert_eq!(admin.post(&format!("/settings/invitations/{id}/resending"), &[]).await.status, 404);
    }

    async fn who_was_withdrawn_before_the_mail_left_gets_none(app: TestApp) {
        let admin = app.admin().await;
        invite(&admin, ADA, "clerk").await;
        let id = invitation(&admin).await;
        admin.post(&format!("/settings/invitations/{id}/withdrawal"), &[]).await;
        app.send_now().await;
        assert!(app.sink.deliveries().is_empty());
    }

    async fn who_has_an_account_elsewhere_joins_with_it_after_signing_in(app: TestApp) {
        let other = app.another_organisation("Other Ltd").await;
        app.add_person(other, ADA, Role::Admin).await;
        let admin = app.admin().await;
        invite(&admin, ADA, "viewer").await;
        let link = app.link_to(ADA).await;
        let ada = app.visitor();
        ada.get(&link).await.says("You have an account with this address.").says_not("Your name");
        let forced = ada.post_as_it_is(&link, &[("name", "Eve"), ("password", "another password")]).await;
        assert_eq!(forced.status, 403, "no second account, no other password");
        forced.says("You have an account with this address.");
        let stranger = app.clerk().await;
        stranger.get(&link).await.says("you are signed in as clerk-").says_not(">Join<");
        let refused = stranger.post(&format!("{link}/acceptance"), &[]).await;
        assert_eq!(refused.status, 403);
        refused.says("This invitation is for somebody else").says("Sign out");
        ada.sign_in(ADA, PASSWORD).await;
        ada.get(&link).await.says(">Join<");
        let joined = ada.post(&format!("{link}/acceptance"), &[]).await;
        assert_eq!(joined.url, "/invoices");
        joined.says("Acme Receivables").says("viewer");
        admin.get("/settings/users").await.says(ADA);
    }

    async fn nobody_is_invited_twice_or_who_is_there_already(app: TestApp) {
        let admin = app.admin().await;
        invite(&admin, ADA, "clerk").await;
        let again = invite(&admin, "ADA@newcomer.example", "admin").await;
        assert_eq!(again.status, 422);
        again.says("is invited already. Send the invitation again below.");
        app.add_person(app.organisation, "cleo@acme.example", Role::Clerk).await;
        invite(&admin, "cleo@acme.example", "admin").await.says("cleo@acme.example is a user already.");
        invite(&admin, "a@b.example, c@d.example", "clerk").await.says("is not one e-mail address");
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn a_link_begins_with_the_base_address_whatever_the_request_says(app: TestApp) {
        let admin = app.admin().await;
        let csrf = admin.get("/invoices").await.value("csrf");
        let fields = [("csrf", csrf.as_str()), ("email", ADA), ("role", "clerk")];
        let headers = [("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")];
        assert_eq!(admin.send("POST", "/settings/invitations", &fields, &headers).await.status, 200);
        assert!(app.link_to(ADA).await.starts_with("/invitations/"));
        assert!(!app.sink.deliveries()[0].text.contains("evil.example"));
    }

    async fn a_link_is_stored_readable_neither_before_nor_after_its_mail_has_left(app: TestApp) {
        let admin = app.admin().await;
        invite(&admin, ADA, "clerk").await;
        let before = app.everything_stored();
        let link = app.link_to(ADA).await;
        let secret = link.rsplit('/').next().unwrap();
        assert!(secret.len() >= 43, "256 bits");
        assert!(before.contains(ADA) && !before.contains(secret));
        let after = app.everything_stored();
        assert!(after.contains(ADA) && !after.contains(secret));
        assert_eq!(app.seeds(), 0, "what the link is made from is forgotten");
    }

    async fn a_mail_that_failed_is_told_and_its_link_forgotten(app: TestApp) {
        let admin = app.admin().await;
        app.sink.misbehave(ADA, Whim::Reply("RCPT", "550 5.1.1 no such user"));
        invite(&admin, ADA, "clerk").await;
        assert_eq!(app.seeds(), 1);
        app.send_now().await;
        assert_eq!(app.seeds(), 0);
        admin.get("/settings/users").await.says("Not sent. The address does not exist: 550 5.1.1 no such user");
    }

    async fn whose_name_is_not_known_is_written_to_without_one(app: TestApp) {
        invite(&app.admin().await, ADA, "clerk").await;
        app.send_now().await;
        let text = app.sink.deliveries().remove(0).text;
        assert!(text.contains(&format!("\nTo: {ADA}\n")), "{text}");
    }

    async fn an_invitation_goes_before_the_reminders_of_a_batch(app: TestApp) {
        let lines: Vec<String> =
            (0..150).map(|n| format!("INV-{n}, Customer {n}, c{n}@customer.example, 10.00, -5, Sent")).collect();
        app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let (admin, clerk) = (app.admin().await, app.clerk().await);
        let confirmation = clerk.post("/reminder-proposals", &[("matching", "150"), ("list", "/invoices?tab=overdue")]).await;
        clerk.confirm(&confirmation).await;
        app.clock.advance(TimeDelta::minutes(1));
        invite(&admin, ADA, "clerk").await;
        app.send_now().await;
        let deliveries = app.sink.deliveries();
        assert_eq!(deliveries.len(), 151);
        let place = deliveries.iter().position(|mail| mail.recipient == ADA).unwrap();
        assert!(place < 8, "it was number {place}");
    }
}
