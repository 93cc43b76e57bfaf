//! A JSON Schema in the words of a person: "UUID or null", "list of Invoice", "at most 200 characters".

use serde_json::Value;

/// What a value is: words, and the names of shapes that are described elsewhere on the page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kind(pub(super) Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Words(String),
    Shape(String),
}

impl Kind {
    /// Of a schema.
    pub(super) fn of(schema: &Value) -> Self {
        Self(parts(schema))
    }
}

fn parts(schema: &Value) -> Vec<Part> {
    let words = |text: &str| Part::Words(text.to_owned());
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return vec![Part::Shape(name.to_owned())];
    }
    // What may be left empty is told as what it is otherwise.
    if let Some(choice) = schema["anyOf"].get(0) {
        return parts(choice);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        // What may be null is told last.
        let (nothing, some): (Vec<_>, Vec<_>) = choices.iter().partition(|choice| choice["type"] == "null");
        let choices: Vec<_> = some.into_iter().chain(nothing).map(parts).collect();
        return choices
            .into_iter()
            .reduce(|all, choice| all.into_iter().chain([words(" or ")]).chain(choice).collect())
            .unwrap_or_default();
    }
    if let Some(items) = schema.get("items") {
        let most = schema.get("maxItems").map(|most| words(&format!(", at most {most}")));
        let null = is_nullable(schema).then(|| words(" or null"));
        return [words("list of ")].into_iter().chain(parts(items)).chain(most).chain(null).collect();
    }
    vec![Part::Words(plain(schema))]
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

fn is_nullable(schema: &Value) -> bool {
    types(schema).len() > 1 && types(schema).contains(&"null")
}

fn plain(schema: &Value) -> String {
    let types = types(schema);
    let kind = types.iter().find(|kind| **kind != "null" || types.len() == 1).copied().unwrap_or("anything");
    let word = match (kind, schema["format"].as_str()) {
        (_, Some("uuid")) => "UUID",
        (_, Some("date-time")) => "moment",
        (_, Some("date")) => "day",
        (_, Some("email")) => "e-mail address",
        (_, Some("uri")) => "web address",
        ("string", _) if schema.get("enum").is_some() => "one of ",
        ("string", _) => "text",
        ("boolean", _) => "true or false",
        ("integer", _) => "whole number",
        (other, _) => other,
    };
    let words = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let limits = [("maxLength", " of at most {} characters"), ("minimum", " from {}"), ("maximum", " to {}")];
    let limits =
        limits.iter().filter_map(|(name, words)| Some(words.replace("{}", &schema.get(name)?.to_string())));
    let default = schema.get("default").map(|value| format!(", {value} if not given"));
    let null = is_nullable(schema).then(|| " or null".to_owned());
    let choices = words.collect::<Vec<_>>().join(", ");
    [word.to_owned(), choices].into_iter().chain(limits).chain(null).chain(default).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_told_in_words() {
        let told = |schema: Value| {
            let part = |part| match part {
                Part::Words(words) => words,
                Part::Shape(name) => format!("[{name}]"),
            };
            Kind::of(&schema).0.into_iter().map(part).collect::<String>()
        };
        for (schema, words) in [
            (json!({"type": "string"}), "text"),
            (json!({"type": ["null", "string"], "maxLength": 200}), "text of at most 200 characters or null"),
            (json!({"type": "string", "format": "uuid"}), "UUID"),
            (json!({"type": ["null", "string"], "format": "date-time"}), "moment or null"),
            (
                json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 50}),
                "whole number from 1 to 100, 50 if not given",
            ),
            (json!({"type": "string", "enum": ["open", "paid"]}), "one of open, paid"),
            (json!({"$ref": "#/components/schemas/Invoice"}), "[Invoice]"),
            (json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Stage"}]}), "[Stage] or null"),
            (
                json!({"type": "array", "items": {"$ref": "#/components/schemas/Invoice"}}),
                "list of [Invoice]",
            ),
            (json!({"anyOf": [{"type": "string", "format": "date"}, {"maxLength": 0}]}), "day"),
            (json!({"type": "object"}), "object"),
            (json!({"type": "null"}), "null"),
            (json!({"oneOf": [{"$ref": "#/A"}, {"$ref": "#/B"}]}), "[A] or [B]"),
            (
                json!({"type": ["null", "array"], "items": {"type": "boolean"}, "maxItems": 9}),
                "list of true or false, at most 9 or null",
            ),
        ] {
            assert_eq!(told(schema), words);
        }
    }
}
