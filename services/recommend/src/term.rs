//! The terms of the score, and the unit their values are counted in. Must know nothing of queries
//! or people.

/// The terms of the score, in the order they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Nearness in driving time.
    Travel,
    /// Preference for the services.
    Service,
    /// Preference for the regions.
    Region,
    /// Skill levels.
    Skill,
    /// Languages.
    Language,
    /// Being on the panel.
    Panel,
    /// Earlier visits to the client.
    Continuity,
    /// Having less to do than others.
    Workload,
    /// Slack in time.
    Availability,
}

impl Term {
    /// All terms. `term as usize` is the term's place in every array by term.
    pub const ALL: [Self; 9] = [
        Self::Travel,
        Self::Service,
        Self::Region,
        Self::Skill,
        Self::Language,
        Self::Panel,
        Self::Continuity,
        Self::Workload,
        Self::Availability,
    ];
}

/// The largest value of a term: one whole in millionths.
pub(crate) const ONE: u32 = 1_000_000;
