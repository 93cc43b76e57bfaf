//! How many files are looked at at a time.

use std::future::Future;

use tokio::sync::Semaphore;

use crate::actions::ActionError;
use crate::store::StoreError;

/// A file of 20 MiB takes hundreds of them while it is compared with the ledger: more at a time would fill the memory.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Waits for a place among the few files that are looked at. The work keeps it to its end, also when nobody waits for that any
/// more: what a file takes is given back then, and not before.
pub(super) async fn in_a_place<T: Send + 'static>(
    work: impl Future<Output = Result<T, ActionError>> + Send + 'static,
) -> Result<T, ActionError> {
    let place = PLACES.acquire().await.map_err(|_| StoreError::Interrupted)?;
    let placed = async move {
        let _place = place;
        work.await
    };
    tokio::spawn(placed).await.map_err(|_| StoreError::Interrupted)?
}
