//! Follows the feed into the live index: snapshot, catch-up, readiness.
