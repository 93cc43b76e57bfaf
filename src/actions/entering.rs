//! Going from one organisation to another that one belongs to.

use super::{ActionError, Actions};
use crate::domain::ids::OrganisationId;
use crate::domain::person::{Actor, User};
use crate::store::Sessions;

impl Actions {
    /// Lets a person work in another organisation of theirs, into which they then come when they sign in. The session ends: it
    /// goes on under another id. `false` when it has ended already, as with the second click of two.
    ///
    /// # Errors
    /// [`ActionError::NotFound`] when it is not theirs, or there is none.
    pub async fn enter_organisation(
        &self,
        user: &User,
        into: OrganisationId,
        session: &str,
    ) -> Result<bool, ActionError> {
        let (actions, person, session) = (self.clone(), user.id, session.to_owned());
        self.0
            .store
            .write(move |tx| {
                tx.user(into, person)?.ok_or(ActionError::NotFound)?;
                if tx.end_sessions_of(person, &Sessions::One(session))? == 0 {
                    return Ok(false);
                }
                tx.enter(into, person, actions.clock().now())?;
                let entry = actions.noted(into, Actor::User(person), "organisation.entered", String::new());
                tx.record(&entry)?;
                Ok(true)
            })
            .await
    }
}
