//! An organisation: the tenant, its calendar and who its mails come from.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::email_address::EmailAddress;
use super::ids::OrganisationId;
use super::money::Currency;
use super::text::Line;

/// One accounts-receivable team with its ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// Which one.
    pub id: OrganisationId,
    /// Its name, as customers know it.
    pub name: Line,
    /// Where its calendar day begins.
    pub time_zone: Tz,
    /// What a form offers first.
    pub currency: Currency,
    /// Days from issue to due when a ledger does not say.
    pub payment_terms_days: u16,
    /// The address mails come from; `None` until it is set, when a default is used.
    pub from: Option<EmailAddress>,
    /// Where answers go.
    pub reply_to: Option<EmailAddress>,
}

/// Payment terms of a new organisation, in days.
pub const DEFAULT_PAYMENT_TERMS_DAYS: u16 = 30;

impl Organisation {
    /// The calendar day of an instant in the organisation's time zone.
    pub fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.time_zone).date_naive()
    }

    /// When a calendar day ends there: the instant at which the next one begins, also where the clock skips midnight.
    pub fn end_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = (day + Days::new(1)).and_time(NaiveTime::MIN);
        let begins = (0..48).find_map(|half_hours| {
            self.time_zone.from_local_datetime(&(midnight + TimeDelta::minutes(30 * half_hours))).earliest()
        });
        begins.map_or_else(|| midnight.and_utc(), |begins| begins.to_utc())
    }

    /// An instant as the organisation's clock shows it: "3 Jun 2025, 09:00".
    pub fn local(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.time_zone).format("%-d %b %Y, %H:%M").to_string()
    }
}

/// Who a batch's mails come from; frozen when they are queued (promise P8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The display name: the organisation's.
    pub name: Line,
    /// The address mails come from.
    pub from: EmailAddress,
    /// Where answers go.
    pub reply_to: Option<EmailAddress>,
}

/// A day as pages and mails write it: "3 Jun 2025".
pub fn day_in_words(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// How long ago something was: "12 seconds ago", "4 days ago".
pub fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let elapsed = (now - then).max(TimeDelta::zero());
    let counted = |count: i64, unit: &str| match count {
        1 => format!("1 {unit} ago"),
        _ => format!("{count} {unit}s ago"),
    };
    match elapsed {
        elapsed if elapsed < TimeDelta::seconds(1) => "just now".to_owned(),
        elapsed if elapsed < TimeDelta::minutes(1) => counted(elapsed.num_seconds(), "second"),
        elapsed if elapsed < TimeDelta::hours(1) => counted(elapsed.num_minutes(), "minute"),
        elapsed if elapsed < TimeDelta::days(1) => counted(elapsed.num_hours(), "hour"),
        elapsed => counted(elapsed.num_days(), "day"),
    }
}

/// A text that names no time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\u{201c}{0}\u{201d} is not a time zone; write it like Europe/Berlin, America/New_York or UTC")]
pub struct UnknownTimeZone(String);

/// A time zone by its name in the IANA database, in any case.
///
/// # Errors
/// When there is no such time zone.
pub fn time_zone(text: &str) -> Result<chrono_tz::Tz, UnknownTimeZone> {
    chrono_tz::TZ_VARIANTS
        .iter()
        .find(|zone| zone.name().eq_ignore_ascii_case(text.trim()))
        .copied()
        .ok_or_else(|| UnknownTimeZone(text.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_begins_also_where_the_clock_skips_midnight() {
        let organisation = |zone: &str| Organisation {
            id: uuid::Uuid::nil().into(),
            name: "Acme".parse().unwrap(),
            time_zone: time_zone(zone).unwrap(),
            currency: "EUR".parse().unwrap(),
            payment_terms_days: DEFAULT_PAYMENT_TERMS_DAYS,
            from: None,
            reply_to: None,
        };
        for (zone, day, end) in [
            ("UTC", "2025-12-31", "2026-01-01T00:00:00Z"),
            ("Europe/Vienna", "2025-06-30", "2025-06-30T22:00:00Z"),
            // The 4th of November 2018 began at one o'clock.
            ("America/Sao_Paulo", "2018-11-03", "2018-11-04T03:00:00Z"),
            // Midnight came twice: the day ends at the first.
            ("America/Havana", "2025-11-01", "2025-11-02T04:00:00Z"),
        ] {
            let (organisation, day) = (organisation(zone), day.parse::<NaiveDate>().unwrap());
            let end: DateTime<Utc> = end.parse().unwrap();
            assert_eq!(organisation.end_of(day), end, "{zone}");
            assert_eq!(organisation.day_of(end), day.succ_opt().unwrap(), "{zone}");
        }
    }
}
