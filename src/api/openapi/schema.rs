//! JSON Schemas (2020-12, which OpenAPI 3.1 speaks) of what travels.

use serde_json::{Map, Value, json};

use crate::domain::money::{Currency, Money};
use crate::domain::search::Search;

/// One member of an object.
pub(super) struct Member {
    name: &'static str,
    schema: Value,
    is_required: bool,
}

/// A member that is always there.
pub(super) fn must(name: &'static str, schema: Value, what: &str) -> Member {
    Member { name, schema: described(schema, what), is_required: true }
}

/// A member that may be left out.
pub(super) fn may(name: &'static str, schema: Value, what: &str) -> Member {
    Member { name, schema: described(schema, what), is_required: false }
}

/// An object of ours, which may have more members one day.
pub(super) fn object(members: impl IntoIterator<Item = Member>) -> Value {
    let members: Vec<_> = members.into_iter().collect();
    let required: Vec<_> =
        members.iter().filter(|member| member.is_required).map(|member| member.name).collect();
    let properties: Map<_, _> =
        members.into_iter().map(|member| (member.name.to_owned(), member.schema)).collect();
    let mut object = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// An object that programs send, in which a member that it does not have is refused.
pub(super) fn request(members: impl IntoIterator<Item = Member>) -> Value {
    let mut request = object(members);
    request["additionalProperties"] = json!(false);
    request
}

/// An object that has what another has, and more.
pub(super) fn more(than: &str, members: impl IntoIterator<Item = Member>) -> Value {
    json!({"allOf": [named(than), object(members)]})
}

/// One page of a list.
pub(super) fn page_of(name: &str) -> Value {
    object([
        must("data", list_of(named(name)), ""),
        must("nextCursor", or_null(uuid()), "What cursor is for the next page"),
        must("hasMore", flag(), "Whether there is one"),
    ])
}

/// A schema with what it means.
pub(super) fn described(mut schema: Value, what: &str) -> Value {
    if !what.is_empty() {
        schema["description"] = json!(what);
    }
    schema
}

/// A schema by its name among the components.
pub(super) fn named(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// One of several shapes.
pub(super) fn either(names: [&str; 2]) -> Value {
    json!({"oneOf": names.map(named)})
}

/// What it was, or `null`.
pub(super) fn or_null(mut schema: Value) -> Value {
    match schema.get("type").and_then(Value::as_str).map(str::to_owned) {
        Some(kind) => {
            schema["type"] = json!(["null", kind]);
            if let Some(Value::Array(words)) = schema.get_mut("enum") {
                words.push(Value::Null);
            }
            schema
        }
        None => json!({"oneOf": [{"type": "null"}, schema]}),
    }
}

/// Several of one kind.
pub(super) fn list_of(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// Any text.
pub(super) fn text() -> Value {
    json!({"type": "string"})
}

/// What is searched for.
pub(super) fn search() -> Value {
    json!({"type": "string", "maxLength": Search::MAX_CHARS})
}

/// An id.
pub(super) fn uuid() -> Value {
    json!({"type": "string", "format": "uuid"})
}

/// A moment, in UTC.
pub(super) fn instant() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// A day of the calendar.
pub(super) fn day() -> Value {
    json!({"type": "string", "format": "date"})
}

/// A name, a number, a reason: what [`Line`](crate::domain::text::Line) takes.
pub(super) fn line() -> Value {
    // No control character, none that changes the direction of writing, and one at least that can be seen.
    let never = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef\ufeff";
    let unseen = r"\s\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2064\u206a-\u206f\u2800\u3164\ufe00-\ufe0f\uffa0";
    json!({"type": "string", "maxLength": 200, "pattern": format!("^[^{never}]*[^{never}{unseen}][^{never}]*$")})
}

/// An e-mail address.
pub(super) fn email() -> Value {
    json!({"type": "string", "format": "email"})
}

/// An amount in whatever currency: some have no decimals, some have four.
pub(super) fn amount() -> Value {
    let digits = Money::MAX_MINOR.to_string().len();
    json!({"type": "string", "pattern": format!(r"^[0-9]{{1,{digits}}}(\.[0-9]{{1,4}})?$")})
}

/// How many.
pub(super) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

/// A currency by its code.
pub(super) fn currency() -> Value {
    let mut codes: Vec<_> = (0..=4).flat_map(Currency::with_decimals).map(Currency::code).collect();
    codes.sort_unstable();
    json!({"type": "string", "enum": codes})
}

/// A web address.
pub(super) fn web_address() -> Value {
    json!({"type": "string", "maxLength": 2_000, "pattern": r"^\s*[Hh][Tt][Tt][Pp][Ss]?:"})
}

/// What it was, or nothing, which is the same as leaving it out.
pub(super) fn or_empty(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "string", "maxLength": 0}]})
}

/// Yes or no.
pub(super) fn flag() -> Value {
    json!({"type": "boolean"})
}

/// One of an enum's words.
pub(super) fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Value {
    let words: Vec<_> = all.iter().map(|value| word(*value)).collect();
    json!({"type": "string", "enum": words})
}
