//! Form letters and the mails made of them: what is read back is the mail that was made.

use dunlin::clock::Ids;
use dunlin::domain::email::FormLetter;
use dunlin::domain::language::Language;
use dunlin::domain::mail_message::KeptMail;

use crate::ledger::leaving;
use crate::on_both_databases;
use crate::test_store::at;

on_both_databases! {
    async fn a_mail_made_of_a_form_letter_is_read_back_with_its_values_in_their_places(store: TestStore) {
        let invoices = store.invoices(2).await;
        let ids = store.enqueue(&invoices, None, at(0)).await.unwrap();
        let letter = FormLetter::kept(Ids.next(), "Dear \u{fdd0},\npay \u{fdd1}.", "<p>\u{fdd0}: \u{fdd1} \u{fdd0}</p>", None, Language::English);
        let (letter_id, kept_letter) = (letter.id, letter.clone());
        store.write(move |tx| tx.keep_letters(&[&kept_letter])).await.unwrap();
        let claimed = store.claim(Ids.next(), 2, at(1)).await;
        for (mail, name) in claimed.iter().zip(["A & \u{202b}B", "\u{1f426} <b>"]) {
            let mut mail = leaving(mail);
            let filled = format!("{name}\n10.00 EUR");
            mail.kept = Some(KeptMail { letter_id, subject: format!("For {name}"), filled });
            store.write(move |tx| tx.commit_mails(&[&mail], at(2))).await.unwrap();
        }
        let id = ids[1];
        let mail = store.read(move |snapshot| snapshot.mail_content(id)).await.unwrap().unwrap();
        assert_eq!(mail.subject, "For \u{1f426} <b>");
        assert_eq!(mail.text, "Dear \u{1f426} <b>,\npay 10.00 EUR.");
        assert_eq!(mail.html, "<p>\u{1f426} &lt;b&gt;: 10.00 EUR \u{1f426} &lt;b&gt;</p>");
    }
}
