//! The language of an organisation: what its customers read, frozen when a mail is queued.

use mail_parser::MessageParser;

use crate::support::program::Machine;
use crate::support::{PASSWORD, Page, Person, TestApp, Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Moos GmbH, a@acme-customer.example, 1234.50, -5, Sent",
    "INV-2, Beta, b@beta.example, 1234.50, -5, Sent",
    "INV-3, Gamma, c@gamma.example, 1234.50, -5, Sent",
];
const DEFAULT: &str = "/automations/email-notifications/invoice-reminder";

async fn set_language(admin: &Person, language: &str) -> Page {
    let seen = admin.get("/settings/organisation").await.value("seen");
    let fields = [
        ("seen", seen.as_str()),
        ("name", "Acme Receivables"),
        ("time_zone", "UTC"),
        ("currency", "EUR"),
        ("language", language),
        ("payment_terms", "30"),
    ];
    admin.post("/settings/organisation", &fields).await
}

/// The mails to an address as they travelled.
fn to(app: &TestApp, recipient: &str) -> Vec<String> {
    let mails = app.sink.deliveries().into_iter().filter(|mail| mail.recipient.starts_with(recipient));
    mails.map(|mail| mail.text).collect()
}

/// Subject, `Content-Language`, text and HTML.
fn read(mail: &str) -> (String, String, String, String) {
    let language = mail.lines().find_map(|line| line.strip_prefix("Content-Language: ")).unwrap_or_default();
    let mail = MessageParser::default().parse(mail).unwrap();
    let (text, html) = (mail.body_text(0).unwrap().into_owned(), mail.body_html(0).unwrap().into_owned());
    (mail.subject().unwrap().to_owned(), language.to_owned(), text.replace("\r\n", "\n"), html)
}

on_both_databases! {
    async fn what_customers_read_is_in_the_language_of_the_organisation(app: TestApp) {
        app.ledger(LEDGER).await;
        let admin = app.admin().await;
        set_language(&admin, "de").await.says("Saved.").says("<option value=\"de\" selected>German</option>");
        let id = admin.invoice_id("INV-1").await;
        let preview = admin.get(&format!("/mail-previews/{id}/html")).await.text;
        let shown = admin.get(DEFAULT).await;
        shown.says("Default").says("Guten Tag {{ customer.name }},").says("<html lang=\"en\"");
        admin.post("/settings/mail-server/test-mails", &[]).await;
        admin.confirm(&admin.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let (subject, language, text, html) = read(&to(&app, "a@")[0]);
        assert_eq!((subject.as_str(), language.as_str()), ("Zahlungserinnerung: Rechnung INV-1", "de"));
        assert!(text.contains("war die Rechnung INV-1 am 26. November 2025 fällig."), "{text}");
        assert!(text.contains("Offener Betrag: 1.234,50\u{a0}€\n"), "{text}");
        assert!(html.contains("<html lang=\"de\">"), "{html}");
        assert_eq!(html.replace("\r\n", "\n"), preview);
        let (subject, language, text, _) = read(&to(&app, "admin-")[0]);
        assert_eq!((subject.as_str(), language.as_str()), ("[Test] Zahlungserinnerung: Rechnung INV-00042", "de"));
        assert!(text.contains("Offener Betrag: 1.240,00\u{a0}€\n"), "{text}");
        admin.get("/settings/audit-log?about=settings").await.says("language from English to German");
    }

    async fn a_text_that_somebody_saved_stays_and_one_that_nobody_touched_follows(app: TestApp) {
        app.ledger(LEDGER).await;
        let admin = app.admin().await;
        let edit = |basis: String| {
            let admin = &admin;
            async move {
                let form = [("basis", basis.as_str()), ("subject", "Pay {{ invoice.number }}"), ("message", "By {{ invoice.due_on }}")];
                admin.post(&format!("{DEFAULT}/versions"), &form).await
            }
        };
        let draft = "/automations/email-notifications/on-due-date";
        edit(admin.get(DEFAULT).await.value("basis")).await;
        let basis = admin.get(draft).await.value("basis");
        admin.post(&format!("{draft}/drafts"), &[("basis", &basis), ("subject", "Mine"), ("message", "Draft")]).await;
        set_language(&admin, "fr").await.says("Saved.");
        admin.get(DEFAULT).await.says("Customised").says("By {{ invoice.due_on }}");
        admin.get(draft).await.says("Draft");
        let followed = admin.get("/automations/email-notifications/one-week-after").await;
        followed.says("Default").says("Merci de régler la facture").says("version 2");
        admin.confirm(&admin.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let (subject, language, text, html) = read(&to(&app, "a@")[0]);
        assert_eq!((subject.as_str(), language.as_str()), ("Pay INV-1", "fr"));
        assert!(text.starts_with("By 26 novembre 2025\n") && html.contains("lang=\"fr\""), "{text}");
        assert!(text.contains("Montant dû\u{a0}: 1\u{202f}234,50\u{a0}€\n"), "{text}");
        // The text of ours is that of the language.
        let basis = admin.get(DEFAULT).await.value("basis");
        let reset = [("basis", basis.as_str()), ("subject", "x"), ("message", "x")];
        admin.post(&format!("{DEFAULT}/resets"), &reset).await.says("Default").says("Rappel de paiement");
    }

    async fn english_is_as_it_was_before_there_were_other_languages(app: TestApp) {
        app.ledger(LEDGER).await;
        let admin = app.admin().await;
        set_language(&admin, "es").await;
        set_language(&admin, "en").await.says("Saved.");
        admin.get(DEFAULT).await.says("Default").says("Hello {{ customer.name }},");
        admin.confirm(&admin.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let mail = &to(&app, "a@")[0];
        let (subject, language, text, html) = read(mail);
        assert_eq!((subject.as_str(), language.as_str()), ("Overdue: invoice INV-1", ""));
        assert!(text.contains("Amount due: 1,234.50 EUR\nDue: 26 Nov 2025 (5 days overdue)\n"), "{text}");
        assert!(html.contains("<html lang=\"en\">"), "{html}");
        assert_eq!(app.texts("SELECT id AS text FROM letterhead").len(), 1, "that of Spanish alone");
    }

    async fn a_mail_keeps_the_language_it_was_queued_in_also_when_it_goes_out_again(app: TestApp) {
        app.ledger(LEDGER).await;
        let admin = app.admin().await;
        admin.confirm(&admin.propose(&["INV-1"]).await).await;
        set_language(&admin, "de").await;
        admin.confirm(&admin.propose(&["INV-2"]).await).await;
        set_language(&admin, "es").await;
        admin.confirm(&admin.propose(&["INV-3"]).await).await;
        app.sink.misbehave("@", Whim::Drop("dot"));
        app.send_until_idle().await;
        app.sink.behave();
        set_language(&admin, "fr").await;
        for (number, recipient, language, amount) in [
            ("INV-1", "a@", "", "1,234.50 EUR"),
            ("INV-2", "b@", "de", "1.234,50\u{a0}€"),
            ("INV-3", "c@", "es", "1234,50\u{a0}€"),
        ] {
            let found = admin.get(&format!("/reminders?q={number}")).await;
            let id = found.between("href=\"/reminders/", "\"", " aria-label");
            let source = admin.get(&format!("/reminders/{id}/source")).await;
            assert_eq!(source.has("Content-Language: "), !language.is_empty(), "{}", source.text);
            admin.post(&format!("/reminders/{id}/repetition"), &[]).await;
            app.send_now().await;
            let copies = to(&app, recipient);
            assert_eq!((copies.len(), &copies[0]), (2, &copies[1]));
            let (_, told, text, _) = read(&copies[1]);
            assert_eq!(told, language);
            assert!(text.contains(amount), "{text}");
        }
    }

    async fn a_programs_own_words_stand_in_the_frame_and_colleagues_are_written_to_in_english(app: TestApp) {
        app.ledger(LEDGER).await;
        let admin = app.admin().await;
        set_language(&admin, "de").await;
        let program = app.program().await;
        let id = program.invoice("INV-1").await;
        let words = serde_json::json!({"subject": "Offen", "message": "Bitte zahlen."});
        let sent = app.while_sending(program.post(&crate::support::reminders_of(&id), &words)).await;
        let body = sent.is(200, "Sent").text("body").to_owned();
        assert!(body.starts_with("Bitte zahlen.\n\n--\nRechnung: INV-1\n"), "{body}");
        let id = program.invoice("INV-2").await;
        let sent = app.while_sending(program.remind(&id)).await;
        assert_eq!(sent.text("subject"), "Zahlungserinnerung: Rechnung INV-2", "the stage's text");
        admin.post("/settings/invitations", &[("email", "new@acme.example"), ("role", "clerk")]).await;
        app.send_now().await;
        let (subject, language, text, html) = read(&to(&app, "new@")[0]);
        assert_eq!((subject.as_str(), language.as_str()), ("Join Acme Receivables on Dunlin", ""));
        assert!(text.contains("invites you") && html.contains("lang=\"en\""), "{text}");
    }

    async fn a_language_that_there_is_not_is_told_at_its_field(app: TestApp) {
        let admin = app.admin().await;
        let page = set_language(&admin, "tlh").await;
        assert_eq!(page.status, 422);
        page.says("href=\"#language\"").says("is none of en, de, fr, es");
    }
}

#[actix_web::test]
async fn an_organisation_begins_with_the_texts_of_its_language() {
    for machine in Machine::on_both() {
        machine.run(&["organisation", "add", "--name", "Acme", "--language", "es"]);
        machine.add_user("ada@acme.example", PASSWORD);
        let (_running, url) = machine.serve();
        let ada = Person::new(&url);
        ada.sign_in("ada@acme.example", PASSWORD).await;
        ada.get(DEFAULT)
            .await
            .says("Default")
            .says("A la atención de {{ customer.name }}:")
            .says("version 1");
        ada.get("/settings/organisation").await.says("<option value=\"es\" selected>Spanish</option>");
        let told = machine.run(&["organisation", "set", "--language", "de"]);
        assert_eq!(told.code, Some(0), "{told:?}");
        ada.get(DEFAULT).await.says("Default").says("Guten Tag {{ customer.name }},");
    }
}
