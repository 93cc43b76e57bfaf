//! Columns to domain types: an unknown stored value is a named error, never a default.

use std::fmt::Display;
use std::str::FromStr;

use super::StoreError;
use crate::domain::money::{Currency, Money};

/// Reads a stored text as a domain type; `column` names it in the error.
pub(super) fn parsed<T>(column: &'static str, text: &str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|error: T::Err| StoreError::Unreadable { column, why: error.to_string() })
}

/// [`parsed`] for a column that may be empty.
pub(super) fn parsed_option<T>(column: &'static str, text: Option<&str>) -> Result<Option<T>, StoreError>
where
    T: FromStr,
    T::Err: Display,
{
    text.map(|text| parsed(column, text)).transpose()
}

/// Reads an amount with its currency.
pub(super) fn money(column: &'static str, minor: i64, currency: &str) -> Result<Money, StoreError> {
    parsed::<Currency>(column, currency).map(|currency| Money::from_minor(minor, currency))
}

/// Reads a count.
pub(super) fn count(column: &'static str, number: i64) -> Result<usize, StoreError> {
    usize::try_from(number).map_err(|error| StoreError::Unreadable { column, why: error.to_string() })
}
