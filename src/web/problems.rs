//! What is wrong with a form, field by field: told in a summary with links, and at each field.

use std::fmt::Display;
use std::str::FromStr;

/// One field with something wrong in it.
pub(super) struct FieldProblem {
    pub(super) field: &'static str,
    pub(super) sentence: String,
}

/// Everything that is wrong with a form.
#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<FieldProblem>);

impl Problems {
    /// Something is wrong with a field.
    pub(super) fn tell(&mut self, field: &'static str, sentence: impl ToString) {
        self.0.push(FieldProblem { field, sentence: sentence.to_string() });
    }

    /// What a field was read as; what is wrong with it is told.
    pub(super) fn read<T>(
        &mut self,
        field: &'static str,
        label: &str,
        read: Result<T, impl Display>,
    ) -> Option<T> {
        read.map_err(|error| self.tell(field, format!("{label}: {error}."))).ok()
    }

    /// What a field was read as that may be empty.
    pub(super) fn read_optional<T: FromStr<Err: Display>>(
        &mut self,
        field: &'static str,
        label: &str,
        text: &str,
    ) -> Option<Option<T>> {
        match text.trim() {
            "" => Some(None),
            text => self.read(field, label, text.parse()).map(Some),
        }
    }

    /// What is wrong with one field.
    pub(super) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|problem| problem.field == field).map(|problem| problem.sentence.as_str())
    }

    /// Whether nothing is.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
