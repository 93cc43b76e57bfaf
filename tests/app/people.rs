//! Who may do what, and who is who.

use crate::support::{PASSWORD, on_both_databases};

const LEDGER: &[&str] = &["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"];

on_both_databases! {
    async fn nobody_reads_a_page_without_signing_in(app: TestApp) {
        let page = app.visitor().get("/invoices?tab=paid").await;
        assert_eq!(page.url, "/sign-in");
        assert_eq!(page.value("next"), "/invoices?tab=paid");
    }

    async fn a_wrong_password_and_an_unknown_address_get_the_same_answer_and_many_have_to_wait(app: TestApp) {
        app.admin().await;
        let visitor = app.visitor();
        for _ in 0..4 {
            visitor.sign_in("nobody@acme.example", PASSWORD).await.says("E-mail or password is wrong.");
        }
        visitor.sign_in("nobody@acme.example", PASSWORD).await.says("Wait 1 second,");
    }

    async fn support_and_viewers_have_no_send_button_and_a_post_is_refused(app: TestApp) {
        app.ledger(LEDGER).await;
        let id = app.clerk().await.invoice_id("INV-1").await;
        for person in [app.support().await, app.viewer().await] {
            person.get("/invoices").await.says("INV-1").says_not("Send reminder").says_not("Bulk actions");
            assert_eq!(person.post("/reminder-proposals", &[("invoice", &id)]).await.status, 403);
            assert_eq!(person.post("/reminder-batches", &[]).await.status, 403);
            assert_eq!(person.post(&format!("/invoices/{id}/full-payment"), &[]).await.status, 403);
            assert_eq!(person.get("/imports").await.status, 403);
        }
    }

    async fn a_form_without_the_sessions_token_is_refused(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let id = clerk.invoice_id("INV-1").await;
        assert_eq!(clerk.post_as_it_is(&format!("/invoices/{id}/full-payment"), &[]).await.status, 403);
        let forged = [("csrf", "0000")];
        assert_eq!(clerk.post_as_it_is(&format!("/invoices/{id}/full-payment"), &forged).await.status, 403);
        clerk.get(&format!("/invoices/{id}")).await.says("Overdue");
    }

    async fn neither_signing_in_nor_choosing_colours_leads_to_another_site(app: TestApp) {
        let clerk = app.clerk().await;
        for next in ["%09/127.0.0.1:1/x", "%0a/127.0.0.1:1/x", "%5c127.0.0.1:1/x", "%00/x"] {
            let page = clerk.get(&format!("/sign-in?next=/{next}")).await;
            assert_eq!((page.status.as_u16(), page.url.as_str()), (200, "/invoices"), "{next}");
        }
        for back in ["/\t/127.0.0.1:1/x", "/\0/x", "//127.0.0.1:1/x"] {
            let page = clerk.post("/theme", &[("theme", "dark"), ("back", back)]).await;
            assert_eq!((page.status.as_u16(), page.url.as_str()), (200, "/invoices"), "{back:?}");
        }
    }

    async fn a_session_ends_after_half_an_hour_of_silence(app: TestApp) {
        let clerk = app.clerk().await;
        app.clock.advance(chrono::TimeDelta::minutes(29));
        assert_eq!(clerk.get("/invoices").await.url, "/invoices");
        app.clock.advance(chrono::TimeDelta::minutes(29));
        assert_eq!(clerk.get("/invoices").await.url, "/invoices");
        app.clock.advance(chrono::TimeDelta::minutes(31));
        assert_eq!(clerk.get("/invoices").await.url, "/sign-in");
    }

    async fn after_signing_out_the_session_is_worth_nothing(app: TestApp) {
        let clerk = app.clerk().await;
        clerk.post("/sign-out", &[]).await;
        assert_eq!(clerk.get("/invoices").await.url, "/sign-in");
    }
}
