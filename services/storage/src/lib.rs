//! Everything said to PostgreSQL, and nothing else: one file per aggregate, typed rows, tenancy.
