//! A worker's life among others: it takes its sign of life, resolves what workers that are gone left behind, and raises its
//! beat. With SQLite the sign is the right to send, which one process has; with PostgreSQL each worker has one.

use std::collections::HashMap;
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
    others: HashMap<WorkerId, Other>,
}

/// What was seen of another worker.
struct Other {
    beat: i64,
    seen_at: Instant,
    looked_gone: bool,
}

impl Life {
    /// The life of a worker that has not begun to send.
    pub fn new(id: WorkerId, actions: Actions, relay: Arc<Relay>, store: Store, lease: Duration) -> Self {
        Self { id, actions, relay, store, lease, sign: None, others: HashMap::new() }
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
        let known = self.actions.workers().await?;
        self.others.retain(|id, _| known.iter().any(|(other, _)| other == id));
        for (id, beat) in known {
            if id != self.id && self.is_given_up(id, beat).await? {
                self.others.remove(&id);
                self.resolve(Gone::One(id)).await?;
            }
        }
        Ok(())
    }

    /// A worker is given up when its sign of life was missing at two looks, so that one that takes it anew after the
    /// database was away is not mistaken; or when its beat has stood still for a lease of this machine's time.
    async fn is_given_up(&mut self, id: WorkerId, beat: i64) -> Result<bool, ActionError> {
        let store = self.store.clone();
        let is_gone = tokio::task::spawn_blocking(move || store.is_gone(id))
            .await
            .map_err(|_| StoreError::Interrupted)??;
        let now = Instant::now();
        let other = self.others.entry(id).or_insert(Other { beat, seen_at: now, looked_gone: false });
        if other.beat != beat {
            (other.beat, other.seen_at) = (beat, now);
        }
        let was_gone = std::mem::replace(&mut other.looked_gone, is_gone);
        Ok((is_gone && was_gone) || now - other.seen_at >= self.lease)
    }

    async fn keep_sign(&mut self) -> Result<(), StoreError> {
        let Some(sign) = self.sign.take() else {
            self.enlist().await?;
            return Ok(());
        };
        let looked = tokio::task::spawn_blocking(move || sign.is_intact().then_some(sign));
        self.sign = looked.await.map_err(|_| StoreError::Interrupted)?;
        if self.sign.is_none() {
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
