//! Who is counted for what comes from one place: with proxies before it, and without.

use reqwest::{Client, StatusCode};

use crate::support::program::Machine;

/// A try to sign in to an account of its own, as somebody with an address.
async fn tries(url: &str, account: usize, from: &str) -> StatusCode {
    let email = format!("somebody{account}@else.example");
    let form = [("email", email.as_str()), ("password", "not the password")];
    let post = Client::new().post(format!("{url}/sign-in")).form(&form).header("X-Forwarded-For", from);
    post.send().await.unwrap().status()
}

#[actix_web::test]
async fn a_made_up_x_forwarded_for_helps_nobody_and_one_of_a_named_proxy_tells_visitors_apart() {
    for (proxies, others_wait) in [("", true), ("127.0.0.1", false)] {
        let machine = Machine::new().with("DUNLIN_TRUSTED_PROXIES", proxies);
        let (_running, url) = machine.serve();
        for account in 0..5 {
            // What stands before the proxy's own word may be made up.
            tries(&url, account, &format!("203.0.113.{account}, 198.51.100.1")).await;
        }
        assert_eq!(tries(&url, 5, "198.51.100.1").await, StatusCode::TOO_MANY_REQUESTS);
        let other = tries(&url, 6, "198.51.100.2").await;
        assert_eq!(other == StatusCode::TOO_MANY_REQUESTS, others_wait, "{proxies:?}: {other}");
    }
    let told = Machine::new().with("DUNLIN_TRUSTED_PROXIES", "proxy.example").run(&["check"]);
    assert!(
        told.code == Some(2) && told.err.contains("DUNLIN_TRUSTED_PROXIES: write the addresses"),
        "{told:?}"
    );
}

#[actix_web::test]
async fn what_one_visitor_sends_without_end_behind_a_proxy_keeps_no_other_from_signing_in() {
    let machine = Machine::new().with("DUNLIN_TRUSTED_PROXIES", "127.0.0.1");
    let (_running, url) = machine.serve();
    let client = Client::new();
    let guesses = async |from: &str| {
        let post = client.post(format!("{url}/setup")).form(&[("token", "guess")]);
        post.header("X-Forwarded-For", from).send().await.unwrap().status()
    };
    let mut answer = guesses("198.51.100.1").await;
    // Of a thousand and more: some are let in while one sends.
    for _ in 0..20_000 {
        if answer == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        answer = guesses("198.51.100.1").await;
    }
    assert_eq!(answer, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(guesses("198.51.100.2").await, StatusCode::NOT_FOUND);
}
