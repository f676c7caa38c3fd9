//! The policies an organisation can begin with. The numbers must not change: a stored policy says
//! which preset it was made from, and people know presets by what they do.
//!
//! Weights add up to 100, so that each is also the most points its term can give in a case to which
//! all terms apply.
//!
//! | preset | travel | service | region | skill | language | panel | continuity | workload | availability |
//! |---|---|---|---|---|---|---|---|---|---|
//! | `balanced` | 32 | 14 | 9 | 12 | 5 | 6 | 7 | 9 | 6 |
//! | `nearest` | 70 | 6 | 4 | 8 | 3 | 2 | 2 | 2 | 3 |
//! | `client_first` | 20 | 10 | 6 | 12 | 8 | 20 | 18 | 3 | 3 |
//! | `preference_first` | 18 | 30 | 22 | 10 | 4 | 4 | 4 | 4 | 4 |
//! | `fair_share` | 22 | 9 | 6 | 9 | 4 | 3 | 4 | 35 | 8 |
//!
//! `nearest` is for urgent work. Its travel term halves every 15 minutes beyond the first 5, instead
//! of every 30 beyond the first 10. A ping loses half its weight in 10 minutes, and counts for
//! nothing in urgent cases after 30. All other settings are the defaults.

use crate::policy::{Policy, Weights};

/// A policy to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// The defaults.
    Balanced,
    /// Who can be there first.
    Nearest,
    /// Who knows the client.
    ClientFirst,
    /// Who wants this work.
    PreferenceFirst,
    /// Who has the least to do.
    FairShare,
}

impl Preset {
    /// All presets, in the order they are shown.
    pub const ALL: [Self; 5] =
        [Self::Balanced, Self::Nearest, Self::ClientFirst, Self::PreferenceFirst, Self::FairShare];

    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Balanced => "balanced",
            Self::Nearest => "nearest",
            Self::ClientFirst => "client_first",
            Self::PreferenceFirst => "preference_first",
            Self::FairShare => "fair_share",
        }
    }

    /// The preset of a word, if it is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == word)
    }

    /// What it is for.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Balanced => "Weighs everything; the default.",
            Self::Nearest => {
                "For urgent work: travel outweighs all else, and only fresh pings count."
            }
            Self::ClientFirst => "The client's panel and earlier visits to the client come first.",
            Self::PreferenceFirst => "What people prefer, by service and region, comes first.",
            Self::FairShare => "Whoever has less to do than others comes first.",
        }
    }

    /// Its settings.
    #[must_use]
    pub fn policy(self) -> Policy {
        let weights = |of: [u32; 9]| {
            let [travel, service, region, skill, language, panel, continuity, workload, rest] = of;
            let availability = rest;
            Weights {
                travel,
                service,
                region,
                skill,
                language,
                panel,
                continuity,
                workload,
                availability,
            }
        };
        let weighing = |of| Policy { weights: weights(of), ..Policy::default() };
        match self {
            Self::Balanced => Policy::default(),
            Self::Nearest => Policy {
                travel_offset_min: 5.0,
                travel_scale_min: 15.0,
                ping_half_life_min: 10.0,
                urgent_ping_max_age_min: 30.0,
                ..weighing([70, 6, 4, 8, 3, 2, 2, 2, 3])
            },
            Self::ClientFirst => weighing([20, 10, 6, 12, 8, 20, 18, 3, 3]),
            Self::PreferenceFirst => weighing([18, 30, 22, 10, 4, 4, 4, 4, 4]),
            Self::FairShare => weighing([22, 9, 6, 9, 4, 3, 4, 35, 8]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;
    use nearhand_domain::field::FieldErrors;

    #[test]
    fn presets_may_be_stored_and_weigh_a_hundred() {
        for preset in Preset::ALL {
            let policy = preset.policy();
            assert_eq!(policy.check(), Ok(()));
            let mut errors = FieldErrors::default();
            settings::check(&policy, "", &mut errors);
            assert_eq!(errors.conclude(Ok(())), Ok(()), "{preset:?}");
            let w = &policy.weights;
            let sum = w.travel + w.service + w.region + w.skill + w.language;
            let sum = sum + w.panel + w.continuity + w.workload + w.availability;
            assert_eq!(sum, 100, "{preset:?}");
            assert_eq!(Preset::parse(preset.as_str()), Some(preset));
        }
        assert_eq!(Preset::parse("best"), None);
    }
}
