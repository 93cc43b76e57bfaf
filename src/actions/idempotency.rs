//! A request that a program may repeat under a key of its own: it is done once and answered as often as it is asked.
//!
//! What keeps it from being done twice is the id of what comes of it, which the key remembers: also after a crash, and
//! in another process, the same request makes the same thing. That it is under way is known to its process alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use super::people::fingerprint;
use super::{ActionError, Actions};
use crate::domain::ids::{ApiKeyId, ThingId};
use crate::store::{KeptAnswer, KeyedRequest, StoreError};

/// How long a key is remembered.
const LIFE: TimeDelta = TimeDelta::hours(24);

/// The requests that this process is about to answer: what each is.
#[derive(Clone, Debug, Default)]
pub(super) struct UnderWay(Arc<Mutex<HashMap<(ApiKeyId, String), String>>>);

/// A request under way; dropping it ends that.
#[derive(Debug)]
pub struct Turn {
    request: KeyedRequest,
    under_way: UnderWay,
}

/// What is to be done with a request.
#[derive(Debug)]
pub enum Keyed {
    /// Do it; what comes of it has this id.
    Do(Turn, ThingId),
    /// It was answered so.
    Answered(KeptAnswer),
    /// The key was used for another request.
    Reused,
    /// It is being done.
    InFlight,
}

/// What is to be remembered of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// All of it: it is given again.
    Answer(KeptAnswer),
    /// The id of what is still to settle: asked again, it is answered as it is then.
    Open(ThingId),
    /// Nothing: the key is free for another try.
    Nothing,
    /// Only the id: nobody knows whether it was done.
    Id,
}

impl UnderWay {
    /// A poisoned lock only means that a panic passed by; the entries are whole.
    fn requests(&self) -> MutexGuard<'_, HashMap<(ApiKeyId, String), String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, request: &KeyedRequest) -> Result<Turn, Keyed> {
        let mut requests = self.requests();
        match requests.get(&request.name()) {
            Some(same) if *same == request.fingerprint => Err(Keyed::InFlight),
            Some(_) => Err(Keyed::Reused),
            None => {
                requests.insert(request.name(), request.fingerprint.clone());
                Ok(Turn { request: request.clone(), under_way: self.clone() })
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.under_way.requests().remove(&self.request.name());
    }
}

impl Actions {
    /// Looks up what is known of a request under a program's key; `what` tells it from any other.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin_keyed(
        &self,
        api_key_id: ApiKeyId,
        word: String,
        what: &str,
    ) -> Result<Keyed, ActionError> {
        let request = KeyedRequest { api_key_id, word, fingerprint: fingerprint(what) };
        let turn = match self.0.under_way.begin(&request) {
            Ok(turn) => turn,
            Err(known) => return Ok(known),
        };
        let (id, now) = (self.0.ids.next::<ThingId>(), self.clock().now());
        let noted = self.0.store.write::<_, StoreError>({
            let request = request.clone();
            move |tx| {
                tx.forget_requests(now - LIFE)?;
                tx.note_request(&request, id, now)
            }
        });
        let known = noted.await?;
        Ok(match known.answer {
            _ if known.fingerprint != request.fingerprint => Keyed::Reused,
            Some(answer) => Keyed::Answered(answer),
            None => Keyed::Do(turn, known.thing_id),
        })
    }

    /// Remembers how a request was answered, and that it is not under way any more.
    ///
    /// # Errors
    /// When the database refuses: then only the id is remembered.
    pub async fn end_keyed(&self, turn: Turn, remembered: Remembered) -> Result<(), ActionError> {
        let request = turn.request.clone();
        self.0
            .store
            .write::<_, StoreError>(move |tx| match &remembered {
                Remembered::Answer(answer) => tx.keep_answer(&request, answer),
                Remembered::Open(id) => tx.keep_thing(&request, *id),
                Remembered::Nothing => tx.forget_request(&request),
                Remembered::Id => Ok(()),
            })
            .await?;
        Ok(())
    }
}
