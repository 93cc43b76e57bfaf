//! Data taken out in the browser: a backup, the ledger and the log of reminders.

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use reqwest::StatusCode;

use crate::support::{Database, TestApp, on_both_databases};

on_both_databases! {
    async fn the_ledger_comes_out_in_the_columns_that_an_import_reads_and_back_in_it_changes_nothing(app: TestApp) {
        app.import(
            "customer_id,customer_name,customer_email,invoice_number,currency,total,balance,issue_date,due_date,status,archived,pay_url\n\
             C-1,\"Acme, \"\"Inc\"\"\",ar@acme.example,INV-1,EUR,100.00,40.00,2025-11-01,2025-11-20,PartiallyPaid,false,https://pay.example/1\n\
             ,Beta,,INV-2,JPY,1200,0,2025-11-01,2025-11-20,Paid,true,\n",
        )
        .await;
        let admin = app.admin().await;
        let file = admin.post("/settings/data/invoices", &[]).await;
        file.says("customer_id,customer_name,customer_email,invoice_number,currency,total,balance,issue_date,due_date,status,archived,pay_url\r\n");
        file.says("\"C-1\",\"Acme, \"\"Inc\"\"\",\"ar@acme.example\",\"INV-1\",\"EUR\",\"100.00\",\"40.00\",\"2025-11-01\",\"2025-11-20\",\"PartiallyPaid\",\"false\",\"https://pay.example/1\"\r\n");
        file.says("\"\",\"Beta\",\"\",\"INV-2\",\"JPY\",\"1200\",\"0\",\"2025-11-01\",\"2025-11-20\",\"Paid\",\"true\",\"\"\r\n");
        let again = admin.upload("invoices.csv", file.text.clone(), false).await;
        again.says("2 unchanged");
        admin.get("/settings/audit-log?about=settings").await.says("Data taken out").says("All invoices as CSV.");
    }

    async fn whoever_downloads_a_list_stands_in_the_audit_log_with_what_it_was(app: TestApp) {
        let (viewer, admin) = (app.viewer().await, app.admin().await);
        viewer.get("/reminders.csv").await;
        viewer.get("/reminders.csv?status=Sent&q=acme").await;
        let own = admin.get("/settings/audit-log.csv?about=settings").await;
        own.says("\"The viewer\",\"data.exported\",\"Data taken out\",\"\",\"Reminders as CSV.\"");
        own.says("\"The viewer\",\"data.exported\",\"Data taken out\",\"\",\"Reminders as CSV, filtered by q=acme&status=Sent.\"");
        own.says("\"The admin\",\"data.exported\",\"Data taken out\",\"\",\"The audit log as CSV, filtered by about=settings.\"");
    }

    async fn a_name_that_a_spreadsheet_would_run_is_only_text(app: TestApp) {
        app.import("customer_name,invoice_number,currency,total\n\"=cmd|' /C calc'!A0\",@SUM(A1),EUR,1\n").await;
        let admin = app.admin().await;
        let file = admin.post("/settings/data/invoices", &[]).await;
        file.says("\"'=cmd|' /C calc'!A0\"").says("\"'@SUM(A1)\"");
    }

    async fn files_longer_than_what_is_read_at_a_time_are_whole(app: TestApp) {
        let mut csv = "customer_name,invoice_number,currency,total\n".to_owned();
        (0..2_000).for_each(|n| csv.push_str(&format!("C{n},INV-{n},EUR,1\n")));
        app.import(&csv).await;
        let file = app.admin().await.post("/settings/data/invoices", &[]).await;
        let mut numbers: Vec<&str> = file.text.lines().skip(1).map(|line| line.split(',').nth(3).unwrap()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 2_000);
    }

    async fn every_reminder_comes_out(app: TestApp) {
        app.ledger(&["INV-1, Acme, a@acme.example, 10.00, -5, Sent"]).await;
        let admin = app.admin().await;
        admin.confirm(&admin.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let file = admin.post("/settings/data/reminders", &[]).await;
        file.says("\"INV-1\",\"Acme\",\"a@acme.example\",\"bulk\",\"The admin\",\"Sent\",\"\"\r\n");
    }
}

#[actix_web::test]
async fn a_backup_is_a_whole_database_that_starts_paused_and_leaves_no_file_behind() {
    let app = TestApp::start(Database::Sqlite).await.unwrap();
    app.ledger(&["INV-1, Acme, a@acme.example, 10.00, -5, Sent"]).await;
    let admin = app.admin().await;
    admin.get("/settings/data").await.says("Download backup");
    let (about, bytes) = admin.download("/settings/data/backups").await;
    assert_eq!(about["content-length"].to_str().unwrap(), bytes.len().to_string());
    assert_eq!(about["content-disposition"], "attachment; filename=\"dunlin-2025-12-01.db\"");
    let folder = app.file().unwrap().parent().unwrap().to_owned();
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("part")), "{left:?}");
    let copy = folder.join("copy.db");
    std::fs::write(&copy, bytes).unwrap();
    let mut copy = SqliteConnection::establish(&copy.to_string_lossy()).unwrap();
    copy.batch_execute(
        "CREATE TABLE t AS SELECT 1 / (SELECT COUNT(*) FROM invoice WHERE number = 'INV-1') AS one",
    )
    .unwrap();
    copy.batch_execute("INSERT INTO t SELECT 1 / COUNT(*) FROM installation WHERE instance_id = ''").unwrap();
    admin.get("/settings/audit-log?about=settings").await.says("A backup of the database.");
}

#[actix_web::test]
async fn where_there_are_several_organisations_none_takes_the_others_data_along() {
    let app = TestApp::start(Database::Sqlite).await.unwrap();
    app.another_organisation("Beta").await;
    let admin = app.admin().await;
    let page = admin.post("/settings/data/backups", &[]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.says("Whoever runs the server makes it with the command dunlin backup FILE.")
        .says_not("Download backup");
    let offered = admin.get("/settings/data").await;
    offered.says("there are several").says("<code>dunlin backup FILE</code>").says_not("Download backup");
}

#[actix_web::test]
async fn on_postgres_the_page_says_how_to_back_up_instead() {
    let Some(app) = TestApp::start(Database::Postgres).await else {
        println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
        return;
    };
    let admin = app.admin().await;
    admin.get("/settings/data").await.says("pg_dump --format=custom").says_not("Download backup");
    let page = admin.post("/settings/data/backups", &[]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.says("Back it up with its own pg_dump.");
}
