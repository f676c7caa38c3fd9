//! People: profiles, absences, work preferences.

pub(crate) mod staff;
pub(crate) mod staff_form;
pub(crate) mod time_off;
pub(crate) mod work_preferences;
