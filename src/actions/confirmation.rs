//! Signs what a confirmation shows, so that "Yes" cannot accept anything else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{ActionError, Settings};
use crate::domain::confirmation::Confirmation;

impl Settings {
    /// The signature of a confirmation.
    pub fn sign(&self, confirmation: &Confirmation) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(confirmation).finalize().into_bytes())
    }

    /// Reads a confirmation that this installation signed.
    ///
    /// # Errors
    /// When it was changed, or signed by another.
    pub fn verified(&self, text: &str, signature: &str) -> Result<Confirmation, ActionError> {
        let confirmation: Confirmation = text.parse().map_err(|_| ActionError::NotConfirmed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| ActionError::NotConfirmed)?;
        self.mac(&confirmation).verify_slice(&signature).map_err(|_| ActionError::NotConfirmed)?;
        Ok(confirmation)
    }

    fn mac(&self, confirmation: &Confirmation) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("a key of any length");
        mac.update(b"confirmation\0");
        mac.update(confirmation.to_string().as_bytes());
        mac
    }
}
