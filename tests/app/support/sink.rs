//! A mail server that can be told to misbehave. A delivery counts when its final dot was read.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What it does instead of accepting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whim {
    /// Answers a step with a reply: the step is the command's first word, or `dot`.
    Reply(&'static str, &'static str),
    /// Closes the connection when it has read the final dot, without an answer.
    DropAfterDot,
}

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub recipient: String,
    pub text: String,
}

#[derive(Default)]
struct Inside {
    deliveries: Vec<Delivery>,
    whims: Vec<(String, Whim)>,
}

/// The mail server.
#[derive(Clone)]
pub struct Sink {
    pub url: String,
    inside: Arc<Mutex<Inside>>,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let sink = Self { url, inside: Arc::default() };
        let serving = sink.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let sink = serving.clone();
                tokio::spawn(async move { sink.converse(socket).await.ok() });
            }
        });
        sink
    }

    /// Everything delivered so far.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.inside.lock().unwrap().deliveries.clone()
    }

    /// Misbehaves from now on for recipients that contain a text (empty: for everyone).
    pub fn misbehave(&self, recipient: &str, whim: Whim) {
        self.inside.lock().unwrap().whims.push((recipient.to_owned(), whim));
    }

    /// Behaves again.
    pub fn behave(&self) {
        self.inside.lock().unwrap().whims.clear();
    }

    fn reply(&self, step: &str, recipient: &str, usual: &str) -> String {
        let inside = self.inside.lock().unwrap();
        let told = inside.whims.iter().find_map(|(who, whim)| match whim {
            Whim::Reply(at, reply) if *at == step && recipient.contains(who.as_str()) => Some(*reply),
            Whim::Reply(..) | Whim::DropAfterDot => None,
        });
        told.unwrap_or(usual).to_owned()
    }

    async fn converse(&self, socket: TcpStream) -> std::io::Result<()> {
        let (reader, mut writer) = socket.into_split();
        let mut lines = BufReader::new(reader).lines();
        let mut recipient = String::new();
        let mut say = async |line: String| writer.write_all(format!("{line}\r\n").as_bytes()).await;
        say(self.reply("banner", "", "220 sink")).await?;
        while let Some(line) = lines.next_line().await? {
            let verb = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => say("250-sink\r\n250-PIPELINING\r\n250 8BITMIME".to_owned()).await?,
                "MAIL" => say(self.reply("MAIL", "", "250 2.1.0 ok")).await?,
                "RCPT" => {
                    recipient = line.split(['<', '>']).nth(1).unwrap_or("").to_owned();
                    say(self.reply("RCPT", &recipient, "250 2.1.5 ok")).await?;
                }
                "DATA" => {
                    let answer = self.reply("DATA", &recipient, "354 go on");
                    let goes_on = answer.starts_with("354");
                    say(answer).await?;
                    if goes_on {
                        let Some(text) = body(&mut lines).await? else { return Ok(()) };
                        let answer = self.reply("dot", &recipient, "250 2.0.0 queued");
                        if answer.starts_with('2') {
                            let delivery = Delivery { recipient: recipient.clone(), text };
                            self.inside.lock().unwrap().deliveries.push(delivery);
                        }
                        if self.drops(&recipient) {
                            return Ok(());
                        }
                        say(answer).await?;
                    }
                }
                "QUIT" => return say("221 bye".to_owned()).await,
                _ => say("250 ok".to_owned()).await?,
            }
        }
        Ok(())
    }

    fn drops(&self, recipient: &str) -> bool {
        let inside = self.inside.lock().unwrap();
        inside.whims.iter().any(|(who, whim)| *whim == Whim::DropAfterDot && recipient.contains(who.as_str()))
    }
}

/// The message up to its final dot; `None` when the connection ends before that.
async fn body<R: tokio::io::AsyncBufRead + Unpin>(
    lines: &mut tokio::io::Lines<R>,
) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    while let Some(line) = lines.next_line().await? {
        if line == "." {
            return Ok(Some(text));
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push('\n');
    }
    Ok(None)
}
