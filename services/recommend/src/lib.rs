//! Rules, location, score, explanation and exact search. Pure: no I/O, no async.
