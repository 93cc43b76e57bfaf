//! What the members of bodies mean.

use std::fmt::Display;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize};

use super::Problem;
use crate::domain::ids::ReminderId;
use crate::domain::ledger::day;
use crate::domain::money::{Currency, Money};

/// An amount as it is told and asked for.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with amount and currency, both of them texts")]
pub(super) struct MoneyBody {
    /// A decimal with a point and at most the currency's decimals.
    amount: String,
    /// The code of ISO 4217.
    currency: String,
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self { amount: money.to_decimal(), currency: money.currency().code().to_owned() }
    }
}

impl MoneyBody {
    /// The amount, which is not negative.
    pub(super) fn read(&self, name: &str) -> Result<Money, Problem> {
        let currency: Currency = member(name, &self.currency)?;
        let money = Money::parse(&self.amount, currency).map_err(|error| refused(name, error))?;
        if money.minor() < 0 {
            return Err(refused(name, "it is negative, and a credit note is not an invoice"));
        }
        Ok(money)
    }
}

/// Reads a text.
pub(super) fn member<T>(name: &str, text: &str) -> Result<T, Problem>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|error| refused(name, error))
}

/// Reads a text that may be left out.
pub(super) fn optional<T>(name: &str, text: Option<&String>) -> Result<Option<T>, Problem>
where
    T: FromStr,
    T::Err: Display,
{
    text.map(|text| member(name, text)).transpose()
}

/// Reads a text that may be left out, or `null` to take away what there is.
pub(super) fn nullable<T>(name: &str, text: Option<&Option<String>>) -> Result<Option<Option<T>>, Problem>
where
    T: FromStr,
    T::Err: Display,
{
    text.map(|text| optional(name, text.as_ref())).transpose()
}

/// Reads a day that may be left out.
pub(super) fn day_of(name: &str, text: Option<&String>) -> Result<Option<NaiveDate>, Problem> {
    text.map(|text| day(text).map_err(|why| refused(name, why))).transpose()
}

/// What is wrong with a member.
pub(super) fn refused(name: &str, why: impl Display) -> Problem {
    let why = why.to_string();
    Problem::malformed(format!("\u{201c}{name}\u{201d}: {}.", why.trim_end_matches('.')))
}

/// Tells a member that is `null` from one that is left out.
pub(super) fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A body in which nothing is to be said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an empty object")]
pub(super) struct Nothing {}

/// The mails past recall.
pub(super) fn handed_over(reminders: Vec<ReminderId>) -> Vec<String> {
    reminders.iter().map(ToString::to_string).collect()
}
