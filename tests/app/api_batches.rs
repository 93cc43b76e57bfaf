//! Batches of reminders that programs ask for.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Whim, on_both_databases, reply};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Acme, ar@acme-customer.example, 50.50, 3, Sent",
    "INV-3, Beta, ar@beta.example, 20.00, -1, Paid",
    "INV-4, Gamma, , 30.00, -1, Sent",
    "INV-5, Delta, ar@delta.example, 30.00, -1, Sent",
    "INV-6, Delta, ar@delta.example, 30.00, -1, Draft",
];

const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";
const BATCHES: &str = "/api/v1/reminder-batches";

on_both_databases! {
    async fn a_batch_sends_its_mails_as_one_that_a_person_confirmed(app: TestApp) {
        app.ledger(LEDGER).await;
        let (program, clerk) = (app.program().await, app.clerk().await);
        clerk.post("/suppressions", &[("address", "ar@delta.example")]).await;
        let mut ids = Vec::new();
        for number in ["INV-1", "INV-2", "INV-4", "INV-5"] {
            ids.push(program.invoice(number).await);
        }
        let started = program.post(BATCHES, &json!({"invoiceIds": ids})).await;
        let batch = started.text("id").to_owned();
        let mut left_out = started.body["leftOut"].as_array().unwrap().clone();
        left_out.sort_by_key(|left_out| left_out["reason"].to_string());
        let expected = [json!({"invoiceId": ids[2], "reason": "no_email"}), json!({"invoiceId": ids[3], "reason": "suppressed"})];
        assert_eq!((started.status, left_out.as_slice()), (202, expected.as_slice()));
        assert_eq!((started.text("status"), &started.body["selected"], &started.body["toSend"]), ("waiting", &json!(4), &json!(2)));
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 0, "it can be undone");
        let page = clerk.get(&format!("/reminder-batches/{batch}")).await;
        page.says("ERP").says("Undo");
        app.send_until_idle().await;
        let mut subjects: Vec<String> = app.sink.deliveries().into_iter().map(|mail| mail.recipient).collect();
        subjects.sort();
        assert_eq!(subjects, ["ar@acme-customer.example", "ar@acme-customer.example"]);
        let finished = program.get(&format!("{BATCHES}/{batch}")).await;
        let mut expected = started.body.clone();
        for (member, value) in [("status", json!("finished")), ("sent", json!(2)), ("failed", json!(0)), ("cancelled", json!(0)), ("pending", json!(0)), ("finished", json!(true))] {
            expected[member] = value;
        }
        assert_eq!((finished.status, &finished.body), (200, &expected));
        clerk.get(&format!("/reminder-batches/{batch}")).await.says("Reminders sent").says("ERP");
        clerk.get("/reminders?q=INV-1").await.says("Bulk").says("ERP");
        let invoice = clerk.invoice_id("INV-1").await;
        clerk.get(&format!("/invoices/{invoice}")).await.says("ERP");
    }

    async fn a_filter_selects_what_the_list_shows_for_it(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let started = program.post(BATCHES, &json!({"filter": {"tab": "overdue", "q": "acme"}})).await;
        assert_eq!((started.status, &started.body["selected"], &started.body["toSend"]), (202, &json!(1), &json!(1)));
        app.send_until_idle().await;
        assert!(app.sink.deliveries()[0].text.contains("INV-1"));
        let again = program.post(BATCHES, &json!({"filter": {"tab": "overdue", "q": "acme"}})).await;
        assert_eq!(again.body["leftOut"], json!([{"invoiceId": program.invoice("INV-1").await, "reason": "on_its_way"}]));
        assert_eq!((again.text("status"), &again.body["toSend"]), ("finished", &json!(0)));
        let remindable = program.post(BATCHES, &json!({"filter": {"remindable": "yes"}, "dryRun": true})).await;
        assert_eq!((remindable.status, &remindable.body["selected"]), (200, &json!(4)));
    }

    async fn a_filter_that_nothing_matches_starts_no_batch_and_a_dry_run_says_so_in_figures(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let refused = program.post(BATCHES, &json!({"filter": {"q": "nobody"}})).await;
        refused.is(409, "ReminderBatch.NothingMatches");
        assert_eq!(refused.body["invoices"], json!([]));
        let dry = program.post(BATCHES, &json!({"filter": {"q": "nobody"}, "dryRun": true})).await;
        assert_eq!((dry.status, &dry.body["selected"], &dry.body["toSend"]), (200, &json!(0), &json!(0)));
        assert!(app.texts("SELECT id AS text FROM reminder_batch").is_empty());
    }

    async fn a_dry_run_says_what_it_would_do_and_stores_nothing(app: TestApp) {
        app.ledger(LEDGER).await;
        let (program, clerk) = (app.program().await, app.clerk().await);
        let ids = [program.invoice("INV-1").await, program.invoice("INV-4").await];
        let before = clerk.get("/reminders").await.text;
        let dry = program.post(BATCHES, &json!({"invoiceIds": ids, "dryRun": true})).await;
        let expected = json!({
            "id": null, "status": "waiting", "selected": 2, "toSend": 1,
            "leftOut": [{"invoiceId": ids[1], "reason": "no_email"}],
        });
        assert_eq!((dry.status, &dry.body), (200, &expected));
        assert_eq!(clerk.get("/reminders").await.text, before);
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 0);
        let real = program.post(BATCHES, &json!({"invoiceIds": ids})).await;
        assert_eq!((real.status, &real.body["leftOut"]), (202, &expected["leftOut"]));
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn a_batch_is_taken_whole_or_not_at_all(app: TestApp) {
        app.ledger(LEDGER).await;
        let other = app.another_organisation("Other").await;
        let csv = "customer_name,customer_email,invoice_number,currency,total\nMoss,ar@moss.example,THEIRS-1,EUR,10\n";
        app.actions.import_ledger(dunlin::domain::person::Actor::System, other, std::io::Cursor::new(csv), false).await.unwrap();
        let program = app.program().await;
        let good = program.invoice("INV-1").await;
        let (paid, draft) = (program.invoice("INV-3").await, program.invoice("INV-6").await);
        let theirs = app.program_of(other).await.invoice("THEIRS-1").await;
        for dry in [false, true] {
            let mut unknown = Vec::new();
            for id in [UNKNOWN, &theirs] {
                let refused = program.post(BATCHES, &json!({"invoiceIds": [good, id], "dryRun": dry})).await;
                refused.is(404, "Invoice.NotFound");
                let mut body = refused.body.clone();
                body.as_object_mut().unwrap().remove("requestId");
                unknown.push(body);
            }
            assert_eq!(unknown[0], unknown[1]);
            let refused = program.post(BATCHES, &json!({"invoiceIds": [good, paid, draft], "dryRun": dry})).await;
            refused.is(409, "InvoiceReminder.InvoiceNotRemindable");
            let mut invoices = refused.body["invoices"].as_array().unwrap().clone();
            invoices.sort_by_key(|invoice| invoice["reason"].to_string());
            assert_eq!(json!(invoices), json!([{"invoiceId": draft, "reason": "draft"}, {"invoiceId": paid, "reason": "paid"}]));
            program.post(BATCHES, &json!({"filter": {}, "dryRun": dry})).await.is(409, "InvoiceReminder.InvoiceNotRemindable");
        }
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 0);
    }

    async fn one_id_five_thousand_times_is_one_and_ten_thousand_and_one_are_too_many(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let one = program.post(BATCHES, &json!({"invoiceIds": vec![program.invoice("INV-1").await; 5_000]})).await;
        assert_eq!((one.status, &one.body["selected"], &one.body["toSend"]), (202, &json!(1), &json!(1)));
        let many: Vec<String> = (0..10_001).map(|index| format!("00000000-0000-7000-8000-{index:012}")).collect();
        let refused = program.post(BATCHES, &json!({"invoiceIds": many})).await;
        refused.is(413, "Request.TooLarge");
        assert!(refused.text("detail").contains("10,001"), "{}", refused.body);
        program.post(BATCHES, &json!({"invoiceIds": many[1..]})).await.is(404, "Invoice.NotFound");
        let repeated = vec![program.invoice("INV-2").await; 10_001];
        for dry in [false, true] {
            let body = json!({"invoiceIds": repeated, "dryRun": dry});
            program.post(BATCHES, &body).await.is(413, "Request.TooLarge");
        }
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn what_is_no_batch_is_refused_and_says_why(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        for (body, said) in [
            (json!({}), "either invoiceIds or a filter"),
            (json!({"filter": {"q": "a".repeat(50_001)}}), "longer than 254 characters"),
            (json!({"invoiceIds": null}), "either invoiceIds or a filter"),
            (json!({"invoiceIds": [UNKNOWN], "filter": {}}), "either invoiceIds or a filter"),
            (json!({"invoiceIds": []}), "at least one invoice"),
            (json!({"invoiceIds": ["INV-1"]}), "not a UUID"),
            (json!({"invoiceIds": UNKNOWN}), "expected a sequence"),
            (json!({"invoiceIds": [1]}), "expected a string"),
            (json!({"filter": {"tab": "lost"}}), "tab"),
            (json!({"filter": {"tabs": "open"}}), "tabs"),
            (json!({"filter": {"sort": "due"}}), "sort"),
            (json!({"filter": "open"}), "expected an object"),
            (json!({"filter": {}, "dryrun": true}), "dryrun"),
            (json!({"filter": {}, "dryRun": "yes"}), "expected a boolean"),
            (json!([]), "not a JSON object"),
        ] {
            let refused = program.post(BATCHES, &body).await;
            refused.is(400, "Request.Malformed");
            assert!(refused.text("detail").contains(said), "{body}: {}", refused.text("detail"));
        }
        program.get(&format!("{BATCHES}/{UNKNOWN}")).await.is(404, "ReminderBatch.NotFound");
        program.get(&format!("{BATCHES}/one")).await.is(400, "Request.Malformed");
        reply(program.request(Method::GET, BATCHES)).await.is(405, "Request.MethodNotAllowed");
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 0);
    }

    async fn a_list_in_the_place_of_a_filter_selects_nothing(app: TestApp) {
        app.ledger(&["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"]).await;
        let program = app.program().await;
        for filter in [json!([]), json!(["INV-1"]), json!([{}])] {
            let refused = program.post(BATCHES, &json!({"filter": filter})).await;
            assert!(refused.is(400, "Request.Malformed").text("detail").contains("expected an object"), "{}", refused.body);
        }
        let all = program.post(BATCHES, &json!({"filter": {}, "dryRun": true})).await;
        assert_eq!(all.body["toSend"], 1);
    }

    async fn a_batch_says_how_far_it_is(app: TestApp) {
        app.ledger(LEDGER).await;
        let (program, admin) = (app.program().await, app.admin().await);
        let mut ids = Vec::new();
        for number in ["INV-1", "INV-2", "INV-5"] {
            ids.push(program.invoice(number).await);
        }
        let started = program.post(BATCHES, &json!({"invoiceIds": ids})).await;
        let path = format!("{BATCHES}/{}", started.text("id"));
        admin.post("/settings/sending/pause", &[("reason", "a test")]).await;
        assert_eq!(program.get(&path).await.text("status"), "paused");
        let dry = program.post(BATCHES, &json!({"filter": {"tab": "open"}, "dryRun": true})).await;
        assert_eq!(dry.text("status"), "finished", "everything is on its way or has no address: {}", dry.body);
        admin.post("/settings/sending/resumption", &[]).await;
        let reminders = program.get(&format!("/api/v1/invoices/{}/reminders", ids[1])).await.body;
        let cancelled = reminders[0]["id"].as_str().unwrap();
        program.post(&format!("/api/v1/reminders/{cancelled}/cancel"), &json!({})).await.is(200, "Cancelled");
        app.clock.advance(chrono::TimeDelta::seconds(11));
        assert_eq!(program.get(&path).await.text("status"), "sending");
        app.sink.misbehave("delta", Whim::Reply("RCPT", "550 5.3.0 not for us"));
        app.send_until_idle().await;
        let figures = program.get(&path).await.body;
        let figure = |member: &str| figures[member].as_u64().unwrap();
        assert_eq!(["sent", "failed", "cancelled", "pending", "selected"].map(figure), [1, 1, 1, 0, 3]);
        assert_eq!((&figures["status"], &figures["finished"]), (&json!("finished"), &Value::Bool(true)));
    }
}
