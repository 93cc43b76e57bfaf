//! Several organisations in one installation, and people who work in more than one.

use dunlin::domain::ids::OrganisationId;
use dunlin::domain::person::{Actor, Role};

use crate::support::{PASSWORD, Person, TestApp, Whim, on_both_databases};

const ANNA: &str = "anna@acme.example";
const EDITOR: &str = "/automations/email-notifications/invoice-reminder";

/// Anna is an admin of the test's organisation, where INV-1 is, and a viewer of Birch, where BIR-1 is.
async fn anna_in_two(app: &TestApp) -> (Person, OrganisationId) {
    app.ledger(&["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"]).await;
    let birch = app.another_organisation("Birch Trading").await;
    let csv = "customer_name,invoice_number,currency,total\nMoss,BIR-1,EUR,10\n";
    app.actions.import_ledger(Actor::System, birch, std::io::Cursor::new(csv), false).await.unwrap();
    app.add_person(app.organisation, ANNA, Role::Admin).await;
    app.add_person(birch, ANNA, Role::Viewer).await;
    (app.signed_in(ANNA).await, birch)
}

async fn switch(person: &Person, into: OrganisationId) -> u16 {
    person.post("/current-organisation", &[("organisation", &into.to_string())]).await.status.as_u16()
}

on_both_databases! {
    async fn one_switches_between_ones_organisations_and_sees_each_apart(app: TestApp) {
        let (anna, birch) = anna_in_two(&app).await;
        let here = anna.get("/invoices").await;
        here.says("INV-1").says_not("BIR-1").says("<p class=\"side__organisation\">Acme Receivables</p>");
        here.says("<title>Invoices · Acme Receivables · Dunlin</title>").says(">Birch Trading</option>");
        let invoice = anna.invoice_id("INV-1").await;
        assert_eq!(anna.get("/settings/users").await.status, 200);

        assert_eq!(switch(&anna, birch).await, 200);
        let there = anna.get("/invoices?tab=all").await;
        there.says("BIR-1").says_not("INV-1").says("<p class=\"side__organisation\">Birch Trading</p>");
        assert_eq!(anna.get("/settings/users").await.status, 403);
        assert_eq!(anna.get(&format!("/invoices/{invoice}")).await.status, 404);

        assert_eq!(switch(&anna, app.organisation).await, 200);
        anna.get(&format!("/invoices/{invoice}")).await.says("INV-1");
    }

    async fn a_batch_is_there_in_its_own_organisation_alone(app: TestApp) {
        let (anna, birch) = anna_in_two(&app).await;
        let batch = anna.confirm(&anna.propose(&["INV-1"]).await).await.url;
        assert_eq!(anna.get(&batch).await.status, 200);
        switch(&anna, birch).await;
        assert_eq!(anna.get(&batch).await.status, 404);
        anna.get("/reminders").await.says_not("INV-1");
        switch(&anna, app.organisation).await;
        assert_eq!(anna.get(&batch).await.status, 200);
        app.send_until_idle().await;
    }

    async fn what_was_shown_in_one_organisation_is_not_confirmed_in_another(app: TestApp) {
        let (anna, _) = anna_in_two(&app).await;
        let cedar = app.another_organisation("Cedar Works").await;
        app.add_person(cedar, ANNA, Role::Clerk).await;
        let shown = anna.propose(&["INV-1"]).await;
        assert_eq!(switch(&anna, cedar).await, 200);
        anna.confirm(&shown).await.says("The confirmation is not valid any more.");
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
    }

    async fn a_text_is_that_of_its_own_organisation_alone(app: TestApp) {
        let (anna, birch) = anna_in_two(&app).await;
        let basis = anna.get(EDITOR).await.value("basis");
        let text = [("basis", basis.as_str()), ("subject", "As Acme says, {{ invoice.number }}"), ("message", "Please pay.")];
        anna.post(&format!("{EDITOR}/versions"), &text).await.says("Saved.").says("As Acme says");
        switch(&anna, birch).await;
        for path in ["/automations/email-notifications", EDITOR, &format!("{EDITOR}/history")] {
            let page = anna.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            page.says_not("As Acme says");
        }
    }

    async fn what_one_organisation_imports_and_suppresses_is_nothing_to_another(app: TestApp) {
        let (anna, birch) = anna_in_two(&app).await;
        app.add_person(birch, "bea@birch.example", Role::Clerk).await;
        let bea = app.signed_in("bea@birch.example").await;
        let ledger = "customer_name,invoice_number,currency,total\nMoss,BIR-2,EUR,10\n";
        let checked = bea.upload("birch-ledger.csv", ledger, false).await;
        bea.post(&format!("{}/write", checked.url), &[]).await;
        bea.get("/imports").await.says("birch-ledger.csv");
        anna.get("/imports").await.says_not("birch-ledger.csv");
        bea.post("/suppressions", &[("address", "ar@acme-customer.example")]).await.says("ar@acme-customer.example");
        anna.get("/suppressions").await.says_not("ar@acme-customer.example");
        anna.confirm(&anna.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn what_waits_in_one_organisation_is_not_told_in_the_other(app: TestApp) {
        let (anna, birch) = anna_in_two(&app).await;
        app.add_person(birch, "bea@birch.example", Role::Admin).await;
        let bea = app.signed_in("bea@birch.example").await;
        anna.confirm(&anna.propose(&["INV-1"]).await).await;
        app.sql("UPDATE installation SET relay_down_since = '2025-12-01 09:00:00', relay_problem = 'refused'");
        anna.get("/invoices").await.says("; 1 waiting. The mail server cannot be reached (refused).");
        bea.get("/invoices").await.says("; 0 waiting. The mail server cannot be reached (refused).");
        anna.get("/settings/sending").await.says("<dt>Waiting</dt><dd>1</dd>");
        bea.get("/settings/sending").await.says("<dt>Waiting</dt><dd>0</dd>");
        app.send_until_idle().await;
    }

    async fn what_the_mail_server_says_of_one_organisations_sender_is_not_told_in_another(app: TestApp) {
        let (anna, birch) = anna_in_two(&app).await;
        app.add_person(birch, "bea@birch.example", Role::Admin).await;
        let bea = app.signed_in("bea@birch.example").await;
        let quoting = "553 5.1.8 <ar@acme.example>: no mail from Acme";
        app.sink.misbehave("", Whim::Reply("banner", quoting));
        let batch = anna.confirm(&anna.propose(&["INV-1"]).await).await.url;
        app.send_until_idle().await;
        let told = "The mail server takes no mail from here (reply 553 5.1.8).";
        for path in ["/invoices", "/settings/sending", "/settings/mail-server"] {
            let page = bea.get(path).await;
            page.says(told).says_not("ar@acme.example").says_not("no mail from Acme");
        }
        let stored = app.texts("SELECT relay_problem AS text FROM installation");
        assert_eq!(stored, ["refused: reply 553 5.1.8"]);
        app.sink.behave();
        app.sink.misbehave("", Whim::Reply("MAIL", quoting));
        app.send_now().await;
        bea.get("/invoices").await.says_not("Mail server").says_not("no mail from Acme");
        // Of its own mails an organisation reads everything.
        let id = anna.get("/reminders?q=INV-1").await.between("href=\"/reminders/", "\"", " aria-label");
        for path in [batch, format!("/reminders/{id}")] {
            anna.get(&path).await.says("553 5.1.8 &#60;ar@acme.example&#62;: no mail from Acme");
        }
    }

    async fn switching_renews_the_session_and_makes_the_forms_of_before_worthless(app: TestApp) {
        let (anna, birch) = anna_in_two(&app).await;
        let token = anna.get("/suppressions").await.value("csrf");
        let known = anna.cookie();
        assert_eq!(switch(&anna, birch).await, 200);
        assert_ne!(anna.cookie(), known);
        let cookie = known.split(';').next().unwrap();
        let with_it = [("Cookie", cookie)];
        assert_eq!(app.visitor().send("GET", "/invoices", &[], &with_it).await.url, "/sign-in");
        // A tab that is still open on the organisation before.
        let stale = [("csrf", token.as_str()), ("theme", "dark")];
        let page = anna.send("POST", "/theme", &stale, &[]).await;
        assert_eq!(page.status, 403);
        page.says("This form was not sent from a current page of Dunlin.");
    }

    async fn of_two_clicks_on_the_switch_one_counts_and_the_other_breaks_nothing(app: TestApp) {
        let (anna, birch) = anna_in_two(&app).await;
        let token = anna.get("/suppressions").await.value("csrf");
        let known = anna.cookie();
        let known = [("Cookie", known.split(';').next().unwrap())];
        let birch = birch.to_string();
        let form = [("csrf", token.as_str()), ("organisation", birch.as_str())];
        let tabs = [app.visitor(), app.visitor(), app.visitor()];
        let clicks = tabs.iter().map(|tab| tab.answer("POST", "/current-organisation", &form, &known));
        for answer in futures_util::future::join_all(clicks).await {
            assert!(answer.status == 303, "{}", answer.body);
        }
        let entered = app.texts("SELECT event AS text FROM audit WHERE event = 'organisation.entered'");
        assert_eq!(entered.len(), 1);
        let went_on = tabs.iter().find(|tab| !tab.cookie().is_empty()).unwrap();
        went_on.get("/invoices").await.says("<p class=\"side__organisation\">Birch Trading</p>");
    }

    async fn signing_in_leads_to_the_organisation_one_worked_in_last(app: TestApp) {
        let (anna, birch) = anna_in_two(&app).await;
        let begins_in = async |name: &str| {
            app.clock.advance(chrono::TimeDelta::minutes(1));
            let again = app.signed_in(ANNA).await;
            again.get("/invoices").await.says(&format!("<p class=\"side__organisation\">{name}</p>"));
            app.clock.advance(chrono::TimeDelta::minutes(1));
        };
        begins_in("Acme Receivables").await;
        switch(&anna, birch).await;
        begins_in("Birch Trading").await;
        switch(&anna, app.organisation).await;
        begins_in("Acme Receivables").await;
    }

    async fn when_somebody_was_last_here_tells_nothing_of_where_else_they_work(app: TestApp) {
        let (anna, birch) = anna_in_two(&app).await;
        app.add_person(birch, "bea@birch.example", Role::Admin).await;
        let bea = app.signed_in("bea@birch.example").await;
        let last_sign_in = async || {
            let users = bea.get("/settings/users").await.text;
            let row = users.split("<tr>").find(|row| row.contains(ANNA)).unwrap().to_owned();
            row.split_once("\"Last sign-in\">").unwrap().1.split('<').next().unwrap().to_owned()
        };
        assert_eq!(last_sign_in().await, "Never", "she has signed in, to another one");
        app.clock.advance(chrono::TimeDelta::minutes(5));
        switch(&anna, birch).await;
        assert_eq!(last_sign_in().await, "1 Dec 2025, 09:05");
        switch(&anna, app.organisation).await;
        app.clock.advance(chrono::TimeDelta::minutes(5));
        app.signed_in(ANNA).await;
        assert_eq!(last_sign_in().await, "1 Dec 2025, 09:05");
    }

    async fn only_ones_own_organisations_can_be_entered(app: TestApp) {
        let (anna, _) = anna_in_two(&app).await;
        let foreign = app.another_organisation("Cedar").await;
        assert_eq!(switch(&anna, foreign).await, 404);
        assert_eq!(anna.post("/current-organisation", &[("organisation", "no id")]).await.status, 404);
        anna.get("/invoices").await.says("INV-1").says_not("Cedar");
        app.clerk().await.get("/invoices").await.says_not("/current-organisation");
    }

    async fn who_is_disabled_in_one_organisation_works_on_in_the_other(app: TestApp) {
        let (anna, birch) = anna_in_two(&app).await;
        let there = app.signed_in(ANNA).await;
        switch(&there, birch).await;
        let admin = app.admin().await;
        let id = app.texts(&format!("SELECT id AS text FROM person WHERE email = '{ANNA}'")).remove(0);
        assert_eq!(admin.post(&format!("/settings/users/{id}/disabling"), &[]).await.status, 200);
        assert_eq!(anna.get("/invoices").await.url, "/sign-in");
        there.get("/invoices").await.says("BIR-1");
        let again = app.signed_in(ANNA).await;
        again.get("/invoices").await.says("BIR-1").says_not("INV-1").says_not("/current-organisation");
        assert_eq!(switch(&again, app.organisation).await, 404);
        assert_eq!(switch(&again, birch).await, 200);
    }

    async fn who_is_added_to_a_second_organisation_keeps_their_password(app: TestApp) {
        let (_, birch) = anna_in_two(&app).await;
        let newcomer = dunlin::actions::Newcomer {
            email: ANNA.parse().unwrap(),
            name: "Somebody else".parse().unwrap(),
            role: Role::Admin,
            password: "another password".parse().unwrap(),
        };
        assert!(app.actions.add_user(birch, newcomer).await.is_err());
        let anna = app.visitor();
        assert_eq!(anna.sign_in(ANNA, "another password").await.status, 422);
        anna.sign_in(ANNA, PASSWORD).await;
        anna.get("/invoices").await.says("The admin").says_not("Somebody else");
    }
}
