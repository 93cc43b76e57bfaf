//! A program's own subject and message: plain text in the organisation's layout (product item I4).

use mail_parser::MessageParser;
use serde_json::{Value, json};

use crate::support::{Caller, Reply, TestApp, Whim, on_both_databases, reminders_of};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Acme, ar@acme-customer.example, 50.00, -10, Sent",
    "INV-3, Acme, ar@acme-customer.example, 20.00, -10, Sent",
];

async fn say(app: &TestApp, program: &Caller, number: &str, words: Value) -> Reply {
    let path = reminders_of(&program.invoice(number).await);
    app.while_sending(program.post(&path, &words)).await
}

on_both_databases! {
    async fn own_words_are_plain_text_with_their_line_breaks_in_the_layout(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let message = "Dear <b>Ada</b> & co,\r\n\r\n{{ invoice.number }} *is* open.\n# Pay\u{0}\u{1b} it\tnow.\n[a](http://b.example)";
        let words = json!({"subject": " {{ invoice.number }}: last\u{85} call\u{202e} ", "message": message, "other": 1});
        let sent = say(&app, &program, "INV-1", words).await;
        assert_eq!(sent.is(200, "Sent").text("subject"), "{{ invoice.number }}: last call");
        let text = "Dear <b>Ada</b> & co,\n\n{{ invoice.number }} *is* open.\n# Pay it\tnow.\n[a](http://b.example)\n\n--\nInvoice: INV-1\n";
        assert!(sent.text("body").starts_with(text), "{}", sent.body);
        let mails = app.sink.deliveries();
        let mail = MessageParser::default().parse(mails[0].text.as_bytes()).unwrap();
        assert_eq!(mail.subject(), Some("{{ invoice.number }}: last call"));
        assert!(mail.body_text(0).unwrap().replace("\r\n", "\n").starts_with(text));
        let html = mail.body_html(0).unwrap();
        assert!(html.contains("Dear &lt;b&gt;Ada&lt;/b&gt; &amp; co,</p>"), "{html}");
        assert!(html.contains("{{ invoice.number }} *is* open.<br />"), "{html}");
        assert!(html.contains("Acme Receivables") && !html.contains("<h1># Pay") && !html.contains("href=\"http://b"));
    }

    async fn what_is_not_said_is_taken_from_the_text_of_the_stage(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let sent = say(&app, &program, "INV-1", json!({"subject": "Last call"})).await;
        assert_eq!(sent.is(200, "Sent").text("subject"), "Last call");
        assert!(sent.text("body").contains("has been due since"));
        let sent = say(&app, &program, "INV-2", json!({"subject": " \u{200b}\u{85}", "message": "Pay."})).await;
        assert_eq!(sent.is(200, "Sent").text("subject"), "Please pay invoice INV-2, 10 days overdue");
        assert!(sent.text("body").starts_with("Pay.\n\n--\n"));
        // The same words of another invoice are a letter of its own figures.
        let sent = say(&app, &program, "INV-3", json!({"message": "Pay."})).await;
        assert!(sent.text("body").contains("Invoice: INV-3\n"), "{}", sent.body);
    }

    async fn words_beyond_the_contract_are_refused_and_nothing_is_sent(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        for words in [
            json!({"subject": "a\r\nBcc: b@c.example"}),
            json!({"subject": "a\tb"}),
            json!({"subject": "\u{7f}"}),
            json!({"subject": "x".repeat(201)}),
            json!({"message": "x".repeat(10_001)}),
            json!({"message": 5}),
            json!({"scheduledAt": "2026-01-01T00:00:00Z"}),
            json!({"scheduledAt": ""}),
        ] {
            say(&app, &program, "INV-1", words).await.is(400, "Request.Malformed");
        }
        assert!(app.sink.deliveries().is_empty());
        let longest = json!({"subject": "é".repeat(200), "message": "🙂".repeat(10_000), "scheduledAt": null});
        let sent = say(&app, &program, "INV-1", longest).await;
        assert_eq!(sent.is(200, "Sent").text("subject"), "é".repeat(200));
        assert!(sent.text("body").starts_with(&"🙂".repeat(10_000)));
    }

    async fn a_resend_keeps_the_own_words_and_chooses_the_stage_anew(app: TestApp) {
        app.ledger(&["INV-1, Acme, ar@acme-customer.example, 100.00, -1, Sent", "INV-2, Beta, b@beta.example, 1.00, -1, Sent"]).await;
        let program = app.program().await;
        app.sink.misbehave("", Whim::Reply("RCPT", "550 5.0.0 no"));
        let worded = say(&app, &program, "INV-1", json!({"message": "Words\nof our own."})).await;
        let plain = say(&app, &program, "INV-2", json!({})).await;
        app.sink.behave();
        app.clock.advance(chrono::TimeDelta::days(7));
        for (refused, number) in [(worded, "INV-1"), (plain, "INV-2")] {
            refused.is(502, "Invoice.EmailSendFailed");
            let path = reminders_of(&program.invoice(number).await);
            let failed = program.get(&path).await.body[0]["id"].as_str().unwrap().to_owned();
            app.support().await.post(&format!("/reminders/{failed}/resends"), &[]).await;
            app.send_now().await;
            let resent = &program.get(&path).await.body[1];
            assert_eq!(resent["subject"], format!("Please pay invoice {number}, 8 days overdue"), "{resent}");
            let body = resent["body"].as_str().unwrap();
            assert_eq!(body.starts_with("Words\nof our own.\n"), number == "INV-1", "{body}");
        }
    }
}
