//! The worker's tasks: ingest, relay, partitions. register.rs lists them all.
