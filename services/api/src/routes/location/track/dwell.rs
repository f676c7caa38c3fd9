//! In which H3 cells a person was, and for how long. Up to the coarse resolution cells are those that
//! every coarse answer uses, so that they give nothing more away.

use h3o::{CellIndex, Resolution};
use jiff::Timestamp;
use nearhand_domain::{
    Position,
    track::{GAP_MS, HistoryFix},
};
use nearhand_index::geometry::cells::{self, CellPath};
use serde::Serialize;
use utoipa::ToSchema;

/// The finest resolution for callers without `positions:read`.
pub(super) fn finest_coarse() -> Resolution {
    cells::COARSE_RESOLUTION
}

/// Where somebody was, cell by cell.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DwellTimes {
    /// Of the cells.
    resolution: u8,
    /// In the order in which they were entered.
    items: Vec<Dwell>,
}

/// A stay in a cell.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dwell {
    /// H3 index.
    #[schema(example = "89393354187ffff")]
    cell: String,
    /// The first fix in it.
    #[schema(value_type = String, format = DateTime)]
    entered_at: Timestamp,
    /// The first fix outside it, or the last one inside before a gap of more than 30 minutes.
    #[schema(value_type = String, format = DateTime)]
    left_at: Timestamp,
    seconds: i64,
}

struct Stay {
    cell: CellIndex,
    first_ms: i64,
    last_ms: i64,
}

impl DwellTimes {
    /// Of fixes in the order of their times.
    pub(super) fn of(fixes: &[HistoryFix], resolution: Resolution) -> Self {
        let mut stays: Vec<Stay> = Vec::new();
        for fix in fixes {
            let cell = cell(fix.position, resolution);
            if let Some(stay) = stays.last_mut().filter(|stay| fix.at_ms - stay.last_ms <= GAP_MS) {
                stay.last_ms = fix.at_ms;
                if stay.cell == cell {
                    continue;
                }
            }
            stays.push(Stay { cell, first_ms: fix.at_ms, last_ms: fix.at_ms });
        }
        let items = stays.iter().map(Dwell::of).collect();
        Self { resolution: resolution.into(), items }
    }
}

fn cell(position: Position, resolution: Resolution) -> CellIndex {
    if resolution <= finest_coarse() {
        CellPath::of(position).ancestor(resolution)
    } else {
        cells::cell(position, resolution)
    }
}

impl Dwell {
    fn of(stay: &Stay) -> Self {
        let at = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or_default();
        Self {
            cell: stay.cell.to_string(),
            entered_at: at(stay.first_ms),
            left_at: at(stay.last_ms),
            seconds: (stay.last_ms - stay.first_ms) / 1_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::DeviceId;

    const MINUTE: i64 = 60_000;

    #[test]
    fn a_stay_ends_with_the_next_cell_or_with_a_gap() {
        let device = DeviceId::generate();
        let fix = |minute: i64, lat: f64| HistoryFix {
            device,
            at_ms: minute * MINUTE,
            position: Position::new(lat, -9.1).unwrap(),
            accuracy_m: None,
        };
        let fixes = [fix(0, 38.7), fix(10, 38.7), fix(20, 38.8), fix(30, 38.8), fix(90, 38.8)];
        let shown = DwellTimes::of(&fixes, Resolution::Nine);
        let seconds: Vec<i64> = shown.items.iter().map(|stay| stay.seconds).collect();
        assert_eq!(seconds, [20 * 60, 10 * 60, 0]);
        assert_eq!(shown.items[1].cell, shown.items[2].cell);
        let coarse = DwellTimes::of(&fixes[..2], finest_coarse());
        let centre = CellPath::of(fixes[0].position).ancestor(finest_coarse());
        assert_eq!(coarse.items[0].cell, centre.to_string());
        assert!(DwellTimes::of(&[], Resolution::Nine).items.is_empty());
    }
}
