//! Codes that change every thirty seconds (RFC 6238 with SHA-1 and six digits, which every authenticator app knows), and
//! recovery codes for when the app is lost.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Seconds that a code lasts.
const STEP: i64 = 30;
/// Steps by which a phone's clock may be wrong.
const SKEW: i64 = 1;

/// The code of a step.
fn code(secret: &[u8], step: i64) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("a key of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes([digest[at] & 127, digest[at + 1], digest[at + 2], digest[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// The step that a typed code belongs to, about now and later than the last one that was used: no code counts twice.
pub(super) fn step_of(secret: &[u8], typed: &str, now: DateTime<Utc>, used: Option<i64>) -> Option<i64> {
    let typed: String = typed.chars().filter(|character| !character.is_whitespace()).collect();
    let current = now.timestamp() / STEP;
    (current - SKEW..=current + SKEW)
        .filter(|step| used.is_none_or(|used| *step > used))
        .find(|step| code(secret, *step).as_bytes().ct_eq(typed.as_bytes()).into())
}

/// A secret as apps take it, in base 32 (RFC 4648).
pub(super) fn base32(secret: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits =
        secret.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect::<Vec<u8>>();
    let letter = |five: &[u8]| {
        let number = five.iter().fold(0_usize, |number, bit| number << 1 | usize::from(*bit));
        char::from(ALPHABET[number << (5 - five.len())])
    };
    bits.chunks(5).map(letter).collect()
}

/// A recovery code as it is written down, from chance: "k7qm-2fzt-hx4d".
pub(super) fn recovery_code(chance: &[u8]) -> String {
    let letters = base32(&chance[..8]).to_lowercase();
    format!("{}-{}-{}", &letters[..4], &letters[4..8], &letters[8..12])
}

/// A recovery code as it is compared: however it was typed.
pub(super) fn folded(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        let secret = b"12345678901234567890";
        for (seconds, expected) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(code(secret, seconds / STEP), expected);
        }
        assert_eq!(base32(secret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(base32(b"f"), "MY");
    }

    #[test]
    fn a_code_counts_once_and_one_step_around_now() {
        let secret = b"12345678901234567890";
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let typed = code(secret, 100);
        let found = |seconds, used| step_of(secret, &typed, at(seconds), used);
        assert_eq!(
            [2969, 2970, 3000, 3059, 3060].map(|now| found(now, None).is_some()),
            [false, true, true, true, false]
        );
        assert_eq!(found(3000, Some(99)), Some(100));
        assert_eq!(found(3000, Some(100)), None);
        assert_eq!(step_of(secret, &format!("{} {}", &typed[..3], &typed[3..]), at(3000), None), Some(100));
    }

    #[test]
    fn a_recovery_code_is_compared_however_it_is_typed() {
        let code = recovery_code(&[7; 32]);
        assert_eq!(code.len(), 14);
        assert_eq!(folded(&code.to_uppercase().replace('-', " ")), folded(&code));
    }
}
