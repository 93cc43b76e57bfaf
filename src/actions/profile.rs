//! What a person changes of their own account.

use super::throttle::Tried;
use super::{ActionError, Actions, passwords};
use crate::domain::person::{Actor, NewPassword, User};
use crate::domain::text::Line;
use crate::store::{Sessions, StoreError};

impl Actions {
    /// Gives the person another name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rename_user(&self, user: &User, name: Line) -> Result<(), ActionError> {
        if name == user.name {
            return Ok(());
        }
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .write(move |tx| {
                tx.rename_person(user.id, &name)?;
                let detail = format!("{name} instead of {}.", user.name);
                Ok(tx.record(&actions.noted(
                    user.organisation_id,
                    Actor::User(user.id),
                    "user.renamed",
                    detail,
                ))?)
            })
            .await
    }

    /// Gives the person another password, when they know the one they have. All their other sessions end.
    ///
    /// # Errors
    /// [`ActionError::Refused`] when it is not the one they have, [`ActionError::Throttled`] after several such tries.
    pub async fn change_password(
        &self,
        user: &User,
        current: String,
        new: NewPassword,
        session: &str,
    ) -> Result<(), ActionError> {
        self.prove_password(user, current).await?;
        let hash = passwords::hash(new).await?;
        let (actions, user, session) = (self.clone(), user.clone(), session.to_owned());
        self.0
            .store
            .write(move |tx| {
                actions.replace_password(tx, user.id, &hash, &Sessions::AllBut(session))?;
                let detail = "All other sessions ended.".to_owned();
                let actor = Actor::User(user.id);
                Ok(tx.record(&actions.noted(user.organisation_id, actor, "user.password_changed", detail))?)
            })
            .await
    }

    /// Refuses unless the person knows their password.
    pub(super) async fn prove_password(&self, user: &User, password: String) -> Result<(), ActionError> {
        let tried = Tried::at_account(&user.email);
        let place = passwords::place().await?;
        self.check_wait(&tried).await?;
        let id = user.id;
        let hash = self.0.store.read::<_, StoreError>(move |snapshot| snapshot.password_hash(id)).await?;
        if passwords::verify(&place, password, Some(hash)).await? {
            return Ok(());
        }
        let now = self.clock().now();
        self.0.store.write::<_, StoreError>(move |tx| tried.count(tx, now)).await?;
        drop(place);
        Err(ActionError::Refused("That is not your current password.".to_owned()))
    }
}
