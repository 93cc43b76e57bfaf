//! H11: five hundred connections that send the head of a request a byte at a time, and five hundred that do so with a body,
//! against the real program, while others ask for pages: `cargo test --release --test slow` prints how long these wait.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up fails the run")]

#[path = "../app/support/mod.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "the tests through the doors use the rest")]
mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::program::Machine;
use support::{PASSWORD, Person};

/// Slow connections of each kind.
const SLOW: usize = 500;
/// Every slow connection sends a byte so often.
const TRICKLE: Duration = Duration::from_millis(500);
/// How long the others ask.
const WATCHED: Duration = Duration::from_secs(20);
/// What is promised on two free cores is 500 ms; this run may share them.
const LIMIT: Duration = Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 500 });

const HEAD: &str = "GET /invoices HTTP/1.1\r\nHost: dunlin.example\r\nX-Slow: ";
/// From another visitor than those who work: the rate of forms is each visitor's own.
const BODY: &str = "POST /sign-in HTTP/1.1\r\nHost: dunlin.example\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 15000\r\n\
     Content-Type: application/x-www-form-urlencoded\r\n\r\nemail=";

/// Connections that never come to an end; each that the server ends is opened anew.
struct Slow {
    is_over: Arc<AtomicBool>,
    ended: Arc<AtomicUsize>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Slow {
    fn begin(address: SocketAddr) -> Self {
        let (is_over, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let trickle = |begin: &'static str| {
            let (is_over, ended) = (is_over.clone(), ended.clone());
            let open = move || {
                let mut socket = TcpStream::connect(address).expect("a slow connection is taken");
                socket.set_nodelay(true).unwrap();
                socket.write_all(begin.as_bytes()).unwrap();
                socket
            };
            thread::spawn(move || {
                let mut sockets: Vec<TcpStream> = (0..SLOW).map(|_| open()).collect();
                while !is_over.load(Ordering::Relaxed) {
                    thread::sleep(TRICKLE);
                    for socket in &mut sockets {
                        if socket.write_all(b"x").is_err() {
                            ended.fetch_add(1, Ordering::Relaxed);
                            *socket = open();
                        }
                    }
                }
            })
        };
        let threads = [HEAD, BODY].map(trickle).into();
        Self { is_over, ended, threads }
    }

    /// How many of them the server has ended.
    fn end(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        self.ended.load(Ordering::Relaxed)
    }
}

fn main() {
    dunlin::server::room();
    let machine = Machine::new().with("DUNLIN_TRUSTED_PROXIES", "127.0.0.1");
    machine.run(&["organisation", "add", "--name", "Acme"]);
    machine.add_user("ada@acme.example", PASSWORD);
    let key = machine.run(&["api-key", "add", "--name", "ERP"]).out;
    let (mut running, url) = machine.serve();
    let address: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
    let slow = Slow::begin(address);
    let mut times = actix_web::rt::System::new().block_on(ask(&url));
    let ended = slow.end();
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "H11: {SLOW} slow heads and {SLOW} slow bodies, {ended} ended by the server; {} other requests: median {} ms, p95 {} ms, \
         most {} ms",
        times.len(),
        at(50).as_millis(),
        at(95).as_millis(),
        at(100).as_millis()
    );
    assert!(at(95) <= LIMIT, "p95 is at most {} ms", LIMIT.as_millis());
    assert!(ended >= 2 * SLOW, "each slow connection is ended once its time is over");
    every_kind_of_waiting_ends(address, key.trim());
    answers_that_nobody_reads_end(address);
    assert_eq!(running.terminate(), Some(0));
    println!("slow requests: ok");
}

/// What somebody who works asks for, time after time, each time on a new connection.
async fn ask(url: &str) -> Vec<Duration> {
    let (begun, mut times) = (Instant::now(), Vec::new());
    while begun.elapsed() < WATCHED {
        let ada = Person::new(url);
        let asked = Instant::now();
        assert_eq!(ada.sign_in("ada@acme.example", PASSWORD).await.url, "/invoices");
        times.push(asked.elapsed());
        for _ in 0..20 {
            let asked = Instant::now();
            assert_eq!(ada.get("/invoices").await.status, 200);
            times.push(asked.elapsed());
        }
    }
    times
}

/// What actix waits for without end.
fn every_kind_of_waiting_ends(address: SocketAddr, key: &str) {
    let program = format!(
        "POST /api/v1/reminder-batches HTTP/1.1\r\nHost: x\r\nx-api-key: {key}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{{"
    );
    let kinds = [
        ("nothing at all", "", ""),
        ("a head that stops", "GET / HTTP/1.1\r\nHost: x\r\nX: ", ""),
        (
            "the second head of a connection",
            "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX: ",
            "200 OK",
        ),
        ("a body that stops", &format!("{BODY}x"), "408 Request Timeout"),
        ("a program\u{2019}s body that stops", &program, "Request.Timeout"),
        (
            "a chunked body that nobody wants",
            "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "405 Method Not Allowed",
        ),
    ];
    let waiting = kinds.map(|(what, sent, answer)| {
        let (sent, answer) = (sent.to_owned(), answer.to_owned());
        thread::spawn(move || {
            let mut socket = TcpStream::connect(address).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            socket.write_all(sent.as_bytes()).unwrap();
            let (began, mut heard) = (Instant::now(), Vec::new());
            let end = socket.read_to_end(&mut heard);
            let heard = String::from_utf8_lossy(&heard);
            assert!(end.is_ok() && began.elapsed() < Duration::from_secs(59), "{what} ends: {end:?} {heard}");
            assert!(heard.contains(&answer), "{what}: {heard}");
        })
    });
    waiting.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Answers larger than what the system keeps for a reader, to somebody who reads only when the server must have given up.
fn answers_that_nobody_reads_end(address: SocketAddr) {
    const ASKED: usize = 2_000;
    let mut socket = TcpStream::connect(address).unwrap();
    let script = dunlin::web::assets::url("app.js");
    let requests = format!("GET {script} HTTP/1.1\r\nHost: x\r\n\r\n").repeat(ASKED);
    let began = Instant::now();
    socket.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    // The server does not read on while it cannot write.
    let _ = socket.write_all(requests.as_bytes());
    let mut heard = Vec::new();
    while began.elapsed() < Duration::from_secs(30) {
        thread::sleep(TRICKLE);
    }
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let end = socket.read_to_end(&mut heard);
    let answers = String::from_utf8_lossy(&heard).matches("HTTP/1.1 200 OK").count();
    assert!(began.elapsed() < Duration::from_secs(89), "the connection has ended: {end:?}");
    assert!(answers < ASKED, "{answers} answers were kept for who does not read");
}
