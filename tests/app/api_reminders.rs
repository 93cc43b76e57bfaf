//! Reminders that programs ask for: what is sent, and what each case answers, in its order (product item I3).

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Caller, Reply, TestApp, Whim, on_both_databases, reminders_of};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Acme, ar@acme-customer.example, 50.50, 3, Sent",
    "INV-3, Beta, ar@beta.example, 20.00, -1, Paid",
    "INV-4, Gamma, , 30.00, -1, Sent",
    "INV-5, Delta, ar@delta.example, 40.00, 0, Draft",
];

const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";

/// A program that asks while the worker runs.
struct Asking<'a> {
    app: &'a TestApp,
    program: Caller,
}

impl<'a> Asking<'a> {
    async fn start(app: &'a TestApp) -> Self {
        app.ledger(LEDGER).await;
        Self { app, program: app.program().await }
    }

    async fn id(&self, number: &str) -> String {
        self.program.invoice(number).await
    }

    async fn remind(&self, id: &str) -> Reply {
        self.app.while_sending(self.program.remind(id)).await
    }

    /// What is recorded of an invoice's reminders: status and failure.
    async fn recorded(&self, id: &str) -> Vec<(String, String)> {
        let list = self.program.get(&reminders_of(id)).await.body;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let rows = list.as_array().unwrap().iter();
        rows.map(|row| (text(&row["status"]), text(&row["failureReason"]))).collect()
    }

    /// Does something to an invoice in the portal.
    async fn clerk(&self, id: &str, verb: &str, fields: &[(&str, &str)]) {
        let page = self.app.clerk().await.post(&format!("/invoices/{id}/{verb}"), fields).await;
        assert_eq!(page.status, 200, "{verb}: {}", page.words());
    }

    async fn suppress(&self, address: &str) {
        self.app.clerk().await.post("/suppressions", &[("address", address)]).await.says(address);
    }

    fn mails(&self) -> usize {
        self.app.sink.deliveries().len()
    }
}

const NOT_REMINDABLE: &str = "InvoiceReminder.InvoiceNotRemindable";

on_both_databases! {
    async fn a_program_sends_a_reminder_and_hears_that_it_was_sent(app: TestApp) {
        let asking = Asking::start(&app).await;
        let id = asking.id("INV-1").await;
        let sent = asking.remind(&id).await;
        sent.is(200, "Sent");
        assert_eq!((sent.text("invoiceId"), sent.body["offset"].is_null()), (id.as_str(), true));
        assert_eq!(sent.text("scheduledAt"), sent.text("createdAt"), "there is no undo time");
        assert_eq!(sent.text("subject"), "Please pay invoice INV-1, 10 days overdue");
        assert!(sent.text("body").contains("has been due since") && sent.body["failureReason"].is_null());
        let mails = app.sink.deliveries();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].text.contains(&format!("X-Dunlin-Reminder: {}", sent.text("id"))));
        assert_eq!(asking.program.get(&reminders_of(&id)).await.body, json!([sent.body]));
        let reminder = app.clerk().await.get(&format!("/reminders/{}", sent.text("id"))).await;
        reminder.says("API").says("ERP").says("Accepted by mail server");
    }

    async fn at_0_59_and_61_seconds_the_reminders_are_a_a_and_b(app: TestApp) {
        let asking = Asking::start(&app).await;
        let id = asking.id("INV-1").await;
        let mut ids = Vec::new();
        for seconds in [0, 59, 2] {
            app.clock.advance(TimeDelta::seconds(seconds));
            ids.push(asking.remind(&id).await.is(200, "Sent").text("id").to_owned());
        }
        assert_eq!(ids[0], ids[1]);
        assert_ne!(ids[0], ids[2]);
        assert_eq!(asking.mails(), 2);
    }

    async fn a_replay_comes_before_what_has_changed_since_whatever_the_body(app: TestApp) {
        let asking = Asking::start(&app).await;
        let id = asking.id("INV-1").await;
        let first = asking.remind(&id).await;
        asking.clerk(&id, "archive", &[]).await;
        asking.suppress("ar@acme-customer.example").await;
        app.sql("UPDATE customer SET email = NULL");
        let again = asking.program.post(&reminders_of(&id), &json!({"subject": "Another"})).await;
        assert_eq!((again.status, &again.body), (200, &first.body));
        app.clock.advance(TimeDelta::seconds(61));
        asking.remind(&id).await.is(409, NOT_REMINDABLE);
        assert_eq!(asking.recorded(&id).await.len(), 1);
    }

    async fn the_state_comes_before_a_hold_that_before_the_address_and_none_of_it_is_recorded(app: TestApp) {
        let asking = Asking::start(&app).await;
        for (number, word) in [("INV-3", "paid"), ("INV-5", "draft")] {
            let id = asking.id(number).await;
            let refused = asking.remind(&id).await;
            assert!(refused.is(409, NOT_REMINDABLE).text("detail").contains(word), "{}", refused.body);
            assert!(asking.recorded(&id).await.is_empty());
        }
        let id = asking.id("INV-4").await;
        asking.remind(&id).await.is(400, "Invoice.CustomerMissingEmail");
        asking.clerk(&id, "hold", &[("reason", "a dispute"), ("until", "2025-12-24")]).await;
        let held = asking.remind(&id).await;
        assert!(held.is(409, NOT_REMINDABLE).text("detail").contains("until 24 Dec 2025: a dispute"), "{}", held.body);
        asking.clerk(&id, "archive", &[]).await;
        let archived = asking.remind(&id).await;
        assert!(archived.is(409, NOT_REMINDABLE).text("detail").contains("archived"), "{}", archived.body);
        assert!(asking.recorded(&id).await.is_empty());
        let id = asking.id("INV-1").await;
        asking.suppress("ar@acme-customer.example").await;
        asking.clerk(&id, "archive", &[]).await;
        asking.remind(&id).await.is(409, NOT_REMINDABLE);
        assert!(asking.recorded(&id).await.is_empty());
        let id = asking.id("INV-2").await;
        let page = app.clerk().await.get(&format!("/invoices/{id}")).await;
        let customer = page.between("href=\"/customers/", "\"", ">");
        app.clerk().await.post(&format!("/customers/{customer}/hold"), &[("reason", "they pay by instalments")]).await;
        let held = asking.remind(&id).await;
        assert!(held.is(409, NOT_REMINDABLE).text("detail").contains("until it is lifted: they pay by instalments"));
        assert_eq!(asking.mails(), 0);
    }

    async fn an_unknown_invoice_and_another_organisations_are_answered_alike(app: TestApp) {
        let asking = Asking::start(&app).await;
        let other = app.another_organisation("Beta").await;
        let key = app.actions.add_api_key(other, "Theirs".parse().unwrap()).await.unwrap();
        let theirs = Caller::new(&app.url, key);
        let id = asking.id("INV-1").await;
        asking.remind(&id).await.is(200, "Sent");
        let mut bodies = Vec::new();
        for id in [id.as_str(), UNKNOWN] {
            let mut refused = app.while_sending(theirs.remind(id)).await;
            assert_eq!(refused.is(404, "Invoice.NotFound").text("instance"), reminders_of(id));
            for own in ["instance", "requestId"] {
                refused.body.as_object_mut().unwrap().remove(own);
            }
            bodies.push(refused.body);
        }
        assert_eq!(bodies[0], bodies[1]);
    }

    async fn a_refused_recipient_is_suppressed_and_the_next_call_speaks_to_nobody(app: TestApp) {
        let asking = Asking::start(&app).await;
        let id = asking.id("INV-1").await;
        app.sink.misbehave("acme", Whim::Reply("RCPT", "550 5.1.1 no such user"));
        let refused = asking.remind(&id).await;
        assert!(refused.is(422, "Invoice.RecipientInactive").text("detail").contains("no such user"));
        app.clerk().await.get("/suppressions").await.says("ar@acme-customer.example");
        // Who asks now would be accepted: nobody does.
        app.sink.behave();
        for other in ["INV-1", "INV-2"] {
            asking.remind(&asking.id(other).await).await.is(422, "Invoice.RecipientInactive");
        }
        assert_eq!(asking.mails(), 0);
        let recorded = asking.recorded(&id).await;
        assert_eq!(recorded.len(), 2);
        assert!(recorded.iter().all(|(status, _)| status == "Failed"));
        assert!(recorded[0].1.starts_with("address_refused: 550 5.1.1") && recorded[1].1.starts_with("suppressed: "));
    }

    async fn whatever_the_mail_server_refuses_is_tried_once_and_a_later_call_may_send(app: TestApp) {
        let asking = Asking::start(&app).await;
        let id = asking.id("INV-1").await;
        let whims = [
            (Whim::Reply("banner", "554 5.3.2 no"), "unreachable: 554 5.3.2 no"),
            (Whim::Reply("banner", "421 4.7.0 too many"), "unreachable: 421 4.7.0 too many"),
            (Whim::Reply("MAIL", "530 5.7.0 authentication required"), "unreachable: 530 5.7.0"),
            (Whim::Reply("RCPT", "450 4.2.0 greylisted"), "refused: 450 4.2.0 greylisted"),
            (Whim::Reply("RCPT", "452 4.2.2 over quota"), "mailbox_full: 452 4.2.2"),
            (Whim::Reply("RCPT", "554 5.0.0 no"), "refused: 554 5.0.0 no"),
            (Whim::Reply("dot", "554 5.7.1 looks like spam"), "policy: 554 5.7.1"),
            (Whim::Reply("dot", "451 4.3.0 later"), "refused: 451 4.3.0 later"),
        ];
        for (i, (whim, reason)) in whims.iter().enumerate() {
            app.sink.misbehave("", whim.clone());
            let refused = asking.remind(&id).await;
            let detail = refused.is(502, "Invoice.EmailSendFailed").text("detail");
            assert!(detail.contains(reason.split(": ").nth(1).unwrap()), "{detail}");
            let recorded = asking.recorded(&id).await;
            assert_eq!((recorded.len(), recorded[i].0.as_str()), (i + 1, "Failed"));
            assert!(recorded[i].1.starts_with(reason), "{recorded:?}");
            app.sink.behave();
        }
        app.send_now().await;
        assert_eq!(asking.mails(), 0, "what was tried once is not tried again");
        asking.remind(&id).await.is(200, "Sent");
        app.clerk().await.get("/invoices").await.says_not("Mail server not reachable");
    }

    async fn a_mail_that_may_have_been_delivered_is_answered_200_and_counts_as_sent(app: TestApp) {
        let asking = Asking::start(&app).await;
        let id = asking.id("INV-1").await;
        app.sink.misbehave("", Whim::Drop("dot"));
        let unconfirmed = asking.remind(&id).await;
        assert!(unconfirmed.is(200, "Failed").text("failureReason").starts_with("delivery_unconfirmed: "));
        app.sink.behave();
        assert_eq!(asking.remind(&id).await.body, unconfirmed.body);
        app.clock.advance(TimeDelta::seconds(61));
        assert_ne!(asking.remind(&id).await.is(200, "Sent").text("id"), unconfirmed.text("id"));
        assert_eq!(asking.mails(), 2);
    }

    async fn what_is_called_back_while_a_program_waits_is_answered_cancelled(app: TestApp) {
        let asking = Asking::start(&app).await;
        let id = asking.id("INV-1").await;
        app.sink.misbehave("", Whim::Withhold("RCPT"));
        let paying = async {
            app.sink.is_withholding().await;
            asking.clerk(&id, "full-payment", &[]).await;
            app.sink.behave();
        };
        let (cancelled, ()) = app.while_sending(async { tokio::join!(asking.program.remind(&id), paying) }).await;
        assert!(cancelled.is(200, "Cancelled").body["cancelledAt"].is_string());
        assert!(cancelled.body["failureReason"].is_null());
        asking.remind(&id).await.is(409, NOT_REMINDABLE);
        assert_eq!(asking.mails(), 0);
    }

    async fn while_sending_is_paused_the_answer_is_pending_at_once_and_it_goes_out_after(app: TestApp) {
        let asking = Asking::start(&app).await;
        let id = asking.id("INV-1").await;
        let admin = app.admin().await;
        admin.post("/settings/sending/pause", &[("reason", "a test")]).await;
        let pending = asking.remind(&id).await;
        assert!(pending.is(200, "Pending").body["subject"].is_null() && pending.body["body"].is_null());
        assert_eq!(asking.remind(&id).await.is(200, "Pending").text("id"), pending.text("id"));
        admin.post("/settings/sending/resumption", &[]).await;
        assert_eq!(asking.remind(&id).await.is(200, "Sent").text("id"), pending.text("id"));
        assert_eq!(asking.mails(), 1);
    }

    async fn a_bulk_reminder_on_its_way_answers_at_once_and_one_just_sent_too(app: TestApp) {
        let asking = Asking::start(&app).await;
        let id = asking.id("INV-1").await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        // Nobody sends meanwhile: it does not wait.
        let pending = asking.program.remind(&id).await;
        pending.is(200, "Pending");
        app.send_until_idle().await;
        let sent = asking.program.remind(&id).await;
        assert_eq!((sent.is(200, "Sent").text("id"), asking.mails()), (pending.text("id"), 1));
        app.clock.advance(TimeDelta::seconds(61));
        assert_ne!(asking.remind(&id).await.is(200, "Sent").text("id"), pending.text("id"));
        clerk.post("/reminder-proposals", &[("invoice", &id)]).await.says("possible again in");
    }

    async fn a_caller_that_hangs_up_loses_nothing(app: TestApp) {
        let asking = Asking::start(&app).await;
        let id = asking.id("INV-1").await;
        app.sink.misbehave("", Whim::Withhold("dot"));
        let hanging_up = async {
            tokio::select! {
                answer = asking.program.remind(&id) => panic!("{}", answer.body),
                () = app.sink.is_withholding() => {}
            }
            app.sink.behave();
            asking.program.remind(&id).await
        };
        app.while_sending(hanging_up).await.is(200, "Sent");
        assert_eq!((asking.recorded(&id).await.len(), asking.mails()), (1, 1));
    }

    async fn the_text_follows_the_days_since_the_due_day(app: TestApp) {
        let days = [(-8, 10), (-7, 10), (-6, 1), (-1, 1), (0, 0), (1, 2), (2, 2), (3, 7), (9, 7)];
        let lines: Vec<String> =
            days.iter().map(|(days, _)| format!("DUE{days}, C, c@customer.example, 1.00, {days}, Sent")).collect();
        app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let program = app.program().await;
        for (days, _) in days {
            let sent = app.while_sending(program.remind(&program.invoice(&format!("DUE{days}")).await)).await;
            let subject = match days {
                ..=-7 => format!("Please pay invoice DUE{days}, {} days overdue", -days),
                -6..=-1 => format!("Overdue: invoice DUE{days}"),
                0 => "Invoice DUE0 is due today".to_owned(),
                1..=2 => format!("Invoice DUE{days} is due soon"),
                3.. => format!("Invoice DUE{days} is due on {} Dec 2025", days + 1),
            };
            assert_eq!(sent.is(200, "Sent").text("subject"), subject, "{days}");
        }
    }
}
