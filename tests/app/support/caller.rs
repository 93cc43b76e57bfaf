//! A program with a key: what it sends and what it is told.

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

/// A program.
pub struct Caller {
    client: Client,
    url: String,
    pub key: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Caller {
    pub fn new(url: &str, key: String) -> Self {
        Self { client: super::client().build().unwrap(), url: url.to_owned(), key }
    }

    /// A request with the key, to be completed and given to [`reply`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).header("x-api-key", &self.key)
    }

    pub async fn get(&self, path: &str) -> Reply {
        reply(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        reply(self.request(Method::POST, path).json(body)).await
    }

    /// Asks for a reminder, without a body.
    pub async fn remind(&self, invoice: &str) -> Reply {
        reply(self.request(Method::POST, &reminders_of(invoice))).await
    }

    /// The id of the invoice with a number.
    pub async fn invoice(&self, number: &str) -> String {
        let list = self.get(&format!("/api/v1/invoices?q={number}")).await;
        list.body["data"][0]["id"].as_str().unwrap().to_owned()
    }
}

pub fn reminders_of(invoice: &str) -> String {
    format!("/api/v1/invoices/{invoice}/reminders")
}

/// Sends a request. Whatever comes back is JSON.
pub async fn reply(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = match text.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| panic!("{status}: {text}")),
    };
    Reply { status, headers, body }
}

impl Reply {
    /// What makes it a success with a body, or a problem with a code, in the contract's shape.
    pub fn is(&self, status: u16, word: &str) -> &Self {
        let media = self.headers["Content-Type"].to_str().unwrap();
        assert_eq!(self.status, status, "{}", self.body);
        match status {
            ..400 => assert_eq!((media, self.text("status")), ("application/json", word)),
            _ => {
                assert_eq!(media, "application/problem+json");
                assert_eq!((self.text("title"), self.text("code")), (word, word));
                assert_eq!(self.text("type"), format!("urn:dunlin:problem:{word}"));
                assert_eq!(self.body["status"], status);
                assert!(!self.text("detail").is_empty() && !self.text("requestId").is_empty());
                assert!(self.text("instance").starts_with("/api/"), "{}", self.body);
            }
        }
        self
    }

    pub fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_else(|| panic!("no text {member} in {}", self.body))
    }
}
