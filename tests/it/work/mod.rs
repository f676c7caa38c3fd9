//! Cases, clients and what they ask for; who does them, and to whom they are offered.

mod assignment_check;
mod assignment_mail;
mod assignment_races;
mod assignments;
mod case_fields;
mod case_geocode;
mod case_list;
mod cases;
mod clients;
mod held;
mod offer_links;
mod offer_mail;
mod offer_races;
mod offers;
mod offers_killed;
mod offers_refused;
mod own_assignments;
mod own_cases;
mod own_events;
mod released_work;
mod schedule;
