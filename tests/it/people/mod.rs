//! The people of an organisation.

mod search;
mod staff;
