//! The streets of the city as a network of crossings, and ways through it. Pure.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;

use petgraph::algo::astar;
use petgraph::graph::{NodeIndex, UnGraph};

use super::city::Place;
use super::map;

static CITY: LazyLock<Network> = LazyLock::new(|| Network::of(map::street_lines()));

/// Crossings, and the metres of street between neighbours.
pub(super) struct Network(UnGraph<Place, f64>);

impl Network {
    /// Of Harbour City.
    pub(super) fn city() -> &'static Self {
        &CITY
    }

    /// Streets cross where they share a point.
    fn of(lines: impl IntoIterator<Item = Vec<Place>>) -> Self {
        let mut graph = UnGraph::new_undirected();
        let mut known: HashMap<String, NodeIndex> = HashMap::new();
        for line in lines {
            let mut before: Option<NodeIndex> = None;
            for place in line {
                let name = format!("{:.5} {:.5}", place.lat, place.lng);
                let here = *known.entry(name).or_insert_with(|| graph.add_node(place));
                if let Some(before) = before {
                    graph.update_edge(before, here, metres(graph[before], place));
                }
                before = Some(here);
            }
        }
        Self(graph)
    }

    /// The shortest way: the crossings in their order, then the place itself.
    pub(super) fn way(&self, from: Place, to: Place) -> VecDeque<Place> {
        let graph = &self.0;
        let ends = self.nearest(from).zip(self.nearest(to));
        let found = ends.and_then(|(start, end)| {
            let left = |crossing: NodeIndex| metres(graph[crossing], graph[end]);
            astar(graph, start, |crossing| crossing == end, |street| *street.weight(), left)
        });
        let crossings = found.map(|(_, crossings)| crossings).unwrap_or_default();
        crossings.into_iter().map(|crossing| graph[crossing]).chain([to]).collect()
    }

    fn nearest(&self, place: Place) -> Option<NodeIndex> {
        let distance = |crossing: &NodeIndex| metres(self.0[*crossing], place);
        self.0.node_indices().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

/// Metres between two places of a city.
fn metres(from: Place, to: Place) -> f64 {
    let (north, east) = from.metres_to(to);
    north.hypot(east)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::city::DISTRICTS;
    use crate::demo::dice::Dice;
    use petgraph::algo::connected_components;

    #[test]
    fn every_crossing_can_be_reached() {
        let Network(graph) = Network::city();
        assert!(graph.node_count() > 800, "{}", graph.node_count());
        assert_eq!(connected_components(graph), 1);
        let longest = graph.edge_weights().copied().fold(0.0, f64::max);
        assert!(longest < 500.0, "{longest}");
    }

    #[test]
    fn a_way_follows_streets_and_is_not_much_longer_than_a_straight_line() {
        let mut dice = Dice::new(9);
        for _ in 0..200 {
            let ends = [0, 1].map(|_| dice.pick(&DISTRICTS).unwrap().somewhere(&mut dice));
            let [from, to] = ends;
            let way = Network::city().way(from, to);
            assert_eq!(way.back(), Some(&to));
            let stations: Vec<Place> = [from].into_iter().chain(way).collect();
            let length: f64 = stations.windows(2).map(|pair| metres(pair[0], pair[1])).sum();
            // Around a park or the airport now and then.
            assert!(length < 1.6 * metres(from, to) + 2_500.0, "{from:?} {to:?} {length}");
        }
    }
}
