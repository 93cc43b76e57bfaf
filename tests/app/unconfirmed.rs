//! What people decide about mails that may have been delivered, and about a batch that the mail server refuses.

use std::time::Instant;

use chrono::TimeDelta;
use dunlin::actions::Gone;

use crate::support::program::Machine;
use crate::support::{PASSWORD, PATIENCE, Page, Person, Sink, TestApp, Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-3, Beta, ar@beta.example, 20.00, -1, Sent",
];

/// A batch of two, of which Beta's may have been delivered; returns its page and support staff.
async fn doubtful(app: &TestApp) -> (Page, Person) {
    app.ledger(LEDGER).await;
    let clerk = app.clerk().await;
    app.sink.misbehave("beta", Whim::Drop("dot"));
    let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-3"]).await).await;
    app.send_until_idle().await;
    app.sink.behave();
    app.clock.advance(TimeDelta::minutes(5));
    (batch, app.support().await)
}

/// Five reminders that may have been delivered five minutes ago, of `INV-1` to `INV-5`.
async fn five_doubtful(app: &TestApp) -> (Page, Person) {
    let lines = (1..=5).map(|n| format!("INV-{n}, Customer {n}, ar@customer-{n}.example, 10.00, -3, Sent"));
    app.ledger(&lines.collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>()).await;
    let admin = app.admin().await;
    app.sink.misbehave("", Whim::Drop("dot"));
    let batch = admin.confirm(&admin.propose(&["INV-1", "INV-2", "INV-3", "INV-4", "INV-5"]).await).await;
    app.send_until_idle().await;
    app.sink.behave();
    app.clock.advance(TimeDelta::minutes(5));
    assert_eq!(app.sink.deliveries().len(), 5);
    (batch, admin)
}

/// Sees that a reminder, which was to go out again and did not, may have been delivered as before.
async fn is_unconfirmed_as_before(person: &Person, number: &str, why: &str) {
    let page = person.get(&format!("/reminders/{}", reminder_of(person, number).await)).await;
    page.says("May have been delivered").says(&format!("it was not sent again: {why}"));
    page.says("Mark as sent").says_not(">Resend<").says_not("Reminder cancelled").says_not("Reminder failed");
    person.get(&format!("/invoices?tab=all&q={number}")).await.says("5 minutes ago");
}

/// Sends the reminder of INV-3 by a worker that is given up while the mail server keeps its answer back; then something
/// happens, which lets it answer.
async fn given_up_too_soon(app: &TestApp, happens: impl AsyncFnOnce(String)) {
    app.ledger(LEDGER).await;
    let clerk = app.clerk().await;
    clerk.confirm(&clerk.propose(&["INV-3"]).await).await;
    app.sink.misbehave("beta", Whim::Withhold("dot"));
    let meanwhile = async {
        app.sink.is_withholding().await;
        let worker = app.store.read(|snapshot| snapshot.workers()).await.unwrap()[0].0;
        app.actions.resolve_abandoned(Gone::One(worker), None).await.unwrap();
        let id = reminder_of(&clerk, "INV-3").await;
        clerk.get(&format!("/reminders/{id}")).await.says("May have been delivered");
        happens(id).await;
    };
    tokio::join!(app.send_until_idle(), meanwhile);
}

async fn reminder_of(person: &Person, number: &str) -> String {
    let log = person.get(&format!("/reminders?q={number}")).await;
    log.between("href=\"/reminders/", "\"", &format!(" aria-label=\"Reminder of {number}"))
}

fn message_id(text: &str) -> &str {
    text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap()
}

on_both_databases! {
    async fn support_marks_it_as_sent_and_the_timeline_says_who(app: TestApp) {
        let (batch, support) = doubtful(&app).await;
        let id = reminder_of(&support, "INV-3").await;
        let page = support.get(&format!("/reminders/{id}")).await;
        page.says("Mark as sent").says("Send again").says_not(">Resend<");
        let marked = support.post(&format!("/reminders/{id}/confirmation"), &[]).await;
        marked.says("Reminder marked as sent").says("The support").says_not("Mark as sent");
        support.get(&batch.url).await.says("Finished. 2 of 2");
        let again = support.post(&format!("/reminders/{id}/confirmation"), &[]).await;
        assert_eq!(again.status, 422);
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 2);
    }

    async fn m02_sent_again_it_is_the_same_mail_byte_for_byte(app: TestApp) {
        let (batch, support) = doubtful(&app).await;
        support.post(&format!("{}/repetition", batch.url), &[]).await.says("Sending reminders");
        app.send_now().await;
        support.get(&batch.url).await.says("Finished. 2 of 2");
        let mails = app.sink.deliveries();
        let copies: Vec<_> = mails.iter().filter(|mail| mail.recipient == "ar@beta.example").collect();
        assert_eq!(copies.len(), 2, "one that may have been delivered, and the one a person asked for");
        assert_eq!(message_id(&copies[0].text), message_id(&copies[1].text));
        assert_eq!(copies[0].text, copies[1].text);
    }

    async fn what_was_to_be_sent_again_and_is_called_back_may_still_have_been_delivered(app: TestApp) {
        let (batch, admin) = five_doubtful(&app).await;
        admin.post(&format!("{}/repetition", batch.url), &[]).await.says("Sending reminders");
        let (paid, held) = (admin.invoice_id("INV-1").await, admin.invoice_id("INV-2").await);
        admin.post(&format!("/invoices/{paid}/full-payment"), &[]).await.says("Reminder not sent again");
        admin.post(&format!("/invoices/{held}/hold"), &[("reason", "a dispute")]).await.says("Reminder not sent again");
        admin.post("/suppressions", &[("address", "ar@customer-3.example")]).await;
        let reminder = reminder_of(&admin, "INV-4").await;
        let one = admin.post(&format!("/reminders/{reminder}/cancellation"), &[]).await;
        one.says("Reminder not sent again").says("May have been delivered");
        admin.post(&format!("{}/cancellation", batch.url), &[]).await.says("May have been delivered");
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 5, "none went out again");
        for (number, why) in [
            ("INV-1", "The invoice was paid."),
            ("INV-2", "Reminders are on hold: a dispute."),
            ("INV-3", "The address is suppressed."),
            ("INV-4", "Cancelled by The admin."),
            ("INV-5", "Cancelled by The admin."),
        ] {
            is_unconfirmed_as_before(&admin, number, why).await;
        }
        admin.get("/reminders?status=Cancelled").await.says_not("INV-");
    }

    async fn what_was_to_be_sent_again_and_is_refused_may_still_have_been_delivered(app: TestApp) {
        let (batch, admin) = five_doubtful(&app).await;
        admin.post(&format!("{}/repetition", batch.url), &[]).await.says("Sending reminders");
        app.sink.misbehave("customer-1", Whim::Reply("RCPT", "550 5.1.1 no such user"));
        app.sink.misbehave("customer-2", Whim::Reply("RCPT", "450 4.2.0 greylisted"));
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 8, "three of five went out again");
        is_unconfirmed_as_before(&admin, "INV-1", "address_refused: 550 5.1.1 no such user").await;
        admin.get("/suppressions").await.says("ar@customer-1.example").says_not("ar@customer-2.example");
        for _ in 0..20 {
            app.clock.advance(TimeDelta::hours(5));
            app.send_now().await;
        }
        let admin = app.admin().await;
        let page = admin.get(&format!("/reminders/{}", reminder_of(&admin, "INV-2").await)).await;
        page.says("May have been delivered").says("it was not sent again: expired: ").says("Mark as sent");
    }

    async fn an_acceptance_that_comes_late_prevents_the_second_copy(app: TestApp) {
        let support = app.support().await;
        given_up_too_soon(&app, async |id| {
            support.post(&format!("/reminders/{id}/repetition"), &[]).await.says("Reminder to be sent again as it was");
            app.sink.behave();
        })
        .await;
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 1);
        let page = support.get(&format!("/reminders/{}", reminder_of(&support, "INV-3").await)).await;
        page.says("Accepted by mail server").says_not("Mark as sent").says_not("Retrying");
    }

    async fn a_refusal_that_comes_late_is_a_failure_and_suppresses_the_address(app: TestApp) {
        let support = app.support().await;
        given_up_too_soon(&app, async |_| {
            app.sink.behave();
            app.sink.misbehave("beta", Whim::Reply("dot", "550 5.1.1 no such user"));
        })
        .await;
        let page = support.get(&format!("/reminders/{}", reminder_of(&support, "INV-3").await)).await;
        page.says("The address does not exist: 550 5.1.1 no such user").says(">Resend<").says_not("Mark as sent");
        support.get("/suppressions").await.says("ar@beta.example");
        assert!(app.sink.deliveries().is_empty());
    }

    async fn what_a_person_has_decided_stays_when_a_refusal_comes_late(app: TestApp) {
        let support = app.support().await;
        given_up_too_soon(&app, async |id| {
            support.post(&format!("/reminders/{id}/confirmation"), &[]).await.says("Reminder marked as sent");
            app.sink.behave();
            app.sink.misbehave("beta", Whim::Reply("dot", "550 5.1.1 no such user"));
        })
        .await;
        let page = support.get(&format!("/reminders/{}", reminder_of(&support, "INV-3").await)).await;
        page.says("Reminder marked as sent").says_not("Reminder failed");
    }

    async fn a_mail_that_is_not_true_any_more_is_not_sent_again(app: TestApp) {
        let (batch, support) = doubtful(&app).await;
        app.import("customer_name,customer_email,invoice_number,currency,total,balance\nBeta,,INV-3,EUR,20.00,5.00\n").await;
        let refused = support.post(&format!("{}/repetition", batch.url), &[]).await;
        assert_eq!(refused.status, 422);
        refused.says("What the reminder of INV-3 says is not so any more");
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 2);
    }

    async fn a_mail_that_is_to_go_out_again_goes_to_nobody_else_when_the_address_changes_before(app: TestApp) {
        let (batch, support) = doubtful(&app).await;
        support.post(&format!("{}/repetition", batch.url), &[]).await.says("Sending reminders");
        let beta = app.texts("SELECT id AS text FROM customer WHERE name = 'Beta'").remove(0);
        let changed = [("name", "Beta"), ("email", "new@beta.example")];
        app.clerk().await.post(&format!("/customers/{beta}"), &changed).await.says("new@beta.example");
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 2);
        support.get(&batch.url).await.says("1 may have been delivered.");
    }

    async fn an_invoice_that_was_reminded_since_gets_no_repetition(app: TestApp) {
        let (batch, support) = doubtful(&app).await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-3"]).await).await;
        let refused = support.post(&format!("{}/repetition", batch.url), &[]).await;
        refused.says("INV-3 has been reminded since, or a reminder of it is on its way.");
    }

    async fn a_batch_that_was_paused_for_policy_goes_on_when_a_clerk_says_so(app: TestApp) {
        let lines: Vec<String> =
            (0..9).map(|i| format!("INV-{i}, C{i}, c{i}@customer.example, 10.00, -1, Sent")).collect();
        app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        app.sink.misbehave("", Whim::Reply("dot", "550 5.7.1 looks like spam"));
        let clerk = app.clerk().await;
        let batch = clerk.confirm(&clerk.post("/reminder-proposals", &[("matching", "9"), ("list", "/invoices")]).await).await;
        app.send_until_idle().await;
        let page = clerk.get(&batch.url).await;
        page.says("The mail server refuses these mails as spam or by policy");
        app.sink.behave();
        app.send_now().await;
        assert!(app.sink.deliveries().is_empty());
        clerk.post(&format!("{}/resumption", batch.url), &[]).await.says_not("Resume batch");
        app.send_now().await;
        assert!(!app.sink.deliveries().is_empty());
    }
}

/// Asks for a test mail whose arrival the mail server does not confirm.
async fn doubtful_test_mail(ada: &Person, sink: &Sink) -> String {
    let before = sink.deliveries().len();
    sink.misbehave("", Whim::Drop("dot"));
    ada.post("/settings/mail-server/test-mails", &[]).await;
    while sink.deliveries().len() == before {
        tokio::task::yield_now().await;
    }
    sink.behave();
    let text = sink.deliveries().remove(before).text;
    let id = text.lines().find_map(|line| line.strip_prefix("X-Dunlin-Reminder: ")).unwrap();
    format!("/settings/mail-server?test={id}")
}

async fn says_in_the_end(person: &Person, path: &str, words: &str) {
    let started = Instant::now();
    while !person.get(path).await.has(words) {
        assert!(started.elapsed() < PATIENCE, "{}", person.get(path).await.words());
    }
}

#[actix_web::test]
async fn where_it_was_chosen_any_mail_goes_out_again_as_it_was_and_may_have_been_delivered_if_it_does_not() {
    for machine in Machine::on_both() {
        let sink = Sink::start().await;
        let machine = machine.with("DUNLIN_MAIL_URL", &sink.url).with("DUNLIN_ON_UNCONFIRMED", "resend");
        let machine = machine.with("DUNLIN_RETRY_BASE_SECONDS", "3");
        machine.run(&["organisation", "add", "--name", "Acme", "--from", "ar@acme.example"]);
        machine.add_user("ada@acme.example", PASSWORD);
        let (_running, url) = machine.serve();
        let ada = Person::new(&url);
        ada.sign_in("ada@acme.example", PASSWORD).await;
        let test = doubtful_test_mail(&ada, &sink).await;
        says_in_the_end(&ada, &test, "The mail server has accepted the test e-mail to ").await;
        let mails = sink.deliveries();
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0].text, mails[1].text);

        let test = doubtful_test_mail(&ada, &sink).await;
        sink.misbehave("", Whim::Reply("RCPT", "550 5.3.0 no"));
        says_in_the_end(&ada, &test, "May have been delivered: the test e-mail to ").await;
        assert_eq!(sink.deliveries().len(), 3);
    }
}
