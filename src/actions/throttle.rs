//! Delays after failed tries, which grow for an account and for an address. Nobody is ever locked out for good.

use chrono::{DateTime, TimeDelta, Utc};

use super::people::fingerprint;
use super::{ActionError, Actions};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::UserId;
use crate::store::{Snapshot, StoreError, Tx};

/// Tries that cost no wait.
const FREE_TRIES: u32 = 4;
/// The longest wait.
const LONGEST: TimeDelta = TimeDelta::minutes(5);
/// After so long without a try at an account the earlier ones count no more.
const FORGOTTEN: TimeDelta = TimeDelta::hours(24);
/// The same for an address, which many may share: waiting for it gains less than trying on at the longest wait.
const FORGOTTEN_OF_ADDRESS: TimeDelta = TimeDelta::hours(1);

/// Whose tries of one kind are counted: an account's, and those from an address.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    account: String,
    address: Option<String>,
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
        Self { account: format!("code-account:{}", fingerprint(&person.to_string())), address: None }
    }

    fn of(kind: &str, account: &str, address: &str) -> Self {
        let account = fingerprint(&account.trim().to_lowercase());
        let address = Some(format!("{kind}address:{address}"));
        Self { account: format!("{kind}account:{account}"), address }
    }

    /// Tries to sign in to an account, wherever they come from.
    pub(super) fn at_account(email: &EmailAddress) -> Self {
        Self { account: format!("account:{}", fingerprint(&email.folded())), address: None }
    }

    /// Refuses while the next try has to wait.
    pub(super) fn check(&self, snapshot: &mut Snapshot<'_>, now: DateTime<Utc>) -> Result<(), ActionError> {
        let mut until = None;
        for subject in [Some(&self.account), self.address.as_ref()].into_iter().flatten() {
            until = until.max(snapshot.sign_in_failures(subject)?.map(wait));
        }
        match until.filter(|until| *until > now) {
            // Rounded up: who waits so long is let in.
            Some(until) => {
                Err(ActionError::Throttled((until - now).num_milliseconds().unsigned_abs().div_ceil(1000)))
            }
            None => Ok(()),
        }
    }

    /// Counts a try.
    pub(super) fn count(&self, tx: &mut Tx<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
        tx.note_sign_in_failure(&self.account, now - FORGOTTEN, now)?;
        let Some(address) = &self.address else { return Ok(()) };
        tx.note_sign_in_failure(address, now - FORGOTTEN_OF_ADDRESS, now)
    }

    /// Forgets the tries at this account: it was who they said. From the address there may have been others, at other
    /// accounts; who signs in to their own between them has not made those undone.
    pub(super) fn forget(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let own = tx.clear_sign_in_failures(&self.account)?;
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

/// Until when the next try has to wait: 1 s, 2 s, 4 s ... at most 5 minutes.
fn wait((failures, last_at): (u32, DateTime<Utc>)) -> DateTime<Utc> {
    match failures.checked_sub(FREE_TRIES) {
        None => last_at,
        Some(over) => last_at + TimeDelta::seconds(1_i64 << over.min(9)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_after_four_tries_and_end_at_five_minutes() {
        let at = DateTime::UNIX_EPOCH;
        let waits = [3, 4, 5, 6, 12, 13, 400].map(|failures| (wait((failures, at)) - at).num_seconds());
        assert_eq!(waits, [0, 1, 2, 4, 256, 300, 300]);
    }
}
