//! What the README shows a program to do works as it stands there, against the demo.

use std::process::Command;

use serde_json::Value;

use crate::support::program::{Machine, Running, told};

/// The lines of the README that begin like this, in their order.
fn lines(beginning: &str) -> Vec<&'static str> {
    include_str!("../../README.md").lines().filter(|line| line.starts_with(beginning)).collect()
}

/// Reads up to the line that a stranger copies.
fn key(demo: &Running) -> String {
    loop {
        let line = demo.line();
        if line.starts_with("KEY=") {
            return line;
        }
    }
}

#[test]
fn the_three_calls_of_the_readme_send_a_reminder_of_the_demo() {
    let machine = Machine::new();
    let demo = machine.start(&["demo", "--bind", "127.0.0.1:0"]);
    let (key, url) = (key(&demo), demo.address());
    let calls = [lines("ID=$(curl"), lines("curl -X"), lines("curl -H")].concat();
    assert_eq!(calls.len(), 3, "{calls:?}");
    let script = format!("{key}\n{}\nset -eu\n{}\necho\n{}\necho\n", calls[0], calls[1], calls[2]);
    let script = script.replace("http://127.0.0.1:8080", &url);
    let mut command = Command::new("sh");
    command.args(["-c", &script]);
    let answers = told(command, "");
    let bodies: Vec<Value> = answers
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{answers:?}")))
        .collect();
    let [sent, listed] = &bodies[..] else { panic!("{answers:?}") };
    assert_eq!((answers.code, sent["status"].as_str()), (Some(0), Some("Sent")), "{answers:?}");
    assert_eq!(listed[0], *sent);
}
