//! Phones that move about and send what they would send. Must never send one fix twice.

use crate::{http, random::Random, site::Phone};
use nearhand_domain::{Position, clock};
use std::fmt::Write;

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

    /// Goes on by some 100 m.
    fn step(&mut self) -> Position {
        let (lat, lng) = self.phone.at.e7();
        let mut by = || i32::try_from(self.random.below(18_000)).unwrap_or(0) - 9_000;
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
}

/// How many fixes an answer says are accepted.
pub(crate) fn accepted(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("\"accepted\":")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}
