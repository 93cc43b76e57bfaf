//! Which chaser copy matches how overdue an invoice is.

use chrono::NaiveDate;

use super::named::named;

named! {
    /// The five moments for which there is a text of its own.
    Stage {
        /// Three or more days before the due day.
        OneWeekBefore = "OneWeekBefore",
        /// One or two days before.
        TwoDaysBefore = "TwoDaysBefore",
        /// The due day itself.
        OnDueDate = "OnDueDate",
        /// One to six days after.
        TwoDaysAfter = "TwoDaysAfter",
        /// Seven or more days after.
        OneWeekAfter = "OneWeekAfter",
    }
}

impl Stage {
    /// The stage by whole days from the due day to today (product item I2).
    pub fn of(due_on: NaiveDate, today: NaiveDate) -> Self {
        match (today - due_on).num_days() {
            ..=-3 => Self::OneWeekBefore,
            -2..=-1 => Self::TwoDaysBefore,
            0 => Self::OnDueDate,
            1..=6 => Self::TwoDaysAfter,
            7.. => Self::OneWeekAfter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_follows_the_days_since_the_due_day() {
        let due_on = NaiveDate::from_ymd_opt(2025, 6, 10).unwrap();
        for (days, stage) in [
            (-30, Stage::OneWeekBefore),
            (-3, Stage::OneWeekBefore),
            (-2, Stage::TwoDaysBefore),
            (-1, Stage::TwoDaysBefore),
            (0, Stage::OnDueDate),
            (1, Stage::TwoDaysAfter),
            (6, Stage::TwoDaysAfter),
            (7, Stage::OneWeekAfter),
            (400, Stage::OneWeekAfter),
        ] {
            assert_eq!(Stage::of(due_on, due_on + chrono::Duration::days(days)), stage, "{days}");
        }
    }
}
