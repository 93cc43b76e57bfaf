//! Trying a text: see the mail it makes, or have it sent to oneself. Both are made by the code that sends reminders.

use super::templates::EditRefused;
use super::{ActionError, Actions};
use crate::domain::email::{BuiltIn, Facts, FormLetter, Sample, Template, TemplateText};
use crate::domain::ids::{InvoiceId, ReminderId};
use crate::domain::mail_message::{MailKind, RenderedMail};
use crate::domain::organisation::{Organisation, Sender};
use crate::domain::person::{Actor, User};
use crate::domain::stage::Stage;
use crate::store::{NewMail, Snapshot, StoreError, Tx};

/// What a text is shown with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownWith {
    /// A made-up invoice in the text's stage.
    Sample,
    /// An invoice of the ledger.
    Invoice(InvoiceId),
}

struct Trial {
    organisation: Organisation,
    sender: Sender,
    rendered: RenderedMail,
}

impl Actions {
    /// The mail that a text makes.
    ///
    /// # Errors
    /// When the text has problems or there is no such invoice.
    pub async fn try_template(
        &self,
        user: &User,
        built_in: BuiltIn,
        text: TemplateText,
        with: ShownWith,
    ) -> Result<RenderedMail, EditRefused> {
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .read(move |snapshot| Ok(actions.trial(snapshot, &user, built_in.stage, &text, with)?.rendered))
            .await
    }

    /// Sends the mail that a text makes to the person themselves, marked as a test; it is on no invoice's timeline.
    ///
    /// # Errors
    /// As [`Actions::try_template`], and when the organisation cannot send.
    pub async fn send_test_mail(
        &self,
        user: &User,
        built_in: BuiltIn,
        text: TemplateText,
        with: ShownWith,
    ) -> Result<ReminderId, EditRefused> {
        let (actions, user) = (self.clone(), user.clone());
        let id = self
            .0
            .store
            .write(move |tx| {
                let trial = actions.trial(tx, &user, built_in.stage, &text, with)?;
                Ok::<_, EditRefused>(actions.post_trial(tx, &user, trial)?)
            })
            .await?;
        self.wake_worker();
        Ok(id)
    }

    /// Sends the default text with a made-up invoice to the person themselves, to see whether mails get through.
    ///
    /// # Errors
    /// When the organisation cannot send; the sentence says why.
    pub async fn try_mail_server(&self, user: &User) -> Result<ReminderId, ActionError> {
        let (actions, user) = (self.clone(), user.clone());
        let id = self
            .0
            .store
            .write(move |tx| {
                let current = tx
                    .current_version(user.organisation_id, BuiltIn::DEFAULT_SLUG)?
                    .ok_or(StoreError::Missing("default e-mail template"))?;
                let tried = actions.trial(tx, &user, None, &current.text(), ShownWith::Sample);
                let trial = tried.map_err(|refused| match refused {
                    EditRefused::Other(error) => error,
                    EditRefused::Problems(_) | EditRefused::Meanwhile(_) => {
                        ActionError::Refused("The default text cannot be sent. Mend it first.".to_owned())
                    }
                })?;
                Ok::<_, ActionError>(actions.post_trial(tx, &user, trial)?)
            })
            .await?;
        self.wake_worker();
        Ok(id)
    }

    /// Puts a trial into the outbox, for the person who asked for it.
    fn post_trial(&self, tx: &mut Tx<'_>, user: &User, trial: Trial) -> Result<ReminderId, StoreError> {
        let Trial { organisation, sender, rendered } = trial;
        let id = self.0.ids.next::<ReminderId>();
        let posting = self.posting(organisation.id, Actor::User(user.id), sender);
        let mail = NewMail {
            id,
            kind: MailKind::Test,
            recipient_name: user.name.clone(),
            recipient: user.email.clone(),
            letter: FormLetter::of_mail(id.as_uuid().into(), &rendered),
            subject: format!("[Test] {}", rendered.subject),
            filled: String::new(),
        };
        tx.enqueue_mail(&posting, &mail)?;
        let detail = format!("To {}.", user.email);
        self.note(tx, organisation.id, posting.actor, "test_mail.queued", None, detail, posting.now)?;
        Ok(id)
    }

    fn trial(
        &self,
        snapshot: &mut Snapshot<'_>,
        user: &User,
        stage: Option<Stage>,
        text: &TemplateText,
        with: ShownWith,
    ) -> Result<Trial, EditRefused> {
        let template = Template::parse(text).map_err(EditRefused::Problems)?;
        let organisation = snapshot.organisation(user.organisation_id)?;
        let today = organisation.day_of(self.clock().now());
        let sender = self.0.settings.sender_of(&organisation)?;
        let letterhead = snapshot.letterhead_of(&sender)?;
        let rendered = match with {
            ShownWith::Sample => {
                let sample = Sample::of(stage, &organisation, today);
                template.render(&sample.facts(&organisation, &sender, letterhead.as_ref()))
            }
            ShownWith::Invoice(id) => {
                let row = snapshot.invoice(organisation.id, id)?.ok_or(ActionError::NotFound)?;
                template.render(&Facts {
                    invoice: &row.invoice,
                    customer_name: &row.customer_name,
                    organisation: &organisation,
                    sender: &sender,
                    letterhead: letterhead.as_ref(),
                    today,
                })
            }
        };
        let rendered = rendered.map_err(|too_long| ActionError::Refused(too_long.to_string()))?;
        Ok(Trial { organisation, sender, rendered })
    }
}
