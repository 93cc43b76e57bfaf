//! The connections to the mail server that this process may hold open at a time, and who may have them: with two or more
//! and a program that may use the API one is kept for what programs wait for.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Worker;
use crate::actions::ActionError;

/// One right for each connection, given in the order in which they are asked for.
#[derive(Clone)]
pub(super) struct Lines(Arc<Semaphore>);

impl Lines {
    pub(super) fn new(connections: usize) -> Self {
        Self(Arc::new(Semaphore::new(connections)))
    }

    /// The right to speak to the mail server for as long as this is kept. `None` never comes: nobody closes the lines.
    pub(super) async fn right(&self) -> Option<OwnedSemaphorePermit> {
        self.0.clone().acquire_owned().await.ok()
    }
}

impl Worker {
    /// How many connections a round of sending may have.
    pub(super) async fn lines_of_a_round(&self) -> Result<usize, ActionError> {
        match self.connections > 1 && self.actions.has_programs().await? {
            true => Ok(self.connections - 1),
            false => Ok(self.connections),
        }
    }
}
