//! Mails that are kept as files instead of being sent: what became of one is told from what is stored with it.

use std::time::Instant;

use super::support::program::Machine;
use super::support::{PATIENCE, Person};

const PASSWORD: &str = "a long enough password";

/// Waits until a page says something.
async fn wait(person: &Person, path: &str, words: &str) {
    let started = Instant::now();
    while !person.get(path).await.has(words) {
        assert!(started.elapsed() < PATIENCE, "{path} says {words}");
    }
}

#[actix_web::test]
async fn a_mail_that_was_kept_here_is_told_so_also_once_mails_go_to_a_server() {
    for machine in Machine::on_both() {
        let machine = machine.with("DUNLIN_UNDO_SECONDS", "0");
        machine.run(&["organisation", "add", "--name", "Acme", "--from", "ar@acme.example"]);
        machine.add_user("ada@acme.example", PASSWORD);
        let ledger = machine.folder.path().join("ledger.csv");
        let rows =
            "customer_name,customer_email,invoice_number,currency,total\nBeta,ar@beta.example,INV-1,EUR,10\n";
        std::fs::write(&ledger, rows).unwrap();
        assert_eq!(machine.run(&["import", &ledger.display().to_string()]).code, Some(0));

        let (mut running, url) = machine.serve();
        let ada = Person::new(&url);
        ada.sign_in("ada@acme.example", PASSWORD).await;
        ada.post("/settings/invitations", &[("email", "bea@acme.example"), ("role", "clerk")]).await;
        let batch = ada.confirm(&ada.propose(&["INV-1"]).await).await.url;
        wait(&ada, &batch, "Finished. 1 of 1 kept here, not delivered.").await;
        let invited = "Invitation sent</th><td data-label=\"Invoice\"></td><td data-label=\"Details\" class=\"wrap\">Kept here, not delivered.</td>";
        wait(&ada, "/settings/audit-log", invited).await;
        let folder = std::fs::read_dir(machine.folder.path().join("data/mail")).unwrap();
        let mut mails = folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        let invitation = mails.find(|mail| mail.contains("bea@acme.example")).unwrap();
        let link = invitation.split_once("Accept the invitation: ").unwrap().1.lines().next().unwrap();
        assert_eq!(
            link.rsplit('/').next().unwrap().len(),
            43,
            "whoever opens the file finds the link whole: {link}"
        );
        let users = ada.get("/settings/users").await;
        users.says("Kept here, not delivered; can be accepted until");
        let asked =
            Person::new(&url).post_as_it_is("/password-resets", &[("email", "ada@acme.example")]).await;
        asked.says("Mail is kept here, not delivered. If ada@acme.example has an account");
        assert_eq!(running.terminate(), Some(0));

        let machine = machine.with("DUNLIN_MAIL_URL", "smtp://127.0.0.1:9");
        let (_running, url) = machine.serve();
        let ada = Person::new(&url);
        ada.sign_in("ada@acme.example", PASSWORD).await;
        ada.get(&batch)
            .await
            .says("Reminders kept here")
            .says("1 of 1 kept here, not delivered.")
            .says("Kept here</dt>");
        let log = ada.get("/reminders").await;
        log.says("Kept here, not delivered")
            .says_not("Accepted by mail server")
            .says_not("Mail is kept here");
        let invoice = ada.get(&format!("/invoices/{}", ada.invoice_id("INV-1").await)).await;
        invoice.says("Reminder kept here, not delivered").says_not("accepted by the mail server");
        let reminder =
            log.text.split("href=\"/reminders/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        ada.get(&format!("/reminders/{reminder}"))
            .await
            .says("Kept here, not delivered")
            .says_not("Accepted by");
    }
}
