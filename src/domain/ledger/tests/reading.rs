//! What a file says, read into a new ledger.

use proptest::prelude::*;

use super::*;

#[test]
fn columns_may_stand_in_any_order_after_a_byte_order_mark() {
    let mut kept = Kept::default();
    let csv = "\u{feff}total,Currency,invoice_number,customer_name\r\n12.50,EUR,INV-1,\"Moss, Whitfield\"\r\n\r\n,,,\r\n";
    let plan = kept.bring(csv);
    assert_eq!(plan.summary.to_string(), "1 new, 0 updated, 0 unchanged, 0 errors", "{:?}", told(&plan));
    assert_eq!(kept.settled(), "Sent 12.50 12.50");
    assert_eq!(kept.customers[0].name.as_str(), "Moss, Whitfield");
}

#[test]
fn blanks_and_tabs_around_a_columns_name_are_not_part_of_it() {
    let mut kept = Kept::default();
    assert!(kept.bring("customer_name ,invoice_number,currency,\ttotal\t\nAcme,INV-1,EUR,10\n").is_clean());
}

#[test]
fn columns_that_are_not_separated_by_commas_are_one_mistake() {
    for separator in [";", "\t"] {
        let csv = ["customer_name,invoice_number,currency,total", "Acme,INV-1,EUR,10"]
            .join("\n")
            .replace(',', separator);
        let plan = Kept::default().bring(&csv);
        let sentences: Vec<&str> = plan.findings.iter().map(|finding| finding.sentence.as_str()).collect();
        let one = "The columns must be separated by commas. Save the file as comma-separated CSV.";
        assert_eq!(sentences, [one], "{separator:?}");
    }
}

#[test]
fn dates_default_to_today_and_the_payment_terms() {
    let mut kept = Kept::default();
    kept.bring(&file(&["Acme,INV-1,EUR,10,,,"]));
    let invoice = &kept.only().invoice;
    assert_eq!((invoice.issued_on, invoice.due_on), (day("2025-12-01"), day("2025-12-31")));
    let mut kept = Kept::default();
    kept.bring("customer_name,invoice_number,currency,total,issue_date\nAcme,INV-1,EUR,10,2025-01-01\n");
    assert_eq!(kept.only().invoice.due_on, day("2025-01-31"));
}

#[test]
fn the_status_rules_decide_state_and_balance_of_a_new_invoice() {
    for (status, balance, expected) in [
        ("", "", "Sent 100.00 100.00"),
        ("", "0", "Paid 100.00 0.00"),
        ("", "40.00", "PartiallyPaid 100.00 40.00"),
        ("Sent", "100", "Sent 100.00 100.00"),
        ("Sent", "40", "PartiallyPaid 100.00 40.00"),
        ("Sent", "0", "Paid 100.00 0.00"),
        ("PartiallyPaid", "100", "Sent 100.00 100.00"),
        ("PartiallyPaid", "40", "PartiallyPaid 100.00 40.00"),
        ("PartiallyPaid", "0", "Paid 100.00 0.00"),
        ("Paid", "", "Paid 100.00 0.00"),
        ("Paid", "0.00", "Paid 100.00 0.00"),
        ("Void", "", "Void 100.00 0.00"),
        ("Credited", "0", "Credited 100.00 0.00"),
        ("Draft", "", "Draft 100.00 100.00"),
        ("Draft", "40", "Draft 100.00 40.00"),
        ("Draft", "0", "Draft 100.00 0.00"),
    ] {
        let mut kept = Kept::default();
        let plan = kept.bring(&file(&[&format!("Acme,INV-1,EUR,100,{balance},{status},")]));
        assert!(plan.is_clean(), "{status} {balance}: {:?}", told(&plan));
        assert_eq!(kept.settled(), expected, "{status} {balance}");
    }
}

#[test]
fn contradictions_of_status_and_balance_are_errors() {
    for cells in [
        "100,,PartiallyPaid",
        "100,100.01,",
        "100,101,Sent",
        "100,101,Draft",
        "100,0.01,Paid",
        "100,40,Void",
        "100,100,Credited",
        "100,-1,",
    ] {
        refused(&file(&[&format!("Acme,INV-1,EUR,{cells},")]), 2, "balance");
    }
    refused(&file(&["Acme,INV-1,EUR,-100,,,"]), 2, "total");
}

#[test]
fn a_cell_that_cannot_be_read_is_told_with_row_and_column() {
    let good = "Acme,INV-1,EUR,10,,,";
    for (row, column) in [
        (",INV-2,EUR,10,,,", "customer_name"),
        ("Ac\u{202e}me,INV-2,EUR,10,,,", "customer_name"),
        ("\"Ac\nme\",INV-2,EUR,10,,,", "customer_name"),
        ("Acme,,EUR,10,,,", "invoice_number"),
        ("Acme,INV-2,,10,,,", "currency"),
        ("Acme,INV-2,EURO,10,,,", "currency"),
        ("Acme,INV-2,EUR,,,,", "total"),
        ("Acme,INV-2,EUR,ten,,,", "total"),
        ("Acme,INV-2,EUR,\"1,000.00\",,,", "total"),
        ("Acme,INV-2,EUR,10.005,,,", "total"),
        ("Acme,INV-2,JPY,10.5,,,", "total"),
        ("Acme,INV-2,EUR,10,1e1,,", "balance"),
        ("Acme,INV-2,EUR,10,,Open,", "status"),
        ("Acme,INV-2,EUR,10,,paid,", "status"),
        ("Acme,INV-2,EUR,10,,,yes", "archived"),
        ("Acme,INV-2,EUR,10,,,,,,", "column 8"),
        ("Acme,INV-2,EUR,10", "balance"),
        ("Acme,INV-2\" tube,EUR,10,,,", "invoice_number"),
        ("\"Acme\" Ltd,INV-2,EUR,10,,,", "customer_name"),
        ("Acme,INV-2,EUR,\"10,,,", "total"),
    ] {
        refused(&file(&[good, row]), 3, column);
    }
    let header = "customer_name,invoice_number,currency,total,customer_email,issue_date,pay_url\n";
    for (cells, column) in [
        ("a@b@c.example,,", "customer_email"),
        ("\"a@b.example, c@d.example\",,", "customer_email"),
        (",31/12/2025,", "issue_date"),
        (",2025-02-30,", "issue_date"),
        (",2025-1-1,", "issue_date"),
        (",,javascript:alert(1)", "pay_url"),
    ] {
        refused(&format!("{header}Acme,INV-1,EUR,10,{cells}\n"), 2, column);
    }
}

#[test]
fn a_cell_of_a_megabyte_is_told_with_row_and_column() {
    let row = format!("Acme,{},EUR,10,,,", "x".repeat(1_000_000));
    refused(&file(&["Acme,INV-1,EUR,10,,,", &row]), 3, "invoice_number");
}

#[test]
fn what_is_wrong_with_the_header_is_told_by_name() {
    refused("customer_name,invoice_number,currency\n", 1, "total");
    refused("customer_name,invoice_number,currency,total,total\n", 1, "total");
    refused("customer_name,invoice_number,currency,total,ballance\n", 1, "ballance");
    let plan = Kept::default().plan(b"customer_name,invoice_numbr,currency,total\n", false);
    assert!(
        told(&plan).iter().any(|sentence| sentence.contains("Did you mean \u{201c}invoice_number\u{201d}?"))
    );
    for start in [&b""[..], b"\n", b"PK\x03\x04zip", b"\xff\xfec\0", b"customer_name;total\n"] {
        assert!(!Kept::default().plan(start, false).is_clean(), "{start:?}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_told_with_row_and_column() {
    let mut csv = file(&["Acme,INV-1,EUR,10,,,"]).into_bytes();
    csv.extend_from_slice(b"K\xf6hler,INV-2,EUR,10,,,\n");
    let plan = Kept::default().plan(&csv, false);
    assert_eq!((plan.findings[0].row, plan.findings[0].column.as_deref()), (3, Some("customer_name")));
}

#[test]
fn a_sentence_quotes_a_cell_without_what_could_confuse_a_terminal() {
    let csv = file(&["Acme,INV-1,EUR,\u{1b}[31m1\u{202e}0,,,", "Acme,INV-2,\u{1b}EUR,10,,Se\u{7}nt,"]);
    for finding in Kept::default().plan(csv.as_bytes(), false).findings {
        let told = finding.to_string();
        assert!(!told.chars().any(crate::domain::text::is_unprintable), "{told:?}");
    }
}

#[test]
fn every_bad_row_is_told_and_counted() {
    let plan =
        Kept::default().plan(file(&["A,1,EUR,x,,Nix,", "A,2,EUR,10,,,", "B,3,QQQ,1,,,"]).as_bytes(), false);
    assert_eq!(plan.summary.to_string(), "1 new, 0 updated, 0 unchanged, 2 errors");
    assert_eq!(plan.findings.len(), 3);
}

#[test]
fn the_sample_has_what_a_clerk_meets() {
    let today = day("2025-12-01");
    let mut kept = Kept::default();
    let plan = kept.bring(&sample_ledger(today));
    assert!(plan.findings.is_empty(), "{:?}", told(&plan));
    let overdue =
        kept.invoices.iter().filter(|s| s.invoice.ineligible().is_none() && s.invoice.due_on < today);
    let upcoming =
        kept.invoices.iter().filter(|s| s.invoice.ineligible().is_none() && s.invoice.due_on >= today);
    assert!((30..90).contains(&overdue.count()));
    assert!((30..90).contains(&upcoming.count()));
    for state in InvoiceState::ALL {
        assert!(kept.invoices.iter().any(|stored| stored.invoice.state == *state), "{state}");
    }
    assert!(kept.invoices.iter().any(|stored| stored.invoice.archived_at.is_some()));
    assert!(kept.customers.iter().any(|customer| customer.email.is_none()));
    assert!(kept.customers.len() >= 55);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused_but_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        Kept::default().plan(&bytes, false);
    }

    #[test]
    fn arbitrary_cells_are_read_or_refused_but_never_panic(cells in proptest::collection::vec("\\PC{0,12}", 12)) {
        let header: Vec<&str> = Column::ALL.iter().map(|column| column.as_str()).collect();
        let csv = format!("{}\n{}\n", header.join(","), cells.join(","));
        Kept::default().plan(csv.as_bytes(), true);
    }
}
