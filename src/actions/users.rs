//! The people of an organisation: roles, and who may not come in any more. One Admin always stays.

use super::{ActionError, Actions};
use crate::domain::ids::UserId;
use crate::domain::person::{Actor, Role, User};
use crate::store::{Member, Sessions, Tx};

impl Actions {
    /// Gives a person of the organisation another role. Their sessions go on under new ids.
    ///
    /// # Errors
    /// When there is no such person, or no Admin would be left.
    pub async fn change_role(&self, by: &User, id: UserId, role: Role) -> Result<(), ActionError> {
        let (actions, by) = (self.clone(), by.clone());
        self.0
            .store
            .write(move |tx| {
                let member = locked(tx, &by, id)?;
                if member.role == role {
                    return Ok(());
                }
                tx.change_member(by.organisation_id, id, role, member.disabled_at)?;
                one_admin_stays(tx, &by)?;
                let detail = format!("{}: {} instead of {}.", member.email, role, member.role);
                actions.note_user(tx, &by, "user.role_changed", detail)
            })
            .await
    }

    /// Lets a person of the organisation not in any more, at once.
    ///
    /// # Errors
    /// When there is no such person, or no Admin would be left.
    pub async fn disable_user(&self, by: &User, id: UserId) -> Result<(), ActionError> {
        let (actions, by) = (self.clone(), by.clone());
        self.0
            .store
            .write(move |tx| {
                let member = locked(tx, &by, id)?;
                if member.disabled_at.is_some() {
                    return Ok(());
                }
                let now = actions.clock().now();
                tx.change_member(by.organisation_id, id, member.role, Some(now))?;
                one_admin_stays(tx, &by)?;
                tx.end_sessions_of(id, &Sessions::In(by.organisation_id))?;
                actions.note_user(tx, &by, "user.disabled", format!("{}.", member.email))
            })
            .await
    }

    /// Lets a disabled person in again, with the role they had.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn enable_user(&self, by: &User, id: UserId) -> Result<(), ActionError> {
        let (actions, by) = (self.clone(), by.clone());
        self.0
            .store
            .write(move |tx| {
                let member = locked(tx, &by, id)?;
                if member.disabled_at.is_none() {
                    return Ok(());
                }
                tx.change_member(by.organisation_id, id, member.role, None)?;
                actions.note_user(tx, &by, "user.enabled", format!("{}.", member.email))
            })
            .await
    }

    pub(super) fn note_user(
        &self,
        tx: &mut Tx<'_>,
        by: &User,
        event: &'static str,
        detail: String,
    ) -> Result<(), ActionError> {
        Ok(tx.record(&self.noted(by.organisation_id, Actor::User(by.id), event, detail))?)
    }
}

/// A person of the organisation, which nobody else changes until this transaction ends: of two Admins who take each
/// other's role away at the same time, the second finds only one left.
fn locked(tx: &mut Tx<'_>, by: &User, id: UserId) -> Result<Member, ActionError> {
    tx.lock_organisation(by.organisation_id)?;
    tx.member(by.organisation_id, id)?.ok_or(ActionError::NotFound)
}

fn one_admin_stays(tx: &mut Tx<'_>, by: &User) -> Result<(), ActionError> {
    match tx.count_admins(by.organisation_id)? {
        0 => Err(ActionError::Refused(
            "The organisation needs an admin. Make somebody else an admin first.".to_owned(),
        )),
        _ => Ok(()),
    }
}
