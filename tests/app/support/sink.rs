//! A mail server that can be told to misbehave. A delivery counts when its final dot was read.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What it does instead of accepting. The step `ahead` is what was said behind a final dot before it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whim {
    /// Answers a step with a reply: the step is the command's first word, or `dot`.
    Reply(&'static str, &'static str),
    /// Closes the connection at a step, without an answer; `body` is in the middle of the message.
    Drop(&'static str),
    /// Never answers a step.
    Hang(&'static str),
    /// Answers a step as usual, but late.
    Wait(&'static str, Duration),
    /// Answers a step not before it behaves again, and then as it was told to since.
    Withhold(&'static str),
}

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub recipient: String,
    pub text: String,
    /// When its final dot was read.
    pub ended_at: Instant,
}

#[derive(Default)]
struct Inside {
    deliveries: Vec<Delivery>,
    most: Option<usize>,
    open: usize,
    told_ahead: usize,
    whims: Vec<(String, Whim)>,
}

/// The mail server.
#[derive(Clone)]
pub struct Sink {
    pub url: String,
    inside: Arc<Mutex<Inside>>,
    arrived: Arc<Notify>,
    released: Arc<Notify>,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let sink = Self { url, inside: Arc::default(), arrived: Arc::default(), released: Arc::default() };
        let serving = sink.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                if !serving.opens() {
                    continue;
                }
                let sink = serving.clone();
                tokio::spawn(async move {
                    sink.converse(socket).await.ok();
                    sink.inside.lock().unwrap().open -= 1;
                });
            }
        });
        sink
    }

    /// Hangs up on whoever connects while so many are connected.
    pub fn take_at_most(&self, connections: usize) {
        self.inside.lock().unwrap().most = Some(connections);
    }

    /// One connection more, unless there are too many.
    fn opens(&self) -> bool {
        let mut inside = self.inside.lock().unwrap();
        let opens = inside.most.is_none_or(|most| inside.open < most);
        inside.open += usize::from(opens);
        opens
    }

    /// Everything delivered so far.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.inside.lock().unwrap().deliveries.clone()
    }

    /// How often something was said behind a final dot before it was answered.
    pub fn told_ahead(&self) -> usize {
        self.inside.lock().unwrap().told_ahead
    }

    /// Misbehaves from now on for recipients, at MAIL for senders, that contain a text (empty: for everyone).
    pub fn misbehave(&self, recipient: &str, whim: Whim) {
        self.inside.lock().unwrap().whims.push((recipient.to_owned(), whim));
    }

    /// Behaves again.
    pub fn behave(&self) {
        self.inside.lock().unwrap().whims.clear();
        self.released.notify_waiters();
    }

    /// Resolves when a mail has come to a step whose answer is withheld.
    pub async fn is_withholding(&self) {
        self.arrived.notified().await;
    }

    /// What it answers at a step; `None` when it closes the connection instead.
    async fn answer(&self, step: &str, recipient: &str, usual: &str) -> Option<String> {
        loop {
            let released = self.released.notified();
            match self.whim(step, recipient) {
                None => return Some(usual.to_owned()),
                Some(Whim::Reply(_, reply)) => return Some(reply.to_owned()),
                Some(Whim::Drop(_)) => return None,
                Some(Whim::Hang(_)) => std::future::pending().await,
                Some(Whim::Wait(_, time)) => {
                    tokio::time::sleep(time).await;
                    return Some(usual.to_owned());
                }
                Some(Whim::Withhold(_)) => {
                    self.arrived.notify_one();
                    released.await;
                }
            }
        }
    }

    fn whim(&self, step: &str, recipient: &str) -> Option<Whim> {
        let inside = self.inside.lock().unwrap();
        let is_meant =
            |(who, whim): &&(String, Whim)| recipient.contains(who.as_str()) && whim.step() == step;
        inside.whims.iter().find(is_meant).map(|(_, whim)| whim.clone())
    }

    async fn converse(&self, socket: TcpStream) -> std::io::Result<()> {
        socket.set_nodelay(true)?;
        let (reader, mut writer) = socket.into_split();
        let mut lines = BufReader::new(reader).lines();
        let (mut is_begun, mut recipient) = (false, String::new());
        let mut say = async |line: &str| writer.write_all(format!("{line}\r\n").as_bytes()).await;
        macro_rules! answer {
            ($step:expr, $recipient:expr, $usual:expr) => {{
                let Some(answer) = self.answer($step, $recipient, $usual).await else { return Ok(()) };
                say(&answer).await?;
                answer
            }};
        }
        answer!("banner", "", "220 sink");
        while let Some(line) = lines.next_line().await? {
            let verb = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    answer!("EHLO", "", "250-sink\r\n250-PIPELINING\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME");
                }
                "AUTH" => {
                    answer!("AUTH", "", "235 2.7.0 welcome");
                }
                "MAIL" => {
                    recipient.clear();
                    let named = line.split(['<', '>']).nth(1).unwrap_or("");
                    is_begun = answer!("MAIL", named, "250 2.1.0 ok").starts_with('2');
                }
                "RCPT" if !is_begun => say("503 5.5.1 need MAIL").await?,
                "RCPT" => {
                    let named = line.split(['<', '>']).nth(1).unwrap_or("").to_owned();
                    let answer = answer!("RCPT", &named, "250 2.1.5 ok");
                    recipient = if answer.starts_with('2') { named } else { String::new() };
                }
                // What many servers answer to a DATA that was sent along with a refused RCPT.
                "DATA" if recipient.is_empty() => say("503 5.5.1 no valid recipients").await?,
                "DATA" => {
                    if !answer!("DATA", &recipient, "354 go on").starts_with("354") {
                        continue;
                    }
                    if self.answer("body", &recipient, "").await.is_none() {
                        lines.next_line().await?;
                        return Ok(());
                    }
                    let Some(first) = lines.next_line().await? else { return Ok(()) };
                    let Some(text) = body(first, &mut lines).await? else { return Ok(()) };
                    let ended_at = Instant::now();
                    let answer = self.answer("dot", &recipient, "250 2.0.0 queued").await;
                    // One that closes the connection has taken the message.
                    if answer.as_deref().is_none_or(|answer| answer.starts_with('2')) {
                        let delivery = Delivery { recipient: recipient.clone(), text, ended_at };
                        self.inside.lock().unwrap().deliveries.push(delivery);
                    }
                    let Some(answer) = answer else { return Ok(()) };
                    say(&answer).await?;
                    if !lines.get_ref().buffer().is_empty() {
                        self.inside.lock().unwrap().told_ahead += 1;
                        match self.answer("ahead", &recipient, "").await {
                            Some(usual) if usual.is_empty() => {}
                            Some(refusal) => return say(&refusal).await,
                            None => return Ok(()),
                        }
                    }
                }
                "QUIT" => {
                    answer!("QUIT", "", "221 bye");
                    return Ok(());
                }
                _ => say("250 ok").await?,
            }
        }
        Ok(())
    }
}

impl Whim {
    fn step(&self) -> &'static str {
        match self {
            Self::Reply(step, _)
            | Self::Drop(step)
            | Self::Hang(step)
            | Self::Wait(step, _)
            | Self::Withhold(step) => step,
        }
    }
}

/// The message up to its final dot; `None` when the connection ends before that.
async fn body<R: tokio::io::AsyncBufRead + Unpin>(
    first: String,
    lines: &mut tokio::io::Lines<R>,
) -> std::io::Result<Option<String>> {
    let (mut text, mut next) = (String::new(), Some(first));
    while let Some(line) = next {
        if line == "." {
            return Ok(Some(text));
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push('\n');
        next = lines.next_line().await?;
    }
    Ok(None)
}
