//! Editing the texts of e-mails: publish, save a draft, reset, restore. Every published text is a version that stays;
//! whoever edits says what they saw, and what somebody else saved meanwhile is shown, never overwritten.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::{ActionError, Actions};
use crate::domain::email::{Basis, BuiltIn, Template, TemplateProblem, TemplateText, VersionOrigin};
use crate::domain::ids::TemplateId;
use crate::domain::person::{Actor, User};
use crate::store::{AuditEntry, EmailTemplate, StoreError, TemplateVersion, Tx};

/// Why an edit was not taken.
#[derive(Debug, Error)]
pub enum EditRefused {
    /// The text cannot be sent; every problem with its place.
    #[error("The text has problems.")]
    Problems(Vec<TemplateProblem>),
    /// Somebody else has saved since; this is what is there now.
    #[error("Somebody else has changed this text meanwhile. Nothing was saved.")]
    Meanwhile(Box<EmailTemplate>),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] ActionError),
}

impl From<StoreError> for EditRefused {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

/// What came of publishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// A new version with this number is sent from now on.
    Version(u32),
    /// The text is the one that is sent already.
    Unchanged,
}

/// One edit under way, inside its transaction.
struct Edit<'a, 'tx> {
    actions: &'a Actions,
    tx: &'a mut Tx<'tx>,
    user: &'a User,
    template: EmailTemplate,
    seen: &'a Basis,
    now: DateTime<Utc>,
}

impl Actions {
    /// Makes a text the one that is sent from now on; ends the draft.
    ///
    /// # Errors
    /// When the text has problems, or somebody else has saved since.
    pub async fn publish_template(
        &self,
        user: &User,
        built_in: BuiltIn,
        seen: Basis,
        text: TemplateText,
    ) -> Result<Saved, EditRefused> {
        Template::parse(&text).map_err(EditRefused::Problems)?;
        self.edit(user, built_in, seen, move |edit| edit.publish(&text, VersionOrigin::Edited)).await
    }

    /// Keeps a text for later; what is sent does not change.
    ///
    /// # Errors
    /// As [`Actions::publish_template`].
    pub async fn save_template_draft(
        &self,
        user: &User,
        built_in: BuiltIn,
        seen: Basis,
        text: TemplateText,
    ) -> Result<(), EditRefused> {
        Template::parse(&text).map_err(EditRefused::Problems)?;
        self.edit(user, built_in, seen, move |edit| edit.set_draft(Some(&text), "template.drafted")).await
    }

    /// Drops the draft.
    ///
    /// # Errors
    /// When somebody else has saved since.
    pub async fn discard_template_draft(
        &self,
        user: &User,
        built_in: BuiltIn,
        seen: Basis,
    ) -> Result<(), EditRefused> {
        self.edit(user, built_in, seen, |edit| edit.set_draft(None, "template.draft_discarded")).await
    }

    /// Brings the built-in text back as a new version, in the organisation's language.
    ///
    /// # Errors
    /// When somebody else has saved since.
    pub async fn reset_template(
        &self,
        user: &User,
        built_in: BuiltIn,
        seen: Basis,
    ) -> Result<Saved, EditRefused> {
        self.edit(user, built_in, seen, move |edit| {
            let language = edit.tx.organisation(edit.user.organisation_id)?.language;
            edit.publish(&built_in.text(language), VersionOrigin::Reset)
        })
        .await
    }

    /// Brings an earlier version back as a new one.
    ///
    /// # Errors
    /// When there is no such version, or somebody else has saved since.
    pub async fn restore_template(
        &self,
        user: &User,
        built_in: BuiltIn,
        seen: Basis,
        number: u32,
    ) -> Result<Saved, EditRefused> {
        self.edit(user, built_in, seen, move |edit| {
            let history = edit.tx.template_history(edit.template.id)?;
            let earlier = history.into_iter().find(|saved| saved.version.number == number);
            let text = earlier.ok_or(ActionError::NotFound)?.version.text();
            edit.publish(&text, VersionOrigin::Restored)
        })
        .await
    }

    async fn edit<T: Send + 'static>(
        &self,
        user: &User,
        built_in: BuiltIn,
        seen: Basis,
        change: impl FnOnce(&mut Edit<'_, '_>) -> Result<T, EditRefused> + Send + 'static,
    ) -> Result<T, EditRefused> {
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .write(move |tx| {
                let template = tx.email_template(user.organisation_id, built_in.slug)?;
                let template = template.ok_or(ActionError::NotFound)?;
                let now = actions.clock().now();
                change(&mut Edit { actions: &actions, tx, user: &user, template, seen: &seen, now })
            })
            .await
    }
}

impl Actions {
    /// A text as the next version of a template.
    pub(super) fn new_version(
        &self,
        template_id: TemplateId,
        number: u32,
        TemplateText { subject, message }: TemplateText,
        origin: VersionOrigin,
        actor: Actor,
        created_at: DateTime<Utc>,
    ) -> TemplateVersion {
        let id = self.0.ids.next();
        TemplateVersion { id, template_id, number, subject, message, origin, actor, created_at }
    }
}

impl Edit<'_, '_> {
    fn publish(&mut self, text: &TemplateText, origin: VersionOrigin) -> Result<Saved, EditRefused> {
        self.must_be_as_seen()?;
        if *text == self.template.current.version.text() && self.template.draft.is_none() {
            return Ok(Saved::Unchanged);
        }
        let number = self.tx.next_template_number(self.template.id)?;
        let (id, actor) = (self.template.id, Actor::User(self.user.id));
        let version = self.actions.new_version(id, number, text.clone(), origin, actor, self.now);
        if !self.tx.publish_version(&version, self.seen)? {
            return Err(self.meanwhile()?);
        }
        let event = match origin {
            VersionOrigin::BuiltIn | VersionOrigin::Edited => "template.published",
            VersionOrigin::Reset => "template.reset",
            VersionOrigin::Restored => "template.restored",
        };
        self.record(event, &format!("version {}", version.number))?;
        Ok(Saved::Version(version.number))
    }

    fn set_draft(&mut self, text: Option<&TemplateText>, event: &'static str) -> Result<(), EditRefused> {
        self.must_be_as_seen()?;
        let draft = text.map(|text| (text, Actor::User(self.user.id), self.now));
        if !self.tx.set_draft(self.template.id, self.seen, draft)? {
            return Err(self.meanwhile()?);
        }
        self.record(event, "draft")
    }

    fn must_be_as_seen(&self) -> Result<(), EditRefused> {
        match self.template.basis() == *self.seen {
            true => Ok(()),
            false => Err(EditRefused::Meanwhile(Box::new(self.template.clone()))),
        }
    }

    /// Who was faster between the reading and the write, on a database with several writers.
    fn meanwhile(&mut self) -> Result<EditRefused, EditRefused> {
        let now = self.tx.email_template(self.user.organisation_id, &self.template.slug)?;
        Ok(EditRefused::Meanwhile(Box::new(now.ok_or(ActionError::NotFound)?)))
    }

    fn record(&mut self, event: &'static str, what: &str) -> Result<(), EditRefused> {
        self.tx.record(&AuditEntry {
            id: self.actions.0.ids.next(),
            organisation_id: self.user.organisation_id,
            at: self.now,
            actor: Actor::User(self.user.id),
            event,
            invoice_id: None,
            mail_id: None,
            batch_id: None,
            detail: format!("{}, {what}", self.template.slug),
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::actions::{Settings, ShownWith};
    use crate::clock::{Clock, Ids};
    use crate::domain::language::Language;
    use crate::domain::organisation::Organisation;
    use crate::domain::person::{Role, Theme};
    use crate::store::Store;

    struct Desk {
        actions: Actions,
        admin: User,
        default: BuiltIn,
        _folder: tempfile::TempDir,
    }

    impl Desk {
        async fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let address = format!("sqlite://{}", folder.path().join("dunlin.db").display());
            let store = Store::open(address.parse().unwrap()).unwrap();
            store.migrate().unwrap();
            let settings = Settings {
                undo: TimeDelta::zero(),
                window: TimeDelta::seconds(60),
                retry: crate::domain::delivery::RetryPolicy {
                    base: TimeDelta::seconds(300),
                    on_unconfirmed: crate::domain::delivery::OnUnconfirmed::Hold,
                },
                retry_deadline: TimeDelta::days(2),
                api_wait: std::time::Duration::ZERO,
                default_from: "reminders@dunlin.example".parse().ok(),
                secret: [7; 32],
            };
            let actions = Actions::new(store, Clock::starting_at(DateTime::UNIX_EPOCH), settings);
            let organisation = Organisation::new(
                Ids.next(),
                "Acme Receivables".parse().unwrap(),
                chrono_tz::UTC,
                "EUR".parse().unwrap(),
            );
            let admin = User {
                id: Ids.next(),
                organisation_id: organisation.id,
                name: "Ada".parse().unwrap(),
                email: "ada@acme.example".parse().unwrap(),
                role: Role::Admin,
                theme: Theme::Auto,
                has_single_keys: true,
            };
            actions.add_organisation(organisation).await.unwrap();
            let default = BuiltIn::of_slug(BuiltIn::DEFAULT_SLUG).unwrap();
            Self { actions, admin, default, _folder: folder }
        }

        async fn template(&self) -> EmailTemplate {
            let (organisation, slug) = (self.admin.organisation_id, self.default.slug);
            let found = self
                .actions
                .reader()
                .read::<_, StoreError>(move |snapshot| snapshot.email_template(organisation, slug))
                .await;
            found.unwrap().unwrap()
        }

        async fn publish(&self, seen: Basis, message: &str) -> Result<Saved, EditRefused> {
            self.actions.publish_template(&self.admin, self.default, seen, text(message)).await
        }
    }

    fn text(message: &str) -> TemplateText {
        TemplateText { subject: "Invoice {{ invoice.number }}".to_owned(), message: message.to_owned() }
    }

    #[tokio::test]
    async fn a_published_text_is_sent_and_every_version_is_kept() {
        let desk = Desk::open().await;
        let first = desk.template().await;
        assert_eq!(desk.publish(first.basis(), "Pay").await.unwrap(), Saved::Version(2));
        let second = desk.template().await;
        assert_eq!(second.current.version.text(), text("Pay"));
        assert_eq!(desk.publish(second.basis(), "Pay").await.unwrap(), Saved::Unchanged);

        let (admin, default) = (&desk.admin, desk.default);
        let reset = desk.actions.reset_template(admin, default, second.basis()).await.unwrap();
        assert_eq!(reset, Saved::Version(3));
        let third = desk.template().await;
        assert_eq!(third.current.version.text(), default.text(Language::English));
        let restored = desk.actions.restore_template(admin, default, third.basis(), 2).await.unwrap();
        assert_eq!(restored, Saved::Version(4));
        let id = third.id;
        let history = desk
            .actions
            .reader()
            .read::<_, StoreError>(move |snapshot| snapshot.template_history(id))
            .await
            .unwrap();
        let origins: Vec<_> = history.iter().map(|saved| saved.version.origin).collect();
        use VersionOrigin::{BuiltIn, Edited, Reset, Restored};
        assert_eq!(origins, [Restored, Reset, Edited, BuiltIn]);
    }

    #[tokio::test]
    async fn the_second_of_two_editors_is_shown_the_other_text_and_overwrites_nothing() {
        let desk = Desk::open().await;
        let seen = desk.template().await.basis();
        desk.publish(seen, "First").await.unwrap();
        let Err(EditRefused::Meanwhile(there)) = desk.publish(seen, "Second").await else {
            panic!("the second edit was taken");
        };
        assert_eq!(there.current.version.text(), text("First"));
        assert_eq!(desk.template().await.current.version.text(), text("First"));
    }

    #[tokio::test]
    async fn a_draft_is_kept_beside_the_text_that_is_sent_until_it_is_published() {
        let desk = Desk::open().await;
        let seen = desk.template().await.basis();
        let draft = text("Draft");
        desk.actions.save_template_draft(&desk.admin, desk.default, seen, draft.clone()).await.unwrap();
        let drafted = desk.template().await;
        assert_eq!(drafted.draft.as_ref().map(|draft| draft.text.clone()), Some(draft));
        assert_eq!(drafted.current.version.text(), desk.default.text(Language::English));
        assert!(matches!(desk.publish(seen, "Late").await, Err(EditRefused::Meanwhile(_))));
        desk.publish(drafted.basis(), "Draft").await.unwrap();
        assert_eq!(desk.template().await.draft, None);
    }

    #[tokio::test]
    async fn a_text_with_an_unknown_field_is_neither_published_nor_kept() {
        let desk = Desk::open().await;
        let seen = desk.template().await.basis();
        let Err(EditRefused::Problems(problems)) = desk.publish(seen, "{{ custmer.name }}").await else {
            panic!("the text was taken");
        };
        assert!(problems[0].sentence.ends_with("Did you mean `customer.name`?"), "{problems:?}");
        assert_eq!(desk.template().await.basis(), seen);
    }

    #[tokio::test]
    async fn a_test_mail_is_queued_with_the_exact_preview_and_a_marked_subject() {
        let desk = Desk::open().await;
        let (admin, default) = (&desk.admin, desk.default);
        let preview = desk
            .actions
            .try_template(admin, default, default.text(Language::English), ShownWith::Sample)
            .await
            .unwrap();
        let id = desk
            .actions
            .send_test_mail(admin, default, default.text(Language::English), ShownWith::Sample)
            .await
            .unwrap();
        let kept = desk
            .actions
            .reader()
            .read::<_, StoreError>(move |snapshot| snapshot.mail_content(id))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(kept.subject, format!("[Test] {}", preview.subject));
        assert_eq!((kept.text, kept.html), (preview.text, preview.html));
    }
}
