//! A way to the database server on which answers get lost: what was written is durable, and who wrote it is not told.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// The way. Its connections have threads of their own: who waits for the database may hold the runtime's.
pub struct Lossy {
    /// The database's address by this way.
    pub address: String,
    commits: Arc<AtomicUsize>,
    every: Arc<AtomicUsize>,
}

impl Lossy {
    /// A way to the database of an address, on which nothing is lost yet.
    pub fn way_to(address: &str) -> Self {
        let (user, rest) = address.split_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("{user}@{}/{database}", listener.local_addr().unwrap());
        let (server, commits, every) = (server.to_owned(), Arc::default(), Arc::default());
        let lossy = Self { address, commits: Arc::clone(&commits), every: Arc::clone(&every) };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&server) else { continue };
                let is_lost = Arc::new(AtomicBool::new(false));
                let (commits, every) = (commits.clone(), every.clone());
                let (up, down) =
                    ((client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client));
                let lost = is_lost.clone();
                thread::spawn(move || {
                    carry(up, |words| {
                        let every = every.load(Ordering::SeqCst);
                        if every > 0 && words.windows(6).any(|word| word == b"COMMIT") {
                            let number = commits.fetch_add(1, Ordering::SeqCst);
                            lost.store(number % every == every - 1, Ordering::SeqCst);
                        }
                        true
                    })
                });
                thread::spawn(move || carry(down, |_| !is_lost.load(Ordering::SeqCst)));
            }
        });
        lossy
    }

    /// From now on the answer to each so-many-th COMMIT is lost, and the connection with it; to none with 0.
    pub fn lose_every(&self, number: usize) {
        self.every.store(number, Ordering::SeqCst);
    }

    /// How many commits there were since some of their answers are lost.
    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }
}

/// Carries what is said from one to the other until one of them or `goes_on` ends it.
fn carry((mut from, mut to): (TcpStream, TcpStream), mut goes_on: impl FnMut(&[u8]) -> bool) {
    let mut words = [0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut words) {
        if !goes_on(&words[..length]) || to.write_all(&words[..length]).is_err() {
            break;
        }
    }
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}
