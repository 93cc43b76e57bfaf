//! One writer for the steps of all connections: what arrives while a transaction is being made durable goes into the next
//! one together. A durable commit is the unit of cost, so speed costs no promise.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{ActionError, Actions, Done, Letter};
use crate::domain::mail_message::Outcome;
use crate::store::StoreError;

/// How long a transaction of a database server waits to be shared by more connections: each is five journeys. The embedded
/// database is not waited for: it writes for some connections while the others converse.
const FILL: Duration = Duration::from_micros(250);

/// The answer at the point of no return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// Write the body now.
    Send,
    /// Do not: the mail was called back, has changed or belongs to another worker.
    Stop,
}

/// The way to the writer; every copy leads to the same one, which ends with the last.
#[derive(Clone, Debug)]
pub struct Grouping(mpsc::Sender<Request>);

#[derive(Debug)]
struct Request {
    done: Option<Done>,
    next: Option<Arc<Letter>>,
    answer: oneshot::Sender<Result<Go, Arc<ActionError>>>,
}

impl Actions {
    /// Starts what groups the steps of so many connections. It has a thread of its own: it goes from one transaction to the
    /// next without waiting for those that converse.
    pub fn grouping(&self, connections: usize) -> Grouping {
        let (sender, mut requests) = mpsc::channel::<Request>(connections);
        let actions = self.clone();
        let fill = if self.0.store.shares_sending() { FILL } else { Duration::ZERO };
        tokio::task::spawn_blocking(move || {
            while let Some(group) = next_group(&mut requests, connections, fill) {
                // Whoever is not answered asks again; a writer that is gone would never answer anybody.
                catch_unwind(AssertUnwindSafe(|| actions.write_group(group))).ok();
            }
        });
        Grouping(sender)
    }

    fn write_group(&self, group: Vec<Request>) {
        let (steps, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|request| ((request.done, request.next), request.answer)).unzip();
        match self.write_steps(steps.clone()) {
            Ok(goes) => answers.into_iter().zip(goes).for_each(|(answer, go)| drop(answer.send(Ok(go)))),
            Err(error) if answers.len() == 1 || !concerns_one(&error) => {
                let error = Arc::new(error);
                answers.into_iter().for_each(|answer| drop(answer.send(Err(error.clone()))));
            }
            // One of them cannot be written: the others must not fail with it. Or all of them were, and only the answer was
            // lost: then a mail is past the point of no return already, and that it may not pass it now says nothing.
            Err(error) => {
                let error = Arc::new(error);
                for ((done, next), answer) in steps.into_iter().zip(answers) {
                    let is_asking = next.is_some();
                    let go = match self.write_steps(vec![(done, next)]) {
                        Ok(goes) if is_asking && goes != [Go::Send] => Err(error.clone()),
                        Ok(goes) => Ok(goes.first().copied().unwrap_or(Go::Stop)),
                        Err(error) => Err(Arc::new(error)),
                    };
                    drop(answer.send(go));
                }
            }
        }
    }

    /// Records outcomes and takes the next mails past the point of no return, in one durable commit. Where one was not
    /// accepted the outcomes have a commit of their own: what goes with them would be held while the locks of the next
    /// mails' invoices are waited for, by others in the opposite order.
    fn write_steps(&self, steps: Vec<(Option<Done>, Option<Arc<Letter>>)>) -> Result<Vec<Go>, ActionError> {
        let (done, next): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
        let done: Vec<Done> = done.into_iter().flatten().collect();
        let ended: Vec<_> = done.iter().filter_map(Done::attempt).collect();
        let asking: Vec<_> = next.iter().map(|letter| letter.as_ref().map(|letter| letter.mail.id)).collect();
        let letters: Vec<Arc<Letter>> = next.into_iter().flatten().collect();
        let is_plain = done.iter().all(|done| matches!(done.outcome, Outcome::Accepted { .. }));
        if !is_plain {
            self.0.store.write_blocking(|tx| self.settle_all(tx, &done, self.clock().now()))?;
        }
        let passed = self.0.store.write_blocking::<_, ActionError>(|tx| {
            let now = self.clock().now();
            if is_plain {
                self.settle_all(tx, &done, now)?;
            }
            match letters.is_empty() {
                true => Ok(Default::default()),
                false => Ok(self.commit_all(tx, &letters, now)?),
            }
        })?;
        let go = |id: Option<_>| if id.is_some_and(|id| passed.contains(&id)) { Go::Send } else { Go::Stop };
        let goes = asking.into_iter().map(go).collect();
        self.0.attempts.count(&ended);
        self.0.awaited.tell(done.iter().map(|done| done.claimed.id));
        Ok(goes)
    }
}

/// What goes into one transaction: what has arrived and, unless that are all, what arrives within `fill`.
fn next_group(
    requests: &mut mpsc::Receiver<Request>,
    connections: usize,
    fill: Duration,
) -> Option<Vec<Request>> {
    let mut group = Vec::with_capacity(connections);
    requests.blocking_recv_many(&mut group, connections);
    if !(fill.is_zero() || group.is_empty()) && group.len() < connections {
        std::thread::sleep(fill);
        group.extend(std::iter::from_fn(|| requests.try_recv().ok()).take(connections - group.len()));
    }
    (!group.is_empty()).then_some(group)
}

/// Whether an error comes from a step rather than from the database as a whole.
fn concerns_one(error: &ActionError) -> bool {
    !matches!(error, ActionError::Store(StoreError::Unreachable(_) | StoreError::Interrupted))
}

impl Grouping {
    /// Records how the last try ended and asks whether the next mail may leave; both are durable when this returns.
    ///
    /// # Errors
    /// When the database refuses: the next mail may not be sent, and the outcome is still to be recorded.
    pub async fn exchange(
        &self,
        done: Option<Done>,
        next: Option<Arc<Letter>>,
    ) -> Result<Go, Arc<ActionError>> {
        let (answer, answered) = oneshot::channel();
        let interrupted = || Arc::new(ActionError::Store(StoreError::Interrupted));
        let request = Request { done, next, answer };
        self.0.send(request).await.map_err(|_| interrupted())?;
        answered.await.map_err(|_| interrupted())?
    }
}
