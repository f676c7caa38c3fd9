//! What holds for the whole program: layers, access rules, documents, logs, tenants, being killed.

mod aborts;
mod architecture;
mod audit;
mod authorization;
mod backup;
mod codes;
mod documentation;
mod examples;
mod feature_matrix;
mod file_circles;
mod idempotency;
mod jobs;
mod kill;
mod logs;
mod mail_servers;
mod mails;
mod manifests;
mod openapi;
mod outage;
mod outbox;
mod pages;
mod request_layer;
mod snapshots;
mod tenancy;
mod traces;
mod upgrade;
