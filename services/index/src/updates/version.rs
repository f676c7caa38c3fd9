//! One number for all an organisation's ranking reads. Must not depend on order or history.

use nearhand_domain::OrganizationId;
use std::fmt;
use uuid::Uuid;

/// An order-independent 128-bit sum over (entity, version): equal sums, equal content, on any
/// process. Not meant to resist forgery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IndexVersion(pub u128);

/// What an entity is, so that equal identifiers of different kinds differ.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entity {
    Organization = 1,
    Staff = 2,
    Region = 3,
    Position = 4,
    Work = 5,
}

/// What a double holds exactly, and some room.
pub(crate) const LOW_48_BITS: u64 = (1 << 48) - 1;

impl IndexVersion {
    pub(crate) fn add(&mut self, entity: Entity, id: Uuid, version: i64) {
        self.0 = self.0.wrapping_add(hash(entity, id, version));
    }

    pub(crate) fn remove(&mut self, entity: Entity, id: Uuid, version: i64) {
        self.0 = self.0.wrapping_sub(hash(entity, id, version));
    }

    /// As much of it as a gauge can show.
    pub(crate) fn low_48_bits(self) -> u64 {
        u64::try_from(self.0 & u128::from(LOW_48_BITS)).unwrap_or(0)
    }

    /// The sum's beginning: of an organisation of which nothing is known.
    pub(crate) fn of(organization: OrganizationId) -> Self {
        let mut version = Self::default();
        version.add(Entity::Organization, organization.0, i64::MIN);
        version
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for IndexVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Two lanes of the splitmix64 finaliser (Steele, Lea, Flood 2014), chained over the words.
fn hash(entity: Entity, id: Uuid, version: i64) -> u128 {
    let (high, low) = id.as_u64_pair();
    let words = [entity as u64, high, low, version.cast_unsigned()];
    let (mut a, mut b) = (0x9E37_79B9_7F4A_7C15_u64, 0xD1B5_4A32_D192_ED03_u64);
    for word in words {
        a = mix(a ^ word).wrapping_add(b);
        b = mix(b.rotate_left(23) ^ word).wrapping_add(a);
    }
    u128::from(mix(a)) << 64 | u128::from(mix(b))
}

/// The finaliser of splitmix64.
pub(crate) fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}
