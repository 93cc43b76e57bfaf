//! Sealing: what leaves our hands or rests in the database and nobody else is to read or change.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::{Actions, Settings};

/// Bytes of the random part that makes two seals of the same thing differ.
const NONCE: usize = 12;

impl Settings {
    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Sha256::digest([b"seal\0".as_slice(), &self.secret].concat()).0.into())
    }

    /// Opens what this installation sealed for a purpose; `None` for anything else.
    pub fn unseal(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, msg) = bytes.split_at_checked(NONCE)?;
        let payload = Payload { msg, aad: purpose.as_bytes() };
        self.cipher().decrypt(Nonce::from_slice(nonce), payload).ok()
    }
}

impl Actions {
    /// Seals something for a purpose (AES-256-GCM under the installation's key); `None` when it is longer than can be.
    pub fn seal(&self, purpose: &str, content: &[u8]) -> Option<String> {
        let nonce = &self.0.ids.secret()[..NONCE];
        let payload = Payload { msg: content, aad: purpose.as_bytes() };
        let sealed = self.0.settings.cipher().encrypt(Nonce::from_slice(nonce), payload).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce, &sealed].concat()))
    }
}
