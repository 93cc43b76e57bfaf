//! Replies of mail servers, in whole conversations: an input is what a server says, step after step, a blank line between
//! two steps; where it says no more, it hangs up.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use dunlin::domain::language::Language;
use dunlin::domain::mail_message::{MailKind, Outcome, OutgoingMail, RenderedMail};
use dunlin::domain::organisation::Sender;
use dunlin::mail::{MailTimeouts, Relay};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::mutation::Mutation;
use crate::{Target, without_numbers};

/// Between two steps of an input.
const STEP: &[u8] = b"\n\n";
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// A client that says nothing waits for more than a reply has.
const HUNG_UP_AFTER: Duration = Duration::from_millis(20);

/// What a server says, step after step, and what it has said to the final dot, if it came so far.
#[derive(Clone, Default)]
struct Script {
    steps: Vec<Vec<u8>>,
    last: Arc<Mutex<Option<Vec<u8>>>>,
}

/// A server that says what it is told to.
pub struct Server {
    runtime: Runtime,
    script: Arc<Mutex<Script>>,
    url: String,
}

impl Server {
    pub fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let script = Arc::<Mutex<Script>>::default();
        let told = script.clone();
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let script = told.lock().unwrap().clone();
                // One that is hung up on has said enough.
                tokio::spawn(async move { converse(socket, script).await.ok() });
            }
        });
        Self { runtime, script, url }
    }
}

async fn converse(socket: TcpStream, Script { steps, last }: Script) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let (reader, mut writer) = socket.into_split();
    let mut lines = BufReader::new(reader).lines();
    let (mut is_body, mut steps) = (false, steps.into_iter());
    let Some(greeting) = steps.next() else { return Ok(()) };
    writer.write_all(&greeting).await?;
    while let Ok(Ok(Some(line))) = timeout(HUNG_UP_AFTER, lines.next_line()).await {
        if is_body && line != "." {
            continue;
        }
        let Some(reply) = steps.next() else { return Ok(()) };
        if is_body {
            *last.lock().unwrap() = Some(reply.clone());
        }
        is_body = !is_body && line == "DATA" && reply.starts_with(b"354");
        writer.write_all(&reply).await?;
        if !is_whole(&reply) {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether a client need not wait for more of it.
fn is_whole(reply: &[u8]) -> bool {
    let last = reply
        .strip_suffix(b"\r\n")
        .map(|lines| lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default());
    last.is_some_and(|line| line.get(3) == Some(&b' '))
}

fn mail() -> OutgoingMail {
    OutgoingMail {
        id: uuid::Uuid::nil().into(),
        kind: MailKind::Reminder,
        sender: Sender {
            name: "Acme".parse().unwrap(),
            from: "ar@acme.example".parse().unwrap(),
            reply_to: None,
            letterhead: None,
        },
        recipient: "ar@beta.example".parse().unwrap(),
        recipient_name: "Beta".parse().unwrap(),
        message_id: "<1@acme.example>".to_owned(),
        date: DateTime::UNIX_EPOCH,
        rendered: RenderedMail {
            subject: "A".to_owned(),
            text: "b".to_owned(),
            html: "<p>b</p>".to_owned(),
            language: Language::English,
            logo: None,
        },
    }
}

const GOOD: [&str; 4] = [
    "220 ready\r\n\n\n250-a\r\n250 8BITMIME\r\n\n\n250-a\r\n250 8BITMIME\r\n\n\n250 2.1.0 ok\r\n\n\n250 2.1.5 ok\r\n\n\n354 go on\r\n\n\n250 2.0.0 queued\r\n",
    "220 ready\r\n\n\n250-a\r\n250 PIPELINING\r\n\n\n250-a\r\n250 PIPELINING\r\n\n\n250 ok\r\n\n\n250 ok\r\n\n\n354 go on\r\n\n\n250 queued\r\n",
    "220 ready\r\n\n\n250 a\r\n\n\n250 a\r\n\n\n250 ok\r\n\n\n550-5.1.1 nobody\r\n550 5.1.1 of that name\r\n\n\n250 ok\r\n",
    "220 ready\r\n\n\n250 a\r\n\n\n250 a\r\n\n\n250 ok\r\n\n\n250 ok\r\n\n\n354 go on\r\n\n\n554 5.7.1 spam\r\n",
];

impl Target for Server {
    fn mutation(&self) -> Mutation {
        let words = [
            "\n\n",
            "220 ",
            "250 ",
            "250-",
            "251 ",
            "354 ",
            "421 ",
            "450 4.2.0 ",
            "452 4.2.2 ",
            "550 5.1.1 ",
            "550-",
            "554 5.7.1 ",
            "999 ",
            "000 ",
            "2",
            "25",
            "5.1",
            "5.1.99999",
            "5..",
            ".",
            "STARTTLS",
            "PIPELINING",
            "8BITMIME",
            "AUTH PLAIN",
            "policy",
        ];
        Mutation::new(&GOOD, words)
    }

    fn read(&mut self, input: &[u8]) -> String {
        let mut steps: Vec<Vec<u8>> = Vec::new();
        let mut rest = input;
        while let Some(at) = rest.windows(STEP.len()).position(|window| window == STEP) {
            steps.push(rest[..at].to_vec());
            rest = &rest[at + STEP.len()..];
        }
        steps.push(rest.to_vec());
        // Its own: the conversation about the input before may still come to its end.
        let script = Script { steps, ..Script::default() };
        let last = script.last.clone();
        *self.script.lock().unwrap() = script;
        let timeouts = MailTimeouts { step: LONGEST_WAIT, dot: LONGEST_WAIT };
        let target = self.url.parse().unwrap();
        let relay = Relay::new(&target, PathBuf::new(), "localhost".to_owned(), timeouts, None).unwrap();
        let mail = mail();
        let outcome = self.runtime.block_on(async {
            match relay.prepare(&mail, None).await {
                Ok(prepared) => (true, prepared.finish(None).await.0),
                Err(outcome) => (false, outcome),
            }
        });
        let (is_handed_over, outcome) = outcome;
        if let Outcome::Accepted { .. } = &outcome {
            let last = last.lock().unwrap().clone();
            assert!(is_handed_over, "accepted before it was handed over");
            // Pipelined replies may have been said ahead of the dot; then nothing was said to it.
            assert!(
                last.is_none_or(|reply| !reply.starts_with(b"4") && !reply.starts_with(b"5")),
                "a refusal taken for a yes"
            );
        }
        without_numbers(&format!("{is_handed_over} {outcome:?}"))
    }
}
