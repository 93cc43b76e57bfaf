//! The switch that stops sending: an organisation's own in Settings, and the installation's by command.

use std::time::Duration;

use chrono::TimeDelta;
use dunlin::actions::Newcomer;
use dunlin::domain::ids::OrganisationId;
use dunlin::domain::person::{Actor, Role};
use serde_json::json;

use crate::support::program::Machine;
use crate::support::{PASSWORD, Page, Person, TestApp, Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-3, Beta, ar@beta.example, 20.00, -1, Sent",
];
const SENDING: &str = "/settings/sending";
const BY_COMMAND: &str = "stopped by command; “dunlin resume” lets it go on.";
const IS_A_COPY: &str = "This looks like a copy of another installation: it is a test.";

/// Another organisation, whose admin Bea has an invoice of Moss to remind of.
async fn birch(app: &TestApp) -> (OrganisationId, Person) {
    let birch = app.another_organisation("Birch Trading").await;
    let csv = "customer_name,customer_email,invoice_number,currency,total,due_date\n\
               Moss,ar@moss.example,BIR-1,EUR,10,2025-11-01\n";
    app.actions.import_ledger(Actor::System, birch, std::io::Cursor::new(csv), false).await.unwrap();
    (birch, named(app, birch, "Bea Birchfield").await)
}

/// An admin with a name of their own.
async fn named(app: &TestApp, organisation: OrganisationId, name: &str) -> Person {
    let email = format!("{}@people.example", name.to_lowercase().replace(' ', "."));
    let newcomer = Newcomer {
        email: email.parse().unwrap(),
        name: name.parse().unwrap(),
        role: Role::Admin,
        password: PASSWORD.parse().unwrap(),
    };
    app.actions.add_user(organisation, newcomer).await.unwrap();
    app.signed_in(&email).await
}

async fn remind(person: &Person, numbers: &[&str]) -> Page {
    person.confirm(&person.propose(numbers).await).await
}

async fn pause(person: &Person, reason: &str) -> Page {
    person.post(&format!("{SENDING}/pause"), &[("reason", reason)]).await
}

async fn resume(person: &Person) -> Page {
    person.post(&format!("{SENDING}/resumption"), &[]).await
}

/// Who got mails, in the order of their addresses.
fn recipients(app: &TestApp) -> Vec<String> {
    let mut recipients: Vec<String> = app.sink.deliveries().into_iter().map(|mail| mail.recipient).collect();
    recipients.sort();
    recipients
}

on_both_databases! {
    async fn the_reason_of_a_pause_ends_before_what_to_do_about_it_begins(app: TestApp) {
        let admin = app.admin().await;
        for reason in ["The figures are wrong", "The figures are wrong."] {
            pause(&admin, reason).await;
            admin.get("/invoices").await.says("The figures are wrong. Resume it under Settings");
            resume(&admin).await;
        }
    }

    async fn c16_a_pause_in_mid_batch_lets_nothing_out_until_it_is_lifted(app: TestApp) {
        app.ledger(LEDGER).await;
        let (clerk, admin) = (app.clerk().await, app.admin().await);
        let batch = remind(&clerk, &["INV-1", "INV-3"]).await;
        pause(&admin, "The figures are wrong").await.says("The figures are wrong");
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
        clerk.get("/invoices").await.says("Sending is paused since").says("The figures are wrong");
        clerk.get(&batch.url).await.says("Paused").says("Cancel remaining");
        app.clock.advance(TimeDelta::days(5));
        let admin = app.admin().await;
        resume(&admin).await.says("Mails go out.");
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 2, "deadlines stood still");
        admin.get("/invoices").await.says_not("Sending is paused");
    }

    async fn what_an_organisation_pauses_stops_nobody_else_and_is_told_nowhere_else(app: TestApp) {
        app.ledger(LEDGER).await;
        let (birch, bea) = birch(&app).await;
        let ada = named(&app, app.organisation, "Ada Lovelace").await;
        let (here, there) = (remind(&ada, &["INV-1", "INV-3"]).await, remind(&bea, &["BIR-1"]).await);
        pause(&ada, "").await.says("Ada Lovelace stopped it.");

        for path in ["/invoices", "/reminders", SENDING, "/settings/audit-log", "/settings/audit-log.csv", &there.url] {
            let page = bea.get(path).await;
            page.says_not("paused").says_not("Paused").says_not("Lovelace");
        }
        bea.get(SENDING).await.says("Mails go out.").says("Pause sending");
        let dry = json!({"filter": {"tab": "all"}, "dryRun": true});
        let theirs = app.program_of(birch).await.post("/api/v1/reminder-batches", &dry).await;
        assert_eq!(theirs.text("status"), "finished", "BIR-1 is on its way: {}", theirs.body);

        app.send_until_idle().await;
        assert_eq!(recipients(&app), ["ar@moss.example"]);
        bea.get(&there.url).await.says("Finished. 1 of 1");
        ada.get(&here.url).await.says("Paused: the batch goes on when sending is resumed.");
        ada.get("/settings/audit-log").await.says("Sending paused").says("Ada Lovelace stopped it.");
        assert_eq!(resume(&bea).await.status, 200, "there is nothing to resume");
        app.send_now().await;
        assert_eq!(recipients(&app).len(), 1);

        resume(&ada).await.says("Mails go out.");
        app.send_now().await;
        assert_eq!(recipients(&app), ["ar@acme-customer.example", "ar@beta.example", "ar@moss.example"]);
        bea.get("/settings/audit-log").await.says_not("Sending resumed");
    }

    async fn mails_about_accounts_go_out_while_their_organisation_is_paused_and_test_mails_wait(app: TestApp) {
        app.add_person(app.organisation, "cleo@acme.example", Role::Clerk).await;
        let admin = app.admin().await;
        pause(&admin, "a test").await;
        app.visitor().post_as_it_is("/password-resets", &[("email", "cleo@acme.example")]).await;
        let link = app.link_to("cleo@acme.example").await;
        let set = app.visitor().post_as_it_is(&link, &[("password", "a brand new password")]).await;
        assert_eq!(set.url, "/sign-in");
        admin.post("/settings/invitations", &[("email", "new@acme.example"), ("role", "clerk")]).await;
        app.link_to("new@acme.example").await;
        let before = recipients(&app).len();
        let test = admin.post("/settings/mail-server/test-mails", &[]).await;
        test.says("Sending is paused, so the test e-mail waits.");
        app.send_now().await;
        assert_eq!(recipients(&app).len(), before);
        resume(&admin).await;
        app.send_now().await;
        assert_eq!(recipients(&app).len(), before + 1);
    }

    async fn a_mail_that_has_not_passed_the_point_of_no_return_stays_when_its_organisation_pauses(app: TestApp) {
        app.ledger(LEDGER).await;
        let (_, bea) = birch(&app).await;
        let (clerk, admin) = (app.clerk().await, app.admin().await);
        remind(&clerk, &["INV-1", "INV-3"]).await;
        remind(&bea, &["BIR-1"]).await;
        app.sink.misbehave("", Whim::Withhold("DATA"));
        let pausing = async {
            app.sink.is_withholding().await;
            pause(&admin, "a test").await;
            app.sink.behave();
        };
        tokio::join!(app.send_until_idle(), pausing);
        assert_eq!(recipients(&app), ["ar@moss.example"]);
        app.clock.advance(TimeDelta::days(5));
        resume(&app.admin().await).await;
        app.send_now().await;
        assert_eq!(recipients(&app).len(), 3, "deadlines stood still");
    }

    async fn none_leaves_of_those_that_had_not_left_when_the_pause_was_confirmed(app: TestApp) {
        let lines: Vec<String> =
            (0..120).map(|n| format!("INV-{n:03}, C{n}, c{n}@customer.example, 10.00, -1, Sent")).collect();
        app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let (clerk, admin) = (app.clerk().await, app.admin().await);
        clerk.confirm(&clerk.post("/reminder-proposals", &[("matching", "120"), ("list", "/invoices")]).await).await;
        app.sink.misbehave("", Whim::Wait("dot", Duration::from_millis(20)));
        app.sink.misbehave("c60@", Whim::Withhold("RCPT"));
        let pausing = async {
            app.sink.is_withholding().await;
            pause(&admin, "a test").await;
            let gone = app.texts("SELECT id AS text FROM outbox WHERE state IN ('Committed', 'Sent')");
            app.sink.behave();
            gone.len()
        };
        let ((), gone) = tokio::join!(app.send_until_idle(), pausing);
        assert!((1..120).contains(&gone), "{gone} had left");
        assert_eq!(app.sink.deliveries().len(), gone);
    }

    async fn pauses_that_come_and_go_while_mails_leave_and_invoices_are_paid_refuse_nobody(app: TestApp) {
        let lines: Vec<String> =
            (0..60).map(|n| format!("INV-{n:02}, C{n}, c{n}@customer.example, 10.00, -1, Sent")).collect();
        app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let (_, bea) = birch(&app).await;
        let (clerk, admin, program) = (app.clerk().await, app.admin().await, app.program().await);
        clerk.confirm(&clerk.post("/reminder-proposals", &[("matching", "60"), ("list", "/invoices")]).await).await;
        remind(&bea, &["BIR-1"]).await;
        let mut ids = Vec::new();
        for number in (0..60).step_by(2) {
            ids.push(program.invoice(&format!("INV-{number:02}")).await);
        }
        app.clock.advance(TimeDelta::seconds(11));
        let switching = async {
            for _ in 0..15 {
                for person in [&admin, &bea] {
                    assert_eq!(pause(person, "a test").await.status, 200);
                    assert_eq!(resume(person).await.status, 200);
                }
            }
        };
        let paying = async {
            for id in &ids {
                assert_eq!(clerk.post(&format!("/invoices/{id}/full-payment"), &[]).await.status, 200);
            }
        };
        let asking = async {
            for id in ids.iter().rev() {
                assert!(program.remind(id).await.status < 500);
            }
        };
        app.while_sending(async { tokio::join!(switching, paying, asking) }).await;
        app.send_now().await;
        let (all, mut once) = (recipients(&app), recipients(&app));
        once.dedup();
        assert_eq!(all, once, "nobody was written to twice");
        assert!((31..=61).contains(&all.len()), "who has not paid was reminded: {all:?}");
    }

    async fn what_stops_the_installation_stops_account_mails_too_and_only_a_command_lifts_it_for_all(app: TestApp) {
        app.ledger(LEDGER).await;
        let (_, bea) = birch(&app).await;
        let ada = named(&app, app.organisation, "Ada Lovelace").await;
        app.add_person(app.organisation, "cleo@acme.example", Role::Clerk).await;
        remind(&ada, &["INV-1"]).await;
        remind(&bea, &["BIR-1"]).await;
        app.actions.pause(BY_COMMAND.to_owned()).await.unwrap();
        app.visitor().post_as_it_is("/password-resets", &[("email", "cleo@acme.example")]).await;
        app.send_until_idle().await;
        assert!(recipients(&app).is_empty());
        let page = ada.get(SENDING).await;
        page.says("All sending of this installation is paused since").says("dunlin resume").says_not("Resume sending");
        page.says_not("under Settings");
        assert_eq!(resume(&ada).await.status, 200);
        app.send_now().await;
        assert!(recipients(&app).is_empty(), "an Admin of one organisation does not decide for the others");

        pause(&ada, "Stocktaking").await.says("Stocktaking").says("All sending of this installation is paused since");
        ada.get("/invoices").await.says(": Stocktaking. Resume it under").says("for the whole installation: stopped by command");
        app.clock.advance(TimeDelta::minutes(5));
        app.actions.resume().await.unwrap();
        app.send_now().await;
        assert_eq!(recipients(&app), ["ar@moss.example", "cleo@acme.example"]);
        ada.get("/invoices").await.says("Stocktaking").says_not("for the whole installation");
        resume(&ada).await.says("Mails go out.");
        app.send_now().await;
        assert_eq!(recipients(&app).len(), 3);
    }

    async fn the_admins_of_the_only_organisation_lift_its_installations_pause(app: TestApp) {
        let admin = app.admin().await;
        app.actions.pause(BY_COMMAND.to_owned()).await.unwrap();
        admin.get(SENDING).await.says("dunlin resume").says("Resume sending").says_not("Pause sending");
        resume(&admin).await.says("Mails go out.");
        admin.get("/settings/audit-log").await.says("Sending resumed").says("All sending of this installation.");
        pause(&admin, "a test").await;
        app.actions.resume().await.unwrap();
        admin.get(SENDING).await.says("Mails go out.");
    }

    async fn who_confirms_a_copy_is_named_in_their_own_organisation_alone_and_lifts_no_pause_beside_it(app: TestApp) {
        let (_, bea) = birch(&app).await;
        let ada = named(&app, app.organisation, "Ada Lovelace").await;
        app.sql(&format!(
            "UPDATE installation SET paused_at = '2025-12-01 09:00:00', copy_reason = '{IS_A_COPY}'"
        ));
        app.actions.pause(BY_COMMAND.to_owned()).await.unwrap();
        pause(&ada, "Stocktaking").await;
        bea.get(SENDING).await.says(IS_A_COPY).says("It was paused before that").says("Resume sending");
        resume(&bea).await.says_not(IS_A_COPY).says("stopped by command").says_not("Resume sending");
        ada.get(SENDING).await.says("Stocktaking").says_not(IS_A_COPY);
        let (hers, ours) = (bea.get("/settings/audit-log").await, ada.get("/settings/audit-log").await);
        hers.says("Copy confirmed").says("Bea Birchfield</td>").says_not("Sending resumed");
        ours.says("Copy confirmed").says("Its sending stays paused.").says_not("Bea");
        app.actions.resume().await.unwrap();
        bea.get(SENDING).await.says("Mails go out.");
        ada.get(SENDING).await.says("Paused since").says("Stocktaking").says_not("All sending");
    }

    async fn programs_hear_at_once_that_their_own_organisation_is_paused(app: TestApp) {
        app.ledger(LEDGER).await;
        let (birch, _) = birch(&app).await;
        let (ours, theirs) = (app.program().await, app.program_of(birch).await);
        pause(&app.admin().await, "a test").await;
        let waiting = ours.remind(&ours.invoice("INV-1").await).await;
        waiting.is(200, "Pending");
        let dry = json!({"filter": {"tab": "all"}, "dryRun": true});
        assert_eq!(ours.post("/api/v1/reminder-batches", &dry).await.text("status"), "paused");
        assert_eq!(theirs.post("/api/v1/reminder-batches", &dry).await.text("status"), "waiting");
        let id = theirs.invoice("BIR-1").await;
        app.while_sending(theirs.remind(&id)).await.is(200, "Sent");
        assert_eq!(recipients(&app), ["ar@moss.example"]);
    }
}

#[test]
fn pause_and_resume_say_what_is_so_now_and_may_be_said_twice() {
    for machine in Machine::on_both() {
        machine.run(&["organisation", "add", "--name", "Acme"]);
        for (command, says) in [("pause", "Sending is paused.\n"), ("resume", "Sending goes on.\n")] {
            for _ in 0..2 {
                let told = machine.run(&[command]);
                assert_eq!((told.code, told.out.as_str()), (Some(0), says), "{}", told.err);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_tell_which_organisations_stay_paused_of_their_own() {
    const EMAIL: &str = "ada@acme.example";
    let machine = Machine::new();
    machine.run(&["organisation", "add", "--name", "Acme"]);
    assert_eq!(machine.add_user(EMAIL, PASSWORD).code, Some(0));
    machine.run(&["organisation", "add", "--name", "Birch"]);
    let (mut running, url) = machine.serve();
    let ada = Person::new(&url);
    ada.sign_in(EMAIL, PASSWORD).await;
    pause(&ada, "Stocktaking").await;
    assert_eq!(running.terminate(), Some(0));
    let paused =
        |out: &str| out.contains("Sending of Acme: paused since ") && out.contains("UTC: Stocktaking\n");
    let told = machine.run(&["resume"]);
    assert!(told.out.starts_with("Sending goes on.\n") && paused(&told.out), "{told:?}");
    let told = machine.run(&["check"]);
    assert!(paused(&told.out) && !told.out.contains("Birch"), "{told:?}");
}
