//! Trying a text: see the mail it makes, or have it sent to oneself. Both are made by the code that sends reminders.

use super::templates::EditRefused;
use super::{ActionError, Actions};
use crate::domain::email::{BuiltIn, Facts, FormLetter, Sample, Template, TemplateText};
use crate::domain::ids::{InvoiceId, ReminderId};
use crate::domain::mail_message::{MailKind, RenderedMail};
use crate::domain::organisation::{Organisation, Sender};
use crate::domain::person::{Actor, User};
use crate::store::{NewMail, Posting, Snapshot};

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
            .read(move |snapshot| Ok(actions.trial(snapshot, &user, built_in, &text, with)?.rendered))
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
                let Trial { organisation, sender, rendered } =
                    actions.trial(tx, &user, built_in, &text, with)?;
                let (id, now) = (actions.0.ids.next(), actions.clock().now());
                let posting = Posting {
                    organisation_id: organisation.id,
                    actor: Actor::User(user.id),
                    sender,
                    scheduled_at: now,
                    expires_at: now + actions.0.settings.retry_deadline,
                    now,
                };
                let mail = NewMail {
                    id,
                    kind: MailKind::Test,
                    recipient_name: user.name.clone(),
                    recipient: user.email.clone(),
                    letter: FormLetter::kept(id.as_uuid().into(), &rendered.text, &rendered.html),
                    subject: format!("[Test] {}", rendered.subject),
                    filled: String::new(),
                };
                tx.enqueue_mail(&posting, &mail)?;
                Ok::<_, EditRefused>(id)
            })
            .await?;
        self.wake_worker();
        Ok(id)
    }

    fn trial(
        &self,
        snapshot: &mut Snapshot<'_>,
        user: &User,
        built_in: BuiltIn,
        text: &TemplateText,
        with: ShownWith,
    ) -> Result<Trial, EditRefused> {
        let template = Template::parse(text).map_err(EditRefused::Problems)?;
        let organisation = snapshot.organisation(user.organisation_id)?;
        let today = organisation.day_of(self.clock().now());
        let sender = self.0.settings.sender_of(&organisation)?;
        let rendered = match with {
            ShownWith::Sample => {
                let sample = Sample::of(built_in.stage, &organisation, today);
                template.render(&sample.facts(&organisation, &sender))
            }
            ShownWith::Invoice(id) => {
                let row = snapshot.invoice(organisation.id, id)?.ok_or(ActionError::NotFound)?;
                template.render(&Facts {
                    invoice: &row.invoice,
                    customer_name: &row.customer_name,
                    organisation: &organisation,
                    sender: &sender,
                    today,
                })
            }
        };
        let rendered = rendered.map_err(|too_long| ActionError::Refused(too_long.to_string()))?;
        Ok(Trial { organisation, sender, rendered })
    }
}
