//! Automations > Email notifications, used without JavaScript.

use reqwest::StatusCode;

use crate::support::{Page, Person, on_both_databases};

const LIST: &str = "/automations/email-notifications";
const DEFAULT: &str = "/automations/email-notifications/invoice-reminder";

/// Opens the default text, writes another and presses a button.
async fn edit(person: &Person, button: &str, subject: &str, message: &str) -> Page {
    let basis = person.get(DEFAULT).await.value("basis");
    edit_from(person, &basis, button, subject, message).await
}

async fn edit_from(person: &Person, basis: &str, button: &str, subject: &str, message: &str) -> Page {
    let fields = [("basis", basis), ("subject", subject), ("message", message)];
    person.post(&format!("{DEFAULT}/{button}"), &fields).await
}

on_both_databases! {
    async fn the_next_batch_goes_out_with_the_text_an_admin_saved(app: TestApp) {
        app.ledger(&["INV-1, Northwind, ar@northwind.example, 120.00, -3, Sent"]).await;
        let admin = app.admin().await;
        let saved = edit(&admin, "versions", "About {{ invoice.number }}", "Dear {{ customer.name }},\r\nplease pay.").await;
        saved.says("Saved. The next mails go out with this text.").says("Customised");
        admin.confirm(&admin.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let deliveries = app.sink.deliveries();
        assert_eq!(deliveries.len(), 1);
        assert!(deliveries[0].text.contains("Subject: About INV-1"), "{}", deliveries[0].text);
        assert!(deliveries[0].text.contains("Dear Northwind"), "{}", deliveries[0].text);
    }

    async fn an_unknown_field_is_refused_with_its_place_and_what_was_typed_is_kept(app: TestApp) {
        let admin = app.admin().await;
        for button in ["versions", "drafts", "test-mails", "previews"] {
            let page = edit(&admin, button, "Typed subject", "Hello\n  {{ custmer.name }}").await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{button}");
            page.says("<title>Error: Invoice reminder (default)").says("Typed subject").says("{{ custmer.name }}");
            page.says("Message, line 2, column 3: Unknown field `custmer.name`. Did you mean `customer.name`?");
        }
        edit(&admin, "versions", " ", "").await.says("The subject is empty.").says("The message is empty.");
        admin.get(DEFAULT).await.says("version 1").says_not("custmer");
    }

    async fn the_second_of_two_admins_is_shown_both_texts_and_overwrites_nothing(app: TestApp) {
        let (first, second) = (app.admin().await, app.admin().await);
        let basis = second.get(DEFAULT).await.value("basis");
        edit(&first, "versions", "Subject", "The words of the first").await.says("Saved.");
        let page = edit_from(&second, &basis, "versions", "Subject", "The words of the second").await;
        assert_eq!(page.status, StatusCode::CONFLICT);
        page.says("This text was changed while you edited it");
        page.says("The words of the first").says("The words of the second");
        first.get(DEFAULT).await.says("The words of the first").says_not("The words of the second");

        let taken = edit_from(&second, &page.value("basis"), "versions", "Subject", "Both agree").await;
        taken.says("Saved.");
        first.get(DEFAULT).await.says("Both agree").says("version 3");
    }

    async fn a_draft_waits_beside_the_text_that_is_sent_until_it_is_saved_or_discarded(app: TestApp) {
        let admin = app.admin().await;
        edit(&admin, "drafts", "Later", "Not sent yet").await.says("Draft saved.").says("Not sent yet");
        admin.get(LIST).await.says(">Draft</span>").says(">Default</span>");
        let basis = admin.get(DEFAULT).await.value("basis");
        let fields = [("basis", basis.as_str())];
        let page = admin.post(&format!("{DEFAULT}/discarded-drafts"), &fields).await;
        page.says("The draft is gone.").says_not("Not sent yet");
    }

    async fn every_version_can_be_compared_and_brought_back(app: TestApp) {
        let admin = app.admin().await;
        edit(&admin, "versions", "Second", "Words of my own").await.says("Saved.");
        edit(&admin, "resets", "ignored", "ignored").await.says("Reset to default.").says(">Default</span>");
        let history = admin.get(&format!("{DEFAULT}/history?compare=2")).await;
        history.says("Version 2 compared with version 3").says("Words of my own");
        let basis = history.value("basis");
        let fields = [("basis", basis.as_str()), ("version", "2")];
        let restored = admin.post(&format!("{DEFAULT}/restorations"), &fields).await;
        restored.says("Restored.").says("Words of my own").says("version 4");
    }

    async fn a_test_goes_to_oneself_marked_and_is_in_no_log(app: TestApp) {
        let admin = app.admin().await;
        let page = edit(&admin, "test-mails", "Try {{ invoice.number }}", "A try").await;
        page.says("A test is on its way to admin-").says("A try");
        app.send_now().await;
        let deliveries = app.sink.deliveries();
        assert_eq!(deliveries.len(), 1);
        assert!(deliveries[0].recipient.contains("admin-"), "{}", deliveries[0].recipient);
        assert!(deliveries[0].text.contains("Subject: [Test] Try INV-00042"), "{}", deliveries[0].text);
        admin.get("/reminders").await.says_not("[Test]").says_not("INV-00042");
        admin.get(DEFAULT).await.says_not("A try");
    }

    async fn a_preview_is_the_mail_of_a_real_invoice_in_a_document_that_cannot_do_anything(app: TestApp) {
        app.ledger(&["INV-7, <b>Ni & Co</b>, ni@ni.example, 70.00, 5, Sent"]).await;
        let admin = app.admin().await;
        let id = admin.invoice_id("INV-7").await;
        let fields = [("with", id.as_str()), ("subject", "For {{ customer.name }}"), ("message", "Hi {{ customer.name }}")];
        let page = admin.post(&format!("{DEFAULT}/previews"), &fields).await;
        page.says("For &#60;b&#62;Ni &#38; Co");
        let source = page.between("sandbox=\"allow-popups allow-scripts\" src=\"", "\"", "");
        let document = admin.get(&source.replace("&#38;", "&")).await;
        document.says("Hi &lt;b&gt;Ni &amp; Co&lt;/b&gt;").says("INV-7").says_not("<b>Ni");
        assert_eq!(admin.get(&format!("{DEFAULT}/preview?text=nonsense")).await.status, StatusCode::NOT_FOUND);
    }

    async fn only_admins_edit_and_everyone_else_reads(app: TestApp) {
        for person in [app.clerk().await, app.support().await, app.viewer().await] {
            person.get(LIST).await.says("Invoice reminder (default)").says("One week after");
            person.get(DEFAULT).await.says("readonly").says_not(">Save</button>").says_not("Send test email");
            for button in ["versions", "drafts", "discarded-drafts", "resets", "test-mails", "restorations"] {
                let fields = [("basis", "x"), ("version", "1"), ("subject", "s"), ("message", "m")];
                let page = person.post(&format!("{DEFAULT}/{button}"), &fields).await;
                assert_eq!(page.status, StatusCode::FORBIDDEN, "{button}");
            }
        }
        assert_eq!(app.admin().await.get(&format!("{LIST}/unknown")).await.status, StatusCode::NOT_FOUND);
    }
}
