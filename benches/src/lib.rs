//! Benchmarks: each prints its ratio against a peer in the same run.
