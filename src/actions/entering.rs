//! Going from one organisation to another that one belongs to.

use super::{ActionError, Actions};
use crate::domain::ids::OrganisationId;
use crate::domain::person::{Actor, User};

impl Actions {
    /// Lets a person work in another organisation of theirs, into which they then come when they sign in.
    ///
    /// # Errors
    /// [`ActionError::NotFound`] when it is not theirs, or there is none.
    pub async fn enter_organisation(&self, user: &User, into: OrganisationId) -> Result<(), ActionError> {
        let (actions, person) = (self.clone(), user.id);
        self.0
            .store
            .write(move |tx| {
                tx.user(into, person)?.ok_or(ActionError::NotFound)?;
                tx.enter(into, person, actions.clock().now())?;
                let entry = actions.noted(into, Actor::User(person), "organisation.entered", String::new());
                Ok(tx.record(&entry)?)
            })
            .await
    }
}
