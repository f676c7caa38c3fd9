//! People: their profiles, absences and work preferences.

pub mod preferences;
pub mod staff;
pub mod time_off;
