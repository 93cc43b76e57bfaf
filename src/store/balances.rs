//! Balances of several currencies in one order: JPY 1,000 between EUR 999.99 and BHD 1,000.500.

use crate::domain::money::{Currency, Money};

/// The decimals that no currency has more of.
const FINEST: u32 = 4;

/// How many ten-thousandths of the major unit a minor unit of a currency with so many decimals is.
fn parts_per_minor(decimals: u32) -> i64 {
    10_i64.pow(FINEST.saturating_sub(decimals))
}

/// An amount in ten-thousandths of the major unit.
pub(super) fn comparable(amount: Money) -> i64 {
    amount.minor() * parts_per_minor(amount.currency().decimals())
}

/// The balance of invoice `i` in ten-thousandths of the major unit, word for word as the indexes have it.
pub(super) fn comparable_column() -> String {
    let case = |decimals: u32| {
        let mut codes: Vec<String> =
            Currency::with_decimals(decimals).map(|currency| format!("'{currency}'")).collect();
        codes.sort_unstable();
        format!(" WHEN i.currency IN ({}) THEN {}", codes.join(","), parts_per_minor(decimals))
    };
    format!("(i.balance * CASE{}{}{} ELSE {} END)", case(0), case(3), case(4), parts_per_minor(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index on an expression is found only by the very same expression.
    #[test]
    fn the_indexes_have_the_expression_that_is_asked_for() {
        let expression =
            comparable_column().replace("i.balance", "balance").replace("i.currency", "currency");
        for migration in [
            include_str!("../../migrations/sqlite/00000000000012_balances_compared/up.sql"),
            include_str!("../../migrations/postgres/00000000000012_balances_compared/up.sql"),
        ] {
            assert_eq!(migration.matches(&expression).count(), 2, "{expression}");
        }
    }

    #[test]
    fn amounts_of_several_currencies_stand_in_one_order() {
        let amount =
            |text, currency: &str| comparable(Money::parse(text, currency.parse().unwrap()).unwrap());
        assert!(amount("1234.567", "BHD") < amount("123456", "JPY"));
        assert!(amount("999.99", "EUR") < amount("1000", "JPY"));
        assert_eq!(amount("1000.00", "EUR"), amount("1000.000", "BHD"));
    }
}
