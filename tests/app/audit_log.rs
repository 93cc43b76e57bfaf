//! The audit log: who did what, found again by person, subject, day and words, and as a file.

use chrono::TimeDelta;
use dunlin::domain::person::Role;
use reqwest::StatusCode;

use crate::support::{Page, on_both_databases};

const LOG: &str = "/settings/audit-log";

/// What each row says, without its time.
fn rows(page: &Page) -> Vec<String> {
    let rows = page.text.split("<tr><td data-label=\"Time\">").skip(1);
    rows.map(|row| {
        let cells = row.split("<t").skip(1).map(|cell| cell.split_once('>').map_or("", |(_, text)| text));
        let words = cells.map(|cell| {
            let text: String =
                cell.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text)).collect();
            text.trim().to_owned()
        });
        words.collect::<Vec<_>>().join(" | ")
    })
    .collect()
}

on_both_databases! {
    async fn it_says_who_did_what_in_words_and_leads_there(app: TestApp) {
        app.ledger(&["INV-1, Acme, a@acme.example, 10.00, -5, Sent"]).await;
        let (clerk, admin) = (app.clerk().await, app.admin().await);
        let id = clerk.invoice_id("INV-1").await;
        clerk.post(&format!("/invoices/{id}/full-payment"), &[]).await;
        admin.post("/settings/sending/pause", &[("reason", "a test")]).await;
        let log = admin.get(LOG).await;
        let said = rows(&log);
        assert!(said[0].starts_with("The admin | Sending paused |  | a test"), "{said:?}");
        assert!(said.iter().any(|row| row.starts_with("The clerk | Marked as paid | INV-1")), "{said:?}");
        assert!(said.iter().any(|row| row.starts_with("Dunlin | Invoice brought in | INV-1")), "{said:?}");
        log.says(&format!("href=\"/invoices/{id}\""));
    }

    async fn it_is_filtered_by_person_subject_day_and_words(app: TestApp) {
        app.ledger(&["INV-1, Acme, a@acme.example, 10.00, -5, Sent", "INV-2, Beta, b@b.example, 10.00, -5, Sent"]).await;
        let (clerk, admin) = (app.clerk().await, app.admin().await);
        let id = clerk.invoice_id("INV-1").await;
        clerk.post(&format!("/invoices/{id}/archive"), &[]).await;
        app.clock.advance(TimeDelta::days(1));
        let (clerk, admin_later) = (app.clerk().await, app.admin().await);
        clerk.post("/suppressions", &[("address", "x@suppressed.example"), ("note", "100% wrong_address")]).await;
        drop((admin, clerk));
        let admin = admin_later;
        let said = async |query: &str| rows(&admin.get(&format!("{LOG}?{query}")).await);
        let all = admin.get(LOG).await;
        let clerks = all.between("<option value=\"user:", "\"", ">The clerk<");
        assert!(!said(&format!("by=user:{clerks}")).await.is_empty());
        assert!(said("by=system").await.iter().all(|row| row.starts_with("Dunlin | ")));
        assert_eq!(said("about=customers").await.len(), 1);
        assert_eq!(said("about=invoices&q=inv-1").await.len(), 2);
        assert_eq!(said("q=100%25+wrong_").await.len(), 1);
        assert_eq!(said("q=100_wrong").await, Vec::<String>::new());
        assert_eq!(said("from=2025-12-02&about=invoices").await, Vec::<String>::new());
        assert_eq!(said("to=2025-12-01&about=customers").await, Vec::<String>::new());
        assert_eq!(said("from=2025-12-02&to=2025-12-02&about=customers").await.len(), 1);
        admin.get(&format!("{LOG}?q=nothing-like-this")).await.says("Nothing matches");
        for wrong in ["by=nobody", "about=everything", "from=yesterday", "before=x"] {
            assert_eq!(admin.get(&format!("{LOG}?{wrong}")).await.status, StatusCode::BAD_REQUEST, "{wrong}");
        }
    }

    async fn its_pages_follow_each_other_without_a_gap_while_more_happens(app: TestApp) {
        let ledger: Vec<String> = (0..120).map(|n| format!("INV-{n:03}, C{n}, , 1.00, -5, Sent")).collect();
        app.ledger(&ledger.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let admin = app.admin().await;
        let mut seen = Vec::new();
        let mut next = Some(format!("{LOG}?about=invoices"));
        while let Some(address) = next.take() {
            let page = admin.get(&address).await;
            seen.extend(rows(&page));
            app.ledger(&[&format!("NEW-{}, New, , 1.00, -5, Sent", seen.len())]).await;
            let older = page.text.split_once("rel=\"next\" href=\"").and_then(|(_, rest)| rest.split_once('"'));
            next = older.map(|(href, _)| href.replace("&#38;", "&"));
        }
        let mut numbers: Vec<&String> = seen.iter().filter(|row| row.contains("INV-")).collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!((seen.len(), numbers.len()), (120, 120));
    }

    async fn its_file_has_every_row_that_matches_and_no_cell_is_a_formula(app: TestApp) {
        let ledger: Vec<String> = (0..1_100).map(|n| format!("INV-{n:04}, C{n}, , 1.00, -5, Sent")).collect();
        app.ledger(&ledger.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let admin = app.admin().await;
        admin.post("/settings/sending/pause", &[("reason", "=HYPERLINK(\"http://x.example\")")]).await;
        let file = admin.get("/settings/audit-log.csv?about=invoices").await;
        assert_eq!(file.text.lines().count(), 1_101);
        file.says("time,who,event,what,invoice,detail\r\n").says(",\"Dunlin\",\"invoice.created\",\"Invoice brought in\",\"INV-0000\",\"\"\r\n");
        let file = admin.get("/settings/audit-log.csv?about=settings").await;
        file.says("\"sending.paused\",\"Sending paused\",\"\",\"'=HYPERLINK(\"\"http://x.example\"\")\"");
    }

    async fn another_organisations_doings_are_not_in_it(app: TestApp) {
        app.ledger(&["INV-1, Acme, a@acme.example, 10.00, -5, Sent"]).await;
        let stranger = app.another_organisation("Beta").await;
        app.sql(&format!("UPDATE audit SET organisation_id = '{stranger}'"));
        app.add_person(stranger, "bea@beta.example", Role::Admin).await;
        app.sql("UPDATE person SET name = 'Bea of Beta' WHERE email = 'bea@beta.example'");
        app.actions.add_api_key(stranger, "Their ERP".parse().unwrap()).await.unwrap();
        let admin = app.admin().await;
        // Nor are its people and programs among those that can be chosen.
        admin.get(LOG).await.says_not("INV-1").says_not("Bea of Beta").says_not("Their ERP");
        admin.get("/settings/audit-log.csv").await.says_not("INV-1");
    }
}
