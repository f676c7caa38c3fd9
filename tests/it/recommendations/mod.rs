//! Who should go, and why.

mod ranking;
