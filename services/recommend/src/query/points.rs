//! Driving times, and points from the values of terms. Must round as the ranking contract says.

use crate::{
    query::Query,
    rounding::{from_milli, whole},
    term::Term,
};

/// The longest drive in thousandths of minutes. It ends after every possible start.
const LONGEST_ETA: i64 = 10_000_000_000_000;

impl Query<'_> {
    /// The driving time for a great-circle distance, in thousandths of minutes, rounded half-even.
    pub(crate) fn eta_milli_min(&self, km: f64) -> i64 {
        let minutes = km * self.policy.circuity / self.policy.speed_kmh * 60.0;
        whole(libm::rint(minutes * 1_000.0)).clamp(0, LONGEST_ETA)
    }

    /// D: the share of the travel term that is left after a drive in thousandths of minutes, from
    /// 0 to 1; 0 without a place.
    pub(crate) fn nearness(&self, eta_milli_min: Option<i64>) -> f64 {
        eta_milli_min.map_or(0.0, |eta| {
            let over = (from_milli(eta) - self.policy.travel_offset_min).max(0.0);
            libm::exp2(-over / self.policy.travel_scale_min)
        })
    }

    /// Whether a term counts for this case.
    pub(crate) fn applies(&self, term: Term) -> bool {
        self.weights[term as usize].is_some()
    }

    /// Micro-points of a term at `u` millionths, rounded down; 0 where it does not apply.
    pub(crate) fn points(&self, term: Term, u: u32) -> u64 {
        let weight = u64::from(self.weights[term as usize].unwrap_or(0));
        if weight == 0 || u == 0 {
            return 0;
        }
        (100 * weight * u64::from(u)).checked_div(self.total_weight).unwrap_or(0)
    }

    /// Micro-points of a term for each millionth, not rounded.
    pub(crate) fn points_per_millionth(&self, term: Term) -> f64 {
        let total: f64 = self.weights.iter().flatten().map(|&weight| f64::from(weight)).sum();
        let weight = f64::from(self.weights[term as usize].unwrap_or(0));
        if total > 0.0 { 100.0 * weight / total } else { 0.0 }
    }

    /// Micro-points by term and their sum, from millionths by term.
    pub(crate) fn points_and_sum(&self, u: &[u32; 9]) -> ([u64; 9], u64) {
        let points = Term::ALL.map(|term| self.points(term, u[term as usize]));
        (points, points.iter().sum())
    }
}
