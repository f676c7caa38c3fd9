//! Which loopback ports the private servers listen on: chosen once, kept while they are free.
//!
//! Ports come from below the range the system takes for outgoing connections: a client that
//! knocks while a server restarts could otherwise be given the server's own port and hold it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::marker::write_private;

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// The servers' ports on 127.0.0.1.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Ports {
    /// PostgreSQL's.
    pub(crate) postgres: u16,
    /// Redis'.
    pub(crate) redis: u16,
}

/// The recorded ports if they are free, or else new ones, which are recorded.
///
/// # Errors
/// If no port is free, or they cannot be recorded.
pub(crate) fn choose(record: &Path) -> Result<Ports, Error> {
    let recorded: Option<Ports> =
        fs::read(record).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let keep = |port: Option<u16>| port.filter(|port| is_free(*port));
    let postgres = match keep(recorded.map(|ports| ports.postgres)) {
        Some(port) => port,
        None => free_port(None)?,
    };
    let redis = match keep(recorded.map(|ports| ports.redis)) {
        Some(port) if port != postgres => port,
        _ => free_port(Some(postgres))?,
    };
    let ports = Ports { postgres, redis };
    if recorded != Some(ports) {
        let text = serde_json::to_vec(&ports).map_err(|error| Error::System(error.to_string()))?;
        write_private(record, &text)?;
    }
    Ok(ports)
}

/// Whether nobody listens on this loopback port.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A loopback port that nobody listens on now.
///
/// # Errors
/// If there is none.
pub(crate) fn free_port(besides: Option<u16>) -> Result<u16, Error> {
    let mut bytes = [0_u8; 256];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::System(format!("the system gave no random numbers: {error}")))?;
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs
        .iter()
        .map(|pair| FIRST + u16::from_le_bytes(*pair) % COUNT)
        .find(|port| Some(*port) != besides && is_free(*port))
        .ok_or_else(|| Error::System(format!("no free port between {FIRST} and {}", FIRST + COUNT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_stay_while_they_are_free() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("ports.json");
        let first = choose(&record).unwrap();
        assert_ne!(first.postgres, first.redis);
        assert_eq!(choose(&record).unwrap(), first);
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first.redis)).unwrap();
        let moved = choose(&record).unwrap();
        assert_eq!(moved.postgres, first.postgres);
        assert_ne!(moved.redis, first.redis);
        drop(taken);
        assert_eq!(choose(&record).unwrap(), moved);
    }

    #[test]
    fn a_broken_record_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("ports.json");
        fs::write(&record, "not json").unwrap();
        let ports = choose(&record).unwrap();
        assert!((FIRST..FIRST + COUNT).contains(&ports.postgres));
    }
}
