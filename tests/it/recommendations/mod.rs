//! Who should go, and why.

mod department_base;
mod movement;
mod only;
mod policies;
mod policy_preview;
mod policy_use;
mod privacy;
mod ranking;
mod recommended_cases;
mod relaxation;
mod replay;
mod scope;
mod stored;
mod stored_readers;
mod trial;
mod viewport;
mod why_not;
mod words;
mod work_facts;
