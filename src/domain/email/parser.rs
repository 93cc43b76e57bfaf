//! The language of the texts: `{{ field }}`, `{% if field %} ... {% else %} ... {% endif %}`, `not`. Nothing else.

use super::fields::MergeField;
use super::{MAX_MESSAGE_BYTES, Part, TemplateProblem};
use crate::domain::text::is_unprintable;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    Field(MergeField),
    If { field: MergeField, is_negated: bool, then: Vec<Node>, otherwise: Vec<Node> },
}

/// A part's source.
pub(super) struct Source<'a> {
    part: Part,
    text: &'a str,
}

impl<'a> Source<'a> {
    pub(super) fn subject(text: &'a str) -> Self {
        Self { part: Part::Subject, text }
    }

    pub(super) fn message(text: &'a str) -> Self {
        Self { part: Part::Message, text }
    }

    fn problem(&self, at: usize, sentence: impl Into<String>) -> TemplateProblem {
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        TemplateProblem { part: self.part, line, column, sentence: sentence.into() }
    }

    fn check_characters(&self, problems: &mut Vec<TemplateProblem>) {
        let name = match self.part {
            Part::Subject => "subject",
            Part::Message => "message",
        };
        if self.text.trim().is_empty() {
            problems.push(self.problem(0, format!("The {name} is empty. Write one.")));
        }
        let is_allowed = |c: char| self.part == Part::Message && matches!(c, '\n' | '\r' | '\t');
        if let Some((at, _)) = self.text.char_indices().find(|(_, c)| is_unprintable(*c) && !is_allowed(*c)) {
            let sentence = match self.part {
                Part::Subject => "A subject is one line without control or direction-changing characters.",
                Part::Message => "Remove this control or direction-changing character.",
            };
            problems.push(self.problem(at, sentence));
        }
        match self.part {
            Part::Subject if self.text.chars().count() > 200 => {
                problems.push(self.problem(0, "The subject is longer than 200 characters. Shorten it."));
            }
            Part::Message if self.text.len() > MAX_MESSAGE_BYTES => {
                problems.push(self.problem(0, "The message is longer than 64 KiB. Shorten it."));
            }
            Part::Subject | Part::Message => {}
        }
    }
}

/// An `{% if %}` that is not closed yet.
struct Open {
    at: usize,
    field: MergeField,
    is_negated: bool,
    /// The nodes before it.
    before: Vec<Node>,
    /// Its first branch, once `{% else %}` has come.
    then: Option<Vec<Node>>,
}

/// Deeper nesting than any text needs; keeps rendering's recursion small.
const MAX_DEPTH: usize = 16;

pub(super) fn parse(source: &Source<'_>) -> Result<Vec<Node>, Vec<TemplateProblem>> {
    let mut problems = Vec::new();
    source.check_characters(&mut problems);
    let mut open: Vec<Open> = Vec::new();
    let mut nodes: Vec<Node> = Vec::new();
    let mut at = 0;
    while let Some(tag) = next_tag(source.text, at) {
        if tag.start > at {
            nodes.push(Node::Text(source.text[at..tag.start].to_owned()));
        }
        at = match tag.end {
            Some(end) => end,
            None => {
                let sentence = format!(
                    "\u{201c}{}\u{201d} is not closed. Add \u{201c}{}\u{201d}.",
                    tag.opener, tag.closer
                );
                problems.push(source.problem(tag.start, sentence));
                source.text.len()
            }
        };
        if tag.end.is_some() {
            let step = if tag.opener == "{{" {
                field(tag.inside).map(|field| nodes.push(Node::Field(field)))
            } else {
                block(tag.start, tag.inside, &mut open, &mut nodes)
            };
            if let Err(sentence) = step {
                problems.push(source.problem(tag.start, sentence));
            }
        }
    }
    nodes.push(Node::Text(source.text[at..].to_owned()));
    for unclosed in &open {
        problems.push(
            source.problem(unclosed.at, "This \u{201c}{% if %}\u{201d} has no \u{201c}{% endif %}\u{201d}."),
        );
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    if problems.is_empty() { Ok(nodes) } else { Err(problems) }
}

struct Tag<'a> {
    start: usize,
    end: Option<usize>,
    opener: &'static str,
    closer: &'static str,
    inside: &'a str,
}

fn next_tag(text: &str, from: usize) -> Option<Tag<'_>> {
    let rest = &text[from..];
    let field = rest.find("{{").map(|at| (at, "{{", "}}"));
    let block = rest.find("{%").map(|at| (at, "{%", "%}"));
    let (at, opener, closer) = [field, block].into_iter().flatten().min()?;
    let inside_at = from + at + opener.len();
    let length = text[inside_at..].find(closer);
    let inside = length.map_or("", |length| &text[inside_at..inside_at + length]);
    Some(Tag { start: from + at, end: length.map(|n| inside_at + n + closer.len()), opener, closer, inside })
}

fn field(inside: &str) -> Result<MergeField, String> {
    let name = inside.trim();
    if let Some(field) = MergeField::named(name) {
        return Ok(field);
    }
    let shown: String = name.chars().filter(|c| !is_unprintable(*c)).take(60).collect();
    Err(match MergeField::nearest(name) {
        _ if name.is_empty() => {
            "A field\u{2019}s name is missing between \u{201c}{{\u{201d} and \u{201c}}}\u{201d}.".to_owned()
        }
        Some(nearest) => format!("Unknown field `{shown}`. Did you mean `{}`?", nearest.name()),
        None => format!("Unknown field `{shown}`. Choose one from the list of fields."),
    })
}

fn block(at: usize, inside: &str, open: &mut Vec<Open>, nodes: &mut Vec<Node>) -> Result<(), String> {
    let words: Vec<&str> = inside.split_whitespace().collect();
    match words[..] {
        ["if", name] => push_if(at, name, false, open, nodes),
        ["if", "not", name] => push_if(at, name, true, open, nodes),
        ["else"] => match open.last_mut() {
            Some(innermost) if innermost.then.is_none() => {
                innermost.then = Some(std::mem::take(nodes));
                Ok(())
            }
            Some(_) => {
                Err("This \u{201c}{% if %}\u{201d} has an \u{201c}{% else %}\u{201d} already.".to_owned())
            }
            None => Err("\u{201c}{% else %}\u{201d} stands outside any \u{201c}{% if %}\u{201d}.".to_owned()),
        },
        ["endif"] => match open.pop() {
            Some(Open { field, is_negated, before, then, .. }) => {
                let last = std::mem::replace(nodes, before);
                let (then, otherwise) = match then {
                    Some(then) => (then, last),
                    None => (last, Vec::new()),
                };
                nodes.push(Node::If { field, is_negated, then, otherwise });
                Ok(())
            }
            None => {
                Err("\u{201c}{% endif %}\u{201d} stands outside any \u{201c}{% if %}\u{201d}.".to_owned())
            }
        },
        ["if", ..] => {
            open_if(at, MergeField::CustomerName, false, open, nodes);
            Err(UNDERSTOOD.to_owned())
        }
        _ => Err(UNDERSTOOD.to_owned()),
    }
}

const UNDERSTOOD: &str =
    "Only `{% if field %}`, `{% if not field %}`, `{% else %}` and `{% endif %}` are understood.";

/// A condition that is refused is opened all the same, so that its end is not a second problem.
fn open_if(at: usize, field: MergeField, is_negated: bool, open: &mut Vec<Open>, nodes: &mut Vec<Node>) {
    open.push(Open { at, field, is_negated, before: std::mem::take(nodes), then: None });
}

fn push_if(
    at: usize,
    name: &str,
    is_negated: bool,
    open: &mut Vec<Open>,
    nodes: &mut Vec<Node>,
) -> Result<(), String> {
    let known = field(name);
    let is_too_deep = open.len() >= MAX_DEPTH;
    let field = known.as_ref().copied().unwrap_or(MergeField::CustomerName);
    open_if(at, field, is_negated, open, nodes);
    match known {
        Ok(_) if is_too_deep => Err(format!("Conditions are nested more than {MAX_DEPTH} deep.")),
        known => known.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        match parse(&Source::message(text)) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.into_iter().map(|problem| problem.sentence).collect(),
        }
    }

    #[test]
    fn a_condition_that_is_not_understood_is_one_problem_and_its_end_is_none() {
        assert_eq!(problems("{% if a == b %}x{% else %}y{% endif %}"), [UNDERSTOOD]);
        assert_eq!(problems("{% for a in b %}").len(), 1);
    }

    #[test]
    fn a_field_written_in_capitals_is_recognised() {
        assert_eq!(
            problems("{{ CUSTOMER.NAME }}"),
            ["Unknown field `CUSTOMER.NAME`. Did you mean `customer.name`?"]
        );
    }
}
