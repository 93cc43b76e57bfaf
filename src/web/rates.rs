//! How often one may change something: each person, and each address that strangers come from. Reading is not counted.

use actix_web::HttpRequest;

use super::WebError;
use crate::domain::ids::UserId;
use crate::domain::visitor::Visitor;
use crate::routes::{Rate, seconds, visitor};

/// As often as a key by default: far more than anybody clicks, far less than a program that tries all there is.
const PER_MINUTE: u32 = 600;

/// The counters of this process.
pub struct Rates {
    people: Rate<UserId>,
    addresses: Rate<Visitor>,
}

impl Default for Rates {
    fn default() -> Self {
        Self { people: Rate::of(PER_MINUTE), addresses: Rate::of(PER_MINUTE) }
    }
}

impl Rates {
    /// Counts a form of somebody who is signed in.
    ///
    /// # Errors
    /// [`WebError::TooMany`].
    pub fn count_person(&self, person: UserId) -> Result<(), WebError> {
        self.people.count(&person).map_err(|wait| too_many(seconds(wait)))
    }

    /// Counts a form of somebody who is not.
    ///
    /// # Errors
    /// [`WebError::TooMany`].
    pub fn count_stranger(&self, request: &HttpRequest) -> Result<(), WebError> {
        self.addresses.count(&visitor(request)).map_err(|wait| too_many(seconds(wait)))
    }
}

fn too_many(seconds: u64) -> WebError {
    WebError::TooMany { sentence: format!("Too much at once. Wait {seconds} s, then try again."), seconds }
}
