//! A round of sending: one feeder claims and renders mails ahead of the connections; each connection takes a letter, brings
//! it to the point of no return, hands it over, and records how that ended together with its next point of no return.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep};
use tracing::error;

use super::{Round, Worker};
use crate::actions::{ActionError, Done, Go, Grouping, Letter};
use crate::domain::mail_message::Outcome;
use crate::mail::Begun;
use crate::store::{Lane, StoreError};

/// Mails taken by one claim.
const CLAIM: usize = 100;
/// How long an outcome may wait for the next mail's point of no return.
const SETTLE_AT_ONCE: Duration = Duration::from_millis(100);
/// How long to wait before a database that refuses is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// Letters on their way from the feeder to the connections.
#[derive(Clone)]
struct Tray(Arc<Mutex<mpsc::Receiver<Arc<Letter>>>>);

impl Tray {
    async fn next(&self) -> Option<Arc<Letter>> {
        self.0.lock().await.recv().await
    }

    /// A letter that is there already. Another connection that waits for one has found none.
    fn at_hand(&self) -> Option<Arc<Letter>> {
        self.0.try_lock().ok()?.try_recv().ok()
    }
}

/// A connection's part of a round.
struct Part {
    handed_over: usize,
    /// What the mail server said of a sender that it does not take.
    sender_refused: Option<String>,
    end: End,
}

/// How it ended.
enum End {
    /// There was nothing more to send.
    Idle,
    /// The mail server cannot be used over this connection; over others it may be.
    Refused(String),
}

impl Worker {
    /// Sends what is due until nothing is, no connection to the mail server can be used, or it is time to stop. What a round
    /// that broke off has claimed is put back first.
    pub(super) async fn round(&self, stop: &watch::Receiver<bool>) -> Result<Round, ActionError> {
        if self.has_stumbled.load(Ordering::Relaxed) {
            self.actions.release_claims(Lane::Others, self.id).await?;
        }
        let round = self.send_what_is_due(stop).await;
        self.has_stumbled.store(round.is_err(), Ordering::Relaxed);
        round
    }

    async fn send_what_is_due(&self, stop: &watch::Receiver<bool>) -> Result<Round, ActionError> {
        let (feed, letters) = mpsc::channel(CLAIM);
        let tray = Tray(Arc::new(Mutex::new(letters)));
        let lines = self.lines_of_a_round().await?;
        let writer = self.actions.grouping(lines);
        let mut connections = JoinSet::new();
        for _ in 0..lines {
            connections.spawn(self.clone().connection(tray.clone(), writer.clone(), stop.clone()));
        }
        drop(writer);
        let mut parts = Vec::new();
        // A task of its own: a claim that is under way when the round is cut short is heard of, for what it takes is to be
        // given back.
        let mut feeding = tokio::spawn(self.clone().feed(feed, lines, stop.clone()));
        let fed = loop {
            tokio::select! {
                fed = &mut feeding => break Some(fed),
                Some(one) = connections.join_next() => {
                    parts.extend(told(one));
                    if connections.is_empty() {
                        break None;
                    }
                }
            }
        };
        let worked = match fed {
            Some(fed) => fed,
            None => {
                tray.0.lock().await.close();
                while tray.next().await.is_some() {}
                feeding.await
            }
        };
        let worked = worked.unwrap_or(Err(ActionError::Store(StoreError::Interrupted)));
        while let Some(one) = connections.join_next().await {
            parts.extend(told(one));
        }
        // A connection that ends before the tray is empty may be the last one, and leave letters there.
        let is_tray_empty = parts.len() == lines && parts.iter().all(|part| matches!(part.end, End::Idle));
        if !is_tray_empty || *stop.borrow() || worked.is_err() {
            self.actions.release_claims(Lane::Others, self.id).await?;
        }
        let has_worked = worked?;
        if parts.iter().any(|part| part.handed_over > 0) {
            return Ok(Round::Worked);
        }
        // Where no connection can be used, the mail server is not to be pestered.
        let (ends, senders): (Vec<End>, Vec<_>) =
            parts.into_iter().map(|part| (part.end, part.sender_refused)).unzip();
        let refused = ends.into_iter().find_map(|end| match end {
            End::Refused(problem) => Some(Round::RelayDown(problem)),
            End::Idle => None,
        });
        let sender_refused = || senders.into_iter().flatten().next().map(Round::SenderRefused);
        let ended = if has_worked { Round::Worked } else { Round::Idle };
        Ok(refused.or_else(sender_refused).unwrap_or(ended))
    }

    /// Claims and renders mails until none is due, or a round may have more connections or fewer than this one has; says
    /// whether there were any.
    async fn feed(
        self,
        feed: mpsc::Sender<Arc<Letter>>,
        lines: usize,
        stop: watch::Receiver<bool>,
    ) -> Result<bool, ActionError> {
        let mut has_worked = false;
        while !*stop.borrow() {
            if has_worked && self.lines_of_a_round().await? != lines {
                break;
            }
            let Some(letters) = self.actions.next_letters(Lane::Others, self.id, CLAIM).await? else { break };
            has_worked = true;
            for letter in letters {
                if feed.send(letter).await.is_err() {
                    return Ok(true);
                }
            }
        }
        Ok(has_worked)
    }

    async fn connection(self, tray: Tray, writer: Grouping, stop: watch::Receiver<bool>) -> Part {
        let mut line =
            Line { worker: &self, tray, writer, stop, done: None, ahead: None, sender_refused: None };
        let mut handed_over = 0;
        let mut right = None;
        // One timer that is put off again and again: setting a new one for each mail wakes the runtime.
        let mut settling = Box::pin(tokio::time::sleep(SETTLE_AT_ONCE));
        loop {
            let Some(turn) = line.next().await else {
                match line.done.take() {
                    Some(done) => record(&line.writer, done).await,
                    None => return line.ended(handed_over, End::Idle),
                }
                continue;
            };
            if right.is_none() {
                right = self.lines.right().await;
            }
            settling.as_mut().reset(Instant::now() + SETTLE_AT_ONCE);
            if let Some(end) = line.hand_over(turn, settling.as_mut()).await {
                return line.ended(handed_over, end);
            }
            handed_over += usize::from(line.done.is_some());
            if self.connections == 1 {
                // A program's mail goes before the next one.
                right = None;
            }
        }
    }
}

/// A letter whose turn it is; its envelope may have been said behind the one before it.
struct Turn {
    letter: Arc<Letter>,
    begun: Option<Begun>,
}

/// The letters of one connection, one after another.
struct Line<'a> {
    worker: &'a Worker,
    tray: Tray,
    writer: Grouping,
    stop: watch::Receiver<bool>,
    /// What is still to be recorded of the last one.
    done: Option<Done>,
    /// The next one, taken while the last was handed over.
    ahead: Option<Turn>,
    sender_refused: Option<String>,
}

impl Line<'_> {
    fn ended(self, handed_over: usize, end: End) -> Part {
        Part { handed_over, sender_refused: self.sender_refused, end }
    }

    async fn next(&mut self) -> Option<Turn> {
        let is_stopping = *self.stop.borrow();
        // What is let go here was claimed and not committed: the round gives it back.
        let ahead = self.ahead.take().filter(|_| !is_stopping);
        let letter = match &self.done {
            _ if ahead.is_some() => return ahead,
            _ if is_stopping => None,
            Some(_) => self.at_hand(),
            None => self.tray.next().await,
        };
        letter.map(|letter| Turn { letter, begun: None })
    }

    /// The next letter, if it is there already. With a single connection nothing shares its commits: there an outcome is
    /// durable before the next word.
    fn at_hand(&self) -> Option<Arc<Letter>> {
        (self.worker.connections > 1 && !*self.stop.borrow()).then(|| self.tray.at_hand()).flatten()
    }

    /// One letter, from the first word to the mail server's answer; `done` is then what is still to be recorded.
    async fn hand_over(&mut self, turn: Turn, settling: Pin<&mut Sleep>) -> Option<End> {
        let (Turn { letter, begun }, worker) = (turn, self.worker);
        let prepared = {
            let preparing = worker.relay.prepare(&letter.mail, begun);
            tokio::pin!(preparing);
            tokio::select! {
                prepared = &mut preparing => prepared,
                () = settling, if self.done.is_some() => {
                    self.record_done().await;
                    preparing.await
                }
            }
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(outcome) => {
                self.record_done().await;
                let ended = match &outcome {
                    Outcome::Busy { problem } | Outcome::RelayDown { problem } => {
                        Some(End::Refused(problem.clone()))
                    }
                    // It is not to be asked again at once, of whatever mail.
                    Outcome::TryLater { reply, is_closing: true } => Some(End::Refused(reply.clone())),
                    Outcome::SenderRefused { reply } => {
                        self.sender_refused = Some(reply.clone());
                        None
                    }
                    _ => None,
                };
                record(&self.writer, letter.not_handed_over(outcome)).await;
                return ended;
            }
        };
        match self.writer.exchange(self.done.clone(), Some(letter.clone())).await {
            Ok(go) => {
                self.done = None;
                match go {
                    Go::Send => {
                        let next = self.at_hand();
                        let (outcome, begun) = prepared.finish(next.as_ref().map(|next| &next.mail)).await;
                        self.done = Some(letter.handed_over(outcome));
                        self.ahead = next.map(|letter| Turn { letter, begun });
                    }
                    Go::Stop => prepared.abandon(),
                }
            }
            Err(error) => {
                error!(%error, "a mail could not be taken past the point of no return; it was not sent");
                prepared.abandon();
                self.record_done().await;
                record(&self.writer, letter.withdrawn()).await;
            }
        }
        None
    }

    async fn record_done(&mut self) {
        if let Some(done) = self.done.take() {
            record(&self.writer, done).await;
        }
    }
}

fn told(one: Result<Part, tokio::task::JoinError>) -> Option<Part> {
    one.inspect_err(|error| error!(%error, "a connection broke off; the next start resolves its mail")).ok()
}

/// Records how a try ended, however long the database refuses: only the end of the process gives it up.
pub(super) async fn record(writer: &Grouping, done: Done) {
    while let Err(error) = writer.exchange(Some(done.clone()), None).await {
        error!(%error, "an outcome could not be recorded yet");
        tokio::time::sleep(AGAIN).await;
    }
}
