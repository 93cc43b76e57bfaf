//! Payments recorded by hand, in full and in part: what they do to an invoice, to its reminders and to later imports.

use reqwest::StatusCode;

use crate::support::{Page, Person, TestApp, Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Beta, ar@beta.example, 50.00, -3, Sent",
    "INV-3, Gamma, ar@gamma.example, 20.00, -1, Sent",
    "INV-4, Delta, ar@delta.example, 20.00, -1, Sent",
    "INV-5, Eta, ar@eta.example, 20.00, -1, Paid",
];

async fn pay(person: &Person, id: &str, amount: &str, paid_on: &str) -> Page {
    person.post(&format!("/invoices/{id}/payments"), &[("amount", amount), ("paid_on", paid_on)]).await
}

/// Confirms the reminder of an invoice and does something to the invoice while the mail server keeps the answer to the
/// whole mail back.
async fn once_handed_over(
    app: &TestApp,
    person: &Person,
    number: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> Page {
    person.confirm(&person.propose(&[number]).await).await;
    let path = format!("/invoices/{}/{path}", person.invoice_id(number).await);
    app.sink.misbehave("", Whim::Withhold("dot"));
    let act = async {
        app.sink.is_withholding().await;
        let page = person.post(&path, fields).await;
        app.sink.behave();
        page
    };
    tokio::join!(app.send_until_idle(), act).1
}

on_both_databases! {
    async fn a_part_payment_lowers_the_balance_and_the_rest_settles_the_invoice(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let id = clerk.invoice_id("INV-1").await;
        let form = clerk.get(&format!("/invoices/{id}/payments/new")).await;
        form.says("INV-1").says("Acme").says("100.00 EUR is owed");
        assert_eq!((form.value("amount").as_str(), form.value("paid_on").as_str()), ("100.00", "2025-12-01"));
        let page = pay(&clerk, &id, "40.00", "2025-11-30").await;
        page.says("<dd>60.00 EUR</dd>").says("Payment recorded").says("by The clerk");
        page.says("40.00 EUR on 30 Nov 2025; 60.00 EUR is still owed");
        clerk.get("/invoices?tab=overdue").await.says("INV-1").says("60.00 EUR<small>of 100.00</small>");
        clerk.propose(&["INV-1"]).await.says("1 e-mail to 1 customer, 60.00 EUR in total.");
        pay(&clerk, &id, "60", "2025-12-01").await.says("60.00 EUR on 1 Dec 2025").says("Cannot be reminded. It is paid.");
        clerk.get("/invoices?tab=paid").await.says("INV-1");
        let late = clerk.get(&format!("/invoices/{id}/payments/new")).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
        late.says("Nothing is owed on INV-1.");
    }

    async fn what_is_wrong_with_a_payment_is_told_at_its_field_and_the_input_is_kept(app: TestApp) {
        app.ledger(LEDGER).await;
        app.import("customer_name,invoice_number,currency,total\nKyoto,YEN-1,JPY,900\n").await;
        let clerk = app.clerk().await;
        for (number, amount, paid_on, field, sentence) in [
            ("INV-1", "a hundred", "2025-12-01", "amount", "is not an amount: write digits"),
            ("INV-1", "40,00", "2025-12-01", "amount", "is not an amount: write digits"),
            ("INV-1", "1e3", "2025-12-01", "amount", "is not an amount: write digits"),
            ("INV-1", "1.234", "2025-12-01", "amount", "has more decimals than EUR has (2)."),
            ("YEN-1", "1.5", "2025-12-01", "amount", "has more decimals than JPY has (0)."),
            ("INV-1", "0", "2025-12-01", "amount", "A payment is more than zero."),
            ("INV-1", "-5", "2025-12-01", "amount", "A payment is more than zero."),
            ("INV-1", "100.01", "2025-12-01", "amount", "100.01 EUR is more than is owed: 100.00 EUR."),
            ("INV-1", "40", "2025-12-02", "paid_on", "2 Dec 2025 has not come yet."),
            ("INV-1", "40", "yesterday", "paid_on", "Give the day on which the money came in."),
            ("INV-1", "40", "0025-12-01", "paid_on", "Give the day on which the money came in."),
        ] {
            let id = clerk.invoice_id(number).await;
            let page = pay(&clerk, &id, amount, paid_on).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{amount} {paid_on}");
            page.says("<title>Error: Record payment of ").says(&format!("href=\"#{field}\"")).says(sentence);
            let (_, at_field) = page.text.split_once(&format!("id=\"{field}-hint\"")).unwrap();
            assert!(at_field.starts_with("><span class=\"wrong\">"), "{}", page.text);
            assert_eq!((page.value("amount").as_str(), page.value("paid_on").as_str()), (amount, paid_on));
        }
        clerk.get("/invoices?q=INV-1").await.says("100.00 EUR");
    }

    async fn the_same_form_sent_twice_is_one_payment(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let id = clerk.invoice_id("INV-1").await;
        let payment = clerk.get(&format!("/invoices/{id}/payments/new")).await.value("payment");
        let fields = [("payment", payment.as_str()), ("amount", "30.00"), ("paid_on", "2025-12-01")];
        for _ in 0..2 {
            clerk.post(&format!("/invoices/{id}/payments"), &fields).await.says("<dd>70.00 EUR</dd>");
        }
        let other = clerk.invoice_id("INV-2").await;
        assert_eq!(clerk.post(&format!("/invoices/{other}/payments"), &fields).await.status, 404);
    }

    async fn two_payments_at_once_are_not_more_than_is_owed(app: TestApp) {
        app.ledger(LEDGER).await;
        let (one, two) = (app.clerk().await, app.clerk().await);
        let id = one.invoice_id("INV-1").await;
        let (first, second) =
            tokio::join!(pay(&one, &id, "60.00", "2025-12-01"), pay(&two, &id, "60.00", "2025-12-01"));
        let refused = if first.status == 422 { first } else { second };
        refused.says("60.00 EUR is more than is owed: 40.00 EUR.");
        one.get(&format!("/invoices/{id}")).await.says("<dd>40.00 EUR</dd>");
    }

    async fn after_a_part_payment_a_waiting_reminder_names_what_is_still_owed(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-2"]).await).await;
        let (waiting, rendered) = (clerk.invoice_id("INV-1").await, clerk.invoice_id("INV-2").await);
        pay(&clerk, &waiting, "40.00", "2025-12-01").await.says_not("Reminder cancelled");
        app.sink.misbehave("beta", Whim::Withhold("DATA"));
        let act = async {
            app.sink.is_withholding().await;
            pay(&clerk, &rendered, "1.00", "2025-12-01").await.says_not("cannot be called back");
            app.sink.behave();
        };
        tokio::join!(app.send_until_idle(), act);
        app.send_now().await;
        let mails = app.sink.deliveries();
        assert_eq!(mails.len(), 2);
        for (recipient, balance) in [("ar@acme-customer.example", "60.00 EUR"), ("ar@beta.example", "49.00 EUR")] {
            let mail = mails.iter().find(|mail| mail.recipient == recipient).unwrap();
            assert!(mail.text.contains(balance), "{}", mail.text);
        }
        clerk.get(&batch.url).await.says("Finished. 2 of 2 accepted");
    }

    async fn the_full_payment_cancels_what_waits_and_says_why(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let batch = clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        let id = clerk.invoice_id("INV-1").await;
        pay(&clerk, &id, "100.00", "2025-12-01").await.says("Reminder cancelled").says("The invoice was paid.");
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
        clerk.get(&batch.url).await.says("1 cancelled.").says("The invoice was paid.");
    }

    async fn what_was_handed_over_already_is_named_by_the_answer_and_the_timeline(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let part = [("amount", "1.00"), ("paid_on", "2025-12-01")];
        for (number, path, fields) in [
            ("INV-1", "payments", &part[..]),
            ("INV-2", "full-payment", &[]),
            ("INV-3", "archive", &[]),
            ("INV-4", "hold", &[("reason", "a dispute")]),
        ] {
            let page = once_handed_over(&app, &clerk, number, path, fields).await;
            page.says(&format!("A reminder of {number} to ar@"));
            page.says("was already on its way and cannot be called back");
            page.says("Reminder already handed over, cannot be called back").says_not("Reminder cancelled");
            let reminder = page.between("cannot be called back: <a href=\"/reminders/", "\"", ">");
            clerk.get(&format!("/reminders/{reminder}")).await.says("Accepted by mail server");
            let other = clerk.invoice_id("INV-5").await;
            clerk.get(&format!("/invoices/{other}?handed_over={reminder},x")).await.says_not("cannot be called back");
        }
        assert_eq!(app.sink.deliveries().len(), 4);
    }

    async fn an_import_does_not_undo_a_part_payment_unless_reopen_is_ticked(app: TestApp) {
        let csv = "customer_name,invoice_number,currency,total,balance,status\nAcme,INV-1,EUR,100,100,Sent\n";
        app.import(csv).await;
        let clerk = app.clerk().await;
        let id = clerk.invoice_id("INV-1").await;
        pay(&clerk, &id, "40.00", "2025-12-01").await;
        let checked = clerk.upload("ledger.csv", csv, false).await;
        checked.says("1 unchanged, 0 errors, 1 warning").says("INV-1 stays PartiallyPaid with 60.00 EUR owed");
        app.import(csv).await;
        clerk.get(&format!("/invoices/{id}")).await.says("<dd>60.00 EUR</dd>");
        app.import("customer_name,invoice_number,currency,total,balance\nAcme,INV-1,EUR,100,10\n").await;
        clerk.get(&format!("/invoices/{id}")).await.says("<dd>10.00 EUR</dd>");
        let reopened = clerk.upload("ledger.csv", csv, true).await;
        clerk.post(&format!("{}/write", reopened.url), &[]).await;
        clerk.get(&format!("/invoices/{id}")).await.says("<dd>100.00 EUR</dd>").says("Reopened");
    }
}
