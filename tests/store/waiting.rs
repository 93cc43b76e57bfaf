//! Mails that wait: for their next try, for their deadline, for the end of a pause.

use std::sync::mpsc;
use std::time::Duration;

use chrono::TimeDelta;
use dunlin::clock::Ids;
use dunlin::domain::delivery::Settlement;
use dunlin::domain::mail_message::MailKind;
use dunlin::domain::person::Actor;
use dunlin::domain::reminder::ReminderState;
use dunlin::store::NewBatch;
use tokio::sync::oneshot;

use crate::claims::ids;
use crate::on_both_databases;
use crate::test_store::at;

on_both_databases! {
    async fn a_retry_waits_for_its_time_and_is_taken_with_a_new_token(store: TestStore) {
        let invoices = store.invoices(1).await;
        store.enqueue(&invoices, None, at(0)).await.unwrap();
        let worker = Ids.next();
        let first = store.claim(worker, 1, at(0)).await;
        let later = Settlement::Retry {
            not_before: at(30),
            reply: "450 Busy".to_owned(),
            is_counted: true,
            full_since: Some(at(0) + TimeDelta::microseconds(1)),
        };
        assert!(store.settle(&first[0], &[ReminderState::Claimed], later).await);
        assert_eq!(store.claim(worker, 1, at(29)).await.len(), 0);
        let second = store.claim(worker, 1, at(30)).await.remove(0);
        assert_ne!(second.token, first[0].token);
        assert_eq!((second.attempts, second.full_since), (1, Some(at(0) + TimeDelta::microseconds(1))));
    }

    async fn a_mail_waits_until_it_has_passed_the_point_of_no_return(store: TestStore) {
        let invoices = store.invoices(2).await;
        store.enqueue(&invoices, None, at(0)).await.unwrap();
        let organisation = store.organisation;
        let waiting = async || store.read(move |snapshot| snapshot.waiting_mails_of(organisation)).await.unwrap();
        let claimed = store.claim(Ids.next(), 1, at(0)).await;
        assert_eq!(waiting().await, 2, "in a worker's hands it has not left");
        store.commit(&claimed, at(0)).await;
        assert_eq!(waiting().await, 1);
    }

    async fn mails_whose_deadline_has_passed_are_taken_to_be_settled_and_no_others(store: TestStore) {
        let invoices = store.invoices(3).await;
        let expired = store.enqueue(&invoices[..1], None, at(0)).await.unwrap();
        store.enqueue(&invoices[1..2], None, at(1)).await.unwrap();
        let claim = |now| store.write(move |tx| tx.claim_expired(Ids.next(), Ids.next(), 10, now));
        assert_eq!(ids(&claim(at(60) - TimeDelta::microseconds(1)).await.unwrap()), []);
        assert_eq!(ids(&claim(at(60)).await.unwrap()), expired);
        assert_eq!(ids(&claim(at(60)).await.unwrap()), []);
    }

    async fn nothing_is_taken_of_a_paused_installation_or_batch_and_deadlines_stand_still(store: TestStore) {
        let invoices = store.invoices(2).await;
        let batch = NewBatch {
            id: Ids.next(),
            organisation_id: store.organisation,
            actor: Actor::System,
            created_at: at(0),
            not_before: at(0),
            template_version_id: store.version.id,
            selected: 1,
            retry_of: None,
        };
        let (organisation, id) = (store.organisation, batch.id);
        store.write(move |tx| tx.add_batch(&batch)).await.unwrap();
        let of_batch = store.enqueue(&invoices[..1], Some(id), at(0)).await.unwrap();
        let alone = store.enqueue(&invoices[1..], None, at(0)).await.unwrap();
        let worker = Ids.next();

        assert!(store.write(move |tx| tx.pause("A test", at(1))).await.unwrap());
        assert!(!store.write(move |tx| tx.pause("Again", at(2))).await.unwrap());
        assert_eq!(ids(&store.claim(worker, 10, at(3)).await), []);
        assert!(store.write(move |tx| tx.pause_batch(id, "A test", at(11))).await.unwrap());
        assert!(store.write(move |tx| tx.resume(at(11))).await.unwrap());
        let mails = store.claim(worker, 10, at(12)).await;
        assert_eq!((ids(&mails), mails[0].expires_at), (alone, at(70)));

        assert!(store.write(move |tx| tx.resume_batch(organisation, id, at(111))).await.unwrap());
        let mails = store.claim(worker, 10, at(111)).await;
        assert_eq!((ids(&mails), mails[0].expires_at), (of_batch, at(170)));
        assert!(!store.write(move |tx| tx.resume(at(120))).await.unwrap());
    }

    async fn deadlines_stand_still_for_as_long_as_anything_stops_a_mail_and_no_longer(store: TestStore) {
        let invoices = store.invoices(2).await;
        store.enqueue(&invoices, None, at(0)).await.unwrap();
        let organisation = store.organisation;
        // The installation from 10 to 40, the organisation from 20 to 60, then the organisation from 70 to 100 and the
        // installation within that: 50 seconds and 30.
        store.write(move |tx| tx.pause("A test", at(10))).await.unwrap();
        assert!(store.write(move |tx| tx.pause_organisation(organisation, "A test", at(20))).await.unwrap());
        assert!(!store.write(move |tx| tx.pause_organisation(organisation, "Again", at(30))).await.unwrap());
        store.write(move |tx| tx.resume(at(40))).await.unwrap();
        assert_eq!(ids(&store.claim(Ids.next(), 10, at(50)).await), []);
        assert!(store.write(move |tx| tx.resume_organisation(organisation, at(60))).await.unwrap());
        assert!(!store.write(move |tx| tx.resume_organisation(organisation, at(61))).await.unwrap());
        store.write(move |tx| tx.pause_organisation(organisation, "A test", at(70))).await.unwrap();
        store.write(move |tx| tx.pause("A test", at(80))).await.unwrap();
        store.write(move |tx| tx.resume(at(90))).await.unwrap();
        store.write(move |tx| tx.resume_organisation(organisation, at(100))).await.unwrap();
        let mails = store.claim(Ids.next(), 10, at(100)).await;
        assert_eq!(mails.iter().map(|mail| mail.expires_at).collect::<Vec<_>>(), [at(60 + 50 + 30); 2]);
    }

    async fn who_pauses_an_organisation_waits_for_the_points_of_no_return_under_way(store: TestStore) {
        let organisation = store.organisation;
        let (passing, pausing) = (store.another_process(), store.another_process());
        let ((begun, has_begun), (paused, has_paused)) = (oneshot::channel(), mpsc::channel());
        let point = tokio::spawn(async move {
            passing
                .write(move |tx| {
                    assert!(!tx.stopped()?.holds(MailKind::Reminder, organisation));
                    begun.send(()).unwrap();
                    assert!(has_paused.recv_timeout(Duration::from_millis(300)).is_err(), "it did not wait");
                    Ok(has_paused)
                })
                .await
        });
        has_begun.await.unwrap();
        pausing.write(move |tx| tx.pause_organisation(organisation, "A test", at(1))).await.unwrap();
        paused.send(()).ok();
        point.await.unwrap().unwrap();
        let stopped = store.write(|tx| tx.stopped()).await.unwrap();
        assert!(stopped.holds(MailKind::Reminder, organisation) && stopped.holds(MailKind::Test, organisation));
        assert!(!stopped.holds(MailKind::PasswordReset, organisation) && !stopped.holds(MailKind::Reminder, Ids.next()));
    }
}
