//! An organisation: the tenant, its calendar and who its mails come from.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::email_address::EmailAddress;
use super::ids::{LetterheadId, LogoId, OrganisationId};
use super::language::Language;
use super::letterhead::{Colour, Footer};
use super::money::Currency;
use super::text::{Line, is_unprintable};

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
    /// What its customers read.
    pub language: Language,
    /// Days from issue to due when a ledger does not say.
    pub payment_terms_days: u16,
    /// Who mails come from, where that is another name than its own.
    pub sender_name: Option<Line>,
    /// The address mails come from; `None` until it is set, when a default is used.
    pub from: Option<EmailAddress>,
    /// Where answers go.
    pub reply_to: Option<EmailAddress>,
    /// The colour of its mails.
    pub colour: Option<Colour>,
    /// The picture at their top.
    pub logo: Option<LogoId>,
    /// What stands at their end.
    pub footer: Option<Footer>,
    /// These and the language as mails refer to them; `None` while there is none of them and the language is English.
    pub letterhead: Option<LetterheadId>,
}

/// Payment terms of a new organisation, in days.
const DEFAULT_PAYMENT_TERMS_DAYS: u16 = 30;

/// The longest payment terms, in days.
pub const MAX_PAYMENT_TERMS_DAYS: u16 = 365;

impl Organisation {
    /// A new one, with everything that it need not say.
    pub fn new(id: OrganisationId, name: Line, time_zone: Tz, currency: Currency) -> Self {
        Self {
            id,
            name,
            time_zone,
            currency,
            language: Language::English,
            payment_terms_days: DEFAULT_PAYMENT_TERMS_DAYS,
            sender_name: None,
            from: None,
            reply_to: None,
            colour: None,
            logo: None,
            footer: None,
            letterhead: None,
        }
    }

    /// Whether mails look the same as in another state of it.
    pub fn looks_like(&self, other: &Self) -> bool {
        let look = |of: &Self| (of.language, of.colour, of.logo, of.footer.clone());
        look(self) == look(other)
    }

    /// What is different in another state of it, as the audit tells it; `None`: nothing.
    pub fn changes(&self, to: &Self) -> Option<String> {
        fn written(value: Option<&impl ToString>) -> String {
            value.map_or_else(|| "none".to_owned(), ToString::to_string)
        }
        let days = |organisation: &Self| format!("{} days", organisation.payment_terms_days);
        let told = [
            ("name", self.name.to_string(), to.name.to_string()),
            ("time zone", self.time_zone.to_string(), to.time_zone.to_string()),
            ("currency", self.currency.to_string(), to.currency.to_string()),
            ("language", self.language.name().to_owned(), to.language.name().to_owned()),
            ("payment terms", days(self), days(to)),
            ("sender name", written(self.sender_name.as_ref()), written(to.sender_name.as_ref())),
            ("sender address", written(self.from.as_ref()), written(to.from.as_ref())),
            ("colour", written(self.colour.as_ref()), written(to.colour.as_ref())),
            ("Reply-To", written(self.reply_to.as_ref()), written(to.reply_to.as_ref())),
        ];
        let mut parts: Vec<String> = told
            .into_iter()
            .filter(|(_, was, is)| was != is)
            .map(|(what, was, is)| format!("{what} from {was} to {is}"))
            .collect();
        if self.footer != to.footer {
            parts.push(if to.footer.is_some() { "a new footer" } else { "no footer any more" }.to_owned());
        }
        if self.logo != to.logo {
            parts.push(if to.logo.is_some() { "a new logo" } else { "no logo any more" }.to_owned());
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }

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
    /// The display name: the organisation's, unless it has another one for mails.
    pub name: Line,
    /// The address mails come from.
    pub from: EmailAddress,
    /// Where answers go.
    pub reply_to: Option<EmailAddress>,
    /// How the mails look around their text, if not as they do of themselves.
    pub letterhead: Option<LetterheadId>,
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
        .ok_or_else(|| {
            UnknownTimeZone(text.trim().chars().filter(|c| !is_unprintable(*c)).take(40).collect())
        })
}

/// A text that is no number of days to pay in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\u{201c}{0}\u{201d} is not a number of days from 0 to {MAX_PAYMENT_TERMS_DAYS}")]
pub struct InvalidPaymentTerms(String);

/// Days from issue to due, as a person writes them.
///
/// # Errors
/// When it is not a whole number from 0 to [`MAX_PAYMENT_TERMS_DAYS`].
pub fn payment_terms_days(text: &str) -> Result<u16, InvalidPaymentTerms> {
    let text = text.trim();
    text.parse()
        .ok()
        .filter(|days| *days <= MAX_PAYMENT_TERMS_DAYS)
        .ok_or_else(|| InvalidPaymentTerms(text.chars().take(20).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_begins_also_where_the_clock_skips_midnight() {
        let organisation = |zone: &str| {
            let (id, name) = (uuid::Uuid::nil().into(), "Acme".parse().unwrap());
            Organisation::new(id, name, time_zone(zone).unwrap(), "EUR".parse().unwrap())
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

    #[test]
    fn what_changes_is_told_with_what_was_and_what_is() {
        let name = "Acme".parse().unwrap();
        let was = Organisation::new(uuid::Uuid::nil().into(), name, Tz::UTC, "EUR".parse().unwrap());
        assert_eq!(was.changes(&was), None);
        let is = Organisation {
            name: "Acme & Sons".parse().unwrap(),
            payment_terms_days: 14,
            from: "ar@acme.example".parse().ok(),
            ..was.clone()
        };
        assert_eq!(
            was.changes(&is).unwrap(),
            "name from Acme to Acme & Sons; payment terms from 30 days to 14 days; \
             sender address from none to ar@acme.example"
        );
    }

    #[test]
    fn what_is_no_time_zone_is_told_without_what_cannot_be_shown() {
        let told = |text: &str| time_zone(text).unwrap_err().0;
        assert_eq!(told(" Ber\u{202e}lin "), "Berlin");
        assert_eq!(told(&"x".repeat(5_000)), "x".repeat(40));
        assert_eq!(time_zone("europe/berlin"), Ok(Tz::Europe__Berlin));
    }

    #[test]
    fn payment_terms_are_a_number_of_days_within_a_year() {
        assert_eq!(payment_terms_days(" 0 "), Ok(0));
        assert_eq!(payment_terms_days("365"), Ok(365));
        for text in ["", "-1", "366", "14.5", "two weeks", "1e1"] {
            assert!(payment_terms_days(text).is_err(), "{text}");
        }
    }
}
