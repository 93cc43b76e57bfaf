//! A template's versions: how each came about, and which one an edit starts from.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::domain::ids::TemplateVersionId;
use crate::domain::named::named;

named! {
    /// How a version came about.
    VersionOrigin {
        /// It came with Dunlin.
        BuiltIn = "built_in",
        /// Somebody wrote it.
        Edited = "edited",
        /// Somebody brought the built-in text back.
        Reset = "reset",
        /// Somebody brought an earlier version back.
        Restored = "restored",
    }
}

/// The state of a template that an edit starts from: the version that is sent, and the draft beside it. Whoever saves
/// says so, and nothing newer is overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The version that was sent then.
    pub version_id: TemplateVersionId,
    /// When the draft was saved, if there was one.
    pub draft_at: Option<DateTime<Utc>>,
}

/// A text that is not a [`Basis`].
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the form does not say which text it was made from")]
pub struct InvalidBasis;

/// As a form carries it: `<version id>` or `<version id>@<microseconds>`.
impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.version_id.fmt(f)?;
        self.draft_at.map_or(Ok(()), |at| write!(f, "@{}", at.timestamp_micros()))
    }
}

impl FromStr for Basis {
    type Err = InvalidBasis;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (version, draft) = text.split_once('@').map_or((text, None), |(id, at)| (id, Some(at)));
        let instant =
            |micros: &str| micros.parse().ok().and_then(DateTime::from_timestamp_micros).ok_or(InvalidBasis);
        Ok(Self {
            version_id: version.parse().map_err(|_| InvalidBasis)?,
            draft_at: draft.map(instant).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basis_is_read_as_it_is_written() {
        for draft_at in [None, DateTime::from_timestamp_micros(1_764_579_600_123_456)] {
            let basis = Basis { version_id: uuid::Uuid::nil().into(), draft_at };
            assert_eq!(basis.to_string().parse(), Ok(basis));
        }
        for text in ["", "x", "00000000-0000-0000-0000-000000000000@", "@1"] {
            assert_eq!(text.parse::<Basis>(), Err(InvalidBasis), "{text}");
        }
    }
}
