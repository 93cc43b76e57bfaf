//! A ledger file through the browser: check, then write.

use reqwest::StatusCode;

use crate::support::{Page, Person, on_both_databases};

const HEADER: &str = "customer_name,customer_email,invoice_number,currency,total,balance,status";

fn file(rows: &[&str]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

/// Uploads a file and presses "Import ..." on the check.
async fn bring(person: &Person, csv: &str, reopen: bool) -> Page {
    let checked = person.upload("ledger.csv", csv, reopen).await;
    checked.says("Nothing is written yet.");
    person.post(&format!("{}/write", checked.url), &[]).await
}

on_both_databases! {
    async fn a_ledger_is_checked_then_written_and_stands_under_invoices(app: TestApp) {
        let clerk = app.clerk().await;
        let csv = file(&["Acme,ar@acme.example,INV-1,EUR,100.00,,", "\"Moss, Reed\",,INV-2,USD,50.00,20.00,"]);
        let checked = clerk.upload("ledger.csv", csv.as_str(), false).await;
        checked.says("Check ledger.csv").says("2 new, 0 updated, 0 unchanged, 0 errors").says("Import 2 invoices");
        clerk.get("/invoices").await.says_not("INV-1");
        let written = clerk.post(&format!("{}/write", checked.url), &[]).await;
        written.says("Imported ledger.csv").says("href=\"/invoices\"");
        clerk.get("/invoices").await.says("INV-1").says("INV-2").says("Moss, Reed");
        clerk.get("/imports").await.says("ledger.csv").says("2 new, 0 updated, 0 unchanged, 0 errors");
        clerk.upload("ledger.csv", csv.as_str(), false).await.says("there is nothing to import");
    }

    async fn a_file_with_errors_is_refused_with_row_and_column(app: TestApp) {
        let clerk = app.clerk().await;
        let good = "Acme,,INV-1,EUR,100.00,,";
        let huge = format!("Acme,,{},EUR,1,,", "x".repeat(1_000_000));
        for (csv, place, column) in [
            (file(&[good, "Acme,,INV-2,EUR,a hundred,,"]), "Row 3", "total"),
            (file(&[good, "Acme,,INV-2,EUX,100,,"]), "Row 3", "currency"),
            (file(&[good, "Acme,,INV-2,EUR,100,\"50,"]), "Row 3", "balance"),
            (file(&[good, "Acme,,INV-2,EUR"]), "Row 3", "total"),
            (file(&[good, &huge]), "Row 3", "invoice_number"),
            (file(&[good, good]), "Row 3", "invoice_number"),
            (format!("{HEADER},total\n"), "Row 1", "total"),
        ] {
            let page = clerk.upload("ledger.csv", csv.as_str(), false).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
            page.says("<title>Error: Check ledger.csv").says("nothing was imported");
            page.says(&format!("{place}</th>")).says(&format!(">{column}</td>"));
        }
        clerk.get("/invoices?tab=all").await.says_not("INV-1");
    }

    async fn no_file_an_empty_one_and_one_too_large_are_told_apart(app: TestApp) {
        let clerk = app.clerk().await;
        let nothing = clerk.upload("", "", false).await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        nothing.says("No file was chosen.");
        clerk.upload("empty.csv", "", false).await.says("empty.csv is empty.");
        let large = clerk.upload("large.csv", vec![b'x'; 21 * 1024 * 1024], false).await;
        assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
        large.says("larger than 20 MiB");
    }

    async fn writing_twice_writes_once(app: TestApp) {
        let clerk = app.clerk().await;
        let checked = clerk.upload("ledger.csv", file(&["Acme,,INV-1,EUR,100,,"]), false).await;
        let write = format!("{}/write", checked.url);
        for _ in 0..2 {
            clerk.post(&write, &[]).await.says("Imported ledger.csv").says("1 new");
        }
        let id = clerk.invoice_id("INV-1").await;
        clerk.get(&format!("/invoices/{id}")).await.says("INV-1");
    }

    async fn what_has_become_wrong_since_the_check_is_told_and_nothing_is_written(app: TestApp) {
        let clerk = app.clerk().await;
        let checked = clerk.upload("ledger.csv", file(&["Acme,,INV-1,EUR,100,40,"]), false).await;
        app.import(&file(&["Acme,,INV-1,EUR,100,,Void"])).await;
        let page = clerk.post(&format!("{}/write", checked.url), &[]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        page.says("nothing was imported").says("Row 2</th>").says(">balance</td>");
    }

    async fn a_payment_marked_in_dunlin_stays_unless_reopen_is_ticked(app: TestApp) {
        let clerk = app.clerk().await;
        let csv = file(&["Acme,,INV-1,EUR,100,100,Sent"]);
        bring(&clerk, &csv, false).await;
        let id = clerk.invoice_id("INV-1").await;
        clerk.post(&format!("/invoices/{id}/full-payment"), &[]).await;
        let checked = clerk.upload("ledger.csv", csv.as_str(), false).await;
        checked.says("1 unchanged, 0 errors, 1 warning").says("Dunlin itself recorded a payment");
        bring(&clerk, &csv, true).await.says("1 updated");
        clerk.get("/invoices?tab=upcoming").await.says("INV-1");
    }

    async fn the_sample_is_offered_to_an_empty_ledger_only(app: TestApp) {
        let clerk = app.clerk().await;
        clerk.get("/imports").await.says("Load the sample ledger");
        clerk.post("/imports/sample", &[]).await.says("of 124");
        clerk.get("/imports").await.says_not("Load the sample ledger");
        let again = clerk.post("/imports/sample", &[]).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn only_who_may_import_gets_near_it(app: TestApp) {
        let checked = app.clerk().await.upload("ledger.csv", file(&["Acme,,INV-1,EUR,100,,"]), false).await;
        for person in [app.viewer().await, app.support().await] {
            person.get("/invoices").await.says_not("href=\"/imports\"");
            let answers = [
                person.get("/imports").await,
                person.get(&checked.url).await,
                person.post(&format!("{}/write", checked.url), &[]).await,
                person.post("/imports/sample", &[]).await,
                person.upload("ledger.csv", file(&["Acme,,INV-1,EUR,100,,"]), false).await,
            ];
            assert!(answers.iter().all(|page| page.status == StatusCode::FORBIDDEN));
        }
        app.clerk().await.get("/invoices?tab=all").await.says_not("INV-1");
    }
}
