//! How fast a batch goes, and how long it may still take.

use chrono::TimeDelta;

/// What became of a batch's mails lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How many have left, one way or the other.
    pub settled: usize,
    /// In how long.
    pub during: TimeDelta,
    /// How many wait for a time of their own, to be tried again.
    pub postponed: usize,
}

impl Pace {
    /// How long the rest takes at this pace: "about 20 s left". `None` where it would be a guess: when it has only just
    /// begun, nothing has left lately, or some wait to be tried again.
    pub fn left_in_words(self, remaining: usize) -> Option<String> {
        if self.during < TimeDelta::seconds(2) || self.settled == 0 || self.postponed > 0 || remaining == 0 {
            return None;
        }
        let seconds = (remaining as f64 * self.during.as_seconds_f64() / self.settled as f64).ceil() as u64;
        Some(match seconds {
            0..=60 => format!("about {} s left", seconds.div_ceil(5) * 5),
            61..=5_400 => format!("about {} min left", seconds.div_ceil(60)),
            _ => format!("about {} h left", seconds.div_ceil(3_600)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(settled: usize, seconds: i64, remaining: usize) -> Option<String> {
        Pace { settled, during: TimeDelta::seconds(seconds), postponed: 0 }.left_in_words(remaining)
    }

    #[test]
    fn the_rest_takes_as_long_as_the_last_ones_did() {
        assert_eq!(left(15, 15, 17).unwrap(), "about 20 s left");
        assert_eq!(left(1_500, 15, 10).unwrap(), "about 5 s left");
        assert_eq!(left(10, 15, 100).unwrap(), "about 3 min left");
        assert_eq!(left(1, 15, 1_000).unwrap(), "about 5 h left");
    }

    #[test]
    fn where_nothing_is_known_nothing_is_said() {
        assert_eq!(left(0, 15, 10), None);
        assert_eq!(left(5, 1, 10), None);
        assert_eq!(left(5, 15, 0), None);
        let greylisted = Pace { settled: 5, during: TimeDelta::seconds(15), postponed: 1 };
        assert_eq!(greylisted.left_in_words(3), None);
    }
}
