//! The way of a mail from the outbox to an outcome, a step a verb: claim, compose, commit (the point of no return),
//! settle. The worker calls them in this order; each is one short transaction.

use chrono::{DateTime, TimeDelta, Utc};

use super::{ActionError, Actions};
use crate::domain::email::{Facts, Template, TemplateText};
use crate::domain::ids::{ClaimToken, InvoiceId, ReminderId};
use crate::domain::mail_message::{MailKind, Outcome, OutgoingMail};
use crate::domain::person::Actor;
use crate::domain::reminder::{FailureKind, ReminderState};
use crate::store::{AuditEntry, ClaimedMail, RenderedFrom, Settlement, Snapshot, StoreError, Tx};

/// A mail that may go to the mail server.
#[derive(Clone, Debug)]
pub struct Letter {
    /// What is sent.
    pub mail: OutgoingMail,
    from: Option<RenderedFrom>,
}

/// What came of composing.
#[derive(Debug)]
pub enum Composed {
    /// It can go.
    Ready(Box<Letter>),
    /// It cannot: that is recorded already.
    Stopped,
}

/// The answer at the point of no return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// Write the body now.
    Send,
    /// Do not: the mail was called back, has changed or belongs to another worker.
    Stop,
}

impl Actions {
    /// Takes mails whose time has come.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_mails(&self, limit: usize) -> Result<Vec<ClaimedMail>, ActionError> {
        let (token, now) = (self.0.ids.next::<ClaimToken>(), self.clock().now());
        Ok(self.0.store.write::<_, StoreError>(move |tx| tx.claim_mails(token, limit, now)).await?)
    }

    /// Puts back what was claimed and not yet committed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn release_claims(&self, token: ClaimToken) -> Result<(), ActionError> {
        let now = self.clock().now();
        self.0.store.write::<_, StoreError>(move |tx| tx.release_claims(token, now)).await?;
        Ok(())
    }

    /// Renders a claimed mail from its frozen text and today's facts.
    ///
    /// # Errors
    /// When the database refuses. What is wrong with the mail itself is recorded on it.
    pub async fn compose_mail(&self, claimed: &ClaimedMail) -> Result<Composed, ActionError> {
        let (actions, claimed) = (self.clone(), claimed.clone());
        let reader = self.0.store.clone();
        let for_reading = claimed.clone();
        let composed = reader
            .read::<_, StoreError>(move |snapshot| letter(snapshot, &for_reading, actions.clock().now()))
            .await;
        // A row that cannot be read fails alone: taken again and again, it would keep the others waiting.
        let composed = match composed {
            Err(error @ (StoreError::Unreadable { .. } | StoreError::Missing(_))) => {
                Err(failed(FailureKind::Template, &error.to_string()))
            }
            other => other?,
        };
        match composed {
            Ok(letter) => Ok(Composed::Ready(Box::new(letter))),
            Err(settlement) => {
                self.settle(&claimed, vec![ReminderState::Claimed], settlement).await?;
                Ok(Composed::Stopped)
            }
        }
    }

    /// The point of no return.
    ///
    /// # Errors
    /// When the database refuses: nothing may be sent then.
    pub async fn commit_mail(&self, claimed: &ClaimedMail, letter: &Letter) -> Result<Go, ActionError> {
        let (actions, claimed, letter) = (self.clone(), claimed.clone(), letter.clone());
        self.0
            .store
            .write(move |tx| {
                let now = actions.clock().now();
                if tx.commit_mail(&claimed, &letter.mail.rendered, letter.from.as_ref(), now)? {
                    return Ok(Go::Send);
                }
                actions.stop(tx, &claimed, now)?;
                Ok(Go::Stop)
            })
            .await
    }

    /// A mail that may not leave: its invoice was closed, or it has changed since it was rendered. (One that was called
    /// back or taken over has left this claim already, and the guarded writes below do nothing.)
    fn stop(&self, tx: &mut Tx<'_>, claimed: &ClaimedMail, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(invoice_id) = claimed.invoice_id else { return Ok(()) };
        let row = tx.invoice(claimed.organisation_id, invoice_id)?;
        let settlement = match row.and_then(|row| row.invoice.ineligible()) {
            Some(why) => {
                Settlement::Cancelled { reason: format!("The invoice was not remindable any more. {why}") }
            }
            None => Settlement::Retry {
                not_before: now,
                reply: "The invoice changed while the mail was being sent.".to_owned(),
                is_counted: false,
            },
        };
        self.write_settlement(tx, claimed, &[ReminderState::Claimed], &settlement, now)
    }

    /// Writes how a try ended; `was_committed` says on which side of the point of no return.
    ///
    /// # Errors
    /// When the database refuses: the mail stays as it is, to be resolved at the next start.
    pub async fn settle_mail(
        &self,
        claimed: &ClaimedMail,
        outcome: Outcome,
        was_committed: bool,
    ) -> Result<(), ActionError> {
        let state = if was_committed { ReminderState::Committed } else { ReminderState::Claimed };
        let settlement = self.settlement(claimed, outcome);
        self.settle(claimed, vec![state], settlement).await
    }

    async fn settle(
        &self,
        claimed: &ClaimedMail,
        from: Vec<ReminderState>,
        settlement: Settlement,
    ) -> Result<(), ActionError> {
        let (actions, claimed) = (self.clone(), claimed.clone());
        self.0
            .store
            .write(move |tx| {
                let now = actions.clock().now();
                Ok(actions.write_settlement(tx, &claimed, &from, &settlement, now)?)
            })
            .await
    }

    fn write_settlement(
        &self,
        tx: &mut Tx<'_>,
        claimed: &ClaimedMail,
        from: &[ReminderState],
        settlement: &Settlement,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if !tx.settle_mail(claimed.id, claimed.token, from, settlement, now)? {
            return Ok(());
        }
        if let (Settlement::Sent { .. }, Some(invoice)) = (settlement, claimed.invoice_id) {
            tx.note_reminded(invoice, claimed.id, now)?;
        }
        let (event, detail) = match settlement {
            Settlement::Sent { reply } => ("reminder.sent", reply.clone()),
            Settlement::Failed { reason } => ("reminder.failed", reason.clone()),
            Settlement::Unconfirmed { reason } => ("reminder.unconfirmed", reason.clone()),
            Settlement::Retry { reply, .. } => ("reminder.postponed", reply.clone()),
            Settlement::Cancelled { reason } => ("reminder.cancelled", reason.clone()),
        };
        tx.record(&AuditEntry {
            id: self.0.ids.next(),
            organisation_id: claimed.organisation_id,
            at: now,
            actor: Actor::System,
            event,
            invoice_id: claimed.invoice_id,
            mail_id: Some(claimed.id),
            batch_id: None,
            detail,
        })
    }

    /// What an outcome means for the mail (design: "What a reply means").
    fn settlement(&self, claimed: &ClaimedMail, outcome: Outcome) -> Settlement {
        let now = self.clock().now();
        match outcome {
            Outcome::Accepted { reply } => Settlement::Sent { reply },
            Outcome::Refused { kind, reply } => Settlement::Failed { reason: reason(kind, &reply) },
            Outcome::NoAnswer { problem } => {
                Settlement::Unconfirmed { reason: reason(FailureKind::DeliveryUnconfirmed, &problem) }
            }
            Outcome::RelayDown { problem } => {
                Settlement::Retry { not_before: now, reply: problem, is_counted: false }
            }
            Outcome::TryLater { reply } => {
                let not_before = now + self.back_off(claimed.attempts);
                if not_before > claimed.expires_at {
                    Settlement::Failed { reason: reason(FailureKind::Expired, &reply) }
                } else {
                    Settlement::Retry { not_before, reply, is_counted: true }
                }
            }
        }
    }

    fn back_off(&self, attempts: u32) -> TimeDelta {
        const FACTORS: [i32; 6] = [1, 2, 4, 8, 12, 24];
        self.0.settings.retry_base * FACTORS.get(attempts as usize).copied().unwrap_or(48)
    }

    /// Resolves what a dead worker held: who holds the sending lock calls this before its first claim. `captured` says
    /// for a mail that was kept as a file whether the file is there; `None` where mails go to a server.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn resolve_abandoned(
        &self,
        captured: Option<impl Fn(ReminderId, MailKind) -> bool + Send + 'static>,
    ) -> Result<usize, ActionError> {
        let actions = self.clone();
        self.0
            .store
            .write(move |tx| {
                let now = actions.clock().now();
                let abandoned = tx.mails_in_flight()?;
                for mail in &abandoned {
                    let settlement = match (mail.state, &captured) {
                        (ReminderState::Committed, None) => Settlement::Unconfirmed {
                            reason: reason(
                                FailureKind::DeliveryUnconfirmed,
                                "the program stopped before the answer came",
                            ),
                        },
                        (ReminderState::Committed, Some(captured)) if captured(mail.id, mail.kind) => {
                            Settlement::Sent { reply: "250 kept".to_owned() }
                        }
                        _ => Settlement::Retry { not_before: now, reply: String::new(), is_counted: false },
                    };
                    let claimed = tx.claimed_mail(mail.id)?;
                    actions.write_settlement(tx, &claimed, &[mail.state], &settlement, now)?;
                }
                Ok(abandoned.len())
            })
            .await
    }

    /// Says on every page that the mail server cannot be reached, or with `None` that it can.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_relay(&self, problem: Option<String>) -> Result<(), ActionError> {
        let now = self.clock().now();
        Ok(self.0.store.write::<_, StoreError>(move |tx| tx.note_relay(problem.as_deref(), now)).await?)
    }

    /// When the next mail may leave, if one waits.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next_mail_at(&self) -> Result<Option<DateTime<Utc>>, ActionError> {
        let waiting = self.0.store.read::<_, StoreError>(|snapshot| snapshot.waiting_mails()).await?;
        Ok(waiting.1)
    }

    /// The mail that an invoice would get now: what a preview shows is what is sent.
    ///
    /// # Errors
    /// When there is no such invoice, or the text cannot be read.
    pub async fn preview_reminder(
        &self,
        user: &crate::domain::person::User,
        invoice: InvoiceId,
        text: Option<TemplateText>,
    ) -> Result<crate::domain::mail_message::RenderedMail, ActionError> {
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .read(move |snapshot| {
                let ground = super::propose_reminders::Ground::read(snapshot, &actions.0.settings, &user)?;
                let row = snapshot.invoice(user.organisation_id, invoice)?.ok_or(ActionError::NotFound)?;
                let text = text.unwrap_or(TemplateText {
                    subject: ground.template.subject.clone(),
                    message: ground.template.message.clone(),
                });
                let template = Template::parse(&text).map_err(|problems| {
                    ActionError::Refused(
                        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                    )
                })?;
                template
                    .render(&Facts {
                        invoice: &row.invoice,
                        customer_name: &row.customer_name,
                        organisation: &ground.organisation,
                        sender: &ground.sender,
                        today: ground.organisation.day_of(actions.clock().now()),
                    })
                    .map_err(|too_long| ActionError::Refused(too_long.to_string()))
            })
            .await
    }
}

/// `kind: words`, at most 500 characters of them.
fn reason(kind: FailureKind, words: &str) -> String {
    let words: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
    format!("{kind}: {words}")
}

/// A letter, or why there is none.
fn letter(
    snapshot: &mut Snapshot<'_>,
    claimed: &ClaimedMail,
    now: DateTime<Utc>,
) -> Result<Result<Letter, Settlement>, StoreError> {
    let outgoing = |recipient_name, recipient, rendered| OutgoingMail {
        id: claimed.id,
        kind: claimed.kind,
        message_id: claimed.message_id.clone(),
        date: now,
        sender: claimed.sender.clone(),
        recipient_name,
        recipient,
        rendered,
    };
    let (Some(invoice_id), Some(version)) = (claimed.invoice_id, claimed.template_version_id) else {
        let rendered = snapshot.mail_content(claimed.id)?;
        return Ok(match claimed.recipient.clone().zip(rendered) {
            Some(((name, address), rendered)) => {
                Ok(Letter { mail: outgoing(name, address, rendered), from: None })
            }
            None => Err(failed(FailureKind::Template, "the mail has no text or no recipient")),
        });
    };
    let Some(row) = snapshot.invoice(claimed.organisation_id, invoice_id)? else {
        return Ok(Err(failed(FailureKind::Template, "the invoice is not there any more")));
    };
    if let Some(why) = row.invoice.ineligible() {
        let reason = format!("The invoice was not remindable any more. {why}");
        return Ok(Err(Settlement::Cancelled { reason }));
    }
    let Some(recipient) = row.recipient else {
        return Ok(Err(failed(FailureKind::NoEmail, "the customer has no e-mail address")));
    };
    let version = snapshot.template_version(version)?;
    let template = match Template::parse(&TemplateText { subject: version.subject, message: version.message })
    {
        Ok(template) => template,
        Err(problems) => {
            let words = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            return Ok(Err(failed(FailureKind::Template, &words)));
        }
    };
    let organisation = snapshot.organisation(claimed.organisation_id)?;
    let rendered = template.render(&Facts {
        invoice: &row.invoice,
        customer_name: &row.customer_name,
        organisation: &organisation,
        sender: &claimed.sender,
        today: organisation.day_of(now),
    });
    let rendered = match rendered {
        Ok(rendered) => rendered,
        Err(too_long) => return Ok(Err(failed(FailureKind::Template, &too_long.to_string()))),
    };
    let from = RenderedFrom {
        invoice_id,
        balance: row.invoice.balance,
        due_on: row.invoice.due_on,
        recipient: recipient.clone(),
    };
    Ok(Ok(Letter { mail: outgoing(row.customer_name, recipient, rendered), from: Some(from) }))
}

fn failed(kind: FailureKind, words: &str) -> Settlement {
    Settlement::Failed { reason: reason(kind, words) }
}
