//! Rendering claimed mails, many at a time: their invoices are read in one statement, their texts parsed once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, MutexGuard, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};

use super::{ActionError, Actions, expiry};
use crate::actions::propose_reminders::Ground;
use crate::domain::delivery::{RenderedFrom, Settlement};
use crate::domain::email::{Facts, FormLetters, Template, TemplateText};
use crate::domain::ids::{InvoiceId, LetterheadId, OrganisationId, ReminderId, TemplateVersionId};
use crate::domain::letterhead::Letterhead;
use crate::domain::mail_message::{KeptMail, OutgoingMail, RenderedMail};
use crate::domain::organisation::Organisation;
use crate::domain::own_words::OwnWords;
use crate::domain::person::User;
use crate::domain::reminder::{Channel, FailureKind};
use crate::store::{ClaimedMail, InvoiceRow, Snapshot, StoreError};

/// A mail that may go to the mail server.
#[derive(Debug)]
pub struct Letter {
    /// What is sent.
    pub mail: OutgoingMail,
    pub(super) claimed: Arc<ClaimedMail>,
    /// What of its text is to be kept; `None` where it is kept already.
    pub(super) kept: Option<KeptMail>,
    pub(super) from: Option<RenderedFrom>,
    pub(super) today: NaiveDate,
}

impl Actions {
    /// Renders claimed mails; those that cannot go are settled.
    pub(super) async fn compose(&self, claimed: Vec<ClaimedMail>) -> Result<Vec<Arc<Letter>>, ActionError> {
        let actions = self.clone();
        let composed = self
            .0
            .store
            .read::<_, StoreError>(move |snapshot| {
                let mut desk = Desk::new(snapshot, &claimed, &actions)?;
                let mut forms = actions.form_letters();
                Ok((desk.compose(claimed, &mut forms, &actions), forms.unkept()))
            })
            .await?;
        let (composed, new_forms) = composed;
        let (mut letters, mut stopped) = (Vec::new(), Vec::new());
        for (claimed, result) in composed {
            match result {
                Ok(letter) => letters.push(letter),
                Err(settlement) => stopped.push((claimed, settlement)),
            }
        }
        if !(stopped.is_empty() && new_forms.is_empty()) {
            let (actions, keeping) = (self.clone(), new_forms.clone());
            let settled: Vec<_> = stopped.iter().map(|(mail, _)| mail.id).collect();
            let written = self.0.store.write::<_, StoreError>(move |tx| {
                let now = actions.clock().now();
                tx.keep_letters(&new_forms.iter().map(AsRef::as_ref).collect::<Vec<_>>())?;
                stopped
                    .iter()
                    .try_for_each(|(mail, settlement)| actions.settle_claimed(tx, mail, settlement, now))
            });
            // Until then they count as not kept, also where nobody waits for this any more.
            written.await?;
            self.0.awaited.tell(settled.into_iter());
            self.form_letters().note_kept(&keeping);
        }
        Ok(letters)
    }

    /// A poisoned lock only means that a panic passed by; the letters are whole.
    fn form_letters(&self) -> MutexGuard<'_, FormLetters> {
        self.0.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mail that an invoice would get now: what a preview shows is what is sent.
    ///
    /// # Errors
    /// When there is no such invoice, or the text cannot be read.
    pub async fn preview_reminder(
        &self,
        user: &User,
        invoice: InvoiceId,
        text: Option<TemplateText>,
    ) -> Result<RenderedMail, ActionError> {
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .read(move |snapshot| {
                let ground = Ground::read(snapshot, &actions.0.settings, user.organisation_id)?;
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
                let letterhead = snapshot.letterhead_of(&ground.sender)?;
                template
                    .render(&Facts {
                        invoice: &row.invoice,
                        customer_name: &row.customer_name,
                        organisation: &ground.organisation,
                        sender: &ground.sender,
                        letterhead: letterhead.as_ref(),
                        today: ground.organisation.day_of(actions.clock().now()),
                    })
                    .map_err(|too_long| ActionError::Refused(too_long.to_string()))
            })
            .await
    }
}

/// Everything that the mails of one claim are rendered from.
struct Desk {
    now: DateTime<Utc>,
    invoices: HashMap<InvoiceId, Result<InvoiceRow, String>>,
    templates: HashMap<TemplateVersionId, Result<Template, String>>,
    organisations: HashMap<OrganisationId, Organisation>,
    letterheads: HashMap<LetterheadId, Letterhead>,
    kept: HashMap<ReminderId, RenderedMail>,
    words: HashMap<ReminderId, OwnWords>,
}

type Composed = Result<Arc<Letter>, Settlement>;

impl Desk {
    fn new(
        snapshot: &mut Snapshot<'_>,
        claimed: &[ClaimedMail],
        actions: &Actions,
    ) -> Result<Self, StoreError> {
        let ids: Vec<InvoiceId> = claimed.iter().filter_map(|mail| mail.invoice_id).collect();
        let mut desk = Self {
            now: actions.clock().now(),
            invoices: snapshot.invoices_of_mails(&ids)?,
            templates: HashMap::new(),
            organisations: HashMap::new(),
            letterheads: HashMap::new(),
            kept: HashMap::new(),
            words: HashMap::new(),
        };
        let may_have_words =
            |mail: &&ClaimedMail| matches!(mail.channel, Some(Channel::Api | Channel::Resend));
        let worded: Vec<ReminderId> = claimed.iter().filter(may_have_words).map(|mail| mail.id).collect();
        if !worded.is_empty() {
            desk.words = snapshot.own_words(&worded)?;
        }
        for mail in claimed {
            if let Entry::Vacant(place) = desk.organisations.entry(mail.organisation_id) {
                place.insert(snapshot.organisation(mail.organisation_id)?);
            }
            if let Some(id) = mail.sender.letterhead.filter(|id| !desk.letterheads.contains_key(id)) {
                desk.letterheads.insert(id, snapshot.letterhead(id)?);
            }
            if let Some(version) =
                mail.template_version_id.filter(|version| !desk.templates.contains_key(version))
            {
                desk.templates.insert(version, template(snapshot, version)?);
            }
            if mail.repeat.is_some() || mail.template_version_id.is_none() {
                let kept = snapshot.mail_content_with(mail.id, |filled| match mail.kind.has_link() {
                    true => actions.0.settings.link_secret(&filled),
                    false => filled,
                })?;
                desk.kept.extend(kept.map(|kept| (mail.id, kept)));
            }
        }
        Ok(desk)
    }

    fn compose(
        &mut self,
        claimed: Vec<ClaimedMail>,
        forms: &mut FormLetters,
        actions: &Actions,
    ) -> Vec<(ClaimedMail, Composed)> {
        claimed
            .into_iter()
            .map(|mail| {
                let letter = self.letter(&mail, forms, actions);
                (mail, letter)
            })
            .collect()
    }

    fn letter(&mut self, claimed: &ClaimedMail, forms: &mut FormLetters, actions: &Actions) -> Composed {
        if claimed.expires_at <= self.now {
            return Err(expiry(claimed));
        }
        match (claimed.invoice_id, claimed.template_version_id) {
            (Some(invoice), Some(version)) => self.reminder(claimed, invoice, version, forms, actions),
            _ => self.rendered_before(claimed),
        }
    }

    fn rendered_before(&mut self, claimed: &ClaimedMail) -> Composed {
        match claimed.recipient.clone().zip(self.kept.remove(&claimed.id)) {
            Some(((name, address), rendered)) => {
                Ok(self.addressed(claimed, name, address, (rendered, None), None))
            }
            None => Err(failed("the mail has no text or no recipient")),
        }
    }

    fn reminder(
        &mut self,
        claimed: &ClaimedMail,
        invoice: InvoiceId,
        version: TemplateVersionId,
        forms: &mut FormLetters,
        actions: &Actions,
    ) -> Composed {
        let row = match self.invoices.remove(&invoice) {
            Some(Ok(row)) => row,
            // A row that cannot be read fails alone: taken again and again, it would keep the others waiting.
            Some(Err(unreadable)) => return Err(failed(&unreadable)),
            None => return Err(failed("the invoice is not there any more")),
        };
        if let Some(why) = row.invoice.ineligible() {
            let reason = format!("The invoice was not remindable any more. {why}");
            return Err(Settlement::Cancelled { reason });
        }
        let Some(recipient) = row.recipient else {
            return Err(Settlement::failed(FailureKind::NoEmail, "the customer has no e-mail address"));
        };
        let mut from = RenderedFrom {
            invoice_id: invoice,
            balance: row.invoice.balance,
            due_on: row.invoice.due_on,
            recipient: recipient.clone(),
        };
        if let Some((balance, due_on)) = claimed.repeat.as_ref().and_then(|repeat| repeat.owed) {
            (from.balance, from.due_on) = (balance, due_on);
            let Some(rendered) = self.kept.remove(&claimed.id) else {
                return Err(failed("the text to repeat is not there any more"));
            };
            let Some((name, sent_to)) = claimed.recipient.clone() else {
                return Err(failed("whom it went to is not known any more"));
            };
            from.recipient = sent_to.clone();
            return Ok(self.addressed(claimed, name, sent_to, (rendered, None), Some(from)));
        }
        let template = match self.templates.get(&version) {
            Some(Ok(template)) => template,
            Some(Err(unreadable)) => return Err(failed(unreadable)),
            None => return Err(failed("the text is not there any more")),
        };
        let Some(organisation) = self.organisations.get(&claimed.organisation_id) else {
            return Err(failed("the organisation is not there any more"));
        };
        let facts = Facts {
            invoice: &row.invoice,
            customer_name: &row.customer_name,
            organisation,
            sender: &claimed.sender,
            letterhead: claimed.sender.letterhead.and_then(|id| self.letterheads.get(&id)),
            today: organisation.day_of(self.now),
        };
        let composed = template
            .compose(&facts, &self.words.remove(&claimed.id).unwrap_or_default(), forms, || {
                actions.0.ids.next()
            })
            .map_err(|too_long| failed(&too_long.to_string()))?;
        let text = (composed.rendered(), Some(composed.kept));
        Ok(self.addressed(claimed, row.customer_name, recipient, text, Some(from)))
    }

    fn addressed(
        &self,
        claimed: &ClaimedMail,
        recipient_name: crate::domain::text::Line,
        recipient: crate::domain::email_address::EmailAddress,
        (rendered, kept): (RenderedMail, Option<KeptMail>),
        from: Option<RenderedFrom>,
    ) -> Arc<Letter> {
        let organisation = self.organisations.get(&claimed.organisation_id);
        Arc::new(Letter {
            mail: OutgoingMail {
                id: claimed.id,
                kind: claimed.kind,
                message_id: claimed.message_id.clone(),
                date: claimed.repeat.as_ref().map_or(self.now, |repeat| repeat.dated_at),
                sender: claimed.sender.clone(),
                recipient_name: recipient_name.clone(),
                recipient: recipient.clone(),
                rendered,
            },
            claimed: Arc::new(ClaimedMail {
                recipient: Some((recipient_name, recipient)),
                ..claimed.clone()
            }),
            kept,
            from,
            today: organisation.map_or(self.now.date_naive(), |organisation| organisation.day_of(self.now)),
        })
    }
}

fn template(
    snapshot: &mut Snapshot<'_>,
    version: TemplateVersionId,
) -> Result<Result<Template, String>, StoreError> {
    let version = snapshot.template_version(version)?;
    Ok(Template::parse(&TemplateText { subject: version.subject, message: version.message })
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")))
}

fn failed(words: &str) -> Settlement {
    Settlement::failed(FailureKind::Template, words)
}
