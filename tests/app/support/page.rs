//! A person with a browser that runs no scripts: keeps cookies, follows redirects, sends forms as pages offer them.

use std::sync::{Arc, Mutex};

use reqwest::cookie::CookieStore;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect};

/// A page as it came.
pub struct Page {
    pub status: StatusCode,
    pub url: String,
    pub text: String,
}

/// An answer as it came: where it leads to elsewhere, nobody went.
#[allow(dead_code, reason = "for tests/app")]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

pub struct Person {
    client: Client,
    /// The same browser, which goes nowhere by itself.
    still: Client,
    url: String,
    jar: Arc<Jar>,
}

/// The cookies of a browser: the program has one.
#[derive(Default)]
struct Jar(Mutex<Vec<String>>);

impl CookieStore for Jar {
    fn set_cookies(&self, set: &mut dyn Iterator<Item = &HeaderValue>, _: &Url) {
        self.0.lock().unwrap().extend(set.map(|cookie| cookie.to_str().unwrap().to_owned()));
    }

    fn cookies(&self, _: &Url) -> Option<HeaderValue> {
        let last = self.0.lock().unwrap().last().cloned()?;
        HeaderValue::from_str(last.split(';').next()?).ok()
    }
}

impl Person {
    pub fn new(url: &str) -> Self {
        let jar = Arc::<Jar>::default();
        let browser = |redirects| super::client().cookie_provider(jar.clone()).redirect(redirects).build();
        let client = browser(redirect::Policy::limited(5)).unwrap();
        let still = browser(redirect::Policy::none()).unwrap();
        Self { client, still, url: url.to_owned(), jar }
    }

    /// The session's cookie, as it was last set.
    #[allow(dead_code, reason = "for tests/app")]
    pub fn cookie(&self) -> String {
        self.jar.0.lock().unwrap().last().cloned().unwrap_or_default()
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Page {
        let form = [("email", email), ("password", password)];
        page(self.client.post(format!("{}/sign-in", self.url)).form(&form).send().await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Page {
        page(self.client.get(format!("{}{path}", self.url)).send().await.unwrap()).await
    }

    /// Sends a form with the token of the person's pages.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.get("/invoices").await.value("csrf");
        self.post_as_it_is(path, &[&[("csrf", token.as_str())], fields].concat()).await
    }

    /// Sends a form to a program that may be gone before it answers.
    #[allow(dead_code, reason = "for tests/crash")]
    pub async fn try_post(&self, path: &str, fields: &[(&str, &str)]) -> Option<StatusCode> {
        let sent = self.client.post(format!("{}{path}", self.url)).form(fields).send().await;
        sent.ok().map(|response| response.status())
    }

    /// Sends the form of a button that answers with a file.
    #[allow(dead_code, reason = "for tests/app")]
    pub async fn download(&self, path: &str) -> (HeaderMap, Vec<u8>) {
        let token = self.get("/invoices").await.value("csrf");
        let form = [("csrf", token.as_str())];
        let answer = self.client.post(format!("{}{path}", self.url)).form(&form).send().await.unwrap();
        (answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
    }

    /// Sends a form without a token.
    pub async fn post_as_it_is(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        page(self.client.post(format!("{}{path}", self.url)).form(fields).send().await.unwrap()).await
    }

    /// Sends what no page would: any method, any token, any headers. A field `file` makes it the form of `/imports`.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Page {
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.url));
        page(filled(request, fields, headers).send().await.unwrap()).await
    }

    /// The same, for the answer itself.
    #[allow(dead_code, reason = "for tests/app")]
    pub async fn answer(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = self.still.request(method.parse().unwrap(), format!("{}{path}", self.url));
        let answer = filled(request, fields, headers).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Answer { status, headers, body: answer.text().await.unwrap() }
    }

    /// Sends a ledger file from the form of `/imports`.
    pub async fn upload(&self, name: &str, content: impl Into<Vec<u8>>, reopen: bool) -> Page {
        let token = self.get("/invoices").await.value("csrf");
        let file = Part::bytes(content.into()).file_name(name.to_owned()).mime_str("text/csv").unwrap();
        let form = Form::new().text("csrf", token).part("file", file);
        let form = if reopen { form.text("reopen", "true") } else { form };
        page(self.client.post(format!("{}/imports", self.url)).multipart(form).send().await.unwrap()).await
    }

    /// Sends a picture from the form of `/settings/organisation`.
    #[allow(dead_code, reason = "for tests/app")]
    pub async fn send_logo(&self, content: impl Into<Vec<u8>>) -> Page {
        let token = self.get("/invoices").await.value("csrf");
        let file = Part::bytes(content.into()).file_name("logo.png").mime_str("image/png").unwrap();
        let form = Form::new().text("csrf", token).part("file", file);
        let sent = self.client.post(format!("{}/settings/organisation/logo", self.url)).multipart(form);
        page(sent.send().await.unwrap()).await
    }

    /// What an address answers with, byte for byte.
    #[allow(dead_code, reason = "for tests/app")]
    pub async fn get_file(&self, path: &str) -> (HeaderMap, Vec<u8>) {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        (answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
    }

    /// The id of the invoice with a number.
    pub async fn invoice_id(&self, number: &str) -> String {
        let list = self.get(&format!("/invoices?tab=all&q={number}")).await;
        list.between("href=\"/invoices/", "\"", &format!(">{number}<"))
    }

    /// Selects invoices by number and presses "Send reminder".
    pub async fn propose(&self, numbers: &[&str]) -> Page {
        let mut fields = Vec::new();
        for number in numbers {
            fields.push(("invoice", self.invoice_id(number).await));
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, id)| (*name, id.as_str())).collect();
        self.post("/reminder-proposals", &fields).await
    }

    /// Presses "Yes, send reminders" on a confirmation.
    pub async fn confirm(&self, confirmation: &Page) -> Page {
        self.post("/reminder-batches", &confirmation.yes()).await
    }

    /// The same without the box that allows many mails.
    #[allow(dead_code, reason = "for tests/app")]
    pub async fn confirm_unsure(&self, confirmation: &Page) -> Page {
        let fields: Vec<_> = confirmation.yes().into_iter().filter(|(name, _)| *name != "sure").collect();
        self.post("/reminder-batches", &fields).await
    }
}

/// A request as no page would make it. A field `file` makes it the form of `/imports`.
fn filled(request: RequestBuilder, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> RequestBuilder {
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    match fields {
        [] => request,
        fields if fields.iter().any(|(name, _)| *name == "file") => {
            let form = fields.iter().fold(Form::new(), |form, (name, value)| match *name {
                "file" => form.part("file", Part::text((*value).to_owned()).file_name("ledger.csv")),
                name => form.text(name.to_owned(), (*value).to_owned()),
            });
            request.multipart(form)
        }
        fields => request.form(fields),
    }
}

async fn page(response: Response) -> Page {
    let (status, url) = (response.status(), response.url().path().to_owned());
    // A place to break a line at is no text.
    Page { status, url, text: response.text().await.unwrap().replace("<wbr>", "") }
}

impl Page {
    pub fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// Fails with the page's words unless it says something.
    pub fn says(&self, text: &str) -> &Self {
        assert!(
            self.has(text),
            "{text:?} is not on the page {} ({}):\n{}",
            self.url,
            self.status,
            self.words()
        );
        self
    }

    pub fn says_not(&self, text: &str) -> &Self {
        assert!(!self.has(text), "{text:?} is on the page {}:\n{}", self.url, self.words());
        self
    }

    /// The value of the first field of a name.
    pub fn value(&self, name: &str) -> String {
        self.text
            .split_once(&format!("name=\"{name}\" value=\""))
            .and_then(|(_, rest)| rest.split_once('"'))
            .map_or_else(String::new, |(value, _)| unescaped(value))
    }

    /// What stands in a field that a person fills in.
    #[allow(dead_code, reason = "for tests/app")]
    pub fn form_value(&self, field: &str) -> String {
        let input = self.text.split_once(&format!("<input id=\"{field}\" ")).map_or("", |(_, rest)| rest);
        let tag = input.split_once('>').map_or("", |(tag, _)| tag);
        let value = tag.split_once(" value=\"").and_then(|(_, rest)| rest.split_once('"'));
        value.map_or_else(String::new, |(value, _)| unescaped(value))
    }

    /// The values of all fields of a name.
    #[allow(dead_code, reason = "for tests/app")]
    pub fn values(&self, name: &str) -> Vec<String> {
        let field = format!("name=\"{name}\" value=\"");
        let pieces = self.text.split(&field).skip(1);
        pieces.filter_map(|rest| rest.split_once('"')).map(|(value, _)| unescaped(value)).collect()
    }

    /// What "Yes" would send.
    pub fn yes(&self) -> Vec<(&'static str, &str)> {
        let confirmation = self.text.split_once("name=\"confirmation\"").map_or("", |(_, rest)| rest);
        let confirmation = confirmation.split_once('>').and_then(|(_, rest)| rest.split_once("</textarea>"));
        let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        vec![
            ("confirmation", leak(unescaped(confirmation.map_or("", |(text, _)| text)))),
            ("signature", leak(self.value("signature"))),
            ("matching", leak(self.value("matching"))),
            ("list", leak(self.value("list"))),
            ("sure", "yes"),
        ]
    }

    /// The text between two marks, the first pair that is followed by a third.
    pub fn between(&self, from: &str, to: &str, then: &str) -> String {
        let found = self.text.split(from).skip(1).find_map(|rest| {
            let (inside, after) = rest.split_once(to)?;
            after.starts_with(then).then(|| inside.to_owned())
        });
        found.unwrap_or_else(|| panic!("no {from}…{to}{then} on the page {}:\n{}", self.url, self.words()))
    }

    /// The handles of the sessions that a profile offers to end.
    #[allow(dead_code, reason = "for tests/app")]
    pub fn sessions(&self) -> Vec<String> {
        let pieces = self.text.split("name=\"session\" value=\"").skip(1);
        pieces.map(|rest| rest.split_once('"').unwrap().0.to_owned()).collect()
    }

    /// The words without the markup.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for piece in self.text.split('<') {
            words.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
            words.push(' ');
        }
        unescaped(&words.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

fn unescaped(text: &str) -> String {
    let entities = [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}
