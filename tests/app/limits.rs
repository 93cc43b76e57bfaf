//! How much one may ask for at once.

use std::collections::BTreeSet;

use dunlin::clock::Ids;
use uuid::Uuid;

use crate::support::on_both_databases;

/// More than the thousand that are free at once: of slow ones many are let in while one sends.
const MANY: usize = 20_000;

const LEDGER: &[&str] = &["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"];

on_both_databases! {
    /// H08
    async fn a_hundred_thousand_ids_are_refused_with_a_clear_sentence_and_nothing_is_done(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let ids: Vec<String> = (0..100_000).map(|_| Ids.next::<Uuid>().to_string()).collect();
        for many in [100_000, 10_001] {
            let fields: Vec<_> = ids[..many].iter().map(|id| ("invoice", id.as_str())).collect();
            for path in ["/reminder-proposals", "/invoice-selections"] {
                let page = clerk.post(path, &fields).await;
                assert!(page.status.is_client_error(), "{path} {many}: {} {}", page.status, page.words());
                assert!(page.has("too large") || page.has("10,000"), "{path} {many}: {}", page.words());
            }
        }
        clerk.get("/invoices").await.says("INV-1");
        clerk.get("/reminders").await.says_not("INV-1");
    }

    /// H09
    async fn one_id_five_thousand_times_is_one_invoice_and_one_reminder(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let id = clerk.invoice_id("INV-1").await;
        let fields = vec![("invoice", id.as_str()); 5_000];
        let shown = clerk.post("/reminder-proposals", &fields).await;
        assert_eq!(shown.status, 200, "{}", shown.words());
        clerk.confirm(&shown).await;
        app.send_until_idle().await;
        let deliveries = app.sink.deliveries();
        let recipients: BTreeSet<_> = deliveries.iter().map(|mail| &mail.recipient).collect();
        assert_eq!((deliveries.len(), recipients.len()), (1, 1));
    }

    async fn a_packed_form_is_refused_and_not_unpacked(app: TestApp) {
        let viewer = app.viewer().await;
        let token = viewer.get("/invoices").await.value("csrf");
        let form = [("csrf", token.as_str()), ("theme", "dark"), ("email", "a@b.example")];
        for path in ["/theme", "/sign-in"] {
            for encoding in ["gzip", "deflate", "br"] {
                let answer = viewer.answer("POST", path, &form, &[("Content-Encoding", encoding)]).await;
                assert_eq!(answer.status, 400, "{path} {encoding}: {}", answer.body);
                assert!(answer.body.contains("The form is packed."), "{path} {encoding}: {}", answer.body);
            }
        }
    }

    async fn who_sends_forms_without_end_is_told_when_to_come_again(app: TestApp) {
        let (clerk, other) = (app.clerk().await, app.viewer().await);
        let token = clerk.get("/invoices").await.value("csrf");
        let form = [("csrf", token.as_str()), ("theme", "none")];
        let mut answer = clerk.answer("POST", "/theme", &form, &[]).await;
        for _ in 0..MANY {
            if answer.status != 400 {
                break;
            }
            answer = clerk.answer("POST", "/theme", &form, &[]).await;
        }
        assert_eq!(answer.status, 429, "{}", answer.body);
        assert!((1..=2).contains(&answer.headers["retry-after"].to_str().unwrap().parse().unwrap()));
        assert!(answer.body.contains("Too much at once. Wait 1 s, then try again."), "{}", answer.body);
        // They still read, and others still work.
        assert_eq!(clerk.get("/invoices").await.status, 200);
        assert_eq!(other.post("/theme", &[("theme", "dark")]).await.status, 200);
    }

    async fn an_address_that_strangers_try_everything_from_is_told_when_to_come_again(app: TestApp) {
        let viewer = app.viewer().await;
        let stranger = app.visitor();
        let mut answer = stranger.answer("POST", "/setup", &[("token", "guess")], &[]).await;
        for _ in 0..MANY {
            if answer.status == 429 {
                break;
            }
            answer = stranger.answer("POST", "/setup", &[("token", "guess")], &[]).await;
        }
        assert_eq!(answer.status, 429, "{}", answer.body);
        assert!(answer.headers.contains_key("retry-after"));
        // Who is signed in already is not counted with them.
        assert_eq!(viewer.post("/theme", &[("theme", "dark")]).await.status, 200);
    }
}
