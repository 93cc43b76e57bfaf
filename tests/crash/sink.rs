//! A mail server that counts a delivery when it has read the final dot, before it answers, and that can stand still at a
//! chosen step.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// What a sink offers and how fast it answers.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    pub pipelining: bool,
    /// Before the answer to each final dot.
    pub dot_delay: Duration,
}

#[derive(Default)]
struct Inside {
    deliveries: HashMap<String, usize>,
    /// The step to stand still at, and how often it still goes by.
    gate: Option<(&'static str, usize)>,
}

#[derive(Clone)]
pub struct Sink {
    pub url: String,
    manner: Manner,
    inside: Arc<Mutex<Inside>>,
    count: watch::Sender<usize>,
    reached: Arc<Notify>,
}

impl Sink {
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let (count, _) = watch::channel(0);
        let sink = Self { url, manner, inside: Arc::default(), count, reached: Arc::default() };
        let serving = sink.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let sink = serving.clone();
                // A client that is killed breaks its connection off: that is what this is for.
                tokio::spawn(async move { sink.converse(socket).await.ok() });
            }
        });
        sink
    }

    /// How often each reminder was delivered.
    pub fn deliveries(&self) -> HashMap<String, usize> {
        self.inside.lock().unwrap().deliveries.clone()
    }

    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits until so many deliveries have come in all; `false` when they do not in time.
    pub async fn counted(&self, number: usize, patience: Duration) -> bool {
        let mut count = self.count.subscribe();
        tokio::time::timeout(patience, count.wait_for(|count| *count >= number)).await.is_ok()
    }

    /// Stands still when a step is reached the next time but `skipped`; `reached` then resolves.
    pub fn stand_still_at(&self, step: &'static str, skipped: usize) {
        self.inside.lock().unwrap().gate = Some((step, skipped));
    }

    pub async fn reached(&self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.reached.notified()).await.is_ok()
    }

    pub fn go_on(&self) {
        self.inside.lock().unwrap().gate = None;
    }

    async fn at(&self, step: &'static str) {
        let is_here = match &mut self.inside.lock().unwrap().gate {
            Some((at, 0)) if *at == step => true,
            Some((at, skipped)) if *at == step => {
                *skipped -= 1;
                false
            }
            _ => false,
        };
        if is_here {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }

    async fn converse(&self, socket: TcpStream) -> std::io::Result<()> {
        socket.set_nodelay(true)?;
        let (reader, mut writer) = socket.into_split();
        let mut lines = BufReader::new(reader).lines();
        let mut say = async |line: &str| writer.write_all(format!("{line}\r\n").as_bytes()).await;
        say("220 sink").await?;
        while let Some(line) = lines.next_line().await? {
            let verb = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    self.at("EHLO").await;
                    let more = if self.manner.pipelining {
                        "250-PIPELINING\r\n250 8BITMIME"
                    } else {
                        "250 8BITMIME"
                    };
                    say(&format!("250-sink\r\n{more}")).await?;
                }
                "MAIL" => {
                    self.at("MAIL").await;
                    say("250 2.1.0 ok").await?;
                }
                "RCPT" => {
                    self.at("RCPT").await;
                    say("250 2.1.5 ok").await?;
                }
                "DATA" => {
                    self.at("DATA").await;
                    say("354 go on").await?;
                    let mut reminder = String::new();
                    loop {
                        let Some(line) = lines.next_line().await? else { return Ok(()) };
                        if line == "." {
                            break;
                        }
                        if let Some(id) = line.strip_prefix("X-Dunlin-Reminder: ") {
                            reminder = id.to_owned();
                        }
                    }
                    *self.inside.lock().unwrap().deliveries.entry(reminder).or_default() += 1;
                    self.count.send_modify(|count| *count += 1);
                    self.at("dot").await;
                    if !self.manner.dot_delay.is_zero() {
                        tokio::time::sleep(self.manner.dot_delay).await;
                    }
                    say("250 2.0.0 queued").await?;
                }
                "QUIT" => return say("221 bye").await,
                _ => say("250 ok").await?,
            }
        }
        Ok(())
    }
}
