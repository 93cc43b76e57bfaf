//! Passwords: hashed with Argon2id, off the async threads, few at a time.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::ActionError;
use crate::domain::person::NewPassword;
use crate::store::StoreError;

/// Hashing takes 19 MiB and tens of milliseconds: more at a time would let strangers fill the memory.
static PLACES: Semaphore = Semaphore::const_new(4);

/// What a try for an unknown account is checked against, so that it takes as long as one for a known account.
const DUMMY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Wl3cUyk8Ff9bVe1QYqh5h6sTWyPLJQ3K7vMyEpRHk0E";

fn hasher() -> Argon2<'static> {
    #[expect(clippy::expect_used, reason = "the parameters are constants within Argon2's limits")]
    let params = Params::new(19_456, 2, 1, None).expect("valid parameters");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The hash of a new password, in PHC form.
pub(super) async fn hash(password: NewPassword) -> Result<String, ActionError> {
    let place = place().await?;
    let work = move || hasher().hash_password(password.expose().as_bytes()).map(|hash| hash.to_string());
    let hash = tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Interrupted)?;
    drop(place);
    Ok(hash.map_err(|_| StoreError::Interrupted)?)
}

/// A place among the few that check passwords at a time. Who looks at the failed tries while having one sees all but the
/// few that are being checked beside it: a thousand tries sent at once are no more than a thousand one after the other.
pub(super) struct Place(#[expect(dead_code, reason = "held")] SemaphorePermit<'static>);

/// Waits for a place.
pub(super) async fn place() -> Result<Place, ActionError> {
    Ok(Place(PLACES.acquire().await.map_err(|_| StoreError::Interrupted)?))
}

/// Whether a password belongs to a hash; without a hash, never, but after as long.
pub(super) async fn verify(_: &Place, password: String, hash: Option<String>) -> Result<bool, ActionError> {
    let work = move || {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DUMMY.to_owned());
        hasher().verify_password(password.as_bytes(), hash.as_str()).is_ok() && is_known
    };
    Ok(tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Interrupted)?)
}
