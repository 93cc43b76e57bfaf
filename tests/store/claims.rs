//! Mails in workers' hands: taken once, changed only by who holds the token, resolved when a worker is gone.

use dunlin::clock::Ids;
use dunlin::domain::delivery::Settlement;
use dunlin::domain::ids::{ReminderId, WorkerId};
use dunlin::domain::reminder::{FailureKind, ReminderState};
use dunlin::store::{ClaimedMail, Hands, Lane};

use crate::ledger::{entry_of, sorted};
use crate::on_both_databases;
use crate::test_store::{TestStore, at};

pub fn ids(mails: &[ClaimedMail]) -> Vec<ReminderId> {
    mails.iter().map(|mail| mail.id).collect()
}

impl TestStore {
    pub async fn settle(
        &self,
        mail: &ClaimedMail,
        from: &'static [ReminderState],
        settlement: Settlement,
    ) -> bool {
        let (mail, entry) = (mail.clone(), entry_of(mail, at(9)));
        self.write(move |tx| tx.settle_mail(&mail, from, &settlement, &entry, at(9))).await.unwrap()
    }

    async fn in_flight(&self, hands: Hands) -> Vec<(ReminderId, ReminderState)> {
        let held = self.read(move |snapshot| snapshot.mails_in_flight(hands)).await.unwrap();
        held.into_iter().map(|held| (held.mail.id, held.state)).collect()
    }

    async fn release(&self, worker: WorkerId) -> usize {
        self.write(move |tx| tx.release_claims(Lane::Others, worker, at(5))).await.unwrap()
    }
}

on_both_databases! {
    async fn workers_that_claim_at_once_never_get_the_same_mail_and_together_get_all(store: TestStore) {
        let invoices = store.invoices(120).await;
        let queued = store.enqueue(&invoices, None, at(0)).await.unwrap();
        let workers = (0..4).map(|_| {
            let store = store.another_process();
            tokio::spawn(async move {
                let (worker, mut taken) = (Ids.next(), Vec::new());
                loop {
                    let mails = store.claim(worker, 3, at(0)).await;
                    assert!(mails.len() <= 3);
                    match mails.is_empty() {
                        true => return taken,
                        false => taken.extend(ids(&mails)),
                    }
                }
            })
        });
        let mut taken = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            taken.extend(worker.await.unwrap());
        }
        assert_eq!(sorted(taken), sorted(queued));
    }

    async fn a_claim_takes_the_oldest_that_may_leave_and_no_more_than_it_asks_for(store: TestStore) {
        let invoices = store.invoices(50).await;
        let mut queued = Vec::new();
        for (age, invoice) in invoices.iter().enumerate() {
            let seconds = (age as i64 * 7) % 50;
            let id = store.enqueue(std::slice::from_ref(invoice), None, at(seconds)).await.unwrap()[0];
            queued.push((seconds, id));
        }
        queued.sort();
        let oldest = |from: usize, to: usize| sorted(queued[from..to].iter().map(|(_, id)| *id));
        let worker = Ids.next();
        assert_eq!(store.claim(worker, 10, at(-1)).await.len(), 0);
        assert_eq!(ids(&store.claim(worker, 10, at(4)).await), oldest(0, 5));
        assert_eq!(ids(&store.claim(worker, 10, at(49)).await), oldest(5, 15));
        store.execute("ANALYZE").unwrap();
        assert_eq!(ids(&store.claim(worker, 1, at(49)).await), oldest(15, 16));
        assert_eq!(store.claim(worker, 100, at(49)).await.len(), 34);
    }

    async fn a_lost_token_changes_nothing(store: TestStore) {
        let invoices = store.invoices(1).await;
        let id = store.enqueue(&invoices, None, at(0)).await.unwrap()[0];
        let (slow, quick) = (Ids.next(), Ids.next());
        let lost = store.claim(slow, 1, at(0)).await;
        assert_eq!(store.release(slow).await, 1);
        let held = store.claim(quick, 1, at(0)).await;
        assert_eq!(ids(&held), [id]);

        assert_eq!(store.commit(&lost, at(1)).await, []);
        assert_eq!(store.accept(&lost, at(1)).await, []);
        let failed = Settlement::failed(FailureKind::Refused, "550 No");
        let open: &[ReminderState] = &[ReminderState::Claimed, ReminderState::Committed];
        assert!(!store.settle(&lost[0], open, failed.clone()).await);
        assert_eq!(store.in_flight(Hands::Of(quick)).await, [(id, ReminderState::Claimed)]);

        assert_eq!(store.accept(&held, at(2)).await, [], "nothing is sent before the point of no return");
        assert_eq!(store.commit(&held, at(2)).await, [id]);
        assert_eq!(store.commit(&held, at(2)).await, [], "the point of no return is passed once");
        assert!(!store.settle(&held[0], &[ReminderState::Claimed], failed.clone()).await, "it is Committed");
        assert!(!store.settle(&lost[0], open, failed).await);
        assert_eq!(store.accept(&lost, at(3)).await, []);
        assert_eq!(store.accept(&held, at(3)).await, [id]);
        assert_eq!(store.accept(&held, at(4)).await, [], "it is settled once");
        let row = &store.reminders_of(invoices[0].id).await[0].reminder;
        assert_eq!((row.state, row.sent_at), (ReminderState::Sent, Some(at(3))));
        assert_eq!(row.reply.as_deref(), Some("250 OK"));
    }

    async fn a_forgotten_worker_is_known_while_it_has_mails_in_hand_and_again_when_it_claims(store: TestStore) {
        let invoices = store.invoices(2).await;
        store.enqueue(&invoices, None, at(0)).await.unwrap();
        let worker = Ids.next();
        let known = async || store.read(|snapshot| snapshot.workers()).await.unwrap();
        assert_eq!(known().await, []);
        store.claim(worker, 1, at(0)).await;
        assert_eq!(known().await, [(worker, 1)]);
        store.write(move |tx| tx.forget_worker(worker)).await.unwrap();
        assert_eq!(known().await, [(worker, 0)]);
        store.claim(worker, 1, at(0)).await;
        assert_eq!(known().await, [(worker, 1)]);
        store.claim(worker, 1, at(0)).await;
        assert_eq!(known().await, [(worker, 1)], "nothing was due");
        store.write(move |tx| tx.forget_worker(worker)).await.unwrap();
        store.release(worker).await;
        assert_eq!(known().await, []);
    }

    async fn an_abandoned_claim_goes_back_and_an_abandoned_commit_is_unconfirmed_until_late_evidence(store: TestStore) {
        let invoices = store.invoices(3).await;
        let queued = store.enqueue(&invoices, None, at(0)).await.unwrap();
        let (gone, alive) = (Ids.next(), Ids.next());
        let committed = store.claim(gone, 1, at(0)).await;
        store.commit(&committed, at(1)).await;
        let claimed = store.claim(gone, 1, at(1)).await;
        let others = store.claim(alive, 1, at(1)).await;
        let abandoned =
            sorted([(committed[0].id, ReminderState::Committed), (claimed[0].id, ReminderState::Claimed)]);
        assert_eq!(store.in_flight(Hands::Of(gone)).await, abandoned);
        assert_eq!(store.in_flight(Hands::OfAllBut(alive)).await, abandoned);
        assert_eq!(sorted([ids(&committed), ids(&claimed), ids(&others)].concat()), sorted(queued));

        assert_eq!(store.release(gone).await, 1);
        assert_eq!(store.state_of(claimed[0].id).await, ReminderState::Pending);
        assert_eq!(store.state_of(others[0].id).await, ReminderState::Claimed);
        let unknown = Settlement::unconfirmed("the process ended");
        assert!(store.settle(&committed[0], &[ReminderState::Committed], unknown).await);
        assert_eq!(store.state_of(committed[0].id).await, ReminderState::Unconfirmed);
        assert_eq!(store.in_flight(Hands::OfAllBut(alive)).await, []);
        assert_eq!(store.accept(&committed, at(6)).await, [committed[0].id]);
        assert_eq!(store.state_of(committed[0].id).await, ReminderState::Sent);
    }

    async fn late_evidence_ends_a_mail_that_waits_to_go_out_again_or_has_been_claimed_for_it(store: TestStore) {
        let invoices = store.invoices(2).await;
        store.enqueue(&invoices, None, at(0)).await.unwrap();
        let first = store.claim(Ids.next(), 2, at(0)).await;
        store.commit(&first, at(0)).await;
        for mail in &first {
            let again = Settlement::Repeat { not_before: at(1), reply: String::new() };
            assert!(store.settle(mail, &[ReminderState::Committed], again).await);
        }
        let second = store.claim(Ids.next(), 2, at(1)).await;
        assert_eq!(ids(&second), ids(&first));
        let later = Settlement::again(at(2), "450 later".to_owned());
        assert!(store.settle(&second[0], &[ReminderState::Claimed], later).await);
        assert_eq!(store.accept(&first, at(2)).await, sorted(ids(&first)));
        assert_eq!(store.commit(&second, at(2)).await, [], "it does not go out again");
        for mail in &first {
            assert_eq!(store.state_of(mail.id).await, ReminderState::Sent);
        }
    }

    async fn a_refusal_that_comes_late_ends_a_mail_that_nobody_has_decided_about(store: TestStore) {
        let invoices = store.invoices(2).await;
        store.remind(&invoices[..1], at(0)).await;
        store.enqueue(&invoices, None, at(1)).await.unwrap();
        let mails = store.claim(Ids.next(), 2, at(1)).await;
        store.commit(&mails, at(1)).await;
        for mail in &mails {
            let unknown = Settlement::unconfirmed("the process ended");
            assert!(store.settle(mail, &[ReminderState::Committed], unknown).await);
        }
        let decided = mails.iter().find(|mail| mail.invoice_id == Some(invoices[1].id)).unwrap().id;
        assert!(store.write(move |tx| tx.mark_sent(decided, at(2))).await.unwrap());
        let open: &[ReminderState] = &[ReminderState::Committed, ReminderState::Unconfirmed];
        for mail in &mails {
            let refused = Settlement::failed(FailureKind::Refused, "550 No");
            assert_eq!(store.settle(mail, open, refused).await, mail.id != decided);
        }
        assert_eq!(store.state_of(decided).await, ReminderState::Sent);
        let sent = &store.reminders_of(invoices[0].id).await[0].reminder;
        let (organisation, invoice) = (store.organisation, invoices[0].id);
        let row = store.read(move |snapshot| snapshot.invoice(organisation, invoice)).await.unwrap().unwrap();
        assert_eq!(row.last_reminder, Some((sent.id, at(0))), "what was refused has reminded nobody");
    }
}
