//! The only place that asks the time or mints an id or a secret.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use uuid::Uuid;

/// Tells the time that everything stored, shown or due goes by.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    advanced_micros: Arc<AtomicI64>,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Machine,
    RunningFrom { origin: DateTime<Utc>, started: Instant },
    StandingAt(DateTime<Utc>),
}

impl Clock {
    /// The machine's own time.
    pub fn real() -> Self {
        Self { source: Source::Machine, advanced_micros: Arc::default() }
    }

    /// A clock that shows an instant now and runs on from there.
    pub fn starting_at(origin: DateTime<Utc>) -> Self {
        Self {
            source: Source::RunningFrom { origin, started: Instant::now() },
            advanced_micros: Arc::default(),
        }
    }

    /// A clock that stands at an instant until it is advanced.
    pub fn standing_at(instant: DateTime<Utc>) -> Self {
        Self { source: Source::StandingAt(instant), advanced_micros: Arc::default() }
    }

    /// The time, to the microsecond, which is what both databases keep.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match self.source {
            Source::Machine => real_now(),
            Source::RunningFrom { origin, started } => {
                origin + TimeDelta::from_std(started.elapsed()).unwrap_or(TimeDelta::MAX)
            }
            Source::StandingAt(instant) => instant,
        };
        (now + TimeDelta::microseconds(self.advanced_micros.load(Ordering::Relaxed))).trunc_subsecs(6)
    }

    /// Jumps forward; every copy of this clock jumps with it.
    pub fn advance(&self, by: TimeDelta) {
        self.advanced_micros.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::Relaxed);
    }
}

/// The machine's time, whatever clock the program runs by.
pub fn real_now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
    Utc::now().trunc_subsecs(6)
}

/// Mints ids and secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ids;

impl Ids {
    /// A new id of any kind; ids minted later sort later.
    pub fn next<T: From<Uuid>>(self) -> T {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that mints")]
        T::from(Uuid::now_v7())
    }

    /// 256 unguessable bits.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing may go on without it.
    pub fn secret(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        #[expect(clippy::expect_used, reason = "a program without randomness must not go on")]
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_advanced_takes_its_copies_along() {
        let clock = Clock::starting_at(DateTime::UNIX_EPOCH);
        let copy = clock.clone();
        clock.advance(TimeDelta::days(8));
        assert!(copy.now() >= DateTime::UNIX_EPOCH + TimeDelta::days(8));
    }

    #[test]
    fn a_clock_that_stands_moves_by_what_it_is_advanced_and_by_nothing_else() {
        let clock = Clock::standing_at(DateTime::UNIX_EPOCH);
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH);
        clock.advance(TimeDelta::days(8));
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH + TimeDelta::days(8));
    }
}
