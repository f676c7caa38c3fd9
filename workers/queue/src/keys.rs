//! The names of all keys. What must change together shares a hash tag, so that it stays together
//! on a Redis Cluster.

use crate::entry::Lane;
use nearhand_domain::StaffId;

/// Names keys under one prefix.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// The stream of a partition's lane.
    pub(crate) fn lane(&self, partition: u32, lane: Lane) -> String {
        format!("{}pings:{{{partition}}}:{}", self.prefix, lane.as_str())
    }

    /// Who consumes the partition now.
    pub(crate) fn lease(&self, partition: u32) -> String {
        format!("{}pings:{{{partition}}}:lease", self.prefix)
    }

    /// How often entries of the partition failed alone.
    pub(crate) fn failures(&self, partition: u32) -> String {
        format!("{}pings:{{{partition}}}:failures", self.prefix)
    }

    /// The partition's dead letters.
    pub(crate) fn dead_letters(&self, partition: u32) -> String {
        format!("{}pings:{{{partition}}}:dead", self.prefix)
    }

    /// How many partitions there are.
    pub(crate) fn layout(&self) -> String {
        format!("{}partitions", self.prefix)
    }

    /// The feed's stream.
    pub(crate) fn feed(&self) -> String {
        format!("{}feed:{{f0}}", self.prefix)
    }

    /// The feed's epoch and last sequence number.
    pub(crate) fn feed_head(&self) -> String {
        format!("{}feed:{{f0}}:head", self.prefix)
    }
}

/// Where a person's pings go. The same in every process and for ever: mixed by the finaliser of
/// splitmix64 (Steele, Lea, Flood 2014), since identifiers made together resemble each other.
pub(crate) fn partition_of(staff: StaffId, partitions: u32) -> u32 {
    let (high, low) = staff.0.as_u64_pair();
    let mut mixed = high ^ low.rotate_left(32);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    u32::try_from(mixed % u64::from(partitions)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::StaffId;

    #[test]
    fn people_made_together_spread_evenly_and_never_move() {
        let mut counts = [0u32; 4];
        for n in 0..4_000u128 {
            let staff = StaffId(uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000 << 48 | n));
            counts[partition_of(staff, 4) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (900..1_100).contains(count)), "{counts:?}");
        let staff = StaffId(uuid::Uuid::from_u128(0x0190_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0000));
        assert_eq!((partition_of(staff, 2), partition_of(staff, 16)), (1, 11));
    }
}
