//! Ways as GeoJSON and as GPX 1.1. Must not leave anything out.

use jiff::Timestamp;
use nearhand_domain::{DeviceId, track::HistoryFix};
use serde::Serialize;
use std::fmt::Write;
use utoipa::ToSchema;

/// A GeoJSON FeatureCollection (RFC 7946).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrackCollection {
    #[serde(rename = "type")]
    #[schema(example = "FeatureCollection")]
    kind: &'static str,
    /// A stretch each.
    features: Vec<TrackFeature>,
}

/// A stretch without a gap.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrackFeature {
    #[serde(rename = "type")]
    #[schema(example = "Feature")]
    kind: &'static str,
    geometry: TrackLine,
    properties: TrackProperties,
}

/// Its line: a LineString, or a Point where there is only one fix.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", content = "coordinates")]
enum TrackLine {
    /// Longitude and latitude.
    Point([f64; 2]),
    /// Longitude and latitude of each.
    LineString(Vec<[f64; 2]>),
}

/// What there is to say of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrackProperties {
    #[schema(value_type = uuid::Uuid)]
    device_id: Option<DeviceId>,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Of each coordinate.
    #[schema(value_type = Vec<String>)]
    times: Vec<Timestamp>,
    /// Of each coordinate; null: unknown.
    accuracies_m: Vec<Option<f32>>,
}

impl TrackCollection {
    /// Of these stretches.
    pub(super) fn of(ways: &[Vec<HistoryFix>]) -> Self {
        let features = ways.iter().map(|way| feature(way)).collect();
        Self { kind: "FeatureCollection", features }
    }
}

fn feature(way: &[HistoryFix]) -> TrackFeature {
    let xy = |fix: &HistoryFix| {
        let (x, y) = fix.position.xy();
        [x, y]
    };
    let geometry = match way {
        [only] => TrackLine::Point(xy(only)),
        more => TrackLine::LineString(more.iter().map(xy).collect()),
    };
    let times: Vec<Timestamp> = way.iter().map(at).collect();
    let properties = TrackProperties {
        device_id: way.first().map(|fix| fix.device),
        started_at: times.first().copied(),
        ended_at: times.last().copied(),
        times,
        accuracies_m: way.iter().map(|fix| fix.accuracy_m).collect(),
    };
    TrackFeature { kind: "Feature", geometry, properties }
}

fn at(fix: &HistoryFix) -> Timestamp {
    Timestamp::from_millisecond(fix.at_ms).unwrap_or_default()
}

/// One track, a segment for each stretch. Only numbers and times, so nothing needs escaping.
pub(super) fn gpx(ways: &[Vec<HistoryFix>]) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"Nearhand\" \
         xmlns=\"http://www.topografix.com/GPX/1/1\"><trk>",
    );
    for way in ways {
        text.push_str("<trkseg>");
        for fix in way {
            let (lat, lng) = (fix.position.lat(), fix.position.lng());
            // Writing into a string cannot fail.
            let _ = write!(
                text,
                "<trkpt lat=\"{lat:.7}\" lon=\"{lng:.7}\"><time>{}</time></trkpt>",
                at(fix)
            );
        }
        text.push_str("</trkseg>");
    }
    text.push_str("</trk></gpx>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::Position;

    fn fix(at_ms: i64) -> HistoryFix {
        let position = Position::new(38.7, -9.1).unwrap();
        HistoryFix { device: DeviceId::generate(), at_ms, position, accuracy_m: None }
    }

    #[test]
    fn one_fix_is_a_point_and_more_are_a_line() {
        let ways = [vec![fix(0), fix(60_000)], vec![fix(9_000_000)]];
        let shown = serde_json::to_value(TrackCollection::of(&ways)).unwrap();
        assert_eq!(shown["features"][0]["geometry"]["type"], "LineString");
        assert_eq!(shown["features"][0]["geometry"]["coordinates"][1][0], -9.1);
        assert_eq!(shown["features"][0]["properties"]["times"][1], "1970-01-01T00:01:00Z");
        assert_eq!(shown["features"][1]["geometry"]["type"], "Point");
        assert_eq!(shown["features"][1]["geometry"]["coordinates"][1], 38.7);
        let text = gpx(&ways);
        assert_eq!((text.matches("<trkseg>").count(), text.matches("<trkpt ").count()), (2, 3));
        assert!(text.contains("lat=\"38.7000000\" lon=\"-9.1000000\"><time>1970-01-01T00:01:00Z"));
    }
}
