//! The time limits of one connection: of a request's head, of being idle, of an answer that the
//! client does not read. Knows nothing of HTTP but where a request begins and where its answer ends.
//!
//! The limits cost a request next to nothing: there is one timer a connection, and it is moved only
//! when it goes off. hyper's own timer would be made anew for every request.

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use std::{
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

/// How long a connection may keep others from its place.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// From a head's first byte, or from the connection's start, to the end of the head.
    pub head: Duration,
    /// Between an answer and the next request.
    pub idle: Duration,
    /// Without a byte of an answer being taken.
    pub unread: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            unread: Duration::from_secs(30),
        }
    }
}

/// What the client is waited for.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// A head is awaited or has begun.
    Head(Instant),
    /// The next request.
    Idle(Instant),
    /// Nothing: a request is being answered, and its route has a deadline of its own.
    Answering,
}

/// The phase of a connection, shared by its socket and its requests.
#[derive(Clone, Debug)]
pub(crate) struct Phases(Arc<Mutex<Phase>>);

impl Phases {
    /// A connection that has just been made.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Phase::Head(Instant::now()))))
    }

    /// A request's head is complete; it is being answered until the result is dropped.
    pub(crate) fn answering(&self) -> Answering {
        *self.0.lock() = Phase::Answering;
        Answering(self.clone())
    }

    /// Bytes came.
    fn heard(&self) {
        let mut phase = self.0.lock();
        if matches!(*phase, Phase::Idle(_)) {
            *phase = Phase::Head(Instant::now());
        }
    }

    fn deadline(&self, deadlines: Deadlines) -> Option<Instant> {
        match *self.0.lock() {
            Phase::Head(since) => Some(since + deadlines.head),
            Phase::Idle(since) => Some(since + deadlines.idle),
            Phase::Answering => None,
        }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Answering(Phases);

impl Drop for Answering {
    fn drop(&mut self) {
        *self.0.0.lock() = Phase::Idle(Instant::now());
    }
}

/// The body of an answer. The request is over when it is dropped.
pub(crate) struct AnswerBody {
    pub(crate) body: axum::body::Body,
    pub(crate) _answering: Answering,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that fails with [`ErrorKind::TimedOut`] when the client takes too long.
pub(crate) struct Timed {
    stream: TcpStream,
    phases: Phases,
    deadlines: Deadlines,
    /// Since when the client has taken nothing of what there is to send.
    unread_since: Option<Instant>,
    /// Goes off at the deadline or before it.
    alarm: Pin<Box<Sleep>>,
}

impl Timed {
    pub(crate) fn new(stream: TcpStream, phases: Phases, deadlines: Deadlines) -> Self {
        let alarm = Box::pin(sleep_until(Instant::now() + deadlines.head));
        Self { stream, phases, deadlines, unread_since: None, alarm }
    }

    /// Fails when a deadline has passed; else arranges to be asked again at the next one. Also while
    /// there is none: hyper asks for the next request before it lets go of the answer to the last
    /// one, and not again until something wakes it.
    fn overdue(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let reading = self.phases.deadline(self.deadlines);
        let writing = self.unread_since.map(|since| since + self.deadlines.unread);
        let deadline = reading.into_iter().chain(writing).min();
        if let Some(deadline) = deadline.filter(|deadline| *deadline < self.alarm.deadline()) {
            self.alarm.as_mut().reset(deadline);
        }
        loop {
            ready!(self.alarm.as_mut().poll(context));
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                self.forget_unread();
                return Poll::Ready(ErrorKind::TimedOut.into());
            }
            self.alarm.as_mut().reset(deadline.unwrap_or(now + self.deadlines.idle));
        }
    }

    /// Has the system drop what the client does not take, megabytes at times, with the socket. It
    /// would else go on offering that for minutes.
    fn forget_unread(&self) {
        if self.unread_since.is_some()
            && let Err(error) = self.stream.set_zero_linger()
        {
            tracing::debug!(%error, "what was not read stays for a while");
        }
    }

    /// What came of handing something to the socket.
    fn handed<T>(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.unread_since = None;
            return result;
        }
        self.unread_since.get_or_insert_with(Instant::now);
        self.overdue(context).map(Err)
    }
}

impl AsyncRead for Timed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.overdue(context).map(Err),
            ready => {
                if buffer.filled().len() > before {
                    self.phases.heard();
                }
                ready
            }
        }
    }
}

impl AsyncWrite for Timed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.handed(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.handed(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        // A socket has nothing to flush and is always ready: that says nothing about the client.
        if result.is_pending() { self.handed(context, result) } else { result }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(context);
        self.handed(context, result)
    }
}
