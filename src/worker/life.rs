//! A worker's life among others: it takes its sign of life, resolves what workers that are gone left behind, and raises its
//! beat. With SQLite the sign is the right to send, which one process has; with PostgreSQL each worker has one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::actions::{ActionError, Actions, Gone};
use crate::domain::ids::WorkerId;
use crate::mail::Relay;
use crate::store::{Enlisted, Lane, Store, StoreError};

/// How often the beat is raised and others are looked at.
const BEAT: Duration = Duration::from_millis(500);
/// How much of the time between two looks is seen: who could not look cannot say that nothing moved.
const SEEN: Duration = Duration::from_secs(1);
/// How often a process that may not send looks whether it may now.
const TURN: Duration = Duration::from_secs(1);

/// A worker's life.
pub struct Life {
    id: WorkerId,
    actions: Actions,
    relay: Arc<Relay>,
    store: Store,
    lease: Duration,
    sign: Option<Enlisted>,
    /// When its sign had to be taken anew.
    renewed_at: Option<Instant>,
    looked_at: Instant,
    others: HashMap<WorkerId, Other>,
}

/// What was seen of another worker.
struct Other {
    beat: i64,
    /// For how long its beat was seen to stand still.
    still: Duration,
    looked_gone: bool,
}

impl Other {
    /// Takes one more look into account, so long after the last; says whether the worker is given up: when its beat has
    /// stood still for a lease, or its sign of life was missing at two looks between which it stood still.
    fn look(&mut self, beat: i64, is_gone: bool, passed: Duration, lease: Duration) -> bool {
        let was_gone = std::mem::replace(&mut self.looked_gone, is_gone);
        if self.beat != beat {
            (self.beat, self.still) = (beat, Duration::ZERO);
            return false;
        }
        self.still += passed.min(SEEN);
        (is_gone && was_gone) || self.still >= lease
    }
}

impl Life {
    /// The life of a worker that has not begun to send.
    pub fn new(id: WorkerId, actions: Actions, relay: Arc<Relay>, store: Store, lease: Duration) -> Self {
        let (looked_at, others) = (Instant::now(), HashMap::new());
        Self { id, actions, relay, store, lease, sign: None, renewed_at: None, looked_at, others }
    }

    /// Waits until this worker may send; `None` when it is told to stop before that.
    pub async fn begin(mut self, stop: &mut watch::Receiver<bool>) -> Option<Self> {
        let mut told = false;
        loop {
            match self.enter().await {
                Ok(true) => return Some(self),
                Ok(false) if !told => {
                    told = true;
                    warn!("another process sends for this installation; this one waits for its turn");
                }
                Ok(false) => {}
                Err(error) => error!(%error, "sending could not begin"),
            }
            tokio::select! {
                _ = stop.changed() => return None,
                () = tokio::time::sleep(TURN) => {}
            }
        }
    }

    async fn enter(&mut self) -> Result<bool, ActionError> {
        if !self.enlist().await? {
            return Ok(false);
        }
        self.actions.beat(self.id).await?;
        if !self.store.shares_sending() {
            self.resolve(Gone::AllBut(self.id)).await?;
        }
        Ok(true)
    }

    async fn enlist(&mut self) -> Result<bool, StoreError> {
        let (store, id) = (self.store.clone(), self.id);
        self.sign = tokio::task::spawn_blocking(move || store.enlist(id))
            .await
            .map_err(|_| StoreError::Interrupted)??;
        Ok(self.sign.is_some())
    }

    /// Shows that this worker lives, and takes over from others that do not, until told to stop.
    pub async fn go_on(mut self, mut stop: watch::Receiver<bool>) -> Self {
        if !self.store.shares_sending() {
            stop.changed().await.ok();
            return self;
        }
        loop {
            if let Err(error) = self.look_around().await {
                error!(%error, "the sign of life could not be given");
            }
            tokio::select! {
                _ = stop.changed() => return self,
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    }

    async fn look_around(&mut self) -> Result<(), ActionError> {
        // The beat comes first: who cannot have a sign anew may be able to send.
        self.actions.beat(self.id).await?;
        self.keep_sign().await?;
        let now = Instant::now();
        let known = self.actions.workers().await?;
        let passed = now - std::mem::replace(&mut self.looked_at, now);
        self.others.retain(|id, _| known.iter().any(|(other, _)| other == id));
        for (id, beat) in known {
            if id != self.id && self.is_given_up(id, beat, passed).await? {
                self.others.remove(&id);
                self.resolve(Gone::One(id)).await?;
            }
        }
        Ok(())
    }

    async fn is_given_up(&mut self, id: WorkerId, beat: i64, passed: Duration) -> Result<bool, ActionError> {
        let is_gone = self.has_no_sign(id).await?;
        Ok(match self.others.entry(id) {
            Entry::Occupied(mut other) => other.get_mut().look(beat, is_gone, passed, self.lease),
            Entry::Vacant(place) => {
                place.insert(Other { beat, still: Duration::ZERO, looked_gone: is_gone });
                false
            }
        })
    }

    /// Whether a worker is seen to have no sign of life. When this one has lost its own, the others may have lost theirs,
    /// for the database was away: they have a lease to take it anew.
    async fn has_no_sign(&self, id: WorkerId) -> Result<bool, StoreError> {
        if self.renewed_at.is_some_and(|at| at.elapsed() < self.lease) {
            return Ok(false);
        }
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || store.is_gone(id)).await.map_err(|_| StoreError::Interrupted)?
    }

    async fn keep_sign(&mut self) -> Result<(), StoreError> {
        if let Some(sign) = self.sign.take() {
            let looked = tokio::task::spawn_blocking(move || sign.is_intact().then_some(sign));
            self.sign = looked.await.map_err(|_| StoreError::Interrupted)?;
        }
        if self.sign.is_none() {
            self.renewed_at = Some(Instant::now());
            self.enlist().await?;
        }
        Ok(())
    }

    async fn resolve(&self, gone: Gone) -> Result<(), ActionError> {
        let resolved = self.actions.resolve_abandoned(gone, self.relay.captured()).await?;
        if resolved > 0 {
            info!(resolved, "resolved mails that another process had left behind");
        }
        Ok(())
    }

    /// Leaves: what was claimed and not committed is for others.
    pub async fn end(self) {
        if let Err(error) = self.leave().await {
            error!(%error, "the worker could not take its leave; the next start does it");
        }
    }

    async fn leave(&self) -> Result<(), ActionError> {
        for lane in [Lane::Programs, Lane::Others] {
            self.actions.release_claims(lane, self.id).await?;
        }
        // What is still committed is in the hands of nobody once the process ends.
        self.resolve(Gone::One(self.id)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(30);

    fn seen() -> Other {
        Other { beat: 1, still: Duration::ZERO, looked_gone: false }
    }

    #[test]
    fn a_worker_is_given_up_when_its_beat_was_seen_to_stand_still_for_a_lease() {
        let mut other = seen();
        let given_up: Vec<bool> = (0..60).map(|_| other.look(1, false, BEAT, LEASE)).collect();
        assert_eq!(given_up.iter().position(|is_given_up| *is_given_up), Some(59));
        assert!(!other.look(2, false, BEAT, LEASE), "it moves again");
        assert!(!other.look(2, false, BEAT, LEASE));
    }

    #[test]
    fn who_could_not_look_for_longer_than_a_lease_gives_nobody_up_for_that() {
        let mut other = seen();
        for _ in 0..29 {
            assert!(!other.look(1, false, LEASE * 10, LEASE));
        }
        assert!(other.look(1, false, LEASE * 10, LEASE), "so many looks are enough");
    }

    #[test]
    fn a_worker_without_a_sign_is_given_up_at_the_second_look_unless_its_beat_moves() {
        let mut other = seen();
        assert!(!other.look(1, true, BEAT, LEASE));
        assert!(!other.look(2, true, BEAT, LEASE), "it cannot have its sign anew, and lives");
        assert!(other.look(2, true, BEAT, LEASE));
        let mut other = seen();
        let looks = [true, false, true, false].map(|is_gone| other.look(1, is_gone, BEAT, LEASE));
        assert_eq!(looks, [false; 4]);
    }
}
