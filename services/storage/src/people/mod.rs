//! People: their profiles, photos, roles, invitations, absences and work preferences.

pub mod data_exports;
pub mod delete_requests;
pub mod duty;
pub mod erasure;
pub mod exports;
pub mod imports;
pub mod invitations;
pub mod membership_names;
pub mod notifications;
pub mod photos;
pub mod preferences;
pub mod roles;
pub mod staff;
pub mod time_off;
