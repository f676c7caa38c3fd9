//! The dead letters: entries that could not be processed. An operator can list them and requeue
//! them. Must never show a coordinate.

use crate::{
    connection::Queue,
    entry::{DecodeError, Lane, PingBatch},
    error::QueueError,
    in_flight::batches,
    keys::partition_of,
    reply::{self, RawEntry},
};
use nearhand_domain::{DeviceId, OrganizationId, StaffId};
use redis::{Script, Value};
use std::sync::LazyLock;

/// Puts a dead letter back into its lane, with its payload unchanged.
static REQUEUE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])
         if not found[1] then return 0 end
         local lane = KEYS[2]
         local payload = {}
         local fields = found[1][2]
         for i = 1, #fields, 2 do
           if fields[i] == 'lane' and fields[i + 1] == 'backlog' then lane = KEYS[3] end
           if #fields[i] == 1 then
             payload[#payload + 1] = fields[i]
             payload[#payload + 1] = fields[i + 1]
           end
         end
         if #payload == 0 then return 0 end
         redis.call('XADD', lane, '*', unpack(payload))
         redis.call('XDEL', KEYS[1], ARGV[1])
         return 1",
    )
});

/// Dead letters of one page.
const PAGE: usize = 100;

/// What an operator may see of a dead letter.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// Its identifier: partition, a dot, the identifier in the stream.
    pub id: String,
    /// The lane it was read from.
    pub lane: Option<Lane>,
    /// Why it became a dead letter.
    pub reason: String,
    /// When, Unix milliseconds.
    pub failed_at_ms: i64,
    /// When Redis stored it first, Unix milliseconds.
    pub queued_at_ms: i64,
    /// Its requests, nearly always one; none when it cannot be decoded.
    pub contents: Vec<DeadContent>,
}

/// One request of a dead letter, without its positions.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadContent {
    /// The W3C trace context of the request.
    pub traceparent: Option<String>,
    /// Tenant.
    pub organization: OrganizationId,
    /// The phone.
    pub device: DeviceId,
    /// The person.
    pub staff: StaffId,
    /// The times of its fixes, Unix milliseconds, in their order.
    pub fixes_at_ms: Vec<i64>,
}

/// An operator's view of the dead letters.
#[derive(Clone)]
pub struct DeadLetters {
    queue: Queue,
}

impl Queue {
    /// The dead letters.
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters { queue: self.clone() }
    }
}

impl DeadLetters {
    /// The oldest `limit` dead letters of each partition, oldest first.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn list(&self, limit: usize) -> Result<Vec<DeadLetter>, QueueError> {
        let mut letters = Vec::new();
        for partition in 0..self.queue.config().partitions {
            letters.extend(self.range(partition, "-", "+", limit).await?);
        }
        letters.sort_by(|a, b| (a.failed_at_ms, &a.id).cmp(&(b.failed_at_ms, &b.id)));
        letters.truncate(limit);
        Ok(letters)
    }

    /// One dead letter by its identifier.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn inspect(&self, id: &str) -> Result<Option<DeadLetter>, QueueError> {
        let Some((partition, place)) = self.parse_id(id) else { return Ok(None) };
        Ok(self.range(partition, place, place, 1).await?.pop())
    }

    /// Puts one dead letter back into its lane; false when there is none with this identifier.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn requeue(&self, id: &str) -> Result<bool, QueueError> {
        let Some((partition, place)) = self.parse_id(id) else { return Ok(false) };
        let keys = self.queue.keys();
        let mut call = REQUEUE.key(keys.dead_letters(partition));
        call.key(keys.lane(partition, Lane::Live)).key(keys.lane(partition, Lane::Backlog));
        Ok(call.arg(place).invoke_async(&mut self.queue.shared()).await?)
    }

    /// Puts all dead letters back into their lanes; returns how many.
    ///
    /// # Errors
    /// When Redis fails; some may have been put back.
    pub async fn requeue_all(&self) -> Result<usize, QueueError> {
        let mut count = 0;
        for letter in self.list(usize::MAX).await? {
            count += usize::from(self.requeue(&letter.id).await?);
        }
        Ok(count)
    }

    /// Requeues dead letters that an older program could not decode and this one can: one page of one
    /// partition. Returns where the next page begins.
    ///
    /// # Errors
    /// When Redis fails; some may have been put back.
    pub async fn requeue_decodable(
        &self,
        partition: u32,
        from: &str,
    ) -> Result<Option<String>, QueueError> {
        let page = self.range(partition, from, "+", PAGE).await?;
        let too_new = DecodeError::Newer.to_string();
        for letter in &page {
            if letter.reason == too_new && !letter.contents.is_empty() {
                self.requeue(&letter.id).await?;
            }
        }
        let last = page.last().filter(|_| page.len() >= PAGE);
        Ok(last.and_then(|letter| Some(format!("({}", self.parse_id(&letter.id)?.1))))
    }

    /// Removes the dead letters of a person who was erased; returns how many. One that holds requests of
    /// others as well is put back into its lane, where theirs are stored and the erased person's are
    /// dropped.
    ///
    /// # Errors
    /// When Redis fails; some may have been removed.
    pub async fn remove_of(&self, staff: StaffId) -> Result<usize, QueueError> {
        let partition = partition_of(staff, self.queue.config().partitions);
        let key = self.queue.keys().dead_letters(partition);
        let (mut from, mut removed) = ("-".to_owned(), 0);
        loop {
            let page = self.range(partition, &from, "+", PAGE).await?;
            for letter in &page {
                let Some((_, place)) = self.parse_id(&letter.id) else { continue };
                if !letter.contents.iter().any(|content| content.staff == staff) {
                    continue;
                }
                if letter.contents.iter().all(|content| content.staff == staff) {
                    let mut call = redis::cmd("XDEL");
                    call.arg(&key).arg(place);
                    call.exec_async(&mut self.queue.shared()).await?;
                } else {
                    self.requeue(&letter.id).await?;
                }
                removed += 1;
            }
            let Some(last) = page.last().filter(|_| page.len() >= PAGE) else { return Ok(removed) };
            let Some((_, place)) = self.parse_id(&last.id) else { return Ok(removed) };
            from = format!("({place}");
        }
    }

    /// How many there are.
    ///
    /// # Errors
    /// When Redis fails.
    pub async fn count(&self) -> Result<u64, QueueError> {
        let mut pipe = redis::pipe();
        for partition in 0..self.queue.config().partitions {
            pipe.cmd("XLEN").arg(self.queue.keys().dead_letters(partition));
        }
        let counts: Vec<u64> = pipe.query_async(&mut self.queue.shared()).await?;
        Ok(counts.iter().sum())
    }

    fn parse_id<'a>(&self, id: &'a str) -> Option<(u32, &'a str)> {
        let (partition, place) = id.split_once('.')?;
        let (ms, nth) = place.split_once('-')?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let partition = partition.parse().ok()?;
        (partition < self.queue.config().partitions && is_number(ms) && is_number(nth))
            .then_some((partition, place))
    }

    async fn range(
        &self,
        partition: u32,
        from: &str,
        to: &str,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        let mut call = redis::cmd("XRANGE");
        call.arg(self.queue.keys().dead_letters(partition)).arg(from).arg(to);
        call.arg("COUNT").arg(i64::try_from(limit).unwrap_or(i64::MAX));
        let list: Value = call.query_async(&mut self.queue.shared()).await?;
        Ok(reply::entries(list)?.into_iter().map(|raw| to_letter(partition, raw)).collect())
    }
}

fn to_letter(partition: u32, mut raw: RawEntry) -> DeadLetter {
    let contents =
        batches(&mut raw).unwrap_or_default().into_iter().map(without_positions).collect();
    let queued = raw.take_text("id").unwrap_or_default();
    DeadLetter {
        id: format!("{partition}.{}", raw.id),
        lane: raw.take_text("lane").and_then(|word| Lane::parse(&word)),
        reason: raw.take_text("reason").unwrap_or_default(),
        failed_at_ms: raw.take_text("failed_at").and_then(|ms| ms.parse().ok()).unwrap_or(0),
        queued_at_ms: reply::entry_ms(&queued),
        contents,
    }
}

fn without_positions(batch: PingBatch) -> DeadContent {
    DeadContent {
        traceparent: batch.traceparent,
        organization: batch.organization,
        device: batch.device,
        staff: batch.staff,
        fixes_at_ms: batch.pings.iter().map(|ping| ping.fix_at_ms).collect(),
    }
}
