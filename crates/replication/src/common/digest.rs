//! A 64-bit digest of a value, the same on every platform.
//!
//! Why it exists: Merkle trees compare digests instead of data, and an acknowledgement names what it acknowledges by
//! one. Every integer is widened to 64 bits before it is mixed in (the mixing step of wyhash), so neither byte order
//! nor the width of `usize` matters. Two different values have one digest with a chance of about 1 in 2^64; nobody
//! here means harm.

use std::hash::{Hash, Hasher};

/// The digest of a value.
pub fn digest<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = Digester(0x243F_6A88_85A3_08D3);
    value.hash(&mut hasher);
    hasher.finish()
}

struct Digester(u64);

impl Digester {
    fn word(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(0x9E37_79B9_7F4A_7C15_u64);
        let [low, high] = [product & u128::from(u64::MAX), product >> 64];
        let half = |half: u128| u64::try_from(half).expect("half of 128 bits");
        self.0 = (half(low) ^ half(high)).wrapping_add(0xD6E8_FEB8_6659_FD93);
    }
}

macro_rules! widened {
    ($($method:ident($integer:ty) => $widen:expr;)*) => {
        $(fn $method(&mut self, number: $integer) {
            let widen: fn($integer) -> u64 = $widen;
            self.word(widen(number));
        })*
    };
}

impl Hasher for Digester {
    fn finish(&self) -> u64 {
        let mut end = Self(self.0);
        end.word(0x5EED);
        end.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        self.word(bytes.len() as u64);
    }

    widened! {
        write_u8(u8) => u64::from;
        write_u16(u16) => u64::from;
        write_u32(u32) => u64::from;
        write_u64(u64) => u64::from;
        write_usize(usize) => |number| number as u64;
        write_i8(i8) => |number| i64::from(number).cast_unsigned();
        write_i16(i16) => |number| i64::from(number).cast_unsigned();
        write_i32(i32) => |number| i64::from(number).cast_unsigned();
        write_i64(i64) => i64::cast_unsigned;
        write_isize(isize) => |number| (number as i64).cast_unsigned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_vocabulary::Value;

    /// Pinned: a digest that changed with the platform would change runs.
    #[test]
    fn digests_are_the_same_everywhere() {
        assert_eq!(digest(&7_u8), digest(&7_u64));
        assert_eq!(digest(&-1_i8), digest(&-1_i64));
        assert_ne!(digest(&Value::from("ab")), digest(&Value::from("ba")));
        assert_ne!(digest(&[1_u64, 2][..]), digest(&[2_u64, 1][..]));
        assert_eq!(digest(&(1_u64, Value::from("abc"))), 6_120_931_904_498_676_354);
    }
}
