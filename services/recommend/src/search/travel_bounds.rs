//! Upper bounds of travel and availability by distance. Must never be below the exact terms; every
//! rounding goes up.

use crate::{
    query::{Disclosure, Query},
    rounding::{micro, minutes, whole},
    search::rank_key::rank_key,
    term::{ONE, Term},
};
use nearhand_index::geometry::{cells::COARSE_RADIUS_KM, sphere::arc_km_at_least};
use std::sync::LazyLock;

/// Upper bounds by distance, for one query.
#[derive(Debug)]
pub(super) struct TravelBounds<'a, 'q> {
    query: &'a Query<'q>,
    /// A private place may be so much nearer than its exact position.
    shrink_km: f64,
    /// Nobody farther than this is eligible: the policy's limit, or the latest arrival.
    limit_km: f64,
    /// Drives from here on leave next to nothing of the travel term.
    pub(super) far_km: f64,
    /// Halvings of the travel term per kilometre.
    halvings_per_km: f64,
    /// Halvings that the free offset of the drive takes off.
    free_halvings: f64,
    /// 2^(−x) by steps of x.
    powers: &'static [f64],
    /// Micro-points of travel per millionth, rounded up.
    travel_points: f64,
    min_per_km: f64,
    /// Minutes from now to a fixed start.
    spare_min: Option<f64>,
    /// Micro-points of full availability.
    available_points: u64,
}

/// The best that anybody can get after a distance.
#[derive(Clone, Copy, Debug)]
pub(super) struct TravelBound {
    /// Micro-points of travel and availability, at most.
    points: u64,
    /// The drive in whole minutes, at least.
    drive_min: u64,
}

/// 2^(−x) at steps of 1/8. The function is convex, so the line between two neighbours lies above
/// it.
static POWERS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    (0..=STEPS).map(|step| libm::exp2(-f64::from(step) / STEPS_PER_UNIT)).collect()
});
const STEPS: u32 = 192;
const STEPS_PER_UNIT: f64 = 8.0;
const LAST_STEP: i64 = STEPS as i64 - 1;
/// Added to a share before it is rounded to millionths, for the last digits of doubles.
const ROUNDING: f64 = 1e-9;
/// Places are far when the drive halves the travel term so many times: a 256th is left.
const FAR_HALVINGS: f64 = 8.0;
/// The search for a chord halves its interval so often: the result is exact to a kilometre.
const CHORD_HALVINGS: u32 = 14;

impl TravelBound {
    /// The rank key of a person with this travel bound and such abilities.
    pub(super) fn rank_key(self, abilities: u64) -> u64 {
        rank_key(abilities + self.points, self.drive_min)
    }

    /// The drive in whole hours, at least.
    pub(super) fn drive_hours(self) -> usize {
        usize::try_from(self.drive_min / 60).unwrap_or(usize::MAX)
    }
}

impl<'a, 'q> TravelBounds<'a, 'q> {
    pub(super) fn new(query: &'a Query<'q>) -> Self {
        let policy = query.policy;
        let min_per_km = policy.circuity / policy.speed_kmh * 60.0;
        let spare_min = query.case.starts_at.map(|_| minutes(query.start - query.as_of));
        let latest_km = spare_min
            .map_or(f64::INFINITY, |spare| (spare + policy.max_late_min + 0.01) / min_per_km);
        let limit_km = policy.max_travel_km.unwrap_or(f64::INFINITY).min(latest_km);
        let coarse = query.disclosure == Disclosure::Coarse;
        let shrink_km = if coarse { COARSE_RADIUS_KM } else { 0.0 };
        let halvings_per_km = min_per_km / policy.travel_scale_min;
        // Driving times are rounded to thousandths of a minute.
        let free_halvings = (policy.travel_offset_min + 0.001) / policy.travel_scale_min;
        Self {
            query,
            shrink_km,
            limit_km: limit_km * (1.0 + 1e-9),
            far_km: (FAR_HALVINGS + free_halvings) / halvings_per_km + shrink_km,
            halvings_per_km,
            free_halvings,
            powers: &POWERS,
            travel_points: query.points_per_millionth(Term::Travel) * (1.0 + 1e-12),
            min_per_km,
            spare_min,
            available_points: query.points(Term::Availability, ONE),
        }
    }

    /// The bound for every place at least so far away. Cost: a look-up, no power of two.
    pub(super) fn at(&self, km: f64) -> TravelBound {
        let drive_min = self.drive_min(km);
        let travel = f64::from(micro_up(self.nearness(km))) * self.travel_points;
        let points = natural(travel) + self.availability_points(drive_min);
        TravelBound { points, drive_min: natural(drive_min) }
    }

    /// Whether anybody so far away can be eligible.
    pub(super) fn is_within_limit(&self, km: f64) -> bool {
        km - self.shrink_km <= self.limit_km
    }

    /// D of every place at least so far away, at most.
    pub(super) fn nearness(&self, km: f64) -> f64 {
        let x = (km - self.shrink_km) * self.halvings_per_km - self.free_halvings;
        if x <= 0.0 {
            return 1.0;
        }
        let step = (x * STEPS_PER_UNIT).min(f64::from(STEPS));
        let below = u32::try_from(whole(step).min(LAST_STEP)).unwrap_or(0);
        let at = below as usize;
        let (high, low) = (self.powers[at], self.powers[at + 1]);
        high + (low - high) * (step - f64::from(below))
    }

    /// Points of availability after a drive of at least so many minutes, at most.
    pub(super) fn availability_points(&self, drive_min: f64) -> u64 {
        match self.spare_min.map(|spare| spare - drive_min) {
            Some(spare) if spare < 60.0 => {
                let u = micro_up(spare.max(0.0) / 60.0);
                self.query.points(Term::Availability, u)
            }
            _ => self.available_points,
        }
    }

    /// The chord in Earth radii beyond which such abilities cannot reach a rank key.
    pub(super) fn longest_chord(&self, abilities: u64, key: u64) -> f64 {
        let reaches = |chord: f64| self.at(arc_km_at_least(chord)).rank_key(abilities) >= key;
        let (mut within, mut beyond) = (0.0, 2.0);
        for _ in 0..CHORD_HALVINGS {
            let half = (within + beyond) / 2.0;
            if reaches(half) {
                within = half;
            } else {
                beyond = half;
            }
        }
        beyond
    }

    /// The drive in minutes from every place at least so far away, at least.
    fn drive_min(&self, km: f64) -> f64 {
        (km - self.shrink_km).max(0.0) * self.min_per_km - 0.001
    }
}

/// A share in millionths, at least. Rounding is monotonous: a share that is not below the exact one
/// gives millionths that are not below the exact ones.
pub(super) fn micro_up(share: f64) -> u32 {
    micro(share + ROUNDING)
}

/// The whole part of a number; 0 for numbers below 0.
fn natural(number: f64) -> u64 {
    whole(number).max(0).unsigned_abs()
}
