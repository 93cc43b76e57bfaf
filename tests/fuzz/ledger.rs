//! Ledger files.

use dunlin::domain::ledger::{Column, Ledger, Terms, sample_ledger};

use crate::mutation::Mutation;
use crate::{Target, without_numbers};

pub struct LedgerFile;

const GOOD: &str = "customer_id,customer_name,customer_email,invoice_number,currency,total,balance,issue_date,due_date,status,archived,pay_url\r\n\
     C1,\"Acme, \"\"Ltd\"\"\",ar@acme.example,INV-1,EUR,100.00,,2025-11-01,2025-12-01,Sent,false,https://pay.example/1\r\n\
     C2,Beta,,INV-2,JPY,500,0,2025-11-01,,Paid,true,\r\n";
const SHORT: &str = "total,currency,invoice_number,customer_name\n1.5,BHD,A,B\n";

fn terms() -> Terms {
    Terms { today: "2025-12-01".parse().unwrap(), payment_terms_days: 30, reopen: true }
}

impl Target for LedgerFile {
    fn mutation(&self) -> Mutation {
        let columns = Column::ALL.iter().map(|column| column.as_str());
        let words = [
            ",",
            ",,,,",
            "EUR",
            "JPY",
            "QQQ",
            "0.00",
            "-0.01",
            "1.234",
            "1,234",
            "2025-02-29",
            "2024-02-29",
            "0000-00-00",
            "+999999-12-31",
            "Draft",
            "Sent",
            "PartiallyPaid",
            "Paid",
            "Void",
            "Credited",
            "TRUE",
            "javascript:alert(1)",
            "=1+1",
            "a@b.example,c@d.example",
            "\"a@b\"@c.example",
        ];
        let sample: String =
            sample_ledger(terms().today).lines().take(12).flat_map(|line| [line, "\n"]).collect();
        Mutation::new(&[GOOD, SHORT, &sample], columns.chain(words))
    }

    fn read(&mut self, input: &[u8]) -> String {
        let plan = Ledger::read(input).matched(Vec::new()).plan(Vec::new(), terms());
        let rows = input.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
        for finding in &plan.findings {
            assert!(finding.row <= rows, "{finding} in a file of {rows} rows");
            assert!(!finding.sentence.contains(|c: char| c.is_control()), "{finding:?}");
        }
        for invoice in plan.invoices.iter().filter(|_| plan.is_clean()) {
            let (total, balance) = (invoice.values.total.minor(), invoice.values.balance.minor());
            assert!(0 <= balance && balance <= total, "{invoice:?}");
        }
        let findings: Vec<String> =
            plan.findings.iter().take(4).map(|finding| without_numbers(&finding.sentence)).collect();
        format!("{findings:?} {} {}", plan.invoices.len().min(3), plan.customers.len().min(3))
    }
}
