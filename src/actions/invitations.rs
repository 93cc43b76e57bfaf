//! Invitations: a link by mail makes somebody a user of an organisation, once and within seven days.

use chrono::TimeDelta;

use super::link_mails::NewLinkMail;
use super::people::fingerprint;
use super::{ActionError, Actions, passwords};
use crate::domain::email::LinkLetter;
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{InvitationId, OrganisationId, UserId};
use crate::domain::mail_message::MailKind;
use crate::domain::person::{Actor, NewPassword, Role, User};
use crate::domain::text::Line;
use crate::store::{Invitation, LinkMail, NewInvitation, NewPerson, Tx};

/// How long an invitation can be accepted.
pub const INVITATION_LIFE: TimeDelta = TimeDelta::days(7);

/// An invitation as its recipient sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// Where to.
    pub organisation: Line,
    /// Who.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
    /// The account of the address, if it has one.
    pub account: Option<UserId>,
}

impl Actions {
    /// Invites somebody by mail. `base_url` is the installation's own address, which the link begins with.
    ///
    /// # Errors
    /// When they are a user or invited already, or the organisation cannot send.
    pub async fn invite(
        &self,
        by: &User,
        email: EmailAddress,
        role: Role,
        base_url: &str,
    ) -> Result<(), ActionError> {
        let (actions, by, base_url) = (self.clone(), by.clone(), base_url.to_owned());
        self.0
            .store
            .write(move |tx| {
                if let Some(person) = tx.person_with(&email)?
                    && let Some(member) = tx.member(by.organisation_id, person)?
                {
                    let state =
                        if member.disabled_at.is_some() { " and disabled; enable them below" } else { "" };
                    return Err(ActionError::Refused(format!("{email} is a user already{state}.")));
                }
                let link = actions.queue_invitation(tx, &by, &email, role, &base_url)?;
                let invitation = NewInvitation {
                    id: actions.0.ids.next(),
                    organisation_id: by.organisation_id,
                    email,
                    role,
                    created_by: Actor::User(by.id),
                    link,
                    created_at: actions.clock().now(),
                };
                if !tx.add_invitation(&invitation)? {
                    let sentence =
                        format!("{} is invited already. Send the invitation again below.", invitation.email);
                    return Err(ActionError::Refused(sentence));
                }
                let detail = format!("{} as {}.", invitation.email, invitation.role);
                actions.note_user(tx, &by, "user.invited", detail)
            })
            .await?;
        self.wake_worker();
        Ok(())
    }

    /// Sends an invitation again, with a new link and seven more days; the link before it is worth nothing any more.
    ///
    /// # Errors
    /// When it is not open any more.
    pub async fn resend_invitation(
        &self,
        by: &User,
        id: InvitationId,
        base_url: &str,
    ) -> Result<(), ActionError> {
        let (actions, by, base_url) = (self.clone(), by.clone(), base_url.to_owned());
        self.0
            .store
            .write(move |tx| {
                let invitation = open(tx, &by, id)?;
                let now = actions.clock().now();
                tx.cancel_link_mail(invitation.mail_id, "It was sent again with a new link.", now)?;
                let link =
                    actions.queue_invitation(tx, &by, &invitation.email, invitation.role, &base_url)?;
                tx.renew_invitation(id, &link, now)?;
                let detail = format!("{}, with a new link.", invitation.email);
                actions.note_user(tx, &by, "user.invited_again", detail)
            })
            .await?;
        self.wake_worker();
        Ok(())
    }

    /// Withdraws an invitation: its link is worth nothing any more.
    ///
    /// # Errors
    /// When it is not open any more.
    pub async fn withdraw_invitation(&self, by: &User, id: InvitationId) -> Result<(), ActionError> {
        let (actions, by) = (self.clone(), by.clone());
        self.0
            .store
            .write(move |tx| {
                let invitation = open(tx, &by, id)?;
                let now = actions.clock().now();
                tx.cancel_link_mail(invitation.mail_id, "The invitation was withdrawn.", now)?;
                tx.close_invitation(id, false, now)?;
                actions.note_user(tx, &by, "user.invitation_withdrawn", format!("{}.", invitation.email))
            })
            .await
    }

    /// What a link's secret invites to; `None` for one that is not worth anything, whatever the reason.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn invitation(&self, token: &str) -> Result<Option<Invited>, ActionError> {
        let (hash, now) = (fingerprint(token), self.clock().now());
        self.0
            .store
            .read(move |snapshot| {
                let Some(found) = snapshot.invitation_of(&hash, now)? else { return Ok(None) };
                Ok(Some(Invited {
                    organisation: snapshot.organisation(found.organisation_id)?.name,
                    account: snapshot.person_with(&found.email)?,
                    email: found.email,
                    role: found.role,
                }))
            })
            .await
    }

    /// Accepts an invitation of somebody who has no account yet: it is made.
    ///
    /// # Errors
    /// [`ActionError::NotFound`] when the link is not worth anything any more, or there is an account by now.
    pub async fn join_as_newcomer(
        &self,
        token: &str,
        name: Line,
        password: NewPassword,
    ) -> Result<(UserId, OrganisationId), ActionError> {
        // Hashing is dear: first see whether the link is worth it.
        self.invitation(token).await?.ok_or(ActionError::NotFound)?;
        let password_hash = passwords::hash(password).await?;
        let (actions, hash, id) = (self.clone(), fingerprint(token), self.0.ids.next::<UserId>());
        self.0
            .store
            .write(move |tx| {
                let now = actions.clock().now();
                let invitation = accepted(tx, &hash, &actions)?;
                let person = NewPerson {
                    id,
                    email: invitation.email,
                    name,
                    password_hash,
                    organisation_id: invitation.organisation_id,
                    role: invitation.role,
                };
                if !tx.add_person(&person, now)? {
                    return Err(ActionError::NotFound);
                }
                actions.note_joined(tx, id, invitation.organisation_id, &person.email)
            })
            .await
    }

    /// Accepts an invitation for the account of its address.
    ///
    /// # Errors
    /// [`ActionError::NotFound`] when the link is not worth anything any more, or was sent to somebody else.
    pub async fn join(&self, token: &str, person: UserId) -> Result<(UserId, OrganisationId), ActionError> {
        let (actions, hash) = (self.clone(), fingerprint(token));
        self.0
            .store
            .write(move |tx| {
                let invitation = accepted(tx, &hash, &actions)?;
                if tx.person_with(&invitation.email)? != Some(person) {
                    return Err(ActionError::NotFound);
                }
                if tx.member(invitation.organisation_id, person)?.is_none() {
                    tx.add_member(invitation.organisation_id, person, invitation.role)?;
                }
                actions.note_joined(tx, person, invitation.organisation_id, &invitation.email)
            })
            .await
    }

    fn note_joined(
        &self,
        tx: &mut Tx<'_>,
        person: UserId,
        organisation: OrganisationId,
        email: &EmailAddress,
    ) -> Result<(UserId, OrganisationId), ActionError> {
        // Whoever joins is signed in with it.
        tx.enter(organisation, person, self.clock().now())?;
        let detail = format!("{email}, by invitation.");
        tx.record(&self.noted(organisation, Actor::User(person), "user.joined", detail))?;
        Ok((person, organisation))
    }

    fn queue_invitation(
        &self,
        tx: &mut Tx<'_>,
        by: &User,
        email: &EmailAddress,
        role: Role,
        base_url: &str,
    ) -> Result<LinkMail, ActionError> {
        let organisation = tx.organisation(by.organisation_id)?;
        let letter = LinkLetter {
            subject: format!("Join {} on Dunlin", organisation.name),
            message: format!("{} invites you to {} on Dunlin, as {role}.", by.name, organisation.name),
            button: "Accept the invitation",
            address: format!("{base_url}/invitations/"),
            end: "The link works once and for 7 days. If you do not know what this is about, leave it."
                .to_owned(),
        };
        self.queue_link(
            tx,
            NewLinkMail {
                kind: MailKind::Invitation,
                organisation: &organisation,
                actor: Actor::User(by.id),
                recipient_name: email.as_str().parse().map_err(|_| ActionError::NotFound)?,
                recipient: email.clone(),
                letter,
                life: INVITATION_LIFE,
            },
        )
    }
}

/// An open invitation of the organisation.
fn open(tx: &mut Tx<'_>, by: &User, id: InvitationId) -> Result<Invitation, ActionError> {
    tx.lock_organisation(by.organisation_id)?;
    let known = tx.invitations(by.organisation_id)?;
    known.into_iter().find(|invitation| invitation.id == id).ok_or(ActionError::NotFound)
}

/// Takes an invitation: nobody else can any more.
fn accepted(tx: &mut Tx<'_>, token_hash: &str, actions: &Actions) -> Result<Invitation, ActionError> {
    let now = actions.clock().now();
    let invitation = tx.invitation_of(token_hash, now)?.ok_or(ActionError::NotFound)?;
    match tx.close_invitation(invitation.id, true, now)? {
        true => Ok(invitation),
        false => Err(ActionError::NotFound),
    }
}
