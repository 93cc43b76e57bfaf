//! How often the mail server was tried since this process began, by what came of it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Actions;
use crate::domain::mail_message::OutcomeKind;

/// One number for each outcome.
#[derive(Debug, Default)]
pub(super) struct Attempts([AtomicU64; OutcomeKind::ALL.len()]);

impl Attempts {
    /// Counts tries, once they are recorded.
    pub(super) fn count(&self, ended: &[OutcomeKind]) {
        for kind in ended {
            self.0[*kind as usize].fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Actions {
    /// How many tries of this process ended how.
    pub fn attempts(&self) -> impl Iterator<Item = (OutcomeKind, u64)> {
        let numbers = &self.0.attempts.0;
        OutcomeKind::ALL.iter().map(|kind| (*kind, numbers[*kind as usize].load(Ordering::Relaxed)))
    }
}
