//! How mails look around their text: colour, logo and footer, in the preview as in the mail, frozen when it is queued.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_parser::{MessageParser, MimeHeaders};
use reqwest::StatusCode;

use crate::support::{Page, Person, TestApp, Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, a@acme-customer.example, 10.00, -5, Sent",
    "INV-2, Beta, b@beta.example, 20.00, -5, Sent",
];

/// A PNG of 2 by 1 pixels with a note in it.
fn picture() -> Vec<u8> {
    STANDARD.decode("iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAC3RFWHROb3RlAGJ5IEFkYSAKsXoAAAANSURBVHicY+DOiwciAAVHAbEj4NEPAAAAAElFTkSuQmCC").unwrap()
}

async fn save(admin: &Person, page: &str, fields: &[(&str, &str)]) -> Page {
    let seen = admin.get(page).await.value("seen");
    admin.post(page, &[&[("seen", seen.as_str())], fields].concat()).await
}

async fn set_colour(admin: &Person, colour: &str) -> Page {
    let fields = [
        ("name", "Acme Receivables"),
        ("time_zone", "UTC"),
        ("currency", "EUR"),
        ("payment_terms", "30"),
        ("colour", colour),
    ];
    save(admin, "/settings/organisation", &fields).await
}

async fn set_footer(admin: &Person, footer: &str) -> Page {
    let fields = [("from", "ar@acme.example"), ("reply_to", "answers@acme.example"), ("footer", footer)];
    save(admin, "/settings/sender", &fields).await
}

fn delivered(app: &TestApp, recipient: &str) -> String {
    let mails = app.sink.deliveries();
    mails.into_iter().find(|mail| mail.recipient == recipient).unwrap().text
}

/// The HTML part as a page shows it: the picture inside.
fn as_shown(mail: &str) -> String {
    let mail = MessageParser::default().parse(mail).unwrap();
    let (html, part) = (mail.body_html(0).unwrap(), mail.attachment(0));
    let Some(part) = part else { return html.into_owned() };
    let from = format!("cid:{}", part.content_id().unwrap());
    assert!(html.contains(&from), "{from} is not in {html}");
    html.replace(&from, &format!("data:image/png;base64,{}", STANDARD.encode(part.contents())))
        .replace("\r\n", "\n")
}

on_both_databases! {
    async fn colour_logo_and_footer_are_in_the_preview_as_in_the_mail(app: TestApp) {
        app.import("customer_name,customer_email,invoice_number,currency,total,due_date,pay_url\nA,a@a.example,INV-1,EUR,10,2025-11-20,https://pay.example/1\n").await;
        let admin = app.admin().await;
        set_colour(&admin, "#FFD400").await.says("Saved.");
        admin.send_logo(picture()).await.says("Saved.").says("<img class=\"logo\" src=\"/settings/organisation/logo\"");
        set_footer(&admin, "Acme GmbH & Co <b>\r\nBerlin").await.says("Saved.");
        let id = admin.invoice_id("INV-1").await;
        let preview = admin.get(&format!("/mail-previews/{id}/html")).await.text;
        admin.confirm(&admin.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let mail = delivered(&app, "a@a.example");
        assert_eq!(as_shown(&mail), preview);
        for part in ["border-top:4px solid #ffd400", "background:#ffd400;color:#000000", "Acme GmbH &amp; Co &lt;b&gt;<br>Berlin"] {
            assert!(preview.contains(part), "{part}: {preview}");
        }
        let parsed = MessageParser::default().parse(&mail).unwrap();
        assert!(parsed.body_text(0).unwrap().replace("\r\n", "\n").ends_with("\nAcme Receivables\n\nAcme GmbH & Co <b>\nBerlin\n"));
        let kinds = ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"];
        let positions = kinds.map(|kind| mail.to_lowercase().find(&format!("content-type: {kind}")).unwrap());
        assert!(positions.is_sorted(), "{positions:?}");
        assert!(!mail.contains("src=\"http"), "nothing is loaded from outside");
        let shown = admin.get("/reminders").await.between("href=\"/reminders/", "\"", " aria-label=\"Reminder of INV-1");
        assert_eq!(admin.get(&format!("/reminders/{shown}/html")).await.text, preview);
        admin.get(&format!("/reminders/{shown}/source")).await.says("Content-ID: <").says("Content-Disposition: inline");
    }

    async fn a_mail_keeps_what_it_was_queued_with_also_when_it_goes_out_again(app: TestApp) {
        app.ledger(LEDGER).await;
        let admin = app.admin().await;
        admin.send_logo(picture()).await.says("Saved.");
        admin.confirm(&admin.propose(&["INV-1"]).await).await;
        set_colour(&admin, "#123456").await.says("Saved.");
        admin.post("/settings/organisation/logo/removal", &[]).await.says("There is none yet.");
        admin.confirm(&admin.propose(&["INV-2"]).await).await;
        app.sink.misbehave("a@acme-customer", Whim::Drop("dot"));
        app.send_until_idle().await;
        app.sink.behave();
        let (first, second) = (delivered(&app, "a@acme-customer.example"), delivered(&app, "b@beta.example"));
        assert!(first.contains("image/png") && !first.contains("#123456"), "{first}");
        assert!(!second.contains("image/png") && second.contains("border-top:4px solid #123456"), "{second}");
        let id = admin.get("/reminders?q=INV-1").await.between("href=\"/reminders/", "\"", " aria-label");
        admin.post(&format!("/reminders/{id}/repetition"), &[]).await;
        app.send_now().await;
        let copies: Vec<String> = app.sink.deliveries().into_iter().filter(|mail| mail.recipient.starts_with('a')).map(|mail| mail.text).collect();
        assert_eq!(copies, [first.as_str(), &first]);
    }

    async fn a_look_that_changes_before_yes_is_shown_first(app: TestApp) {
        app.ledger(LEDGER).await;
        let admin = app.admin().await;
        let shown = admin.propose(&["INV-1"]).await;
        set_colour(&admin, "#123456").await.says("Saved.");
        let anew = admin.confirm(&shown).await;
        assert_eq!(anew.status, StatusCode::UNPROCESSABLE_ENTITY);
        anew.says("The look of the e-mails has changed.");
        admin.confirm(&anew).await;
        app.send_until_idle().await;
        assert!(delivered(&app, "a@acme-customer.example").contains("#123456"));
    }

    async fn a_test_mail_looks_as_the_others_do(app: TestApp) {
        let admin = app.admin().await;
        admin.send_logo(picture()).await;
        admin.post("/settings/mail-server/test-mails", &[]).await;
        app.send_now().await;
        let mails = app.sink.deliveries();
        assert!(mails[0].text.contains("Content-Type: image/png"), "{}", mails[0].text);
    }

    async fn an_invitation_looks_as_the_organisations_mails_do_and_a_new_password_as_nobodys(app: TestApp) {
        let admin = app.admin().await;
        set_colour(&admin, "#FFD400").await.says("Saved.");
        set_footer(&admin, "Acme GmbH <b>").await.says("Saved.");
        admin.send_logo(picture()).await.says("Saved.");
        admin.post("/settings/invitations", &[("email", "ada@newcomer.example"), ("role", "clerk")]).await;
        let email = admin.get("/settings/profile").await.between("You sign in as ", ".</p>", "");
        app.visitor().post_as_it_is("/password-resets", &[("email", &email)]).await;
        app.send_now().await;
        let letterhead = ["border-top:4px solid #ffd400", "background:#ffd400;color:#000000", "Acme GmbH &lt;b&gt;", "data:image/png"];
        let invitation = as_shown(&delivered(&app, "ada@newcomer.example"));
        assert!(letterhead.iter().all(|part| invitation.contains(part)), "{invitation}");
        assert!(invitation.contains("color:#44534f\">Acme Receivables</td>"), "{invitation}");
        let reset = as_shown(&delivered(&app, &email));
        assert!(!letterhead.iter().any(|part| reset.contains(part)) && !reset.contains("Acme"), "{reset}");
    }

    async fn only_a_whole_picture_becomes_the_logo_and_it_is_served_as_nothing_else(app: TestApp) {
        let admin = app.admin().await;
        let damaged = picture()[..60].to_vec();
        for (file, sentence) in [
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>".to_vec(), "no PNG and no JPEG"),
            (b"GIF89a".to_vec(), "no PNG and no JPEG"),
            (damaged, "damaged or not whole"),
            (vec![0; 100 * 1024 + 1], "larger than 100 KB"),
            (vec![0; 3 * 1024 * 1024], "larger than 100 KB"),
            (Vec::new(), "No file was chosen."),
        ] {
            let page = admin.send_logo(file).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{sentence}");
            page.says("<title>Error: Organisation").says("href=\"#file\"").says(sentence).says("There is none yet.");
        }
        assert_eq!(admin.get("/settings/organisation/logo").await.status, StatusCode::NOT_FOUND);
        admin.send_logo([picture(), b"<script>alert(1)</script>".to_vec()].concat()).await.says("Saved.");
        let (about, content) = admin.get_file("/settings/organisation/logo").await;
        assert_eq!(about["content-type"], "image/png");
        assert_eq!(about["content-security-policy"], "default-src 'none'; sandbox");
        assert_eq!(about["x-content-type-options"], "nosniff");
        assert!(content.starts_with(b"\x89PNG") && content.ends_with(b"IEND\xae\x42\x60\x82"));
        assert!(!content.windows(4).any(|name| name == b"tEXt"), "what is written beside the picture is not kept");
        admin.get("/settings/audit-log?about=settings").await.says("a new logo");
    }

    async fn what_is_wrong_with_colour_and_footer_is_told_there(app: TestApp) {
        let admin = app.admin().await;
        let page = set_colour(&admin, "red;}").await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        page.says("href=\"#colour\"").says("is not a colour; write # and six digits");
        let page = set_footer(&admin, &"line\r\n".repeat(13)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        page.says("href=\"#footer\"").says("longer than 1,000 characters or 12 lines").says(">line\r\nline\r\n");
    }
}
