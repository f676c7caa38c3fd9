//! The database's schema, as numbered SQL, and how it is brought up to date.
