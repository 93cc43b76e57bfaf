//! How often somebody may ask.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// Requests that one may make at once, beside those of every minute.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

/// So many are remembered before those who have long been quiet are forgotten.
const REMEMBERED: usize = 10_000;

/// Counts the requests of each key, person or address, by the monotonic clock.
pub struct Rate<K: Clone + Eq + Hash>(Option<RateLimiter<K, HashMapStateStore<K>, DefaultClock>>);

impl<K: Clone + Eq + Hash> Rate<K> {
    /// So many requests a minute of each; 0 for no limit.
    pub fn of(per_minute: u32) -> Self {
        let rate = NonZeroU32::new(per_minute);
        Self(rate.map(|rate| RateLimiter::hashmap(Quota::per_minute(rate).allow_burst(AT_ONCE))))
    }

    /// Counts a request.
    ///
    /// # Errors
    /// How long to wait, when it is one too many.
    pub fn count(&self, who: &K) -> Result<(), Duration> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        if limiter.len() > REMEMBERED {
            limiter.retain_recent();
        }
        limiter.check_key(who).map_err(|refused| refused.wait_time_from(DefaultClock::default().now()))
    }
}

/// What `Retry-After` says: who waits so many seconds is let in.
pub fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_rate_of_their_own_and_is_told_how_long_to_wait() {
        let rate = Rate::of(60);
        for _ in 0..AT_ONCE.get() {
            assert!(rate.count(&"one").is_ok());
        }
        let wait = rate.count(&"one").unwrap_err();
        assert_eq!(seconds(wait), 1, "{wait:?}");
        assert!(rate.count(&"another").is_ok());
        assert!((0..2 * AT_ONCE.get()).all(|_| Rate::of(0).count(&"one").is_ok()));
    }
}
