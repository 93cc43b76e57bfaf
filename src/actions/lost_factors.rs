//! Who has lost their second factor cannot come in: an admin takes it away, or whoever runs the installation. The person is
//! told by mail, and signed out everywhere.

use super::throttle::Tried;
use super::{ActionError, Actions};
use crate::domain::email::Notice;
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{OrganisationId, ReminderId, UserId};
use crate::domain::mail_message::MailKind;
use crate::domain::person::{Actor, User};
use crate::store::{Member, NewMail, Sessions, Snapshot, Tx};

impl Actions {
    /// A colleague whose second factor an admin may take away.
    ///
    /// # Errors
    /// When there is no such person, or [`ActionError::Refused`] with who else can do it.
    pub async fn who_lost_factor(&self, by: &User, id: UserId) -> Result<Member, ActionError> {
        let by = by.clone();
        self.0.store.read(move |snapshot| removable(snapshot, &by, id)).await
    }

    /// Takes a colleague's second factor away, for who knows their own password: a stolen session does not.
    ///
    /// # Errors
    /// As [`Actions::who_lost_factor`], when it is not the password of who asks, or when the organisation cannot send the mail
    /// that tells them.
    pub async fn remove_factor_of(&self, by: &User, id: UserId, password: String) -> Result<(), ActionError> {
        self.prove_password(by, password).await?;
        let (actions, by) = (self.clone(), by.clone());
        self.0
            .store
            .write(move |tx| {
                tx.lock_organisation(by.organisation_id)?;
                tx.lock_person(id)?;
                let member = removable(tx, &by, id)?;
                let who = format!("{}, an admin of your organisation,", by.name);
                actions.tell_of_removal(tx, by.organisation_id, &member, Actor::User(by.id), &who)?;
                actions.take_factor_away(tx, &member)?;
                let detail = format!("{}. All their sessions ended.", member.email);
                actions.note_user(tx, &by, "user.two_factor_removed", detail)
            })
            .await?;
        self.wake_worker();
        Ok(())
    }

    /// Takes somebody's second factor away by command, in however many organisations they work.
    ///
    /// # Errors
    /// When nobody has this address, they have no second factor, or the mail that tells them cannot be sent.
    pub async fn remove_factor_by_command(&self, email: EmailAddress) -> Result<(), ActionError> {
        let actions = self.clone();
        self.0
            .store
            .write(move |tx| {
                let unknown = || ActionError::Refused(format!("There is no user with the address {email}."));
                let person = tx.person_with(&email)?.ok_or_else(unknown)?;
                tx.lock_person(person)?;
                let organisations = tx.belongs_to(person)?;
                let last = *organisations.first().ok_or_else(unknown)?;
                let member = tx.member(last, person)?.ok_or_else(unknown)?;
                has_one(&member)?;
                actions.tell_of_removal(
                    tx,
                    last,
                    &member,
                    Actor::System,
                    "Whoever runs this installation",
                )?;
                actions.take_factor_away(tx, &member)?;
                for organisation in organisations {
                    let detail = format!("{}, by command. All their sessions ended.", member.email);
                    let event = "user.two_factor_removed";
                    tx.record(&actions.noted(organisation, Actor::System, event, detail))?;
                }
                Ok(())
            })
            .await
    }

    /// Codes that were wrong meanwhile make nobody wait who sets up a new one.
    fn take_factor_away(&self, tx: &mut Tx<'_>, member: &Member) -> Result<(), ActionError> {
        tx.set_second_factor(member.id, None)?;
        tx.end_sessions_of(member.id, &Sessions::All)?;
        Ok(Tried::first_code(member.id).forget(tx)?)
    }

    fn tell_of_removal(
        &self,
        tx: &mut Tx<'_>,
        organisation: OrganisationId,
        member: &Member,
        actor: Actor,
        who: &str,
    ) -> Result<(), ActionError> {
        let id = self.0.ids.next::<ReminderId>();
        let organisation = tx.organisation(organisation)?;
        let notice = Notice {
            subject: "Your second factor for Dunlin was removed".to_owned(),
            message: format!(
                "{who} removed the second factor from your account {} on Dunlin, and you are signed out everywhere. Sign in \
                 with your password, then set up a new second factor under Settings > Profile.",
                member.email
            ),
            end: format!(
                "If you did not ask for this, set a new password with \u{201c}Forgot your password?\u{201d} where you sign \
                 in, and tell an admin of {}.",
                organisation.name
            ),
        };
        let posting = self.posting(organisation.id, actor, self.0.settings.sender_of(&organisation)?);
        let mail = NewMail {
            id,
            kind: MailKind::AccountNotice,
            recipient_name: member.name.clone(),
            recipient: member.email.clone(),
            letter: notice.form(id.as_uuid().into()),
            subject: notice.subject,
            filled: String::new(),
        };
        Ok(tx.enqueue_mail(&posting, &mail)?)
    }
}

/// Whom an admin may help: a second factor guards all organisations that a person works in, so that an admin of one alone
/// must not make the others less safe; and for one's own there is the password, which a stolen session does not have.
fn removable(snapshot: &mut Snapshot<'_>, by: &User, id: UserId) -> Result<Member, ActionError> {
    let member = snapshot.member(by.organisation_id, id)?.ok_or(ActionError::NotFound)?;
    has_one(&member)?;
    if member.id == by.id {
        let sentence = "Your own second factor is switched off under Settings > Profile, with your password.";
        return Err(ActionError::Refused(sentence.to_owned()));
    }
    if snapshot.belongs_to(id)?.iter().any(|organisation| *organisation != by.organisation_id) {
        return Err(ActionError::Refused(format!(
            "Only whoever runs this installation can remove the second factor of {}, with the command \
             `dunlin user remove-second-factor {}`.",
            member.name, member.email
        )));
    }
    Ok(member)
}

fn has_one(member: &Member) -> Result<(), ActionError> {
    match member.has_second_factor {
        true => Ok(()),
        false => Err(ActionError::Refused(format!("{} has no second factor.", member.name))),
    }
}
