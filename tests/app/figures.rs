//! The figures of the list are kept by the database, not counted for each page: they must stay what a count would say.

use futures_util::future::join_all;

use crate::support::{Person, TestApp, on_both_databases};

/// 24 invoices of one kind and a few others.
async fn furnish(app: &TestApp) {
    let mut lines: Vec<String> =
        (10..34).map(|i| format!("INV-{i}, Acme, ar@acme-customer.example, 10.00, -3, Sent")).collect();
    lines.push("INV-90, Beta, ar@beta.example, 7.50, 2, Sent".to_owned());
    lines.push("INV-91, Beta, ar@beta.example, 5.00, -9, Draft".to_owned());
    app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

async fn says(person: &Person, path: &str, tabs: &str, owed: &str) {
    let page = person.get(path).await;
    let words = page.words();
    assert!(words.contains(tabs) && words.contains(owed), "{tabs:?}, {owed:?}: {words}");
}

on_both_databases! {
    async fn the_figures_stay_true_when_many_change_invoices_of_one_kind_at_once(app: TestApp) {
        furnish(&app).await;
        let clerk = app.clerk().await;
        says(&clerk, "/invoices", "Open 25 Overdue 24 Upcoming 1 Paid 0 Draft 1 Archived 0 All 26", "247.50 EUR open").await;
        let mut paid = Vec::new();
        let mut archived = Vec::new();
        for i in 10..30 {
            let id = clerk.invoice_id(&format!("INV-{i}")).await;
            if i % 2 == 0 { paid.push(id) } else { archived.push(id) }
        }
        let posts = paid.iter().map(|id| format!("/invoices/{id}/full-payment"));
        let posts: Vec<String> = posts.chain(archived.iter().map(|id| format!("/invoices/{id}/archive"))).collect();
        for page in join_all(posts.iter().map(|path| clerk.post(path, &[]))).await {
            assert_eq!(page.status, 200, "{}", page.words());
        }
        says(&clerk, "/invoices", "Open 5 Overdue 4 Upcoming 1 Paid 10 Draft 1 Archived 10 All 26", "47.50 EUR open").await;
    }

    async fn the_figures_follow_what_an_import_changes(app: TestApp) {
        furnish(&app).await;
        let clerk = app.clerk().await;
        app.import("customer_name,invoice_number,currency,total,balance,due_date\n\
                    Acme,INV-10,EUR,10.00,4.00,2025-11-28\nAcme,INV-11,EUR,10.00,,2025-12-20\nAcme,INV-12,EUR,10.00,0,\n").await;
        let tabs = "Open 24 Overdue 22 Upcoming 2 Paid 1 Draft 1 Archived 0 All 26";
        says(&clerk, "/invoices", tabs, "231.50 EUR open").await;
        app.import("customer_name,invoice_number,currency,total\nGamma,Z-1,USD,3.00\n").await;
        says(&clerk, "/invoices?currency=USD", "1–1 of 1", "3.00 USD").await;
        says(&clerk, "/invoices?due_from=2025-12-20&due_to=2025-12-20", "1–1 of 1", "10.00 EUR").await;
        says(&clerk, "/invoices?tab=all&q=beta", "1–2 of 2", "12.50 EUR").await;
    }
}
