//! What lists are searched for.

use thiserror::Error;

/// A part of a text, in lower case, trimmed: never empty, and no longer than a database compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search(String);

/// More than anybody searches for.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("This search is longer than {} characters. Search for a part of it.", Search::MAX_CHARS)]
pub struct SearchTooLong;

impl Search {
    /// The longest search, in characters: an e-mail address, the longest of what is searched, fits.
    pub const MAX_CHARS: usize = 254;

    /// What was typed; nothing but blanks is no search.
    ///
    /// # Errors
    /// When it is longer than [`Search::MAX_CHARS`].
    pub fn read(text: &str) -> Result<Option<Self>, SearchTooLong> {
        if text.chars().count() > Self::MAX_CHARS {
            return Err(SearchTooLong);
        }
        Ok(Some(text.trim().to_lowercase()).filter(|text| !text.is_empty()).map(Self))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_trimmed_and_folded_and_blanks_are_none() {
        assert_eq!(Search::read("  \t").unwrap(), None);
        assert_eq!(Search::read(" Acme GmbH ").unwrap().unwrap().as_str(), "acme gmbh");
    }

    #[test]
    fn a_search_may_be_as_long_as_an_address_and_no_longer() {
        assert!(Search::read(&"ä".repeat(254)).is_ok());
        assert_eq!(Search::read(&"ä".repeat(255)), Err(SearchTooLong));
    }
}
