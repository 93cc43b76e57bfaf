//! Which installation a database belongs to. The database and a mark kept apart from it hold one random id and the number
//! of starts; where they disagree the database was copied or restored, and must not mail by itself (design: "Clones").
//! Ages and clocks play no part, so a long weekend is no reason.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::ids::InstanceId;

/// The id and the number of starts, and where the database was when they were written: the inode of its file, or what a
/// server calls the database and its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// One installation.
    pub id: InstanceId,
    /// Raised by whatever sends or serves; in the database first.
    pub starts: i64,
    /// Where the database was.
    pub place: String,
}

/// How a database calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// It never had an id: its schema is new, or was made by a version that gave none.
    Never,
    /// Its id was taken from it: a backup. Not the same as never, or a backup in an empty folder would be taken for new.
    Blank,
    /// Its id.
    Id(InstanceId),
}

/// The mark that is kept apart from the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// There is none.
    Nothing,
    /// It cannot be read.
    Damaged,
    /// There is one.
    Mark(Mark),
}

/// Everything that tells a copy from the original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How the database calls itself.
    pub name: Name,
    /// The starts that the database counts.
    pub starts: i64,
    /// Whether there is nothing in it that could be mailed.
    pub is_empty: bool,
    /// The mark apart from it.
    pub kept: Kept,
    /// Where the database is now.
    pub place: String,
}

/// What a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The one that it was; its mark as it is now.
    Same(Mark),
    /// It has no mark yet; with the id that an interrupted command has already written beside it.
    New(Option<InstanceId>),
    /// A copy, or restored.
    Copy(Copied),
}

/// Why a database looks like a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Copied {
    /// The mark apart from it is gone.
    #[error("the file `instance` beside its database is missing or damaged")]
    Unmarked,
    /// `dunlin backup` made it.
    #[error("its database was restored from a backup")]
    FromBackup,
    /// The mark is of another installation.
    #[error("its database and the file `instance` beside it belong to different installations")]
    Mixed,
    /// The database is at another place.
    #[error("its database was copied or moved")]
    Elsewhere,
    /// The database is behind its mark.
    #[error("its database is older than at the last start")]
    Older,
}

impl Copied {
    /// What people read on every page until they confirm it.
    pub fn sentence(self) -> String {
        format!(
            "This looks like a copy of another installation: {self}. If it replaces the old one, resume; \
             the old one must not send any more."
        )
    }
}

impl Seen {
    /// What the database is.
    ///
    /// One without an id is new, or of a version that gave none, as long as nothing speaks against it: a mark that has
    /// counted starts means that it was put in the place of a later state. A new mark is written apart first and then in
    /// the database, so a mark without starts is what an interrupted command left. An old database of such a version that
    /// was copied away from its mark cannot be told from an upgrade; every database since then names itself.
    pub fn verdict(&self) -> Verdict {
        match (self.name, &self.kept) {
            (Name::Never, Kept::Nothing) => Verdict::New(None),
            (Name::Never, Kept::Mark(kept)) if kept.starts == 0 && kept.place == self.place => {
                Verdict::New(Some(kept.id))
            }
            // Somebody begins anew in a used folder.
            (Name::Never, _) if self.is_empty => Verdict::New(None),
            (Name::Never, _) => Verdict::Copy(Copied::Older),
            (Name::Blank, _) => Verdict::Copy(Copied::FromBackup),
            (Name::Id(_), Kept::Nothing | Kept::Damaged) => Verdict::Copy(Copied::Unmarked),
            (Name::Id(id), Kept::Mark(kept)) if kept.id != id => Verdict::Copy(Copied::Mixed),
            (Name::Id(_), Kept::Mark(kept)) if kept.place != self.place => Verdict::Copy(Copied::Elsewhere),
            // Ahead it may be: a process can end between the two writes.
            (Name::Id(_), Kept::Mark(kept)) if kept.starts > self.starts => Verdict::Copy(Copied::Older),
            (Name::Id(id), Kept::Mark(_)) => {
                Verdict::Same(Mark { id, starts: self.starts, place: self.place.clone() })
            }
        }
    }
}

/// A mark that cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("this is no mark of an installation")]
pub struct NoMark;

/// As the file `instance` holds it.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, starts, place } = self;
        write!(
            f,
            "# Dunlin knows by this that its database is no copy.\nid {id}\nstarts {starts}\ninode {place}\n"
        )
    }
}

impl FromStr for Mark {
    type Err = NoMark;

    fn from_str(text: &str) -> Result<Self, NoMark> {
        let after = |word: &str| text.lines().find_map(|line| line.strip_prefix(word)).ok_or(NoMark);
        Ok(Self {
            id: after("id ")?.parse().map_err(|_| NoMark)?,
            starts: after("starts ")?.parse().map_err(|_| NoMark)?,
            place: after("inode ")?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> InstanceId {
        uuid::Uuid::from_u128(number).into()
    }

    fn mark(number: u128, starts: i64, place: &str) -> Kept {
        Kept::Mark(Mark { id: id(number), starts, place: place.to_owned() })
    }

    #[test]
    fn a_database_is_a_copy_where_it_and_its_mark_disagree() {
        let same = |starts| Verdict::Same(Mark { id: id(1), starts, place: "7".to_owned() });
        let copy = Verdict::Copy;
        let (never, blank, one) = (Name::Never, Name::Blank, Name::Id(id(1)));
        for (name, starts, kept, expected) in [
            (one, 3, mark(1, 3, "7"), same(3)),
            // Ended between the two writes of a start, also several times.
            (one, 4, mark(1, 3, "7"), same(4)),
            (one, 9, mark(1, 3, "7"), same(9)),
            (one, 0, mark(1, 0, "7"), same(0)),
            (one, 2, mark(1, 3, "7"), copy(Copied::Older)),
            (one, 3, mark(1, 3, "8"), copy(Copied::Elsewhere)),
            (one, 3, mark(2, 3, "7"), copy(Copied::Mixed)),
            (one, 3, Kept::Nothing, copy(Copied::Unmarked)),
            (one, 3, Kept::Damaged, copy(Copied::Unmarked)),
            (blank, 3, mark(1, 3, "7"), copy(Copied::FromBackup)),
            (blank, 3, Kept::Nothing, copy(Copied::FromBackup)),
            (blank, 0, Kept::Nothing, copy(Copied::FromBackup)),
            (never, 0, Kept::Nothing, Verdict::New(None)),
            // Ended between the two writes of the first mark.
            (never, 0, mark(1, 0, "7"), Verdict::New(Some(id(1)))),
            (never, 0, mark(1, 0, "8"), copy(Copied::Older)),
            (never, 0, mark(1, 3, "7"), copy(Copied::Older)),
            (never, 0, Kept::Damaged, copy(Copied::Older)),
        ] {
            let seen = Seen { name, starts, is_empty: false, kept, place: "7".to_owned() };
            assert_eq!(seen.verdict(), expected, "{seen:?}");
        }
    }

    #[test]
    fn an_empty_database_in_a_used_folder_is_new_and_one_that_has_an_id_is_judged_like_any_other() {
        let seen = |name, kept| Seen { name, starts: 0, is_empty: true, kept, place: "7".to_owned() };
        assert_eq!(seen(Name::Never, mark(1, 3, "8")).verdict(), Verdict::New(None));
        assert_eq!(seen(Name::Never, Kept::Damaged).verdict(), Verdict::New(None));
        assert_eq!(seen(Name::Id(id(1)), Kept::Nothing).verdict(), Verdict::Copy(Copied::Unmarked));
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_and_nothing_else_is_one() {
        let written = Mark { id: id(1), starts: 12, place: "4711".to_owned() };
        assert_eq!(written.to_string().parse(), Ok(written.clone()));
        for text in ["", "id 1\nstarts 1\ninode 1", &written.to_string().replace("starts 12", "starts many")]
        {
            assert_eq!(text.parse::<Mark>(), Err(NoMark), "{text}");
        }
    }
}
