//! A client as small as can be, so that the generator takes little of the machine: HTTP/1.1, one
//! kept connection, one request at a time. Must not pipeline.

use anyhow::{Context, bail, ensure};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// A kept connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, borrowed from its connection.
pub(crate) struct Answer<'a> {
    /// HTTP status.
    pub(crate) status: u16,
    /// The whole body.
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The body as JSON; an error unless the status is 2xx.
    pub(crate) fn json(&self) -> anyhow::Result<serde_json::Value> {
        let text = String::from_utf8_lossy(self.body);
        ensure!(self.status / 100 == 2, "{}: {text}", self.status);
        Ok(serde_json::from_slice(self.body)?)
    }
}

/// Writes a request with a JSON body over what is in `into`.
pub(crate) fn request(into: &mut Vec<u8>, method: &str, path: &str, token: &str, body: &str) {
    request_of(into, method, path, token, "application/json", body);
}

/// The same with a body of another type. It means any version of what it changes.
pub(crate) fn request_of(
    into: &mut Vec<u8>,
    method: &str,
    path: &str,
    token: &str,
    kind: &str,
    body: &str,
) {
    into.clear();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: nearhand\r\nauthorization: Bearer {token}\r\n\
         if-match: *\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
    );
    into.extend_from_slice(head.as_bytes());
    into.extend_from_slice(body.as_bytes());
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1_024) })
    }

    /// The same from an address of this machine's own, so that the server sees many clients.
    pub(crate) async fn open_from(own: Ipv4Addr, address: SocketAddr) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((own, 0).into())?;
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1_024) })
    }

    /// Sends a request and reads its whole answer.
    pub(crate) async fn call(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (status, begin, length) = loop {
            if let Some(head) = head(&self.buffer)? {
                break head;
            }
            self.read().await?;
        };
        while self.buffer.len() < begin + length {
            self.read().await?;
        }
        Ok(Answer { status, body: &self.buffer[begin..begin + length] })
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the server closed the connection");
        Ok(())
    }
}

/// Status, where the body begins, and its length, once the head is complete.
fn head(bytes: &[u8]) -> anyhow::Result<Option<(u16, usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..end])?;
    let status: u16 = text.get(9..12).context("no status")?.parse()?;
    for line in text.lines() {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            return Ok(Some((status, end + 4, value.trim().parse()?)));
        }
    }
    if status == 204 {
        return Ok(Some((status, end + 4, 0)));
    }
    bail!("an answer without length")
}
