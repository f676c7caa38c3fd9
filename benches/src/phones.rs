//! Phones that move about and send what they would send. Must never send one fix twice.

use crate::{
    http::{self, Connection},
    random::Random,
    report::Times,
    site::Phone,
};
use anyhow::{Context, ensure};
use nearhand_domain::{Position, clock};
use nearhand_play::apps::{App, Fix};
use secrecy::{ExposeSecret, SecretString};
use std::{
    fmt::Write,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Connections that [`send_all`] shares the phones out over.
pub(crate) const CONNECTIONS: usize = 256;

/// A phone and where it has come to.
pub(crate) struct Sender {
    phone: Phone,
    random: Random,
    last_ms: i64,
    body: String,
}

impl Sender {
    pub(crate) fn new(phone: Phone, n: u64) -> Self {
        Self { phone, random: Random::new(7, n), last_ms: 0, body: String::new() }
    }

    pub(crate) fn phone(&self) -> &Phone {
        &self.phone
    }

    /// Goes on by some 20 m, which is no jump.
    fn step(&mut self) -> Position {
        let (lat, lng) = self.phone.at.e7();
        let mut by = || i32::try_from(self.random.below(4_000)).unwrap_or(0) - 2_000;
        self.phone.at = Position::from_e7(lat + by(), lng + by()).unwrap_or(self.phone.at);
        self.phone.at
    }

    /// Writes a request with so many fixes, ending now; fixes of a batch lie 10 ms apart.
    /// Returns the instant of the last one in Unix milliseconds.
    pub(crate) fn request(&mut self, into: &mut Vec<u8>, many: usize) -> i64 {
        let now = clock::now().as_millisecond();
        let mut at = (now - 10 * (i64::try_from(many).unwrap_or(1) - 1)).max(self.last_ms + 1);
        self.body.clear();
        self.body.push_str("{\"pings\":[");
        for n in 0..many {
            if n > 0 {
                self.body.push(',');
                at += if at + 10 <= now { 10 } else { 1 };
            }
            let position = self.step();
            let speed = self.random.below(30);
            let course = self.random.below(360);
            let fix_at = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = write!(
                self.body,
                "{{\"fix_at\":\"{fix_at}\",\"lat\":{},\"lng\":{},\"accuracy_m\":8.5,\
                 \"speed_mps\":{speed},\"course_deg\":{course},\"battery\":0.73}}",
                position.lat(),
                position.lng()
            );
        }
        self.body.push_str("]}");
        self.last_ms = at;
        http::request(into, "POST", "/v1/pings", &self.phone.token, &self.body);
        at
    }

    /// Writes a request with one fix of now, as an app sends it.
    pub(crate) fn report(&mut self, into: &mut Vec<u8>, app: App) {
        let at = clock::now().as_millisecond().max(self.last_ms + 1);
        self.last_ms = at;
        let position = self.step();
        let mut small = |below| u32::try_from(self.random.below(below)).map_or(0.0, f64::from);
        let fix = Fix {
            at: jiff::Timestamp::from_millisecond(at).unwrap_or_default(),
            lat: position.lat(),
            lng: position.lng(),
            accuracy_m: Some(8.5),
            speed_mps: Some(small(30)),
            course_deg: Some(small(360)),
            battery: Some(0.73),
            ..Fix::default()
        };
        let token = SecretString::from(self.phone.token.as_str());
        let report = app.report(&token, &[fix]);
        let (method, path) = (report.method.as_str(), report.path.expose_secret());
        let kind = report.content_type.unwrap_or("text/plain");
        http::request_of(into, method, path, &self.phone.token, kind, &report.body);
    }
}

/// How many fixes an answer says are accepted.
fn accepted(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("\"accepted\":")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// How long everybody sends.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// Every phone one request.
    Once,
    /// Round after round, until the time is over.
    For(Duration),
}

/// The phones of each connection.
pub(crate) fn shared_out(senders: Vec<Sender>) -> Vec<Vec<Sender>> {
    let mut parts: Vec<Vec<Sender>> = (0..CONNECTIONS).map(|_| Vec::new()).collect();
    for (n, sender) in senders.into_iter().enumerate() {
        parts[n % CONNECTIONS].push(sender);
    }
    parts
}

/// Lets all phones send over a few connections, each as fast as it is answered; how many fixes
/// were acknowledged.
pub(crate) async fn send_all(
    address: SocketAddr,
    senders: Vec<Sender>,
    fixes: usize,
    pace: Pace,
) -> anyhow::Result<(Vec<Sender>, u64)> {
    let mut tasks = JoinSet::new();
    for part in shared_out(senders) {
        tasks.spawn(send_over_one(address, part, fixes, pace));
    }
    let (mut senders, mut sent) = (Vec::new(), 0);
    while let Some(done) = tasks.join_next().await {
        let (mut part, many) = done??;
        senders.append(&mut part);
        sent += many;
    }
    Ok((senders, sent))
}

async fn send_over_one(
    address: SocketAddr,
    mut senders: Vec<Sender>,
    fixes: usize,
    pace: Pace,
) -> anyhow::Result<(Vec<Sender>, u64)> {
    let mut connection = Connection::open(address).await?;
    let (mut sent, mut request, begin) = (0, Vec::new(), Instant::now());
    loop {
        for sender in &mut senders {
            if matches!(pace, Pace::For(length) if begin.elapsed() >= length) {
                return Ok((senders, sent));
            }
            sender.request(&mut request, fixes);
            let answer = connection.call(&request).await?;
            if answer.status == 503 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
            let many = accepted(answer.body).filter(|_| answer.status == 200);
            sent += many.with_context(|| String::from_utf8_lossy(answer.body).into_owned())?;
        }
        if matches!(pace, Pace::Once) {
            return Ok((senders, sent));
        }
    }
}

/// Pings at a steady rate: from when each was due to its acknowledgement: a late answer delays no other ping's start.
pub(crate) async fn ping_steadily(
    address: SocketAddr,
    senders: Vec<Sender>,
    a_second: u32,
    length: Duration,
) -> anyhow::Result<Times> {
    let parts: Vec<_> = shared_out(senders).into_iter().filter(|part| !part.is_empty()).collect();
    let connections = u32::try_from(parts.len())?;
    let every = Duration::from_secs(1) * connections / a_second;
    let mut tasks = JoinSet::new();
    let begin = Instant::now() + Duration::from_millis(200);
    for (mut part, n) in parts.into_iter().zip(0_u32..) {
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let (mut request, mut times) = (Vec::new(), Times::default());
            let mut due = begin + every * n / connections;
            let mut next = 0;
            while due < begin + length {
                tokio::time::sleep_until(due.into()).await;
                let at = next % part.len();
                part[at].request(&mut request, 1);
                let answer = connection.call(&request).await?;
                ensure!(answer.status == 200, "a ping was answered {}", answer.status);
                times.push(due.elapsed());
                (next, due) = (next + 1, due + every);
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Times::default();
    while let Some(done) = tasks.join_next().await {
        times.append(&mut done??);
    }
    Ok(times)
}
