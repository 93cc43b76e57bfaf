//! The second factor: setting it up, signing in with it, recovery codes, and asking everybody for one.

use super::throttle::Tried;
use super::{ActionError, Actions, totp};
use crate::domain::ids::{OrganisationId, UserId};
use crate::domain::person::{Actor, User};
use crate::store::{SecondFactor, StoreError, Tx};

/// Bytes of a secret: as many as its hash has (RFC 4226, requirement 6).
const SECRET: usize = 20;
const RECOVERY_CODES: usize = 10;
const KEPT: &str = "second factor";
const OFFERED: &str = "offered second factor";

/// A second factor that waits to be confirmed with a first code. Nothing of it is stored.
#[derive(Clone, Debug)]
pub struct OfferedFactor {
    /// The secret for the app.
    pub secret: String,
    /// The secret as the form carries it, sealed for the person.
    pub sealed: String,
}

/// Why a second factor was not switched on.
#[derive(Debug)]
pub enum NotConfirmed {
    /// The password does not show that it is them.
    Password(ActionError),
    /// The code does not show that their app has the secret.
    Code(ActionError),
}

impl Actions {
    /// A new secret for a person's app.
    ///
    /// # Errors
    /// Never, as far as is known: sealing refuses only what is larger than memory.
    pub fn offer_second_factor(&self, user: &User) -> Result<OfferedFactor, ActionError> {
        let secret = &self.0.ids.secret()[..SECRET];
        let sealed = self.seal(&format!("{OFFERED} {}", user.id), secret).ok_or(ActionError::NotFound)?;
        Ok(OfferedFactor { secret: totp::base32(secret), sealed })
    }

    /// The same secret again, for a form whose code was wrong; `None` when it was not offered to this person.
    pub fn offered_again(&self, user: &User, sealed: &str) -> Option<OfferedFactor> {
        let secret = self.settings().unseal(&format!("{OFFERED} {}", user.id), sealed)?;
        Some(OfferedFactor { secret: totp::base32(&secret), sealed: sealed.to_owned() })
    }

    /// Switches the second factor on, for who knows their password, once a code shows that the app has it. Returns the
    /// recovery codes: they cannot be shown again.
    ///
    /// # Errors
    /// When it is not their password, the code is not one of the app's, or there is a second factor already.
    pub async fn confirm_second_factor(
        &self,
        user: &User,
        password: String,
        sealed: &str,
        code: &str,
    ) -> Result<Vec<String>, NotConfirmed> {
        self.prove_password(user, password).await.map_err(NotConfirmed::Password)?;
        self.confirm_code(user, sealed, code).await.map_err(NotConfirmed::Code)
    }

    async fn confirm_code(&self, user: &User, sealed: &str, code: &str) -> Result<Vec<String>, ActionError> {
        let wrong = || {
            ActionError::Refused(
                "The code does not match. Look at the app again, and at its clock.".to_owned(),
            )
        };
        let tried = Tried::first_code(user.id);
        self.check_wait(&tried).await?;
        let secret = self.settings().unseal(&format!("{OFFERED} {}", user.id), sealed).ok_or_else(wrong)?;
        let Some(step) = totp::step_of(&secret, code, self.clock().now(), None) else {
            self.count_try(tried).await?;
            return Err(wrong());
        };
        let kept = self.seal(KEPT, &secret).ok_or(ActionError::NotFound)?;
        let (actions, user, codes) = (self.clone(), user.clone(), self.new_recovery_codes());
        self.0
            .store
            .write(move |tx| {
                if tx.second_factor(user.id)?.is_some() {
                    return Err(ActionError::Refused("Two-factor sign-in is on already.".to_owned()));
                }
                tx.set_second_factor(user.id, Some(&SecondFactor { secret: kept, used_step: Some(step) }))?;
                tx.replace_recovery_codes(user.id, &actions.hashed(&codes))?;
                tried.forget(tx)?;
                actions.note_factor(tx, &user, "user.two_factor_on")?;
                Ok(codes)
            })
            .await
    }

    /// Switches the second factor off, for who knows their password.
    ///
    /// # Errors
    /// [`ActionError::Refused`] when it is not their password, or the organisation asks for a second factor.
    pub async fn remove_second_factor(&self, user: &User, password: String) -> Result<(), ActionError> {
        self.prove_password(user, password).await?;
        let (actions, user) = (self.clone(), user.clone());
        self.0
            .store
            .write(move |tx| {
                if tx.second_factor_state(user.organisation_id, user.id)?.is_required {
                    return Err(ActionError::Refused(
                        "Your organisation asks everybody for two-factor sign-in.".to_owned(),
                    ));
                }
                tx.set_second_factor(user.id, None)?;
                actions.note_factor(tx, &user, "user.two_factor_off")
            })
            .await
    }

    /// Makes other recovery codes, for who knows their password; the ones before are worth nothing any more.
    ///
    /// # Errors
    /// [`ActionError::Refused`] when it is not their password, or there is no second factor.
    pub async fn renew_recovery_codes(
        &self,
        user: &User,
        password: String,
    ) -> Result<Vec<String>, ActionError> {
        self.prove_password(user, password).await?;
        let (actions, user, codes) = (self.clone(), user.clone(), self.new_recovery_codes());
        self.0
            .store
            .write(move |tx| {
                if tx.second_factor(user.id)?.is_none() {
                    return Err(ActionError::Refused("Two-factor sign-in is off.".to_owned()));
                }
                tx.replace_recovery_codes(user.id, &actions.hashed(&codes))?;
                actions.note_factor(tx, &user, "user.recovery_codes_renewed")?;
                Ok(codes)
            })
            .await
    }

    /// The second step of signing in: a code of the app or a recovery code, each of which counts once.
    ///
    /// # Errors
    /// [`ActionError::Refused`] when it is neither, [`ActionError::Throttled`] after several such tries.
    pub async fn check_code(
        &self,
        person: UserId,
        organisation: OrganisationId,
        code: &str,
        address: &str,
    ) -> Result<(), ActionError> {
        let tried = Tried::code(person, address);
        let (actions, typed) = (self.clone(), code.to_owned());
        self.0
            .store
            .write(move |tx| {
                let now = actions.clock().now();
                // In the transaction that counts: tries sent at once are tries one after the other.
                tried.check(tx, now)?;
                let event = actions.used_code(tx, person, &typed)?;
                let Some(event) = event else {
                    tried.count(tx, now)?;
                    return Ok(None);
                };
                tried.forget(tx)?;
                tx.enter(organisation, person, now)?;
                tx.record(&actions.noted(organisation, Actor::User(person), event, String::new()))?;
                Ok::<_, ActionError>(Some(()))
            })
            .await?
            .ok_or_else(|| ActionError::Refused("The code is wrong, or was used already.".to_owned()))
    }

    /// Says whether everybody of the organisation must have a second factor.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn require_two_factor(&self, by: &User, required: bool) -> Result<(), ActionError> {
        let (actions, by) = (self.clone(), by.clone());
        self.0
            .store
            .write(move |tx| {
                if !tx.require_two_factor(by.organisation_id, required)? {
                    return Ok(());
                }
                let detail = if required { "For everybody." } else { "For nobody any more." };
                actions.note_user(tx, &by, "organisation.two_factor_required", detail.to_owned())
            })
            .await
    }

    /// Uses a code up; says as what, for the audit.
    fn used_code(
        &self,
        tx: &mut Tx<'_>,
        person: UserId,
        typed: &str,
    ) -> Result<Option<&'static str>, StoreError> {
        let now = self.clock().now();
        let Some(factor) = tx.second_factor(person)? else { return Ok(None) };
        // One that was sealed with another key lets nobody in: the codes of no secret at all anybody can make.
        let secret = self.settings().unseal(KEPT, &factor.secret);
        if let Some(step) = secret.and_then(|it| totp::step_of(&it, typed, now, factor.used_step)) {
            return Ok(tx.use_step(person, step)?.then_some("user.signed_in"));
        }
        let hash = self.settings().keyed("recovery code", &totp::folded(typed));
        Ok(tx.use_recovery_code(person, &hash, now)?.then_some("user.signed_in_with_recovery_code"))
    }

    async fn count_try(&self, tried: Tried) -> Result<(), ActionError> {
        let now = self.clock().now();
        Ok(self.0.store.write::<_, StoreError>(move |tx| tried.count(tx, now)).await?)
    }

    fn new_recovery_codes(&self) -> Vec<String> {
        (0..RECOVERY_CODES).map(|_| totp::recovery_code(&self.0.ids.secret())).collect()
    }

    fn hashed(&self, codes: &[String]) -> Vec<String> {
        codes.iter().map(|code| self.settings().keyed("recovery code", &totp::folded(code))).collect()
    }

    fn note_factor(&self, tx: &mut Tx<'_>, user: &User, event: &'static str) -> Result<(), ActionError> {
        self.note_user(tx, user, event, String::new())
    }
}
