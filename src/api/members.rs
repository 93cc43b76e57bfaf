//! What the members of bodies mean.

use std::fmt::{self, Display, Formatter};
use std::marker::PhantomData;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::Problem;
use crate::domain::ids::ReminderId;
use crate::domain::ledger::day;
use crate::domain::money::{Currency, Money};

/// An amount as it is told and asked for.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// A member that is an object. A derived type alone would take a list of its values too, and an empty list for one that
/// says nothing.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMembers<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OfMembers<T> {
            type Value = T;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }

        deserializer.deserialize_map(OfMembers(PhantomData)).map(Self)
    }
}

/// A body in which nothing is to be said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an empty object")]
pub(super) struct Nothing {}

/// The mails past recall.
pub(super) fn handed_over(reminders: Vec<ReminderId>) -> Vec<String> {
    reminders.iter().map(ToString::to_string).collect()
}
