//! Enums that are written as one fixed word: in a column, an address, a file or an answer.

use thiserror::Error;

/// A word that names none of an enum's values.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("\u{201c}{word}\u{201d} is none of {known}")]
pub struct UnknownName {
    /// The words there are.
    pub known: String,
    /// What was written.
    pub word: String,
}

/// Declares an enum with `ALL`, `as_str`, `Display` and `FromStr` over fixed words.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one word for it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::named::UnknownName;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::domain::named::UnknownName {
                        known: $name::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", "),
                        word: word.chars().take(40).collect(),
                    }),
                }
            }
        }
    };
}

pub(crate) use named;

/// The known word nearest to a wrong one, if any is near: for "Did you mean".
pub(crate) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, word) = known.map(|word| (edit_distance(word, wrong), word)).min()?;
    (distance <= 1 + wrong.chars().count() / 3).then_some(word)
}

fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
