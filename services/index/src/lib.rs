//! The live index: people, places, regions, kept in memory and searched by distance. Pure: no I/O, no async.
