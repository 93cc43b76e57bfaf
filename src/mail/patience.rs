//! Limits on waiting for answers. A timer that is set anew for each wait wakes the runtime each time, which costs as much
//! as the wait itself where the server answers at once: so each limit keeps its timer and only ever puts it off.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::MailTimeouts;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// The answer to a command.
    Step,
    /// The answer to DATA, which may take twice as long.
    Data,
    /// The answer to the final dot.
    Dot,
}

/// The limits of one connection.
pub(super) struct Patience {
    step: Limit,
    data: Limit,
    dot: Limit,
}

struct Limit {
    length: Duration,
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    pub(super) fn new(timeouts: MailTimeouts) -> Self {
        let limit = |length| Limit { length, timer: Box::pin(sleep(length)) };
        Self { step: limit(timeouts.step), data: limit(timeouts.step * 2), dot: limit(timeouts.dot) }
    }

    /// What an answer says; `None` when it does not come in time.
    pub(super) async fn with<T>(&mut self, wait: Wait, answer: impl Future<Output = T>) -> Option<T> {
        let limit = match wait {
            Wait::Step => &mut self.step,
            Wait::Data => &mut self.data,
            Wait::Dot => &mut self.dot,
        };
        limit.timer.as_mut().reset(Instant::now() + limit.length);
        tokio::select! {
            biased;
            answer = answer => Some(answer),
            () = &mut limit.timer => None,
        }
    }
}
