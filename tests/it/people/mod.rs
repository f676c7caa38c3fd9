//! The people of an organisation.

mod staff;
