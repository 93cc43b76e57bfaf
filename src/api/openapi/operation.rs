//! What a program may ask for at one address with one method.

use serde_json::{Map, Value, json};

use super::schema::{described, named, or_null, uuid};

/// One operation as it is described.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    description: Value,
}

impl Operation {
    /// Reads something.
    pub(super) fn get(path: &'static str, id: &str, summary: &str) -> Self {
        Self::new("get", path, id, summary)
    }

    /// Does something.
    pub(super) fn post(path: &'static str, id: &str, summary: &str) -> Self {
        Self::new("post", path, id, summary)
    }

    /// Changes what is named, and nothing else.
    pub(super) fn patch(path: &'static str, id: &str, summary: &str) -> Self {
        Self::new("patch", path, id, summary)
    }

    /// Takes something away.
    pub(super) fn delete(path: &'static str, id: &str, summary: &str) -> Self {
        Self::new("delete", path, id, summary)
    }

    fn new(method: &'static str, path: &'static str, id: &str, summary: &str) -> Self {
        let description = json!({"operationId": id, "summary": summary, "responses": {}});
        Self { method, path, description }
    }

    /// What is to know of it.
    pub(super) fn about(mut self, what: &str) -> Self {
        self.description["description"] = json!(what);
        self
    }

    /// Under which heading it stands.
    pub(super) fn under(mut self, tag: &str) -> Self {
        self.description["tags"] = json!([tag]);
        self
    }

    /// It needs no key.
    pub(super) fn for_anyone(mut self) -> Self {
        self.description["security"] = json!([{}]);
        self
    }

    /// What may stand behind the question mark.
    pub(super) fn query(self, name: &str, schema: Value, what: &str) -> Self {
        self.parameter("query", name, schema, what)
    }

    /// The key under which a request is done once.
    fn idempotent(self) -> Self {
        let key = json!({"type": "string", "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"});
        let what =
            "One for each request: sent again under its key within a day, it is answered alike and done once";
        self.parameter("header", "Idempotency-Key", key, what)
    }

    fn parameter(mut self, place: &str, name: &str, schema: Value, what: &str) -> Self {
        let parameter = json!({"name": name, "in": place, "description": what, "schema": schema});
        match &mut self.description["parameters"] {
            Value::Array(parameters) => parameters.push(parameter),
            none => *none = json!([parameter]),
        }
        self
    }

    /// What the body must say.
    pub(super) fn body(mut self, schema: Value, example: Value) -> Self {
        self.description["requestBody"] = json!({"required": true, "content": json_of(schema, example)});
        self.idempotent()
    }

    /// What the body may say; `null` and no body at all are the same.
    pub(super) fn body_if_any(mut self, schema: Value, example: Value) -> Self {
        let content = json_of(or_null(schema), example);
        self.description["requestBody"] = json!({"required": false, "content": content});
        self.idempotent()
    }

    /// An answer with a body.
    pub(super) fn answers(mut self, status: u16, what: &str, schema: Value) -> Self {
        let content = json!({"application/json": {"schema": schema}});
        self.description["responses"][status.to_string()] = described(json!({"content": content}), what);
        self
    }

    /// An answer about something that was made, with its address.
    pub(super) fn makes(self, status: u16, what: &str, schema: Value) -> Self {
        let mut made = self.answers(status, what, schema);
        let address = json!({"type": "string", "format": "uri-reference"});
        made.description["responses"][status.to_string()]["headers"] =
            json!({"Location": {"description": "Its address", "required": true, "schema": address}});
        made
    }

    /// An answer without a body.
    pub(super) fn answers_nothing(mut self, status: u16, what: &str) -> Self {
        self.description["responses"][status.to_string()] = json!({"description": what});
        self
    }

    /// A failure, in the words of one of the answers among the components.
    pub(super) fn fails(mut self, status: u16, name: &str) -> Self {
        self.description["responses"][status.to_string()] = answer(name);
        self
    }

    /// A failure with words of its own.
    pub(super) fn fails_with(self, status: u16, what: &str) -> Self {
        self.fails_saying(status, what, "ProblemDetails")
    }

    /// A failure that says more than others.
    pub(super) fn fails_saying(mut self, status: u16, what: &str, shape: &str) -> Self {
        self.description["responses"][status.to_string()] = problem(what, shape);
        self
    }

    /// As it stands in the document. What fails everywhere needs not be said by each.
    pub(super) fn described(mut self) -> Value {
        let needs_key = self.description.get("security").is_none();
        let takes_body = self.description.get("requestBody").is_some();
        let answers = &mut self.description["responses"];
        for (status, happens, what) in [
            (401, needs_key, "Auth.Unauthorized, no key or one that may not be used"),
            (
                429,
                needs_key,
                "RateLimited, more requests than a key or more wrong keys than an address may send; `Retry-After` says how long to wait",
            ),
            (413, takes_body && answers.get("413").is_none(), "Request.TooLarge, more than is read"),
            (415, takes_body, "Request.UnsupportedMediaType, a body that is not application/json"),
        ] {
            if happens {
                answers[status.to_string()] = problem(what, "ProblemDetails");
            }
        }
        answers["default"] = answer("Problem");
        self.description
    }
}

fn json_of(schema: Value, example: Value) -> Value {
    let mut content = json!({"application/json": {"schema": schema}});
    if !example.is_null() {
        content["application/json"]["example"] = example;
    }
    content
}

fn answer(name: &str) -> Value {
    json!({"$ref": format!("#/components/responses/{name}")})
}

/// An answer that says what is wrong.
pub(super) fn problem(what: &str, shape: &str) -> Value {
    json!({"description": what, "content": {"application/problem+json": {"schema": named(shape)}}})
}

/// All operations by address and method, with the ids that the addresses name.
pub(super) fn by_path(operations: impl Iterator<Item = Operation>) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let (method, path) = (operation.method, operation.path);
        let item = paths.entry(path).or_insert_with(|| parameters(path));
        item[method] = operation.described();
    }
    Value::Object(paths)
}

fn parameters(path: &str) -> Value {
    let names = path.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let parameters: Vec<_> = names
        .map(|(name, _)| json!({"name": name, "in": "path", "required": true, "schema": uuid()}))
        .collect();
    if parameters.is_empty() { json!({}) } else { json!({"parameters": parameters}) }
}
