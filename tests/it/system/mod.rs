//! What holds for the whole program: layers, access rules, documents, logs, tenants, being killed.

mod architecture;
mod authorization;
mod examples;
mod kill;
mod logs;
mod openapi;
mod tenancy;
