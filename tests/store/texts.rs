//! Texts of every script come back as they were written.

use chrono::TimeDelta;
use dunlin::clock::Ids;
use dunlin::domain::email::FormLetter;
use dunlin::domain::ids::ReminderId;
use dunlin::domain::language::Language;
use dunlin::domain::mail_message::{MailKind, RenderedMail};
use dunlin::domain::person::Actor;
use dunlin::domain::search::Search;
use dunlin::domain::suppression::SuppressionReason;
use dunlin::store::{AuditEntry, NewMail, Snapshot, Suppress, WrittenCustomer, WrittenInvoice};

use crate::ledger::{customer, invoice};
use crate::on_both_databases;
use crate::test_store::at;

/// Other scripts, right to left, combined emoji, what SQL and patterns take for their own, the longest line.
fn lines() -> Vec<String> {
    let mut lines: Vec<String> = [
        "Bjørn Ångström & Søn ApS",
        "株式会社カイト",
        "חברת אלון בע״מ",
        "شركة النور",
        "👩‍👩‍👧‍👦 Family 🏳️‍🌈",
        "O'Brien \"Quoted\" \\ 100% _under_ $1 ?1 ; --",
        "e\u{301} and \u{e9}",
        "İstanbul ẞ ǅ",
    ]
    .map(str::to_owned)
    .into();
    lines.push("🙂".repeat(200));
    lines
}

fn long_text() -> String {
    format!("Zeile 1\r\n\tשלום 🙂 \u{202e}right to left\u{202c}\n{}", "größer ".repeat(1_500))
}

on_both_databases! {
    async fn names_and_numbers_of_every_script_come_back_as_they_were(store: TestStore) {
        let customers: Vec<WrittenCustomer> = lines()
            .iter()
            .map(|line| WrittenCustomer { external_id: line.parse().ok(), ..customer(line) })
            .collect();
        let invoices: Vec<WrittenInvoice> =
            customers.iter().map(|customer| invoice(customer.id, customer.name.as_str())).collect();
        store.keep(&customers, &invoices).await.unwrap();
        let organisation = store.organisation;
        let found = store.read(move |snapshot| snapshot.ledger_customers(organisation)).await.unwrap();
        assert_eq!(found.len(), customers.len());
        for (found, written) in found.iter().zip(&customers) {
            assert_eq!((&found.name, &found.external_id), (&written.name, &written.external_id));
        }
        let keys = invoices.iter().map(|invoice| (invoice.customer_id, invoice.number.clone())).collect::<Vec<_>>();
        let found = store.read(move |snapshot| snapshot.ledger_invoices(&keys)).await.unwrap();
        assert_eq!(found.len(), invoices.len());
        assert!(found.iter().all(|stored| invoices.iter().any(|invoice| invoice.number == stored.invoice.number)));
    }

    async fn free_texts_come_back_as_they_were_and_a_nul_as_a_replacement_character(store: TestStore) {
        let (id, text) = (Ids.next::<ReminderId>(), long_text());
        let (posting, invoice) = (store.posting(at(0)), store.invoices(1).await[0].id);
        let rendered = RenderedMail {
            subject: lines().concat(),
            text: format!("a\0b{text}"),
            html: format!("<p>{text}</p>\0"),
            language: Language::English,
            logo: None,
        };
        let entry = AuditEntry {
            id: Ids.next(),
            organisation_id: store.organisation,
            at: at(0) + TimeDelta::microseconds(123_456),
            actor: Actor::System,
            event: "mail.failed",
            invoice_id: Some(invoice),
            mail_id: Some(id),
            batch_id: None,
            detail: format!("\0{text}\0"),
        };
        let mail = NewMail {
            id,
            kind: MailKind::Test,
            recipient_name: lines()[4].parse().unwrap(),
            recipient: "ada+test@acme.example".parse().unwrap(),
            subject: rendered.subject.clone(),
            letter: FormLetter::of_mail(id.as_uuid().into(), &rendered),
            filled: String::new(),
        };
        let organisation = store.organisation;
        let (told, recipient_name) = (entry.clone(), mail.recipient_name.clone());
        store
            .write(move |tx| {
                tx.enqueue_mail(&posting, &mail)?;
                let suppressed = Suppress {
                    id: Ids.next(),
                    organisation_id: organisation,
                    address: &"Ada@Acme.example".parse().unwrap(),
                    reason: SuppressionReason::Manual,
                    evidence: "a\0b",
                    actor: Actor::System,
                };
                tx.suppress(&suppressed, at(0))?;
                tx.record(&told)
            })
            .await
            .unwrap();
        let kept = store.read(move |snapshot| snapshot.mail_content(id)).await.unwrap().unwrap();
        assert_eq!(kept.subject, rendered.subject);
        assert_eq!(kept.text, rendered.text.replace('\0', "\u{fffd}"));
        assert_eq!(kept.html, rendered.html.replace('\0', "\u{fffd}"));
        let timeline = store.read(move |snapshot| snapshot.invoice_timeline(invoice)).await.unwrap();
        assert_eq!((timeline[0].at, &timeline[0].detail), (entry.at, &entry.detail.replace('\0', "\u{fffd}")));
        let suppressions = store.read(move |snapshot| snapshot.suppressions(organisation, 1)).await.unwrap();
        assert_eq!(suppressions[0].evidence, "a\u{fffd}b");
        let claimed = store.claim(Ids.next(), 1, at(0)).await.remove(0);
        assert_eq!(claimed.recipient.unwrap().0, recipient_name);
    }

    async fn a_nul_in_a_search_finds_nothing_instead_of_everything(store: TestStore) {
        store.invoices(2).await;
        let organisation = store.organisation;
        for search in ["\0", "acme\0", "\0acme"] {
            let sought = Search::read(search).unwrap();
            let find = move |snapshot: &mut Snapshot<'_>| snapshot.customers(organisation, sought.as_ref(), "", 9);
            let found = store.read(find).await.unwrap();
            assert_eq!(found, [], "{search:?}");
        }
    }
}
