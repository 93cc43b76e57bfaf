//! How many connections there may be, and how long one may keep the server waiting.
//!
//! actix limits the time for the head of a connection's *first* request, and nothing else: not the head of a later one, not
//! the rest of a body that nobody wants, not an answer that nobody reads. So a connection that is not being answered has a
//! time by which it must have come further; after that its socket is shut down.

use std::any::Any;
use std::cell::Cell;
use std::collections::HashMap;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use actix_web::rt::time::{Instant, sleep_until};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::debug;

use super::pace::time_for;
use crate::domain::visitor::{Proxies, Visitor};

/// Most connections at a time, where the system lets a process have files enough for them.
const MOST: usize = 4_096;
/// Files that are no connections: the database, mail servers, what is being read.
const OTHER_FILES: usize = 256;
/// A connection is held twice: by actix, and by [`Connection`].
const FILES_OF_A_CONNECTION: usize = 2;

/// How many connections this process has files for, having asked the system for all that it may have.
pub fn room() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        debug!("the limit of open files stays as it is");
    }
    let files = getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok());
    let files = files.unwrap_or(usize::MAX).saturating_sub(OTHER_FILES) / FILES_OF_A_CONNECTION;
    files.clamp(1, MOST)
}

/// All connections of the server, by where they come from.
pub(super) struct Connections {
    patience: Duration,
    most_of_one: usize,
    trusted_proxies: Proxies,
    held: Mutex<HashMap<Visitor, usize>>,
}

impl Connections {
    /// With room for so many, half of them for any one address but those of proxies, which ask for many.
    pub(super) fn new(room: usize, patience: Duration, trusted_proxies: Proxies) -> Arc<Self> {
        Arc::new(Self { patience, most_of_one: room.div_ceil(2), trusted_proxies, held: Mutex::default() })
    }

    /// Takes note of a new connection, and ends it at once where its address has its share already.
    pub(super) fn accept(self: &Arc<Self>, stream: &dyn Any, data: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<TcpStream>() else { return };
        let (Ok(socket), Ok(peer)) = (stream.as_fd().try_clone_to_owned(), stream.peer_addr()) else {
            return;
        };
        let connection = Rc::new(Connection {
            socket: socket.into(),
            of_whom: Visitor::at(peer.ip()),
            until: Cell::new(None),
            of: self.clone(),
        });
        let held = {
            let mut all = self.lock();
            let held = all.entry(connection.of_whom).or_default();
            *held += 1;
            *held
        };
        if held > self.most_of_one && !self.trusted_proxies.has(peer.ip()) {
            connection.end();
        }
        actix_web::rt::spawn(watch(Rc::downgrade(&connection), self.patience));
        data.insert(connection);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Visitor, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection, as its requests see it.
pub(super) struct Connection {
    socket: std::net::TcpStream,
    of_whom: Visitor,
    /// When it has been waited for long enough; `None` while a request of it is worked on.
    until: Cell<Option<Instant>>,
    of: Arc<Connections>,
}

impl Connection {
    /// Longest wait for it.
    pub(super) fn patience(&self) -> Duration {
        self.of.patience
    }

    /// The head of a request has come.
    pub(super) fn asks(&self) {
        self.until.set(None);
    }

    /// So many bytes of an answer are on their way; once they are read, the next request may come.
    pub(super) fn is_answered(&self, bytes: usize) {
        self.until.set(Some(Instant::now() + self.patience() + time_for(bytes)));
    }

    fn end(&self) {
        // One that the other side has ended already is gone.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut all = self.of.lock();
        if let Some(held) = all.get_mut(&self.of_whom) {
            *held -= 1;
            if *held == 0 {
                all.remove(&self.of_whom);
            }
        }
    }
}

/// Ends a connection that is waited for too long.
async fn watch(connection: Weak<Connection>, patience: Duration) {
    while let Some(held) = connection.upgrade() {
        let (now, until) = (Instant::now(), held.until.get());
        if until.is_some_and(|until| until <= now) {
            return held.end();
        }
        drop(held);
        sleep_until(until.unwrap_or(now + patience)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[actix_web::test]
    async fn an_address_has_half_of_the_room_and_a_connection_that_goes_makes_place() {
        let all = Connections::new(4, Duration::from_secs(60), Proxies::default());
        let listener = actix_web::rt::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connect = async || {
            let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (stream, mut data) = (listener.accept().await.unwrap().0, Extensions::new());
            all.accept(&stream, &mut data);
            client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            let is_open = (&client).read(&mut [0]).is_err();
            (is_open, client, stream, data)
        };
        let (first, second) = (connect().await, connect().await);
        assert!(first.0 && second.0);
        assert!(!connect().await.0, "a third is ended");
        drop(first);
        assert!(connect().await.0, "there is place again");
    }
}
