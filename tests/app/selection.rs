//! What may be selected, and what is shown before it is sent.

use crate::support::on_both_databases;

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Acme, ar@acme-customer.example, 50.50, 3, Sent",
    "INV-3, Beta, ar@beta.example, 20.00, -1, Paid",
    "INV-4, Gamma, , 30.00, -5, Sent",
    "INV-5, Delta, ar@delta.example, 10.00, -2, Draft",
];

on_both_databases! {
    async fn the_tabs_count_what_is_in_them(app: TestApp) {
        app.ledger(LEDGER).await;
        let list = app.clerk().await.get("/invoices").await;
        let words = list.words();
        assert!(words.contains("Open 3 Overdue 2 Upcoming 1 Paid 1 Draft 1 Archived 0 All 5"), "{words}");
        list.says("1–3 of 3").says("180.50 EUR open").says("10 days overdue").says("in 3 days").says("No e-mail");
    }

    async fn the_list_is_searched_sorted_and_paged_by_its_address(app: TestApp) {
        let lines: Vec<String> =
            (1..=60).map(|i| format!("INV-{i:03}, Customer {i:02}, c{i}@customer.example, {i}.00, -{i}, Sent")).collect();
        app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let clerk = app.clerk().await;
        clerk.get("/invoices?q=c7%40customer").await.says("INV-007").says_not("INV-008");
        clerk.get("/invoices?q=100%25").await.says("Nothing matches");
        for sort in ["number", "customer", "due", "balance", "-number", "-customer", "-due", "-balance"] {
            let first = clerk.get(&format!("/invoices?per=25&sort={sort}")).await;
            first.says("1–25 of 60");
            let next = first.between("href=\"/invoices?", "\"", ">Next<").replace("&#38;", "&").replace("&amp;", "&");
            let second = clerk.get(&format!("/invoices?{next}")).await;
            second.says("26–50 of 60");
            let back = second.between("href=\"/invoices?", "\"", ">Previous<").replace("&#38;", "&").replace("&amp;", "&");
            let again = clerk.get(&format!("/invoices?{back}")).await;
            again.says("1–25 of 60");
            assert_eq!(again.text.matches("data-invoice").count(), 25, "{sort}");
            let is_descending = sort.starts_with('-') != sort.ends_with("due");
            again.says(if is_descending { "INV-060" } else { "INV-001" });
        }
        assert_eq!(clerk.get("/invoices?sort=colour").await.status, 422);
        clerk.get("/invoices?least=58.5").await.says("INV-059").says("INV-060").says_not("INV-058");
        clerk.get("/invoices?due_from=yesterday").await.says("is not a day such as 2025-12-01");
    }

    async fn a_paid_invoice_in_the_selection_is_refused_with_the_reason_and_the_ticks_stay(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let refused = clerk.propose(&["INV-1", "INV-3"]).await;
        assert_eq!(refused.status, 422);
        refused.says("1 of 2 invoices cannot be reminded: 1 is paid.").says("Deselect them").says_not("data-send");
        let left = refused.value("only");
        assert_eq!(left, clerk.invoice_id("INV-1").await);
        clerk.post("/reminder-proposals", &[("only", &left)]).await.says("1 e-mail to 1 customer, 100.00 EUR in total.");
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
    }

    async fn a_refused_selection_keeps_its_ticks_and_its_page_also_beyond_the_first(app: TestApp) {
        let mut lines: Vec<String> = (1..=30).map(|i| format!("INV-{i:03}, Acme, ar@acme-customer.example, {i}.00, -{i}, Sent")).collect();
        lines.push("INV-900, Acme, ar@acme-customer.example, 9.00, 5, Paid".to_owned());
        app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let clerk = app.clerk().await;
        let first = clerk.get("/invoices?tab=all&per=25&sort=number").await;
        let next = first.between("href=\"/invoices?", "\"", ">Next<").replace("&#38;", "&").replace("&amp;", "&");
        let second = clerk.get(&format!("/invoices?{next}")).await;
        let (list, ids) = (second.value("list"), second.values("invoice"));
        assert_eq!(ids.len(), 6);
        let refused = clerk.post("/reminder-proposals", &[("list", &list), ("invoice", &ids[0]), ("invoice", &ids[5])]).await;
        assert_eq!(refused.status, 422);
        refused.says("1 of 2 invoices cannot be reminded: 1 is paid.").says("26–31 of 31");
        assert_eq!(refused.text.matches(" checked").count(), 2);
        let nothing = clerk.post("/reminder-proposals", &[("list", &list)]).await;
        nothing.says("No invoice is selected.").says("26–31 of 31");
        let shown = clerk.post("/reminder-proposals", &[("list", &list), ("only", &ids[0])]).await;
        let back = shown.between("href=\"", "\"", " role=\"button\" data-cancel>Cancel<").replace("&#38;", "&").replace("&amp;", "&");
        clerk.get(&back).await.says("26–31 of 31");
    }

    async fn without_scripts_a_page_or_all_that_match_are_selected_by_buttons(app: TestApp) {
        let mut lines: Vec<String> = (1..=60).map(|i| format!("INV-{i:03}, Acme, ar@acme-customer.example, 1.00, -{i}, Sent")).collect();
        lines.push("INV-900, Acme, ar@acme-customer.example, 9.00, 5, Paid".to_owned());
        app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let clerk = app.clerk().await;
        let list = "/invoices?tab=open&per=25";
        clerk.get(list).await.says("Select all 25 invoices on this page</button>").says("Select all 60 that match</button>");
        let page = clerk.post("/invoice-selections", &[("list", list), ("select", "page")]).await;
        page.says("25 selected").says("data-send");
        assert_eq!(page.text.matches(" checked>").count(), 25);
        let all = clerk.post("/invoice-selections", &[("list", list), ("select", "matching")]).await;
        all.says("60 selected").says("data-send").says("Clear</a>");
        assert_eq!(all.text.matches(" checked disabled>").count(), 25, "none of them can be unticked alone");
        let fields = [("list", all.value("list")), ("matching", all.value("matching"))];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        clerk.post("/reminder-proposals", &fields).await.says("60 e-mails to 1 customer");
    }

    async fn deselecting_leaves_of_all_that_match_those_that_may_be_reminded(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let list = "/invoices?tab=all";
        let refused = clerk.post("/invoice-selections", &[("list", list), ("select", "matching")]).await;
        assert_eq!(refused.status, 422);
        refused.says("2 of 5 invoices cannot be reminded").says("name=\"remindable\" value=\"yes\">Deselect them").says_not("data-send");
        assert_eq!(refused.value("matching"), "3");
        let shown = clerk.post("/reminder-proposals", &[("list", list), ("matching", "3"), ("remindable", "yes")]).await;
        shown.says("2 e-mails to 1 customer").says_not("matched when you looked");
        let draft = clerk.invoice_id("INV-1").await;
        clerk.post(&format!("/invoices/{draft}/archive"), &[]).await;
        let again = clerk.confirm(&shown).await;
        assert_eq!(again.status, 422);
        again.says("INV-1 is archived now.");
        clerk.confirm(&again).await.says("Sending reminders");
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn nothing_selected_is_told_so(app: TestApp) {
        app.ledger(LEDGER).await;
        let refused = app.clerk().await.post("/reminder-proposals", &[]).await;
        assert_eq!(refused.status, 422);
        refused.says("No invoice is selected. Tick the invoices that you want to remind.");
    }

    async fn the_confirmation_says_whom_it_writes_to_and_who_is_left_out(app: TestApp) {
        app.ledger(LEDGER).await;
        let shown = app.clerk().await.propose(&["INV-1", "INV-2", "INV-4"]).await;
        shown
            .says("Send reminders?")
            .says("2 e-mails to 1 customer, 150.50 EUR in total.")
            .says("1 will be left out: The customer has no e-mail address (1).")
            .says("Acme gets 2 mails")
            .says("ar@acme-customer.example")
            .says("Yes, send reminders");
    }

    async fn every_mail_of_a_large_confirmation_can_be_listed_as_it_was_shown(app: TestApp) {
        let mut lines: Vec<String> = (0..1_300).map(|i| format!("INV-{i:04}, Acme, ar@acme-customer.example, 1.00, -5, Sent")).collect();
        lines.push("INV-9999, Gamma, , 2.00, -5, Sent".to_owned());
        app.ledger(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let clerk = app.clerk().await;
        let shown = clerk.post("/reminder-proposals", &[("matching", "1301"), ("list", "/invoices")]).await;
        assert_eq!(shown.text.matches("Preview the mail about").count(), 200);
        shown.says("Show 1,000 more of 1,100");
        let (mails, from) = (shown.value("mails"), shown.value("from"));
        assert_eq!((mails.as_str(), from.as_str()), ("1300", "200"));
        let fields = [&shown.yes()[..], &[("mails", &mails), ("from", &from)]].concat();
        let all = clerk.post("/proposed-mails", &fields).await;
        assert_eq!(all.text.matches("Preview the mail about").count(), 1_300);
        all.says("1,300 e-mails go out").says_not("INV-9999");
        let token = ("csrf", shown.value("csrf"));
        let fields = [&[(token.0, token.1.as_str())], &fields[..]].concat();
        let next = clerk.send("POST", "/proposed-mails", &fields, &[("HX-Request", "true")]).await;
        assert_eq!(next.text.matches("Preview the mail about").count(), 1_000);
        next.says("Show 100 more").says_not("<html");
        let forged = clerk.post("/proposed-mails", &[("confirmation", &shown.yes()[0].1.replace("\t100\t", "\t1\t")), ("signature", shown.yes()[1].1)]).await;
        assert_eq!(forged.status, 422);
    }

    async fn with_nobody_to_mail_there_is_only_a_way_back(app: TestApp) {
        app.ledger(LEDGER).await;
        let shown = app.clerk().await.propose(&["INV-4"]).await;
        shown.says("No reminders can be sent").says("Close").says_not("Yes, send reminders");
    }

    async fn another_organisations_invoice_is_like_an_unknown_one(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let unknown = "00000000-0000-7000-8000-000000000000";
        assert_eq!(clerk.post("/reminder-proposals", &[("invoice", unknown)]).await.status, 404);
        assert_eq!(clerk.get(&format!("/invoices/{unknown}")).await.status, 404);
        assert_eq!(clerk.get("/invoices/nonsense").await.status, 404);
    }

    async fn all_that_match_are_proposed_by_the_filter_and_not_by_ids(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let shown = clerk.post("/reminder-proposals", &[("matching", "3"), ("list", "/invoices?tab=open")]).await;
        shown.says("2 e-mails to 1 customer");
        let shown = clerk.post("/reminder-proposals", &[("matching", "7"), ("list", "/invoices?tab=open")]).await;
        shown.says("7 matched when you looked; 3 match now.");
        let all = clerk.post("/reminder-proposals", &[("matching", "5"), ("list", "/invoices?tab=all")]).await;
        assert_eq!(all.status, 422);
        all.says("2 of 5 invoices cannot be reminded");
    }

    async fn a_filter_that_cannot_be_read_is_told_above_the_list_and_stays_where_it_was_typed(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        for headers in [[].as_slice(), &[("HX-Request", "true")]] {
            let page = clerk.send("GET", "/invoices?tab=open&least=12,50&q=acme", &[], headers).await;
            assert_eq!(page.status, 422);
            page.says("The filter “amount from” is not an amount such as 100 or 99.50.").says("INV-1");
            page.says("name=\"least\" inputmode=\"decimal\" value=\"12,50\"").says("value=\"acme\"").says("<details class=\"filters\" open>");
            assert_eq!(page.has("<html"), headers.is_empty(), "of the list alone, the list alone");
        }
    }

    async fn a_search_longer_than_anything_is_refused_with_what_to_do_at_every_page_and_file(app: TestApp) {
        app.ledger(LEDGER).await;
        let admin = app.admin().await;
        // One more than the longest address, and more than SQLite takes for a pattern.
        for long in ["a".repeat(255), "a".repeat(50_001)] {
            for (path, status) in [
                ("/invoices", 422),
                ("/customers", 400),
                ("/reminders", 400),
                ("/reminders.csv", 400),
                ("/settings/audit-log", 400),
                ("/settings/audit-log.csv", 400),
            ] {
                let page = admin.get(&format!("{path}?q={long}")).await;
                assert_eq!(page.status, status, "{path}: {}", page.words());
                page.says("longer than 254 characters").says("earch for a part of it");
            }
            let list = format!("/invoices?q={long}");
            let refused = admin.post("/reminder-proposals", &[("matching", "1"), ("list", &list)]).await;
            assert_eq!(refused.status, 400, "{}", refused.words());
        }
        assert_eq!(admin.get(&format!("/customers?q={}", "a".repeat(254))).await.status, 200);
    }

    async fn a_search_for_what_no_text_can_hold_finds_nothing(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        for path in ["/invoices?q=%00", "/invoices?tab=all&q=INV%00", "/customers?q=%00", "/reminders?q=%00", "/customers?after=%00"] {
            let page = clerk.get(path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.words());
            page.says_not("INV-1");
        }
        let nobody = app.visitor().sign_in("clerk\0@acme.example", "\0").await;
        assert_eq!(nobody.status, 422);
    }
}
