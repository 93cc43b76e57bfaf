//! The wire to a mail server: hands on what the server says a line at a time, and not without end.
//!
//! A line at a time, because lettre reads ahead: what somebody on the way put behind the plain answer to STARTTLS would
//! otherwise be taken for the server's first encrypted words, up to a made-up "250" for the whole mail. It stays here
//! instead, where the TLS handshake meets it and fails. Not without end, because lettre looks at the length of a line when
//! it is over.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The most that a server may say at a time, a TLS handshake included.
const MOST: usize = 256 * 1024;

const BUFFER: usize = 4 * 1024;

/// A socket, and what was read of it but not handed on.
#[derive(Debug)]
pub(super) struct Wire {
    socket: TcpStream,
    ahead: Vec<u8>,
    handed_on: usize,
    /// Bytes since we last said something.
    said: usize,
}

impl Wire {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self { socket, ahead: Vec::with_capacity(BUFFER), handed_on: 0, said: 0 }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.handed_on == this.ahead.len() {
            let mut bytes = [0; BUFFER];
            let mut read = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.socket).poll_read(cx, &mut read))?;
            this.ahead.clear();
            this.ahead.extend_from_slice(read.filled());
            this.handed_on = 0;
        }
        let rest = this.ahead.get(this.handed_on..).unwrap_or_default();
        let line = rest.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        let (now, _) = line.split_at(line.len().min(into.remaining()));
        this.said += now.len();
        if this.said > MOST {
            let words = "the mail server\u{2019}s answer has no end";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, words)));
        }
        into.put_slice(now);
        this.handed_on += now.len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.said = 0;
        Pin::new(&mut this.socket).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (Wire, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Wire::new(socket), listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn nothing_behind_the_answer_to_starttls_is_read_ahead() {
        let (wire, mut server) = pair().await;
        server.write_all(b"220 go ahead\r\n250-made up\r\n250 2.0.0 queued\r\n").await.unwrap();
        let (mut reader, mut line) = (BufReader::new(wire), String::new());
        reader.read_line(&mut line).await.unwrap();
        assert_eq!((line.as_str(), reader.buffer()), ("220 go ahead\r\n", b"".as_slice()));
        // Who reads the wire from here on, the TLS layer, meets the rest.
        let mut rest = [0; 5];
        reader.into_inner().read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"250-m");
    }

    #[tokio::test]
    async fn a_line_without_end_is_not_kept() {
        let (mut wire, mut server) = pair().await;
        let flood = tokio::spawn(async move { while server.write_all(&[b'x'; BUFFER]).await.is_ok() {} });
        let mut heard = Vec::new();
        let error = wire.read_to_end(&mut heard).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(heard.len() <= MOST);
        drop(wire);
        flood.await.unwrap();
    }

    #[tokio::test]
    async fn answers_are_counted_anew_after_each_command() {
        let (mut wire, mut server) = pair().await;
        for _ in 0..3 {
            let (most, mut reply) = (vec![b'x'; MOST], vec![0; MOST]);
            let (sent, heard) = tokio::join!(server.write_all(&most), wire.read_exact(&mut reply));
            assert!(sent.is_ok() && heard.is_ok());
            wire.write_all(b"NOOP\r\n").await.unwrap();
        }
    }
}
