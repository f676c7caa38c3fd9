//! The people of an organisation.

mod access;
mod batch;
mod data_exports;
mod delete;
mod delete_many;
mod details;
mod duty;
mod erase;
mod erase_killed;
mod exports;
mod filters;
mod geocoding;
mod imports;
mod imports_bad;
mod imports_killed;
mod imports_races;
mod invitation_races;
mod invitations;
mod membership;
mod own_profile;
mod photos;
mod purge;
mod roles;
mod scopes;
mod search;
mod staff;
