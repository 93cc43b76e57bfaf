//! Who has lost their second factor: an admin helps, or whoever runs the installation.

use chrono::TimeDelta;
use dunlin::domain::person::Role;

use crate::support::program::Machine;
use crate::support::{PASSWORD, Page, Person, TestApp, on_both_databases};

const CLEO: &str = "cleo@acme.example";

/// Somebody with a second factor that nobody has the app of any more, and the address under which it is removed.
async fn who_lost_it(app: &TestApp, admin: &Person, email: &str) -> String {
    app.sql(&format!("UPDATE person SET totp_secret = 'sealed' WHERE email = '{email}'"));
    let users = admin.get("/settings/users").await;
    let row = users.text.split("<tr>").skip(1).find(|row| row.contains(email)).unwrap().to_owned();
    format!("/settings/users/{}/two-factor/removal", &row.split_once("/settings/users/").unwrap().1[..36])
}

async fn ask(admin: &Person, removal: &str) -> Page {
    admin.get(&format!("{removal}/edit")).await
}

on_both_databases! {
    async fn an_admin_removes_it_after_a_question_and_the_person_is_told_and_signed_out(app: TestApp) {
        let admin = app.admin().await;
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let cleo = app.signed_in(CLEO).await;
        let removal = who_lost_it(&app, &admin, CLEO).await;
        app.sql(&format!(
            "INSERT INTO recovery_code (person_id, code_hash) SELECT id, 'hash' FROM person WHERE email = '{CLEO}'"
        ));
        admin.get("/settings/users").await.says("Remove second factor of The clerk");
        ask(&admin, &removal).await.says("Remove second factor?").says(CLEO).says("All their sessions end");
        let refused = admin.post(&removal, &[("current", "another password of theirs")]).await;
        assert_eq!(refused.status, 422);
        refused.says("Your own password").says("That is not your current password.");
        assert_eq!(cleo.get("/invoices").await.url, "/invoices", "a question changes nothing, nor does a wrong password");
        admin.post(&removal, &[("current", PASSWORD)]).await.says_not("Remove second factor of The clerk");
        assert_eq!(cleo.get("/invoices").await.url, "/sign-in");
        assert_eq!(app.visitor().sign_in(CLEO, PASSWORD).await.url, "/invoices");
        assert_eq!(app.texts("SELECT code_hash AS text FROM recovery_code").len(), 0);
        admin
            .get("/settings/audit-log")
            .await
            .says("Second factor of a user removed")
            .says("cleo@acme.example. All their sessions ended.");
        app.send_now().await;
        let mails = app.sink.deliveries();
        let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
        assert_eq!(mail.recipient, CLEO);
        let mail = mail_parser::MessageParser::default().parse(mail.text.as_bytes()).unwrap();
        assert_eq!(mail.subject(), Some("Your second factor for Dunlin was removed"));
        let text = mail.body_text(0).unwrap();
        assert!(text.contains("The admin, an admin of your organisation, removed the second factor"), "{text}");
        assert!(text.contains("tell an admin of Acme Receivables."), "{text}");
        assert_eq!(admin.post(&removal, &[("current", PASSWORD)]).await.status, 422, "there is none any more");
    }

    async fn where_everybody_needs_it_they_set_it_up_anew_at_the_next_sign_in(app: TestApp) {
        let admin = app.admin().await;
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let removal = who_lost_it(&app, &admin, CLEO).await;
        app.sql("UPDATE person SET totp_secret = 'sealed'");
        admin.post("/settings/two-factor", &[("required", "true")]).await;
        ask(&admin, &removal).await.says("has to set up a new second factor at once");
        let token = admin.get("/settings/users").await.value("csrf");
        admin.post_as_it_is(&removal, &[("csrf", &token), ("current", PASSWORD)]).await;
        assert_eq!(app.visitor().sign_in(CLEO, PASSWORD).await.url, "/settings/profile/two-factor");
    }

    async fn nobody_removes_their_own_or_that_of_who_works_elsewhere_too(app: TestApp) {
        app.add_person(app.organisation, "ada@acme.example", Role::Admin).await;
        let ada = app.signed_in("ada@acme.example").await;
        let own = who_lost_it(&app, &ada, "ada@acme.example").await;
        ask(&ada, &own).await.says("is switched off under Settings &#62; Profile, with your password.");
        assert_eq!(ada.post(&own, &[]).await.status, 422);
        let other = app.another_organisation("Other Ltd").await;
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        app.add_person(other, CLEO, Role::Viewer).await;
        let removal = who_lost_it(&app, &ada, CLEO).await;
        // Also where they are disabled there: they may be enabled again.
        for _ in 0..2 {
            for page in [ask(&ada, &removal).await, ada.post(&removal, &[("current", PASSWORD)]).await] {
                page.says("Only whoever runs this installation").says_not("another organisation").says_not("Other Ltd");
                page.says("dunlin user remove-second-factor cleo@acme.example");
            }
            app.sql(&format!(
                "UPDATE membership SET disabled_at = CURRENT_TIMESTAMP WHERE organisation_id = '{other}'"
            ));
        }
        assert_eq!(app.texts("SELECT email AS text FROM person WHERE totp_secret IS NOT NULL").len(), 2);
        app.send_now().await;
        assert!(app.sink.deliveries().is_empty());
    }

    async fn another_organisations_people_keep_theirs(app: TestApp) {
        let other = app.another_organisation("Other Ltd").await;
        app.add_person(other, "boss@other.example", Role::Admin).await;
        app.add_person(other, "eve@other.example", Role::Clerk).await;
        let boss = app.signed_in("boss@other.example").await;
        let removal = who_lost_it(&app, &boss, "eve@other.example").await;
        let admin = app.admin().await;
        assert_eq!(ask(&admin, &removal).await.status, 404);
        assert_eq!(admin.post(&removal, &[("current", PASSWORD)]).await.status, 404);
        assert_eq!(boss.post(&removal, &[("current", PASSWORD)]).await.status, 200);
    }

    async fn codes_that_were_wrong_make_nobody_wait_who_sets_it_up_anew(app: TestApp) {
        let admin = app.admin().await;
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let removal = who_lost_it(&app, &admin, CLEO).await;
        let cleo = app.visitor();
        for _ in 0..9 {
            cleo.sign_in(CLEO, PASSWORD).await;
            cleo.post_as_it_is("/sign-in/code", &[("code", "000000")]).await;
            app.clock.advance(TimeDelta::minutes(1));
        }
        admin.post(&removal, &[("current", PASSWORD)]).await;
        let cleo = app.signed_in(CLEO).await;
        let form = [("code", "000000"), ("current", PASSWORD)];
        assert_eq!(cleo.post("/settings/profile/two-factor", &form).await.status, 422);
    }
}

#[actix_web::test]
async fn whoever_runs_the_installation_removes_it_by_command() {
    for machine in Machine::on_both() {
        let organisation = |name| machine.run(&["organisation", "add", "--name", name]).out.trim().to_owned();
        let [acme, birch] = ["Acme", "Birch"].map(organisation);
        let who = ["user", "add", "--email", "ada@acme.example", "--name", "Ada", "--role", "admin"];
        for organisation in [&acme, &birch] {
            let of = ["--organisation", organisation, "--password-stdin"];
            machine.run_with(&[who.as_slice(), &of].concat(), PASSWORD);
        }
        let remove = |email| machine.run(&["user", "remove-second-factor", email]);
        let refused = remove("eve@acme.example");
        assert!(refused.err.contains("There is no user with the address eve@acme.example."), "{refused:?}");
        let refused = remove("ada@acme.example");
        assert!(refused.code == Some(1) && refused.err.contains("Ada has no second factor."), "{refused:?}");
        let (running, url) = machine.serve();
        let ada = Person::new(&url);
        ada.sign_in("ada@acme.example", PASSWORD).await;
        set_up(&ada).await;
        let told = remove("ADA@acme.example");
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(
            told.out,
            "ADA@acme.example signs in with the password alone now, and is told so by mail.\n"
        );
        assert_eq!(ada.get("/invoices").await.url, "/sign-in");
        let again = ada.sign_in("ada@acme.example", PASSWORD).await;
        assert_eq!(again.url, "/invoices");
        ada.get("/settings/audit-log").await.says("ada@acme.example, by command. All their sessions ended.");
        ada.post("/current-organisation", &[("organisation", &birch)]).await;
        ada.get("/settings/audit-log").await.says("ada@acme.example, by command. All their sessions ended.");
        drop(running);
    }
}

/// Sets the second factor up with the app's code of now.
async fn set_up(person: &Person) {
    let page = person.get("/settings/profile/two-factor").await;
    let secret = page.between("<code class=\"wrap\">", "</code>", "").replace(' ', "");
    let typed = crate::two_factor::code_at(chrono::Utc::now(), &secret, 0);
    let form = [("offered", page.value("offered")), ("code", typed), ("current", PASSWORD.to_owned())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    person.post("/settings/profile/two-factor", &form).await.says("Recovery codes");
}
