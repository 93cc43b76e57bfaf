//! `/api/docs`: the API's description for people, read off the same document that programs get.

mod kind;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::Value;

use self::kind::{Kind, Part};
use super::WebError;
use super::frame::page;

/// The page, made once: the description does not change while the program runs.
#[derive(Template)]
#[template(path = "api_reference.html")]
pub struct ApiReference {
    title: String,
    about: Vec<String>,
    groups: Vec<Group>,
    shapes: Vec<Shape>,
}

/// Operations under one heading.
struct Group {
    name: String,
    about: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    about: String,
    needs_key: bool,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    answers: Vec<Answer>,
}

struct Parameter {
    name: String,
    place: String,
    kind: Kind,
    about: String,
}

struct Body {
    kind: Kind,
    is_required: bool,
    example: Option<String>,
}

struct Answer {
    status: String,
    about: String,
    kind: Kind,
}

/// A named object or list of words.
struct Shape {
    name: String,
    about: String,
    kind: Kind,
    members: Vec<Member>,
}

struct Member {
    name: String,
    is_required: bool,
    kind: Kind,
    about: String,
}

/// `GET /api/docs`
pub async fn show(reference: web::Data<ApiReference>) -> Result<HttpResponse, WebError> {
    page(reference.get_ref())
}

impl ApiReference {
    /// The page of an OpenAPI 3.1 document.
    pub fn of(document: &Value) -> Self {
        let info = &document["info"];
        let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            title: text(info, "title"),
            about: text(info, "description").split("\n\n").map(str::to_owned).collect(),
            groups: tags.iter().map(|tag| group(document, tag)).collect(),
            shapes: members(&document["components"]["schemas"]).map(shape).collect(),
        }
    }
}

fn group(document: &Value, tag: &Value) -> Group {
    let name = text(tag, "name");
    let base = text(&document["servers"][0], "url");
    let operations = members(&document["paths"]).flat_map(|(path, item)| {
        let address = format!("{base}{path}");
        let shared = &item["parameters"];
        members(item)
            .filter(|(_, operation)| operation["tags"][0] == tag["name"])
            .map(|(method, operation)| described(document, address.clone(), shared, method, operation))
            .collect::<Vec<_>>()
    });
    Group { about: text(tag, "description"), operations: operations.collect(), name }
}

fn described(document: &Value, path: String, shared: &Value, method: &str, operation: &Value) -> Operation {
    let parameters = list(shared).chain(list(&operation["parameters"])).map(|parameter| Parameter {
        name: text(parameter, "name"),
        place: text(parameter, "in"),
        kind: Kind::of(&parameter["schema"]),
        about: text(parameter, "description"),
    });
    let body = operation.get("requestBody").map(|body| {
        let content = &body["content"]["application/json"];
        Body {
            kind: Kind::of(&content["schema"]),
            is_required: body["required"] == true,
            example: content.get("example").map(|example| format!("{example:#}")),
        }
    });
    Operation {
        id: text(operation, "operationId"),
        method: method.to_uppercase(),
        path,
        summary: text(operation, "summary"),
        about: text(operation, "description"),
        needs_key: operation.get("security").is_none(),
        parameters: parameters.collect(),
        body,
        answers: members(&operation["responses"])
            .map(|(status, found)| answer(document, status, found))
            .collect(),
    }
}

fn answer(document: &Value, status: &str, found: &Value) -> Answer {
    // An answer stands in its place, or among the components under the name that is there.
    let name = found["$ref"].as_str().and_then(|name| name.strip_prefix("#/components/responses/"));
    let found = name.map_or(found, |name| &document["components"]["responses"][name]);
    let content = members(&found["content"]).next().map(|(_, content)| &content["schema"]);
    Answer {
        status: if status == "default" { "others".to_owned() } else { status.to_owned() },
        about: text(found, "description"),
        kind: content.map_or_else(Kind::default, Kind::of),
    }
}

fn shape((name, schema): (&str, &Value)) -> Shape {
    let required: Vec<_> = list(&schema["required"]).filter_map(Value::as_str).collect();
    let mut found: Vec<Member> = members(&schema["properties"])
        .map(|(name, member)| Member {
            name: name.to_owned(),
            is_required: required.contains(&name),
            kind: Kind::of(member),
            about: text(member, "description"),
        })
        .collect();
    // In the order in which the description requires them, which is that of the answer.
    found.sort_by_key(|member| {
        required.iter().position(|name| *name == member.name).unwrap_or(required.len())
    });
    Shape {
        name: name.to_owned(),
        about: text(schema, "description"),
        kind: Kind::of(schema),
        members: found,
    }
}

fn text(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap_or_default().to_owned()
}

fn list(of: &Value) -> impl Iterator<Item = &Value> {
    of.as_array().into_iter().flatten()
}

fn members(of: &Value) -> impl Iterator<Item = (&str, &Value)> {
    of.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
