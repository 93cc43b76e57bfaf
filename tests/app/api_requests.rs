//! What a program may send, and what it is told when it is something else: never HTML, never half done.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Caller, TestApp, on_both_databases, reminders_of, reply};

const LEDGER: &[&str] = &["INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent"];

/// The program, and the address of an invoice's reminders.
async fn start(app: &TestApp) -> (Caller, String) {
    app.ledger(LEDGER).await;
    let program = app.program().await;
    let path = reminders_of(&program.invoice("INV-1").await);
    (program, path)
}

on_both_databases! {
    async fn a_body_that_cannot_be_read_is_a_problem_and_sends_nothing(app: TestApp) {
        let (program, path) = start(&app).await;
        let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
        let (list, hidden) = (deep("[", "]"), format!("{{\"other\":{}}}", deep("[", "]")));
        let large = json!({"message": "m".repeat(1_048_576)}).to_string();
        for (body, status, code) in [
            ("{", 400, "Request.Malformed"),
            (" ", 400, "Request.Malformed"),
            ("\u{feff}{}", 400, "Request.Malformed"),
            ("[]", 400, "Request.Malformed"),
            ("[\"Subject\", \"Message\"]", 400, "Request.Malformed"),
            ("\"text\"", 400, "Request.Malformed"),
            ("true", 400, "Request.Malformed"),
            ("{\"subject\": 1}", 400, "Request.Malformed"),
            ("{\"subject\": {}}", 400, "Request.Malformed"),
            ("{\"subject\": \"\\ud800\"}", 400, "Request.Malformed"),
            ("{\"other\": 1e}", 400, "Request.Malformed"),
            ("{\"other\": \"\\u12\"}", 400, "Request.Malformed"),
            ("{} {}", 400, "Request.Malformed"),
            (&list, 400, "Request.Malformed"),
            (&hidden, 400, "Request.Malformed"),
            (&large, 413, "Request.TooLarge"),
        ] {
            let request = program.request(Method::POST, &path).header("Content-Type", "application/json");
            reply(request.body(body.to_owned())).await.is(status, code);
        }
        let not_utf8 = program.request(Method::POST, &path).header("Content-Type", "application/json");
        reply(not_utf8.body(b"{\"other\": \"\xff\"}".to_vec())).await.is(400, "Request.Malformed");
        for media in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json; charset=latin1", "", "application/json/"] {
            let request = program.request(Method::POST, &path).header("Content-Type", media);
            reply(request.body("{}")).await.is(415, "Request.UnsupportedMediaType");
        }
        let zipped = program.request(Method::POST, &path).header("Content-Encoding", "gzip");
        reply(zipped.json(&json!({}))).await.is(415, "Request.UnsupportedMediaType");
        app.send_now().await;
        assert_eq!(program.get(&path).await.body, json!([]));
        assert!(app.sink.deliveries().is_empty());
    }

    async fn what_an_unknown_member_holds_is_nobodys_business_while_it_is_json(app: TestApp) {
        let (program, path) = start(&app).await;
        let digits = format!("{{\"other\": {}}}", "9".repeat(400));
        for body in ["{\"other\": 1e999}", "{\"other\": \"\\ud800\"}", &digits] {
            let request = || program.request(Method::POST, &path).header("Content-Type", "application/json");
            let keyed = || request().header("Idempotency-Key", &body[..12].replace(' ', "-"));
            for request in [request(), keyed(), keyed()] {
                app.while_sending(reply(request.body(body.to_owned()))).await.is(200, "Sent");
            }
        }
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn a_body_that_says_nothing_is_none_at_all(app: TestApp) {
        let (program, path) = start(&app).await;
        let request = || program.request(Method::POST, &path);
        let bodies = [
            request(),
            request().header("Content-Type", "application/json"),
            request().header("Content-Type", "text/plain"),
            request().json(&Value::Null),
            request().header("Content-Type", "Application/JSON; charset=UTF-8").body("{}"),
            request().json(&json!({"subject": null, "message": "  ", "unknown": [1, {"a": 2}]})),
        ];
        let replies = app.while_sending(async {
            let mut replies = Vec::new();
            for body in bodies {
                replies.push(reply(body).await);
            }
            replies
        });
        for answer in replies.await {
            assert_eq!(answer.is(200, "Sent").text("subject"), "Please pay invoice INV-1, 10 days overdue");
        }
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn the_caller_is_looked_at_first_and_what_it_takes_before_anything_is_done(app: TestApp) {
        let (program, path) = start(&app).await;
        let stranger = Caller::new(&app.url, "dunlin_wrong".to_owned());
        let refused = reply(stranger.request(Method::POST, &path).header("Accept", "text/html").body("{")).await;
        assert_eq!(refused.is(401, "Auth.Unauthorized").headers["WWW-Authenticate"], "Bearer");
        // Written in another way it is the same path.
        let refused = reply(stranger.request(Method::POST, &path.replacen("/api", "/%61pi", 1))).await;
        assert_eq!((refused.status, refused.text("code")), (401, "Auth.Unauthorized"));
        assert_eq!(refused.headers["WWW-Authenticate"], "Bearer");
        for accept in ["text/html", "application/json;q=0", "image/*, text/plain"] {
            let request = program.request(Method::POST, &path).header("Accept", accept);
            reply(request.header("Content-Type", "text/plain").body("{")).await.is(406, "Request.NotAcceptable");
            let request = program.request(Method::GET, &path).header("Accept", accept);
            reply(request).await.is(406, "Request.NotAcceptable");
        }
        app.send_now().await;
        assert!(app.sink.deliveries().is_empty());
        program.post(&path, &json!({"subject": 1})).await.is(400, "Request.Malformed");
        // A malformed id comes with the malformed bodies, a body before an id that is nobody's.
        program.remind("one").await.is(400, "Request.Malformed");
        let unknown = reminders_of("00000000-0000-7000-8000-000000000000");
        reply(program.request(Method::POST, &unknown).body("{}")).await.is(415, "Request.UnsupportedMediaType");
        for id in ["{00000000-0000-7000-8000-000000000000}", "00000000000070008000000000000000"] {
            program.remind(id).await.is(400, "Request.Malformed");
        }
    }

    async fn an_encoding_of_answers_that_there_is_not_is_a_problem_too(app: TestApp) {
        let (program, path) = start(&app).await;
        for (method, path) in [(Method::POST, &*path), (Method::GET, "/api/v1/invoices"), (Method::GET, "/api/docs")] {
            for encoding in ["identity;q=0", "zstd, *;q=0"] {
                let request = program.request(method.clone(), path).header("Accept-Encoding", encoding);
                let refused = reply(request).await;
                refused.is(406, "Request.NotAcceptable");
                assert!(refused.text("detail").contains("Accept-Encoding"), "{}", refused.body);
                assert_eq!(refused.headers["x-content-type-options"], "nosniff");
            }
        }
        app.send_now().await;
        assert!(app.sink.deliveries().is_empty());
    }

    async fn what_is_broken_on_our_side_is_a_problem_that_does_not_promise_that_nothing_was_done(app: TestApp) {
        let (program, path) = start(&app).await;
        app.sql("ALTER TABLE own_words RENAME TO mislaid");
        let body = json!({"subject": "Please pay"});
        let request = program.request(Method::POST, &path).header("Idempotency-Key", "one");
        let broken = reply(request.json(&body)).await;
        let detail = broken.is(500, "Internal").text("detail");
        assert!(detail.contains("It may have been done all the same"), "{detail}");
        assert!(!broken.body.to_string().contains("own_words"), "{}", broken.body);
        app.sql("ALTER TABLE mislaid RENAME TO own_words");
        let request = program.request(Method::POST, &path).header("Idempotency-Key", "one");
        app.while_sending(reply(request.json(&body))).await.is(200, "Sent");
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn a_method_that_an_address_does_not_have_is_told_which_it_has(app: TestApp) {
        let (program, path) = start(&app).await;
        for (path, methods, allowed) in [
            ("/api/v1/invoices", ["PUT", "PATCH", "DELETE", "OPTIONS"], "GET, HEAD, POST"),
            (&path, ["PUT", "PATCH", "DELETE", "TRACE"], "GET, HEAD, POST"),
            ("/api/docs", ["POST", "PUT", "DELETE", "OPTIONS"], "GET, HEAD"),
        ] {
            for method in methods {
                let refused = reply(program.request(method.parse().unwrap(), path)).await;
                assert_eq!(refused.is(405, "Request.MethodNotAllowed").headers["Allow"], allowed);
            }
        }
    }
}
