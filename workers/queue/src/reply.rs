//! Reading stream replies. By hand: the crate's maps lose repeated field names and the order.

use crate::error::QueueError;
use redis::Value;
use std::collections::HashMap;

/// An entry as Redis returns it.
pub(crate) struct RawEntry {
    pub(crate) id: String,
    /// Names and values, alternating.
    fields: Vec<Value>,
}

impl RawEntry {
    /// Takes a field's value out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Vec<u8>> {
        let at = self
            .fields
            .chunks_exact(2)
            .position(|pair| matches!(&pair[0], Value::BulkString(n) if n == name.as_bytes()))?;
        match std::mem::take(&mut self.fields[2 * at + 1]) {
            Value::BulkString(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The same as text.
    pub(crate) fn take_text(&mut self, name: &str) -> Option<String> {
        self.take(name).and_then(|bytes| String::from_utf8(bytes).ok())
    }
}

/// When Redis took an entry in, by its identifier, Unix milliseconds.
pub(crate) fn entry_ms(id: &str) -> i64 {
    id.split('-').next().and_then(|ms| ms.parse().ok()).unwrap_or(0)
}

/// The reply of XREAD and XREADGROUP: streams by name, nothing when the wait was in vain.
pub(crate) fn streams(reply: Value) -> Result<Vec<(String, Vec<RawEntry>)>, QueueError> {
    let pairs = match reply {
        Value::Nil => return Ok(Vec::new()),
        Value::Map(pairs) => pairs,
        Value::Array(streams) => streams
            .into_iter()
            .map(|stream| {
                let [name, list] = exactly(stream, "a stream")?;
                Ok((name, list))
            })
            .collect::<Result<_, QueueError>>()?,
        _ => return Err(QueueError::Reply("a read")),
    };
    pairs.into_iter().map(|(name, list)| Ok((text(name, "a name")?, entries(list)?))).collect()
}

/// A list of entries. Those already deleted come without fields and are left out.
pub(crate) fn entries(list: Value) -> Result<Vec<RawEntry>, QueueError> {
    let list = match list {
        Value::Array(list) => list,
        Value::Nil => return Ok(Vec::new()),
        _ => return Err(QueueError::Reply("entries")),
    };
    let mut found = Vec::with_capacity(list.len());
    for entry in list {
        if matches!(entry, Value::Nil) {
            continue;
        }
        let [id, fields] = exactly(entry, "an entry")?;
        if let Value::Array(fields) = fields {
            found.push(RawEntry { id: text(id, "an identifier")?, fields });
        }
    }
    Ok(found)
}

/// The reply of XPENDING with a range: how often each entry was handed out.
pub(crate) fn deliveries(reply: Value) -> Result<HashMap<String, u64>, QueueError> {
    let Value::Array(list) = reply else { return Err(QueueError::Reply("pending entries")) };
    let mut found = HashMap::with_capacity(list.len());
    for pending in list {
        let [id, _, _, count] = exactly(pending, "a pending entry")?;
        let Value::Int(count) = count else { return Err(QueueError::Reply("a count")) };
        found.insert(text(id, "an identifier")?, u64::try_from(count).unwrap_or(0));
    }
    Ok(found)
}

/// An array of exactly this many values.
pub(crate) fn exactly<const N: usize>(
    value: Value,
    what: &'static str,
) -> Result<[Value; N], QueueError> {
    match value {
        Value::Array(values) => values.try_into().map_err(|_| QueueError::Reply(what)),
        _ => Err(QueueError::Reply(what)),
    }
}

pub(crate) fn text(value: Value, what: &'static str) -> Result<String, QueueError> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).map_err(|_| QueueError::Reply(what)),
        Value::SimpleString(text) => Ok(text),
        _ => Err(QueueError::Reply(what)),
    }
}
