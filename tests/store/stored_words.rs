//! Words in columns: each one that an enum has is kept and read back.

use dunlin::clock::Ids;
use dunlin::domain::email::VersionOrigin;
use dunlin::domain::ids::{ReminderId, UserId};
use dunlin::domain::invoice::{Ineligible, InvoiceState};
use dunlin::domain::money::Money;
use dunlin::domain::person::{Actor, Role, Theme};
use dunlin::domain::proposal::LeftOut;
use dunlin::domain::reminder::{Channel, ReminderState};
use dunlin::domain::stage::Stage;
use dunlin::domain::suppression::SuppressionReason;
use dunlin::store::{NewBatch, NewPerson, Suppress, TemplateVersion};

use crate::ledger::{customer, invoice};
use crate::on_both_databases;
use crate::test_store::{at, version};

on_both_databases! {
    async fn every_state_of_an_invoice_is_read_back(store: TestStore) {
        let acme = customer("Acme");
        let invoices: Vec<_> = InvoiceState::ALL
            .iter()
            .map(|state| {
                let mut kept = invoice(acme.id, state.as_str());
                kept.values.state = *state;
                if !matches!(state, InvoiceState::Sent | InvoiceState::PartiallyPaid | InvoiceState::Draft) {
                    kept.values.balance = Money::zero(kept.values.total.currency());
                }
                kept
            })
            .collect();
        store.keep(&[acme], &invoices).await.unwrap();
        for written in invoices {
            let (organisation, id) = (store.organisation, written.id);
            let found = store.read(move |snapshot| snapshot.invoice(organisation, id)).await.unwrap().unwrap();
            assert_eq!(found.invoice.state, written.values.state);
        }
    }

    async fn every_state_channel_stage_and_actor_of_a_reminder_is_read_back(store: TestStore) {
        let invoices = store.invoices(1).await;
        let id = store.enqueue(&invoices, None, at(0)).await.unwrap()[0];
        let actors = [Actor::System, Actor::User(Ids.next()), Actor::ApiKey(Ids.next())];
        let stages: Vec<Option<Stage>> = Stage::ALL.iter().copied().map(Some).chain([None]).collect();
        for (turn, state) in ReminderState::ALL.iter().enumerate() {
            let (channel, actor, stage) =
                (Channel::ALL[turn % Channel::ALL.len()], actors[turn % 3], stages[turn % stages.len()]);
            let token = matches!(state, ReminderState::Claimed | ReminderState::Committed);
            store.execute(&format!(
                "UPDATE outbox SET state = '{state}', phase = {}, channel = '{channel}', actor = '{actor}', stage = {}, \
                 claim_token = {}, sent_at = created_at, cancelled_at = created_at, reason = 'a reason'",
                if token { "'InFlight'".to_owned() } else { format!("'{state}'") },
                stage.map_or("NULL".to_owned(), |stage| format!("'{stage}'")),
                if token { "id" } else { "NULL" },
            )).unwrap();
            let found = store.reminders_of(invoices[0].id).await.remove(0).reminder;
            assert_eq!((found.id, found.state, found.channel), (id, *state, channel));
            assert_eq!((found.actor, found.stage), (actor, stage));
        }
    }

    async fn every_role_and_theme_of_a_person_is_read_back(store: TestStore) {
        for (role, theme) in Role::ALL.iter().zip(Theme::ALL.iter().cycle()) {
            let id = Ids.next::<UserId>();
            let person = NewPerson {
                id,
                email: format!("{role}@acme.example").parse().unwrap(),
                name: "Ada".parse().unwrap(),
                password_hash: "hash".to_owned(),
                organisation_id: store.organisation,
                role: *role,
            };
            let organisation = store.organisation;
            store
                .write(move |tx| {
                    assert!(tx.add_person(&person, at(0))?);
                    tx.set_theme(id, *theme)
                })
                .await
                .unwrap();
            let found = store.read(move |snapshot| snapshot.user(organisation, id)).await.unwrap().unwrap();
            assert_eq!((found.role, found.theme), (*role, *theme));
        }
    }

    async fn every_origin_of_a_text_and_stage_of_a_template_is_kept(store: TestStore) {
        let (organisation, template) = (store.organisation, store.version.template_id);
        for (origin, number) in VersionOrigin::ALL.iter().zip(2..) {
            let saved = TemplateVersion { origin: *origin, ..version(template, number) };
            let (id, written) = (saved.id, saved.clone());
            store.write(move |tx| tx.add_template_version(&written)).await.unwrap();
            assert_eq!(store.read(move |snapshot| snapshot.template_version(id)).await.unwrap(), saved);
        }
        for stage in Stage::ALL {
            let first = version(Ids.next(), 1);
            let written = first.clone();
            store
                .write(move |tx| tx.add_template(organisation, stage.as_str(), Some(*stage), &written))
                .await
                .unwrap();
            let found = store.read(move |snapshot| snapshot.current_version(organisation, stage.as_str())).await;
            assert_eq!(found.unwrap(), Some(first));
        }
    }

    async fn every_reason_to_suppress_an_address_is_read_back(store: TestStore) {
        let organisation = store.organisation;
        for reason in SuppressionReason::ALL {
            let suppressed = store
                .write(move |tx| {
                    let new = Suppress {
                        id: Ids.next(),
                        organisation_id: organisation,
                        address: &format!("{reason}@customer.example").parse().unwrap(),
                        reason: *reason,
                        evidence: "",
                        actor: Actor::System,
                    };
                    tx.suppress(&new, at(0))
                })
                .await;
            assert_eq!(suppressed.unwrap(), Some(Vec::new()));
            let latest = store.read(move |snapshot| snapshot.suppressions(organisation, 1)).await.unwrap();
            assert_eq!(latest[0].reason, *reason);
        }
    }

    async fn every_reason_to_be_left_out_of_a_batch_is_read_back(store: TestStore) {
        let invoices = store.invoices(10).await;
        let reminder = store.enqueue(&invoices[..1], None, at(0)).await.unwrap()[0];
        let batch = NewBatch {
            id: Ids.next(),
            organisation_id: store.organisation,
            actor: Actor::System,
            created_at: at(0),
            not_before: at(0),
            template_version_id: store.version.id,
            selected: invoices.len(),
            retry_of: None,
        };
        let id = batch.id;
        let mut reasons = vec![LeftOut::NoEmail, LeftOut::Suppressed, LeftOut::OnHold];
        reasons.extend([LeftOut::OnItsWay(reminder), LeftOut::Unconfirmed(reminder)]);
        reasons.extend(Ineligible::ALL.map(LeftOut::Ineligible));
        let left_out: Vec<_> = invoices.iter().map(|invoice| invoice.id).zip(reasons.clone()).collect();
        store
            .write(move |tx| {
                tx.add_batch(&batch)?;
                tx.record_left_out(id, &left_out)
            })
            .await
            .unwrap();
        let found = store.read(move |snapshot| snapshot.batch_left_out(id, 100)).await.unwrap();
        let read: Vec<_> = found.into_iter().map(|row| (row.reason, row.reminder_id)).collect();
        let written: Vec<(Option<String>, Option<ReminderId>)> =
            reasons.iter().map(|why| (Some(why.code().to_owned()), why.reminder())).collect();
        assert_eq!(read, written);
    }
}
