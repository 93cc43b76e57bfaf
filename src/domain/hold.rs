//! "Do not remind": on an invoice or a customer, with a reason and, if it ends by itself, its last day.

use std::fmt;

use chrono::NaiveDate;

use super::organisation::day_in_words;
use super::text::Line;

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Why.
    pub reason: Line,
    /// Its last day; `None`: until it is lifted.
    pub until: Option<NaiveDate>,
}

/// `until 3 Jun 2026: they dispute it`
impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.until {
            Some(last) => write!(f, "until {}: {}", day_in_words(last), self.reason),
            None => write!(f, "until it is lifted: {}", self.reason),
        }
    }
}

/// The holds that concern one invoice, ended ones included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// On itself.
    pub invoice: Option<Hold>,
    /// On its customer.
    pub customer: Option<Hold>,
}

impl Hold {
    /// Whether it holds on a day.
    pub fn is_active(&self, today: NaiveDate) -> bool {
        self.until.is_none_or(|last| last >= today)
    }
}

impl Holds {
    /// The hold that keeps the invoice from being reminded on a day.
    pub fn on(&self, today: NaiveDate) -> Option<&Hold> {
        [&self.invoice, &self.customer].into_iter().flatten().find(|hold| hold.is_active(today))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_lasts_through_its_last_day() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 6, day).unwrap();
        let hold = Hold { reason: "they dispute it".parse().unwrap(), until: Some(day(3)) };
        assert!(hold.is_active(day(3)) && !hold.is_active(day(4)));
        assert_eq!(hold.to_string(), "until 3 Jun 2026: they dispute it");
        let holds = Holds { invoice: Some(hold.clone()), customer: Some(Hold { until: None, ..hold }) };
        assert_eq!(holds.on(day(4)), holds.customer.as_ref());
    }
}
