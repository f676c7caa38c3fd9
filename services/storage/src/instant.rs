//! Instants as whole milliseconds in `timestamptz` columns, without a detour through a calendar:
//! ingest writes three of them a ping. −infinity and infinity become the ends of `i64`.

use sqlx::{
    Decode, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{
        PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef, types::Oid,
    },
};

/// 2000-01-01 UTC, from which PostgreSQL counts, in Unix microseconds.
const EPOCH_US: i64 = 946_684_800_000_000;

/// Unix milliseconds, bound to a `timestamptz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Millis(pub(crate) i64);

/// Unix microseconds, read from a `timestamptz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Micros(i64);

impl Micros {
    /// The millisecond it lies in.
    pub(crate) fn millis(self) -> i64 {
        self.divided(1_000)
    }

    /// The second it lies in.
    pub(crate) fn second(self) -> i64 {
        self.divided(1_000_000)
    }

    /// The first whole second not before it.
    pub(crate) fn second_after(self) -> i64 {
        match self.0 {
            i64::MIN | i64::MAX => self.0,
            us => -((-us).div_euclid(1_000_000)),
        }
    }

    fn divided(self, by: i64) -> i64 {
        match self.0 {
            i64::MIN | i64::MAX => self.0,
            us => us.div_euclid(by),
        }
    }
}

impl Type<Postgres> for Millis {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1184))
    }
}

impl PgHasArrayType for Millis {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1185))
    }
}

impl Encode<'_, Postgres> for Millis {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let us = self.0.checked_mul(1_000).and_then(|us| us.checked_sub(EPOCH_US));
        <i64 as Encode<Postgres>>::encode(us.ok_or("an instant is out of range")?, buffer)
    }
}

impl Type<Postgres> for Micros {
    fn type_info() -> PgTypeInfo {
        Millis::type_info()
    }
}

impl PgHasArrayType for Micros {
    fn array_type_info() -> PgTypeInfo {
        Millis::array_type_info()
    }
}

impl Decode<'_, Postgres> for Micros {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        if value.format() != PgValueFormat::Binary {
            return Err("instants are read in binary".into());
        }
        Ok(Self(match <i64 as Decode<Postgres>>::decode(value)? {
            end @ (i64::MIN | i64::MAX) => end,
            us => us.saturating_add(EPOCH_US),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_to_the_side_that_is_asked_for() {
        assert_eq!(Micros(1_500_000).second(), 1);
        assert_eq!(Micros(1_500_000).second_after(), 2);
        assert_eq!(Micros(2_000_000).second_after(), 2);
        assert_eq!(Micros(-1_500_000).second(), -2);
        assert_eq!(Micros(-1_500_000).second_after(), -1);
        assert_eq!(Micros(1_999).millis(), 1);
        assert_eq!(Micros(i64::MIN).second_after(), i64::MIN);
        assert_eq!(Micros(i64::MAX).second(), i64::MAX);
    }
}
