//! What is wrong with a form, field by field: told in a summary with links, and at each field.

use std::fmt::Display;
use std::str::FromStr;

/// One field with something wrong in it.
pub(super) struct FieldProblem {
    pub(super) field: &'static str,
    /// As the summary tells it.
    pub(super) sentence: String,
    /// As it is told beside the field, whose label says already what it is about.
    at_field: String,
}

/// Everything that is wrong with a form.
#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<FieldProblem>);

impl Problems {
    /// Something is wrong with a field, in a sentence that says with which.
    pub(super) fn tell(&mut self, field: &'static str, sentence: impl ToString) {
        let sentence = sentence.to_string();
        self.0.push(FieldProblem { field, at_field: sentence.clone(), sentence });
    }

    /// Something is wrong with a field, in words that begin small and end without a full stop.
    pub(super) fn tell_of(&mut self, field: &'static str, label: &str, what: impl Display) {
        let at_field = capitalised(&format!("{what}."));
        self.0.push(FieldProblem { field, sentence: format!("{label}: {what}."), at_field });
    }

    /// What a field was read as; what is wrong with it is told.
    pub(super) fn read<T>(
        &mut self,
        field: &'static str,
        label: &str,
        read: Result<T, impl Display>,
    ) -> Option<T> {
        read.map_err(|error| self.tell_of(field, label, error)).ok()
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

    /// What is wrong with one field, to be told beside it.
    pub(super) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|problem| problem.field == field).map(|problem| problem.at_field.as_str())
    }

    /// Whether nothing is.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Words as the beginning of a sentence.
pub(super) fn capitalised(words: &str) -> String {
    let mut characters = words.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
