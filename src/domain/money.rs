//! Money: whole minor units and a currency. Never a float, never added across currencies.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// An ISO 4217 currency, such as EUR (2 decimals), JPY (none) or BHD (3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// Why a text is not a currency.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("\u{201c}{0}\u{201d} is not an ISO 4217 currency code such as EUR, USD or JPY")]
pub struct UnknownCurrency(String);

impl Currency {
    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals an amount has.
    pub fn decimals(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }

    /// Every currency with so many decimals.
    pub fn with_decimals(decimals: u32) -> impl Iterator<Item = Self> {
        use iso_currency::IntoEnumIterator;
        iso_currency::Currency::iter()
            .filter(move |currency| currency.exponent().map(u32::from) == Some(decimals))
            .map(Self)
    }

    fn minor_per_major(self) -> i64 {
        10_i64.pow(self.decimals())
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        iso_currency::Currency::from_code(text)
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or_else(|| UnknownCurrency(text.chars().take(20).collect()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

/// An amount of one currency, in its minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why a text is not an amount of a currency.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AmountError {
    /// Not digits with at most one point.
    #[error(
        "\u{201c}{0}\u{201d} is not an amount: write digits with a point before the decimals, such as 1240.00"
    )]
    NotANumber(String),
    /// More decimals than the currency has.
    #[error("\u{201c}{text}\u{201d} has more decimals than {currency} has ({decimals})")]
    TooManyDecimals {
        /// What was written.
        text: String,
        /// The currency it was read for.
        currency: Currency,
        /// How many decimals that currency has.
        decimals: u32,
    },
    /// Beyond what Dunlin keeps (10^15 minor units).
    #[error("\u{201c}{0}\u{201d} is too large an amount")]
    TooLarge(String),
}

impl Money {
    /// The largest amount kept, in minor units; sums of ten thousand of them still fit.
    pub const MAX_MINOR: i64 = 100_000_000_000_000;

    /// From whole minor units, such as cents.
    pub fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in a currency.
    pub fn zero(currency: Currency) -> Self {
        Self::from_minor(0, currency)
    }

    /// Whole minor units.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// Which currency.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Whether there is something to pay.
    pub fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// Reads a decimal with a point, as files and programs write it: `1240.00`, `-5`, `1240`.
    ///
    /// # Errors
    /// When the text is not a number, has more decimals than the currency or is beyond [`Money::MAX_MINOR`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let shown = || text.chars().take(40).collect::<String>();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let has_bare_point = digits.ends_with('.');
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || has_bare_point || !is_digits(whole) || !is_digits(fraction) {
            return Err(AmountError::NotANumber(shown()));
        }
        let decimals = currency.decimals();
        if fraction.len() > decimals as usize {
            return Err(AmountError::TooManyDecimals { text: shown(), currency, decimals });
        }
        let padded = format!("{fraction:0<width$}", width = decimals as usize);
        let minor = format!("{whole}{padded}")
            .parse::<i64>()
            .ok()
            .filter(|minor| *minor <= Self::MAX_MINOR)
            .ok_or_else(|| AmountError::TooLarge(shown()))?;
        Ok(Self::from_minor(if negative { -minor } else { minor }, currency))
    }

    /// The amount alone as programs read it: `1240.00`.
    pub fn to_decimal(self) -> String {
        self.written("", ".")
    }

    /// The amount alone as people read it: `1,240.00`.
    pub fn to_grouped(self) -> String {
        self.written(",", ".")
    }

    /// The whole units of the currency, without the sign.
    pub(super) fn major(self) -> u64 {
        self.minor.unsigned_abs() / self.currency.minor_per_major().unsigned_abs()
    }

    /// The amount alone, with what stands between each three digits and before the decimals.
    pub(super) fn written(self, separator: &str, point: &str) -> String {
        let per_major = self.currency.minor_per_major().unsigned_abs();
        let magnitude = self.minor.unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        let whole = grouped(self.major(), separator);
        match self.currency.decimals() as usize {
            0 => format!("{sign}{whole}"),
            decimals => format!("{sign}{whole}{point}{:0decimals$}", magnitude % per_major),
        }
    }
}

/// As people read it, in pages and mails alike: `1,240.00 EUR`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_grouped(), self.currency)
    }
}

/// A count as people read it: `1,234`.
pub fn grouped_count(count: usize) -> String {
    grouped(count as u64, ",")
}

fn grouped(number: u64, separator: &str) -> String {
    let digits = number.to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            written.push_str(separator);
        }
        written.push(digit);
    }
    written
}

/// One figure for each currency, in order of code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals(BTreeMap<Currency, i64>);

impl Totals {
    /// Adds an amount to its currency's figure.
    pub fn add(&mut self, amount: Money) {
        *self.0.entry(amount.currency).or_default() += amount.minor;
    }

    /// The figures, one for each currency.
    pub fn iter(&self) -> impl Iterator<Item = Money> + '_ {
        self.0.iter().map(|(currency, minor)| Money::from_minor(*minor, *currency))
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Money> for Totals {
    fn from_iter<I: IntoIterator<Item = Money>>(amounts: I) -> Self {
        let mut totals = Self::default();
        amounts.into_iter().for_each(|amount| totals.add(amount));
        totals
    }
}

/// A sentence's list: `18,204.50 EUR and 3,100.00 USD`.
impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures: Vec<String> = self.iter().map(|amount| amount.to_string()).collect();
        match figures.as_slice() {
            [] => f.write_str("nothing"),
            [only] => f.write_str(only),
            [first @ .., last] => write!(f, "{} and {last}", first.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn an_amount_is_read_and_written_with_its_currencys_decimals() {
        for (text, code, minor, shown) in [
            ("1240.00", "EUR", 124_000, "1,240.00 EUR"),
            ("1240", "EUR", 124_000, "1,240.00 EUR"),
            ("0.5", "USD", 50, "0.50 USD"),
            ("1234567", "JPY", 1_234_567, "1,234,567 JPY"),
            ("1.234", "BHD", 1_234, "1.234 BHD"),
            ("-0.01", "EUR", -1, "-0.01 EUR"),
        ] {
            let money = Money::parse(text, currency(code)).unwrap();
            assert_eq!((money.minor(), money.to_string().as_str()), (minor, shown), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for text in
            ["", "-", ".5", "5.", "1e309", "NaN", "1,240.00", "12 ", "0.001", "9999999999999999999", "+1"]
        {
            assert!(Money::parse(text, currency("EUR")).is_err(), "{text}");
        }
        for (text, code) in [("1.5", "JPY"), ("100.00", "JPY"), ("12.500", "EUR")] {
            assert!(Money::parse(text, currency(code)).is_err(), "{text} {code}");
        }
        assert!("XXL".parse::<Currency>().is_err());
    }

    #[test]
    fn totals_keep_currencies_apart() {
        let eur = Money::from_minor(1_820_450, currency("EUR"));
        let usd = Money::from_minor(310_000, currency("USD"));
        let totals: Totals = [usd, eur].into_iter().collect();
        assert_eq!(totals.to_string(), "18,204.50 EUR and 3,100.00 USD");
    }
}
