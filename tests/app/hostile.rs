//! Odd characters, lists of addresses, far too much of something: refused with a sentence, or taken and carried through whole.

use std::time::{Duration, Instant};

use mail_parser::MessageParser;
use reqwest::StatusCode;

use crate::support::{Person, on_both_databases};

const LEDGER: &[&str] = &["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"];
const EDITOR: &str = "/automations/email-notifications/invoice-reminder";

/// A family in one character, Hebrew, Arabic, Japanese, a letter with its accent behind it.
const NAMES: [&str; 4] = ["👩‍👩‍👧‍👦 Family 🏳️‍🌈", "חברת אלון בע״מ", "شركة النور 12 للتجارة", "株式会社 e\u{301}"];

async fn customer_of(person: &Person, number: &str) -> String {
    let page = person.get(&format!("/invoices/{}", person.invoice_id(number).await)).await;
    format!("/customers/{}", page.between("<dd><a href=\"/customers/", "\"", ">"))
}

on_both_databases! {
    async fn b11_emoji_and_right_to_left_names_reach_pages_searches_exports_and_mails_as_they_were_written(app: TestApp) {
        let mut csv = "customer_name,customer_email,invoice_number,currency,total\n".to_owned();
        NAMES.iter().enumerate().for_each(|(i, name)| csv.push_str(&format!("{name},ar{i}@customer.example,№-{i}🧾,EUR,9.00\n")));
        app.import(&csv).await;
        let clerk = app.clerk().await;
        for name in NAMES {
            clerk.get(&format!("/invoices?q={name}")).await.says(name).says("1–1 of 1");
        }
        let all = clerk.post("/reminder-proposals", &[("matching", "4"), ("list", "/invoices")]).await;
        clerk.confirm(&all).await;
        app.send_until_idle().await;
        let mails = app.sink.deliveries();
        let written = mails.iter().map(|mail| {
            let mail = MessageParser::default().parse(mail.text.as_bytes()).unwrap();
            let name = mail.to().unwrap().first().unwrap().name().unwrap().to_owned();
            assert!(mail.body_text(0).unwrap().contains(&name) && mail.body_html(0).unwrap().contains(&name), "{name}");
            name
        });
        let mut written: Vec<String> = written.collect();
        let mut expected = NAMES.map(str::to_owned);
        written.sort();
        expected.sort();
        assert_eq!(written, expected);
        let export = clerk.get("/reminders.csv").await;
        assert!(NAMES.iter().all(|name| export.has(name)));
    }

    async fn b11_ten_thousand_characters_are_refused_where_a_line_is_asked_for_and_mailed_where_a_text_is(app: TestApp) {
        app.ledger(LEDGER).await;
        let (clerk, admin, long) = (app.clerk().await, app.admin().await, "🙂".repeat(10_000));
        let csv = format!("customer_name,invoice_number,currency,total\n{long},INV-2,EUR,1\nB,{},EUR,1\n", "9".repeat(10_000));
        let refused = clerk.upload("long.csv", csv, false).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        refused.says("Row 2").says("customer_name");
        let customer = customer_of(&clerk, "INV-1").await;
        let refused = clerk.post(&customer, &[("name", &long), ("email", "")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        refused.says("Name: it is longer than 200 characters.");
        let hold = format!("{customer}/hold");
        assert_eq!(clerk.post(&hold, &[("reason", &long)]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(clerk.post("/suppressions", &[("address", &long)]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let asked = Instant::now();
        clerk.get(&format!("/invoices?q={}", "q".repeat(10_000))).await.says("longer than 254 characters");
        assert!(asked.elapsed() < Duration::from_secs(30), "{:?}", asked.elapsed());
        let basis = admin.get(EDITOR).await.value("basis");
        let text = [("basis", basis.as_str()), ("subject", "{{ invoice.number }}"), ("message", &long)];
        admin.post(&format!("{EDITOR}/versions"), &text).await.says("Saved.");
        admin.confirm(&admin.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let mail = app.sink.deliveries().pop().unwrap().text;
        assert!(mail.lines().all(|line| line.len() <= 998));
        assert!(MessageParser::default().parse(mail.as_bytes()).unwrap().body_html(0).unwrap().contains(&long));
    }

    async fn b12_line_breaks_nul_and_bidi_marks_come_into_no_name_number_subject_or_reason(app: TestApp) {
        app.ledger(LEDGER).await;
        let (clerk, admin) = (app.clerk().await, app.admin().await);
        let customer = customer_of(&clerk, "INV-1").await;
        let basis = admin.get(EDITOR).await.value("basis");
        let versions = format!("{EDITOR}/versions");
        for odd in ["\r\nBcc: thief@elsewhere.example", "\n", "\r", "\0", "\u{202e}", "\u{2066}", "\u{200f}", "\u{85}", "\u{2028}"] {
            let name = format!("A{odd}B");
            let form = |field| [(field, name.as_str()), ("email", "")];
            let refused = clerk.post(&customer, &form("name")).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{odd:?}");
            refused.says("Name: it contains a line break, control or direction-changing character.");
            for (path, field) in [(format!("{customer}/hold"), "reason"), ("/suppressions".to_owned(), "address")] {
                let refused = clerk.post(&path, &form(field)).await;
                assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {odd:?}");
            }
            let subject = [("basis", basis.as_str()), ("subject", &name), ("message", "Please pay.")];
            assert_eq!(admin.post(&versions, &subject).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{odd:?}");
            for row in [format!("\"{name}\",INV-2"), format!("B,\"{name}\"")] {
                let csv = format!("customer_name,invoice_number,currency,total\n{row},EUR,1\n");
                let refused = clerk.upload("odd.csv", csv, false).await;
                assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{row:?}");
                refused.says("Row 2").says("nothing was imported");
            }
            // What a browser calls a file is no name of ours; it is shown, and harms nothing.
            let good = "customer_name,invoice_number,currency,total\nBeta,INV-2,EUR,1\n";
            let named = clerk.upload(&name.replace(['\r', '\n'], ""), good, false).await;
            let is_refused = named.status == StatusCode::BAD_REQUEST && named.has("The form cannot be read");
            assert!(named.status.is_success() || is_refused, "{odd:?}: {}", named.words());
        }
        clerk.get("/invoices?tab=all").await.says("Acme").says_not("thief");
        admin.confirm(&admin.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let mail = app.sink.deliveries().pop().unwrap().text;
        assert!(!mail.contains("thief") && mail.matches("\nTo: ").count() == 1, "{mail}");
    }

    async fn b14_a_list_in_the_address_field_is_refused_at_every_door_and_nobody_is_mailed(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let customer = customer_of(&clerk, "INV-1").await;
        let lists = [
            "a@one.example, b@two.example",
            "a@one.example;b@two.example",
            "a@one.example b@two.example",
            "a@one.example,",
            "Acme <a@one.example>, b@two.example",
            "a@one.example\nb@two.example",
            "\"a@one.example,\"@two.example",
            "group: a@one.example, b@two.example;",
            "a@one.example,@two.example",
        ];
        for list in lists {
            let refused = clerk.post(&customer, &[("name", "Acme"), ("email", list)]).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{list:?}");
            refused.says("is not one e-mail address");
            let suppressed = clerk.post("/suppressions", &[("address", list)]).await;
            assert_eq!(suppressed.status, StatusCode::UNPROCESSABLE_ENTITY, "{list:?}");
            let cell = list.replace('"', "\"\"");
            let csv = format!("customer_name,customer_email,invoice_number,currency,total\nBeta,\"{cell}\",INV-2,EUR,1\n");
            let refused = clerk.upload("list.csv", csv, false).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{list:?}");
            refused.says("customer_email").says("Row 2");
        }
        clerk.get("/suppressions").await.says_not("one.example");
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let recipients: Vec<String> = app.sink.deliveries().into_iter().map(|mail| mail.recipient).collect();
        assert_eq!(recipients, ["ar@acme-customer.example"]);
    }

    async fn h08_a_hundred_thousand_ids_are_answered_with_what_to_do_and_change_nothing(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let id = clerk.invoice_id("INV-1").await;
        let (tail, asked) = (&id[4..], Instant::now());
        for count in [10_001, 50_000, 100_000] {
            let ids: Vec<String> = (0..count).map(|i| format!("{:04x}{tail}", i % 0x1_0000)).collect();
            let fields: Vec<(&str, &str)> = ids.iter().map(|id| ("invoice", id.as_str())).collect();
            for path in ["/reminder-proposals", "/invoice-selections"] {
                let page = clerk.post(path, &fields).await;
                let sentence = match page.status {
                    StatusCode::UNPROCESSABLE_ENTITY => "10,000",
                    StatusCode::PAYLOAD_TOO_LARGE => "Select fewer invoices",
                    status => panic!("{path} {count}: {status} {}", page.words()),
                };
                page.says(sentence);
            }
        }
        assert!(asked.elapsed() < Duration::from_secs(120), "{:?}", asked.elapsed());
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
    }

    async fn h09_one_id_five_thousand_times_is_one_invoice(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let id = clerk.invoice_id("INV-1").await;
        let shown = clerk.post("/reminder-proposals", &vec![("invoice", id.as_str()); 5_000]).await;
        shown.says("1 e-mail to 1 customer, 100.00 EUR in total.");
        clerk.confirm(&shown).await;
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn a_day_that_no_calendar_or_database_knows_is_told_wherever_a_day_is_asked_for(app: TestApp) {
        app.ledger(LEDGER).await;
        let admin = app.admin().await;
        let invoice = format!("/invoices/{}", admin.invoice_id("INV-1").await);
        for nowhen in ["+262142-12-31", "-262143-01-01", "-5000-01-01", "0000-00-00", "2026-02-30", "99999999999999999999"] {
            let day = nowhen.replace('+', "%2B");
            for query in ["/invoices?due_from=", "/invoices?due_to=", "/settings/audit-log?from=", "/settings/audit-log?to=", "/settings/audit-log.csv?to="] {
                let told = admin.get(&format!("{query}{day}")).await;
                assert!(told.status.is_client_error(), "{query}{day}: {}", told.status);
            }
            for (form, fields) in [
                ("/hold", vec![("reason", "a dispute"), ("until", nowhen)]),
                ("/payments", vec![("amount", "1.00"), ("paid_on", nowhen)]),
            ] {
                let told = admin.post(&format!("{invoice}{form}"), &fields).await;
                assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{form} {nowhen}");
            }
            let told = admin.post("/settings/api-keys", &[("name", "ERP"), ("last_day", nowhen)]).await;
            assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "a key until {nowhen}");
        }
    }

    async fn an_export_makes_no_formula_of_what_it_holds(app: TestApp) {
        let formulas = ["=1+1", "+1", "-1", "@SUM(1)", "=cmd|'/C calc'!A0"];
        let mut csv = "customer_name,customer_email,invoice_number,currency,total\n".to_owned();
        for (i, formula) in formulas.iter().enumerate() {
            let cell = formula.replace('"', "\"\"");
            csv.push_str(&format!("\"{cell}\",a{i}@customer.example,\"{cell}\",EUR,9.00\n"));
        }
        app.import(&csv).await;
        let clerk = app.clerk().await;
        let all = clerk.post("/reminder-proposals", &[("matching", "5"), ("list", "/invoices")]).await;
        clerk.confirm(&all).await;
        app.send_until_idle().await;
        let export = clerk.get("/reminders.csv").await;
        assert_eq!(export.text.lines().count(), 6);
        for cell in export.text.lines().skip(1).flat_map(|line| line.split("\",\"")) {
            let cell = cell.trim_start_matches('"');
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t']), "{cell:?} in {}", export.text);
        }
        export.says("\"'=1+1\"").says("\"'@SUM(1)\"").says("\"'-1\"");
    }
}
