//! Delays after failed tries, which grow for an account and for an address. Nobody is ever locked out for good.

use chrono::{DateTime, TimeDelta, Utc};

use super::people::fingerprint;
use super::{ActionError, Actions};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::UserId;
use crate::store::{Snapshot, StoreError, Tx};

/// Tries that cost no wait.
const FREE_TRIES: u32 = 4;
/// Wrong API keys that cost no wait: nobody guesses one in so many tries, and a program that was left with an old key asks
/// often before somebody sees why it is refused.
const FREE_KEYS: u32 = 200;
/// The longest wait.
const LONGEST: TimeDelta = TimeDelta::minutes(5);
/// After so long without a try at an account the earlier ones count no more.
const FORGOTTEN: TimeDelta = TimeDelta::hours(24);
/// The same for an address, which many may share: waiting for it gains less than trying on at the longest wait.
const FORGOTTEN_OF_ADDRESS: TimeDelta = TimeDelta::hours(1);

/// Whose tries of one kind are counted: an account's, and those from an address.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    account: Option<String>,
    address: Option<String>,
    free: u32,
}

impl Tried {
    /// Tries to sign in, with a password or a code.
    pub(super) fn sign_in(account: &str, address: &str) -> Self {
        Self::of("", account, address)
    }

    /// Asking for a new password.
    pub(super) fn reset(account: &str, address: &str) -> Self {
        Self::of("reset-", account, address)
    }

    /// Entering the second factor's code.
    pub(super) fn code(person: UserId, address: &str) -> Self {
        Self::of("code-", &person.to_string(), address)
    }

    /// Entering the second factor's first code, from a session.
    pub(super) fn first_code(person: UserId) -> Self {
        Self::of_account(format!("code-account:{}", fingerprint(&person.to_string())))
    }

    fn of(kind: &str, account: &str, address: &str) -> Self {
        let account = fingerprint(&account.trim().to_lowercase());
        let address = Some(format!("{kind}address:{address}"));
        Self { address, ..Self::of_account(format!("{kind}account:{account}")) }
    }

    /// Tries to sign in to an account, wherever they come from.
    pub(super) fn at_account(email: &EmailAddress) -> Self {
        Self::of_account(format!("account:{}", fingerprint(&email.folded())))
    }

    fn of_account(account: String) -> Self {
        Self { account: Some(account), address: None, free: FREE_TRIES }
    }

    /// Sending API keys that there are not.
    pub(super) fn key(address: &str) -> Self {
        Self { account: None, address: Some(format!("key-address:{address}")), free: FREE_KEYS }
    }

    /// Refuses while the next try has to wait.
    pub(super) fn check(&self, snapshot: &mut Snapshot<'_>, now: DateTime<Utc>) -> Result<(), ActionError> {
        let mut until = None;
        for subject in [&self.account, &self.address].into_iter().flatten() {
            until = until.max(snapshot.sign_in_failures(subject)?.and_then(|tries| wait(self.free, tries)));
        }
        match until.filter(|until| *until > now) {
            // Rounded up: who waits so long is let in.
            Some(until) => {
                Err(ActionError::Throttled((until - now).num_milliseconds().unsigned_abs().div_ceil(1000)))
            }
            None => Ok(()),
        }
    }

    /// Counts a try, and forgets what is old of others: who adds to them takes away.
    pub(super) fn count(&self, tx: &mut Tx<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
        tx.prune_sign_in_failures(now - FORGOTTEN)?;
        for (subject, forgotten) in [(&self.account, FORGOTTEN), (&self.address, FORGOTTEN_OF_ADDRESS)] {
            if let Some(subject) = subject {
                tx.note_sign_in_failure(subject, now - forgotten, now)?;
            }
        }
        Ok(())
    }

    /// Forgets the tries at this account: it was who they said. From the address there may have been others, at other
    /// accounts; who signs in to their own between them has not made those undone.
    pub(super) fn forget(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Some(account) = &self.account else { return Ok(()) };
        let own = tx.clear_sign_in_failures(account)?;
        self.address.iter().try_for_each(|address| tx.forgive_sign_in_failures(address, own))
    }
}

impl Actions {
    /// Refuses while the next try has to wait.
    pub(super) async fn check_wait(&self, tried: &Tried) -> Result<(), ActionError> {
        let (tried, now) = (tried.clone(), self.clock().now());
        self.0.store.read(move |snapshot| tried.check(snapshot, now)).await
    }
}

/// Until when the next try has to wait, after so many that are free: 1 s, 2 s, 4 s ... at most 5 minutes.
fn wait(free: u32, (failures, last_at): (u32, DateTime<Utc>)) -> Option<DateTime<Utc>> {
    let over = failures.checked_sub(free)?;
    Some(last_at + TimeDelta::seconds(1_i64 << over.min(9)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_after_four_tries_and_end_at_five_minutes() {
        let at = DateTime::UNIX_EPOCH;
        let waits = |free, failures: [u32; 7]| {
            failures.map(|failures| wait(free, (failures, at)).map_or(0, |until| (until - at).num_seconds()))
        };
        assert_eq!(waits(FREE_TRIES, [3, 4, 5, 6, 12, 13, 400]), [0, 1, 2, 4, 256, 300, 300]);
        assert_eq!(waits(FREE_KEYS, [0, 199, 200, 201, 208, 209, 400]), [0, 0, 1, 2, 256, 300, 300]);
    }
}
