//! The language of what an organisation's customers read: how a mail writes amounts and days, and the words around its text.
//!
//! Amounts and days are written as CLDR has them for the language; an amount has the sign of the euro or the code of its
//! currency, which nobody can mistake for another. English writes both as the pages do.

use chrono::{Datelike, NaiveDate};

use super::money::Money;
use super::named::named;
use super::organisation::day_in_words;

named! {
    /// A language, by its code (BCP 47).
    Language {
        /// English.
        English = "en",
        /// German.
        German = "de",
        /// French.
        French = "fr",
        /// Spanish.
        Spanish = "es",
    }
}

/// The words around the text of every mail.
#[derive(Clone, Copy, Debug)]
pub struct MailWords {
    /// "Invoice".
    pub invoice: &'static str,
    /// "Customer".
    pub customer: &'static str,
    /// "Amount due".
    pub amount_due: &'static str,
    /// "Due": the day.
    pub due: &'static str,
    /// What stands between such a word and its value.
    pub colon: &'static str,
    /// "View and pay", before a link.
    pub view_and_pay: &'static str,
    /// "View and pay invoice", on the button.
    pub button: &'static str,
    /// "Sent by ", before the organisation's name.
    pub sent_by: &'static str,
    /// ". Answers go to ", before an address; a full stop follows.
    pub answers_go_to: &'static str,
}

const GERMAN_MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const FRENCH_MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const SPANISH_MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

impl Language {
    /// Its name on the pages, which are English.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "German",
            Self::French => "French",
            Self::Spanish => "Spanish",
        }
    }

    /// An amount with its currency: `1,240.00 EUR`, `1.240,00 €`.
    pub fn amount(self, amount: Money) -> String {
        let (group, point) = match self {
            Self::English => return amount.to_string(),
            Self::German => (".", ","),
            Self::French => ("\u{202f}", ","),
            // Four digits stand together.
            Self::Spanish if amount.major() < 10_000 => ("", ","),
            Self::Spanish => (".", ","),
        };
        let unit = match amount.currency().code() {
            "EUR" => "€",
            code => code,
        };
        format!("{}\u{a0}{unit}", amount.written(group, point))
    }

    /// A day: `29 Nov 2026`, `29. November 2026`.
    pub fn day(self, day: NaiveDate) -> String {
        let (number, month, year) = (day.day(), day.month0() as usize, day.year());
        match self {
            Self::English => day_in_words(day),
            Self::German => format!("{number}. {} {year}", GERMAN_MONTHS[month]),
            // CLDR has "1", which nobody says.
            Self::French if number == 1 => format!("1er {} {year}", FRENCH_MONTHS[month]),
            Self::French => format!("{number} {} {year}", FRENCH_MONTHS[month]),
            Self::Spanish => format!("{number} de {} de {year}", SPANISH_MONTHS[month]),
        }
    }

    /// How long ago a due day was, in days; less than none lie ahead: `12 days overdue`, `due today`, `in 3 days`.
    pub fn since_due(self, days: i64) -> String {
        let ahead = -days;
        match (self, days) {
            (Self::English, 0) => "due today".to_owned(),
            (Self::English, 1) => "1 day overdue".to_owned(),
            (Self::English, -1) => "tomorrow".to_owned(),
            (Self::English, 2..) => format!("{days} days overdue"),
            (Self::English, _) => format!("in {ahead} days"),
            (Self::German, 0) => "heute".to_owned(),
            (Self::German, 1) => "seit 1 Tag überfällig".to_owned(),
            (Self::German, -1) => "morgen".to_owned(),
            (Self::German, 2..) => format!("seit {days} Tagen überfällig"),
            (Self::German, _) => format!("in {ahead} Tagen"),
            (Self::French, 0) => "aujourd’hui".to_owned(),
            (Self::French, 1) => "1 jour de retard".to_owned(),
            (Self::French, -1) => "demain".to_owned(),
            (Self::French, 2..) => format!("{days} jours de retard"),
            (Self::French, _) => format!("dans {ahead} jours"),
            (Self::Spanish, 0) => "hoy".to_owned(),
            (Self::Spanish, 1) => "1 día de retraso".to_owned(),
            (Self::Spanish, -1) => "mañana".to_owned(),
            (Self::Spanish, 2..) => format!("{days} días de retraso"),
            (Self::Spanish, _) => format!("dentro de {ahead} días"),
        }
    }

    /// The words around the text of every mail.
    pub fn mail_words(self) -> MailWords {
        match self {
            Self::English => MailWords {
                invoice: "Invoice",
                customer: "Customer",
                amount_due: "Amount due",
                due: "Due",
                colon: ":",
                view_and_pay: "View and pay",
                button: "View and pay invoice",
                sent_by: "Sent by ",
                answers_go_to: ". Answers go to ",
            },
            Self::German => MailWords {
                invoice: "Rechnung",
                customer: "Kunde",
                amount_due: "Offener Betrag",
                due: "Fällig",
                colon: ":",
                view_and_pay: "Ansehen und bezahlen",
                button: "Rechnung ansehen und bezahlen",
                sent_by: "Gesendet von ",
                answers_go_to: ". Antworten gehen an ",
            },
            Self::French => MailWords {
                invoice: "Facture",
                customer: "Client",
                amount_due: "Montant dû",
                due: "Échéance",
                colon: "\u{a0}:",
                view_and_pay: "Voir et régler",
                button: "Voir et régler la facture",
                sent_by: "Envoyé par ",
                answers_go_to: ". Les réponses sont adressées à ",
            },
            Self::Spanish => MailWords {
                invoice: "Factura",
                customer: "Cliente",
                amount_due: "Importe pendiente",
                due: "Vencimiento",
                colon: ":",
                view_and_pay: "Ver y pagar",
                button: "Ver y pagar la factura",
                sent_by: "Enviado por ",
                answers_go_to: ". Las respuestas se envían a ",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{English, French, German, Spanish};
    use super::*;

    #[test]
    fn amounts_are_written_as_each_language_does() {
        for (amount, english, german, french, spanish) in [
            ("1234.5 EUR", "1,234.50 EUR", "1.234,50 €", "1 234,50 €", "1234,50 €"),
            ("-0.01 EUR", "-0.01 EUR", "-0,01 €", "-0,01 €", "-0,01 €"),
            ("-1234.5 EUR", "-1,234.50 EUR", "-1.234,50 €", "-1 234,50 €", "-1234,50 €"),
            ("1234567.89 EUR", "1,234,567.89 EUR", "1.234.567,89 €", "1 234 567,89 €", "1.234.567,89 €"),
            ("12345 JPY", "12,345 JPY", "12.345 JPY", "12 345 JPY", "12.345 JPY"),
            ("1.234 BHD", "1.234 BHD", "1,234 BHD", "1,234 BHD", "1,234 BHD"),
            ("10000 USD", "10,000.00 USD", "10.000,00 USD", "10 000,00 USD", "10.000,00 USD"),
        ] {
            let (number, code) = amount.split_once(' ').unwrap();
            let amount = Money::parse(number, code.parse().unwrap()).unwrap();
            assert_eq!(English.amount(amount), english);
            // The last blank is one that does not break; French puts narrow ones between the digits.
            let written = |language: Language| {
                let written = language.amount(amount);
                assert!(!written.contains(' ') && written.matches('\u{a0}').count() == 1, "{written:?}");
                assert!(language == French || !written.contains('\u{202f}'), "{written:?}");
                written.replace(['\u{a0}', '\u{202f}'], " ")
            };
            assert_eq!([German, French, Spanish].map(written), [german, french, spanish]);
        }
    }

    #[test]
    fn days_are_written_as_each_language_does() {
        for (day, written) in [
            (
                "2026-11-29",
                ["29 Nov 2026", "29. November 2026", "29 novembre 2026", "29 de noviembre de 2026"],
            ),
            ("2025-12-01", ["1 Dec 2025", "1. Dezember 2025", "1er décembre 2025", "1 de diciembre de 2025"]),
            ("2026-03-05", ["5 Mar 2026", "5. März 2026", "5 mars 2026", "5 de marzo de 2026"]),
            ("2024-02-29", ["29 Feb 2024", "29. Februar 2024", "29 février 2024", "29 de febrero de 2024"]),
        ] {
            let day = day.parse().unwrap();
            assert_eq!([English, German, French, Spanish].map(|language| language.day(day)), written);
        }
    }

    #[test]
    fn the_distance_of_a_due_day_is_told_in_each_language() {
        for (days, told) in [
            (12, ["12 days overdue", "seit 12 Tagen überfällig", "12 jours de retard", "12 días de retraso"]),
            (1, ["1 day overdue", "seit 1 Tag überfällig", "1 jour de retard", "1 día de retraso"]),
            (0, ["due today", "heute", "aujourd’hui", "hoy"]),
            (-1, ["tomorrow", "morgen", "demain", "mañana"]),
            (-3, ["in 3 days", "in 3 Tagen", "dans 3 jours", "dentro de 3 días"]),
        ] {
            assert_eq!([English, German, French, Spanish].map(|language| language.since_due(days)), told);
        }
    }
}
