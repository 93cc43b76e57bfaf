//! The organisation's settings: what they change, what is wrong said at its field, and two who edit at once.

use reqwest::StatusCode;

use crate::support::{Page, Person, Whim, on_both_databases};

const ORGANISATION: &str = "/settings/organisation";
const SENDER: &str = "/settings/sender";

type Fields<'a> = [(&'a str, &'a str); 4];

const AS_IT_IS: Fields =
    [("name", "Acme Receivables"), ("time_zone", "UTC"), ("currency", "EUR"), ("payment_terms", "30")];

/// Sends the form of a page that was opened before, with some fields written anew.
async fn save<'a>(person: &Person, opened: &'a Page, fields: &[(&'a str, &'a str)]) -> Page {
    let seen = opened.value("seen");
    person.post(&opened.url, &[&[("seen", seen.as_str())], fields].concat()).await
}

fn with<'a>(fields: Fields<'a>, field: &'a str, value: &'a str) -> Fields<'a> {
    fields.map(|(name, was)| if name == field { (name, value) } else { (name, was) })
}

on_both_databases! {
    async fn an_admin_changes_the_organisation_and_it_is_so_everywhere(app: TestApp) {
        let admin = app.admin().await;
        let opened = admin.get(ORGANISATION).await;
        let fields = [
            ("name", " Acme & Sons "),
            ("time_zone", "asia/tokyo"),
            ("currency", "usd"),
            ("payment_terms", "14"),
        ];
        let saved = save(&admin, &opened, &fields).await;
        saved.says("<p class=\"toast\" role=\"status\" data-behaviour=\"toast\">Saved.</p>");
        let shown = ["name", "time_zone", "currency", "payment_terms"].map(|field| saved.form_value(field));
        assert_eq!(shown, ["Acme & Sons", "Asia/Tokyo", "USD", "14"]);
        saved.says("<p class=\"side__organisation\">Acme &#38; Sons</p>");
        app.import("customer_name,invoice_number,currency,total,issue_date\nA,INV-1,EUR,1,2025-12-01\n").await;
        admin.get("/invoices?tab=all").await.says("15 Dec 2025");
    }

    async fn what_is_wrong_is_told_at_its_field_and_the_input_is_kept(app: TestApp) {
        let admin = app.admin().await;
        let opened = admin.get(ORGANISATION).await;
        for (field, value, sentence) in [
            ("name", " ", "Name: it is empty."),
            ("name", "Acme\r\nBcc: a@b.example", "Name: it contains a line break, control or"),
            ("time_zone", "Mars", "Time zone: \u{201c}Mars\u{201d} is not a time zone; write it like"),
            ("currency", "EUX", "Currency: \u{201c}EUX\u{201d} is not an ISO 4217 currency code"),
            ("payment_terms", "366", "Payment terms: \u{201c}366\u{201d} is not a number of days from 0 to 365."),
        ] {
            let page = save(&admin, &opened, &with(AS_IT_IS, field, value)).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {value}");
            page.says("<title>Error: Organisation").says(&format!("href=\"#{field}\"")).says(sentence);
            assert_eq!(page.form_value(field), value);
        }
        let opened = admin.get(SENDER).await;
        for (field, value) in [("from", "a@b.example, c@d.example"), ("reply_to", "acme"), ("sender_name", "A\u{202e}")] {
            let page = save(&admin, &opened, &[(field, value)]).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {value}");
            page.says("<title>Error: Sender").says(&format!("href=\"#{field}\""));
            assert_eq!(page.form_value(field), value);
        }
        let kept = admin.get(ORGANISATION).await;
        assert_eq!(kept.form_value("name"), "Acme Receivables");
    }

    async fn who_edits_at_the_same_time_overwrites_nothing_unseen(app: TestApp) {
        let (ada, bob) = (app.admin().await, app.admin().await);
        let opened = bob.get(ORGANISATION).await;
        let first = ada.get(ORGANISATION).await;
        save(&ada, &first, &with(with(AS_IT_IS, "name", "Acme"), "payment_terms", "14")).await.says("Saved.");
        let typed = with(with(AS_IT_IS, "name", "Acme Ltd"), "currency", "USD");
        let page = save(&bob, &opened, &typed).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        page.says("Name: it was changed to \u{201c}Acme\u{201d} meanwhile. Save again to put yours in its place.");
        page.says("Payment terms: it was changed to \u{201c}14\u{201d} meanwhile. Save again to keep that.");
        let shown = ["name", "currency", "payment_terms"].map(|field| page.form_value(field));
        assert_eq!(shown, ["Acme Ltd", "USD", "14"]);
        assert_eq!(bob.get(ORGANISATION).await.form_value("name"), "Acme");
        let again = [("name", "Acme Ltd"), ("time_zone", "UTC"), ("currency", "USD"), ("payment_terms", "14")];
        let saved = save(&bob, &page, &again).await;
        assert_eq!(["name", "payment_terms"].map(|field| saved.form_value(field)), ["Acme Ltd", "14"]);
    }

    async fn another_page_of_the_settings_is_in_nobodys_way(app: TestApp) {
        let (ada, bob) = (app.admin().await, app.admin().await);
        let opened = bob.get(SENDER).await;
        let first = ada.get(ORGANISATION).await;
        save(&ada, &first, &with(AS_IT_IS, "name", "Acme")).await.says("Saved.");
        save(&bob, &opened, &[("from", "ar@acme.example"), ("reply_to", "")]).await.says("Saved.");
        assert_eq!(bob.get(ORGANISATION).await.form_value("name"), "Acme");
    }

    async fn mails_come_from_the_sender_that_was_set_and_those_queued_before_keep_theirs(app: TestApp) {
        app.ledger(&["INV-1, A, a@a.example, 10.00, -5, Sent", "INV-2, B, b@b.example, 10.00, -5, Sent"]).await;
        let admin = app.admin().await;
        admin.confirm(&admin.propose(&["INV-1"]).await).await;
        let opened = admin.get(SENDER).await;
        opened.says("Acme Receivables &lt;ar@acme.example&gt;").says("<dd class=\"wrap\">answers@acme.example</dd>");
        let fields = [("sender_name", "The ledger"), ("from", "ledger@acme.example"), ("reply_to", "")];
        let saved = save(&admin, &opened, &fields).await;
        saved.says("The ledger &lt;ledger@acme.example&gt;").says("<dd class=\"wrap\">ledger@acme.example</dd>");
        admin.confirm(&admin.propose(&["INV-2"]).await).await;
        app.send_until_idle().await;
        let mails = app.sink.deliveries();
        let from = |recipient: &str| {
            let mail = mails.iter().find(|mail| mail.recipient == recipient).unwrap();
            let head = mail.text.split("\r\n\r\n").next().unwrap();
            head.lines().filter(|line| line.starts_with("From: ") || line.starts_with("Reply-To: ")).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(from("a@a.example"), "From: \"Acme Receivables\" <ar@acme.example>\nReply-To: answers@acme.example");
        assert_eq!(from("b@b.example"), "From: \"The ledger\" <ledger@acme.example>");
    }

    async fn a_test_mail_goes_to_oneself_through_the_outbox_and_says_what_became_of_it(app: TestApp) {
        let admin = app.admin().await;
        admin.get("/settings/mail-server").await.says("127.0.0.1, port ").says("Nobody: without a password");
        let sent = admin.post("/settings/mail-server/test-mails", &[]).await;
        sent.says("is on its way").says("hx-trigger=\"every 1s\"").says("<noscript><meta http-equiv=\"refresh\"");
        let again = format!("/settings/mail-server?test={}", sent.between("mail-server?test=", "\"", " hx-trigger"));
        app.send_now().await;
        let seen = admin.get(&again).await;
        seen.says("The mail server has accepted the test e-mail to ").says_not("hx-trigger=\"every");
        let [mail] = &app.sink.deliveries()[..] else { panic!("one mail") };
        assert!(mail.text.contains("Subject: [Test] "), "{}", mail.text);
        assert!(seen.has(&mail.recipient), "{}", mail.recipient);
        let stranger = app.another_organisation("Beta").await;
        app.sql(&format!("UPDATE outbox SET organisation_id = '{stranger}'"));
        assert_eq!(admin.get(&again).await.status, StatusCode::NOT_FOUND);
    }

    async fn what_keeps_a_test_mail_from_being_sent_is_said_with_what_to_do(app: TestApp) {
        let admin = app.admin().await;
        for (whim, heading, advice) in [
            (Whim::Reply("RCPT", "550 5.7.1 sender not allowed"), "Refused as spam or by policy: the test e-mail", "Ask whoever runs"),
            (Whim::Reply("RCPT", "550 5.1.1 no such user"), "The address does not exist: the test e-mail", "written rightly"),
            (Whim::Reply("RCPT", "451 4.3.0 later"), "did not take the test e-mail yet; the next try is at", "451 4.3.0 later"),
            (Whim::Reply("MAIL", "530 5.7.0 authentication required"), "refuses the user name or the password since", "DUNLIN_MAIL_URL"),
            (Whim::Reply("MAIL", "550 5.1.8 sender unknown"), "takes no mail from here since", "the From address under Settings"),
        ] {
            app.sink.behave();
            app.sink.misbehave("", whim);
            let sent = admin.post("/settings/mail-server/test-mails", &[]).await;
            let again = sent.text.split("mail-server?test=").nth(1).map(|rest| rest[..36].to_owned());
            app.send_now().await;
            let page = match again {
                Some(id) => admin.get(&format!("/settings/mail-server?test={id}")).await,
                None => admin.get("/settings/mail-server").await,
            };
            page.says(heading).says(advice);
        }
    }
}
