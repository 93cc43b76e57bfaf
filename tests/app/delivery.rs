//! What a mail server can do to a mail on its way, case by case of the reliability table.

use std::collections::HashSet;
use std::time::Instant;

use chrono::TimeDelta;
use mail_parser::{MessageParser, MimeHeaders};

use crate::support::{Page, STEP, TestApp, Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-3, Beta, ar@beta.example, 20.00, -1, Sent",
];

/// Confirms both invoices; returns the batch page's address.
pub async fn batch_of_two(app: &TestApp) -> String {
    app.ledger(LEDGER).await;
    let clerk = app.clerk().await;
    clerk.confirm(&clerk.propose(&["INV-1", "INV-3"]).await).await.url
}

/// Invoices of as many customers, all of which may be reminded; returns their numbers.
pub async fn ledger_of(app: &TestApp, count: usize) -> Vec<String> {
    let lines: Vec<String> = (1..=count)
        .map(|n| format!("INV-{n:03}, Customer {n}, ar@customer-{n}.example, 10.00, -3, Sent"))
        .collect();
    app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
    (1..=count).map(|n| format!("INV-{n:03}")).collect()
}

/// Confirms invoices; returns the batch page's address.
pub async fn confirm(app: &TestApp, numbers: &[String]) -> String {
    let clerk = app.clerk().await;
    clerk.confirm(&clerk.propose(&numbers.iter().map(String::as_str).collect::<Vec<_>>()).await).await.url
}

/// Confirms thirty invoices of as many customers and sends them; the batch page.
pub async fn batch_of_thirty(app: &TestApp) -> Page {
    let numbers = ledger_of(app, 30).await;
    let batch = confirm(app, &numbers).await;
    app.send_until_idle().await;
    app.clerk().await.get(&batch).await
}

/// How many recipients have a mail.
fn recipients(app: &TestApp) -> usize {
    app.sink.deliveries().iter().map(|mail| mail.recipient.clone()).collect::<HashSet<_>>().len()
}

fn message_id(text: &str) -> &str {
    text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap()
}

on_both_databases! {
    async fn s01_a_greylisted_mail_goes_out_at_its_second_try_with_the_same_message_id(app: TestApp) {
        app.sink.misbehave("beta", Whim::Reply("dot", "451 4.7.1 greylisted"));
        let batch = batch_of_two(&app).await;
        app.send_until_idle().await;
        app.clerk().await.get(&batch).await.says("greylisted").says("1 of 2");
        assert_eq!(app.sink.deliveries().len(), 1);
        app.sink.behave();
        app.clock.advance(TimeDelta::seconds(361));
        app.send_now().await;
        let mails = app.sink.deliveries();
        assert_eq!(mails.len(), 2);
        assert_ne!(message_id(&mails[0].text), message_id(&mails[1].text));
        let beta = mails.iter().find(|mail| mail.recipient == "ar@beta.example").unwrap();
        let reminder = beta.text.lines().find_map(|line| line.strip_prefix("X-Dunlin-Reminder: ")).unwrap();
        assert_eq!(message_id(&beta.text), format!("<{reminder}@acme.example>"), "made of what never changes");
    }

    async fn s04_a_421_at_the_greeting_is_nobodys_fault_and_counts_no_try(app: TestApp) {
        app.sink.misbehave("", Whim::Reply("banner", "421 4.7.0 too many connections"));
        let batch = batch_of_two(&app).await;
        for _ in 0..9 {
            app.send_until_idle().await;
        }
        app.clerk().await.get(&batch).await.says("The batch waits and goes on by itself.");
        app.sink.behave();
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 2);
    }

    async fn a_server_that_wants_no_connection_for_a_long_time_leaves_no_mail_behind(app: TestApp) {
        app.sink.misbehave("", Whim::Reply("banner", "421 4.7.0 too many connections"));
        batch_of_two(&app).await;
        app.send_until_idle().await;
        for _ in 0..500 {
            app.send_now().await;
        }
        app.sink.behave();
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 2);
    }

    async fn s06_a_connection_lost_in_the_middle_of_the_message_is_unconfirmed_and_sent_no_second_time(app: TestApp) {
        app.sink.misbehave("beta", Whim::Drop("body"));
        let batch = batch_of_two(&app).await;
        app.send_until_idle().await;
        app.sink.behave();
        app.clock.advance(TimeDelta::days(3));
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 1);
        app.clerk().await.get(&batch).await.says("Finished").says("May have been delivered");
    }

    async fn s07_a_server_that_takes_the_mail_and_hangs_up_gets_no_second_copy(app: TestApp) {
        app.sink.misbehave("beta", Whim::Drop("dot"));
        let batch = batch_of_two(&app).await;
        app.send_until_idle().await;
        app.sink.behave();
        app.clock.advance(TimeDelta::days(3));
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 2);
        let clerk = app.clerk().await;
        clerk.get(&batch).await.says("May have been delivered");
        clerk.get("/invoices?q=INV-3").await.says("3 days ago");
    }

    async fn s09_a_server_that_hangs_on_a_recipient_costs_one_wait_and_the_other_mail_goes_out(app: TestApp) {
        app.sink.misbehave("beta", Whim::Hang("RCPT"));
        let batch = batch_of_two(&app).await;
        let started = Instant::now();
        app.send_until_idle().await;
        assert!(started.elapsed() < STEP * 3);
        assert_eq!(app.sink.deliveries().len(), 1);
        app.clerk().await.get(&batch).await.says("did not answer in time");
        app.sink.behave();
        app.clock.advance(TimeDelta::seconds(361));
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 2);
    }

    async fn the_envelope_of_the_next_mail_travels_behind_the_body_of_one(app: TestApp) {
        batch_of_thirty(&app).await.says("30 of 30 accepted");
        assert!(app.sink.told_ahead() > 0);
        assert_eq!(recipients(&app), 30);
    }

    async fn a_server_that_takes_nothing_behind_a_body_gets_each_mail_once_and_no_try_is_lost(app: TestApp) {
        app.sink.misbehave("customer-1", Whim::Drop("ahead"));
        app.sink.misbehave("", Whim::Reply("ahead", "554 5.5.0 synchronization error"));
        batch_of_thirty(&app).await.says("30 of 30 accepted");
        assert!(app.sink.told_ahead() > 0);
        assert_eq!((recipients(&app), app.sink.deliveries().len()), (30, 30));
    }

    async fn s16_a_login_that_is_refused_stops_the_relay_and_no_mail(app: TestApp) {
        app.sink.misbehave("", Whim::Reply("MAIL", "530 5.7.0 authentication required"));
        let batch = batch_of_two(&app).await;
        app.send_until_idle().await;
        app.clerk().await.get(&batch).await.says("The batch waits").says("the user name or the password (reply 530 5.7.0).");
        app.admin().await.get("/invoices").await.says("Mail server not reachable");
    }

    async fn a_server_that_refuses_us_after_it_has_taken_mails_is_told_of_too(app: TestApp) {
        batch_of_thirty(&app).await.says("30 of 30 accepted");
        app.ledger(LEDGER).await;
        app.sink.misbehave("", Whim::Reply("MAIL", "553 5.1.8 sender not known here"));
        let clerk = app.clerk().await;
        let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-3"]).await).await.url;
        app.send_until_idle().await;
        app.clerk().await.get(&batch).await.says("The batch waits").says("takes no mail from here (reply 553 5.1.8).");
        app.sink.behave();
        app.clock.advance(TimeDelta::seconds(12));
        app.send_now().await;
        app.clerk().await.get(&batch).await.says("2 of 2 accepted");
    }

    async fn s21_while_the_relay_is_down_nothing_is_lost_and_after_its_deadline_a_mail_has_failed(app: TestApp) {
        app.sink.misbehave("", Whim::Reply("banner", "554 5.3.2 no"));
        let batch = batch_of_two(&app).await;
        app.send_until_idle().await;
        app.clerk().await.get(&batch).await.says("0 of 2 accepted");
        app.clock.advance(TimeDelta::hours(49));
        app.send_now().await;
        app.clerk().await.get(&batch).await.says("Finished").says("2 failed");
        app.sink.behave();
        app.send_now().await;
        assert!(app.sink.deliveries().is_empty());
    }

    async fn k15_a_row_that_cannot_be_read_fails_alone(app: TestApp) {
        let batch = batch_of_two(&app).await;
        app.sql("UPDATE customer SET email = 'nobody' WHERE name = 'Beta'");
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
        app.clerk().await.get(&batch).await.says("Finished").says("1 failed");
    }

    async fn a_full_mailbox_is_tried_for_a_day(app: TestApp) {
        app.sink.misbehave("beta", Whim::Reply("RCPT", "452 4.2.2 over quota"));
        let batch = batch_of_two(&app).await;
        for _ in 0..12 {
            app.send_until_idle().await;
            app.clock.advance(TimeDelta::hours(5));
        }
        app.clerk().await.get(&batch).await.says("mailbox is full").says("1 failed");
    }

    async fn a_batch_that_is_refused_for_policy_five_times_is_paused(app: TestApp) {
        let lines: Vec<String> =
            (0..30).map(|i| format!("INV-{i:02}, C{i}, c{i}@customer.example, 10.00, -1, Sent")).collect();
        app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        app.sink.misbehave("", Whim::Reply("dot", "550 5.7.1 looks like spam"));
        let clerk = app.clerk().await;
        let list = [("matching", "30"), ("list", "/invoices")];
        let batch = clerk.confirm(&clerk.post("/reminder-proposals", &list).await).await;
        app.send_until_idle().await;
        app.sink.behave();
        app.send_now().await;
        assert!(app.sink.deliveries().is_empty(), "what is left of the batch waits");
        clerk.get(&batch.url).await.says_not("30 failed");
    }

    async fn c17_a_text_edited_in_mid_batch_changes_nothing_that_was_confirmed(app: TestApp) {
        app.sink.misbehave("beta", Whim::Reply("RCPT", "450 4.2.0 greylisted"));
        let batch = batch_of_two(&app).await;
        app.send_until_idle().await;
        let admin = app.admin().await;
        let editor = "/automations/email-notifications/invoice-reminder";
        let basis = admin.get(editor).await.value("basis");
        let fields = [("subject", "Another subject"), ("message", "Another text"), ("basis", basis.as_str())];
        admin.post(&format!("{editor}/versions"), &fields).await.says("Another text");
        app.sink.behave();
        app.clock.advance(TimeDelta::seconds(361));
        app.send_now().await;
        let mails = app.sink.deliveries();
        assert_eq!(mails.len(), 2);
        assert!(mails.iter().all(|mail| !mail.text.contains("Another")));
        app.admin().await.get(&batch).await.says("Finished. 2 of 2");
    }

    async fn m01_a_name_with_a_point_stands_between_quotes(app: TestApp) {
        app.import("customer_name,customer_email,invoice_number,currency,total\nBooking.com,ar@booking.example,INV-1,EUR,1\n").await;
        let admin = app.admin().await;
        let seen = admin.get("/settings/sender").await.value("seen");
        let sender = [("seen", seen.as_str()), ("sender_name", ".dot"), ("from", "ar@acme.example"), ("reply_to", ""), ("footer", "")];
        admin.post("/settings/sender", &sender).await.says("Saved.");
        admin.confirm(&admin.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let mail = &app.sink.deliveries()[0].text;
        for header in ["From: \".dot\" <ar@acme.example>\n", "To: \"Booking.com\" <ar@booking.example>\n"] {
            assert_eq!(mail.replace("\r\n", "\n").matches(header).count(), 1, "{header}: {mail}");
        }
    }

    async fn m01_names_and_subjects_beyond_ascii_arrive_as_they_were_written(app: TestApp) {
        app.import(
            "customer_name,customer_email,invoice_number,currency,total\n\
             \"Müller & Söhne \"\"Nord\"\", 株式会社\",ar@mueller.example,RÉF-7/☂,EUR,1234.50\n",
        )
        .await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["RÉF-7/☂"]).await).await;
        app.send_until_idle().await;
        let mails = app.sink.deliveries();
        let mail = MessageParser::default().parse(mails[0].text.as_bytes()).unwrap();
        let to = mail.to().unwrap().first().unwrap();
        assert_eq!(to.name(), Some("Müller & Söhne \"Nord\", 株式会社"));
        assert_eq!(to.address(), Some("ar@mueller.example"));
        assert!(mail.subject().unwrap().contains("RÉF-7/☂"), "{:?}", mail.subject());
        assert_eq!(mail.text_body.len(), 1);
        assert!(mail.body_text(0).unwrap().contains("RÉF-7/☂"));
        assert!(mail.body_html(0).unwrap().contains("RÉF-7/☂"));
        assert!(mail.parts.iter().any(|part| part.is_content_type("multipart", "alternative")));
        assert!(mails[0].text.lines().all(|line| line.len() <= 998));
        let headers = mails[0].text.split_once("\n\n").unwrap().0;
        assert!(headers.is_ascii(), "{headers}");
    }
}
