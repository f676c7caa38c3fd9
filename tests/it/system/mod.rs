//! What holds for the whole program: layers, access rules, documents, logs, tenants, being killed.

mod aborts;
mod architecture;
mod authorization;
mod codes;
mod edge;
mod examples;
mod idempotency;
mod kill;
mod logs;
mod manifests;
mod openapi;
mod outage;
mod snapshots;
mod tenancy;
mod upgrade;
