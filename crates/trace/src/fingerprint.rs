//! A 128-bit rolling hash over a run.
//!
//! Two 64-bit lanes, each `fold((lane ^ word) * odd) + step` with a full 64 by 64 bit product folded onto itself (the
//! mixing step of wyhash and its relatives). Every integer is widened to 64 bits before it is mixed in, so that the
//! hash of a value does not depend on the width of `usize` or on byte order. It guards against divergence, not
//! against an adversary.

use std::fmt;
use std::hash::Hasher;
use std::str::FromStr;

/// Names a run: equal fingerprints mean equal runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Fingerprint(pub u128);

/// As 32 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Why a text is not a fingerprint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FingerprintError;

impl fmt::Display for FingerprintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a run's fingerprint is 32 hexadecimal digits, as `run` prints it")
    }
}

impl std::error::Error for FingerprintError {}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(FingerprintError);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| FingerprintError)
    }
}

/// Feeds a run into its fingerprint. As a [`Hasher`] it takes any `Hash` value, derived implementations included.
#[derive(Clone, Debug)]
pub struct FingerprintHasher {
    lanes: [u64; 2],
}

const ODD: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F];
const STEP: [u64; 2] = [0xD6E8_FEB8_6659_FD93, 0xA076_1D64_78BD_642F];

#[inline]
fn mix(lane: u64, word: u64, odd: u64, step: u64) -> u64 {
    let product = u128::from(lane ^ word) * u128::from(odd);
    #[allow(clippy::cast_possible_truncation)] // folding both halves is the point
    let folded = (product as u64) ^ ((product >> 64) as u64);
    folded.wrapping_add(step)
}

impl Default for FingerprintHasher {
    fn default() -> Self {
        Self { lanes: [0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344] }
    }
}

impl FingerprintHasher {
    /// Mixes in one word.
    #[inline]
    pub fn word(&mut self, word: u64) {
        self.lanes[0] = mix(self.lanes[0], word, ODD[0], STEP[0]);
        self.lanes[1] = mix(self.lanes[1].rotate_left(29), word, ODD[1], STEP[1]);
    }

    /// The fingerprint of everything mixed in so far; more may follow.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut end = self.clone();
        end.word(0x5EED);
        end.word(0xF1A9);
        Fingerprint(u128::from(end.lanes[0]) << 64 | u128::from(end.lanes[1]))
    }
}

macro_rules! widened {
    ($($method:ident: $integer:ty),*) => {
        $(
            #[inline]
            #[allow(clippy::cast_sign_loss, clippy::cast_lossless, clippy::cast_possible_truncation)] // widening
            fn $method(&mut self, number: $integer) {
                self.word(number as u64);
            }
        )*
    };
}

impl Hasher for FingerprintHasher {
    fn finish(&self) -> u64 {
        self.lanes[0] ^ self.lanes[1]
    }

    /// Bytes, eight at a time, and their number.
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.word(u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
        }
        let mut last = [0; 8];
        last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        self.word(u64::from_le_bytes(last));
        self.word(bytes.len() as u64);
    }

    widened!(write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64, write_usize: usize);
    widened!(write_i8: i8, write_i16: i16, write_i32: i32, write_i64: i64, write_isize: isize);

    #[allow(clippy::cast_possible_truncation)] // both halves go in
    fn write_u128(&mut self, number: u128) {
        self.word(number as u64);
        self.word((number >> 64) as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn of(words: &[u64]) -> Fingerprint {
        let mut hasher = FingerprintHasher::default();
        for &word in words {
            hasher.word(word);
        }
        hasher.fingerprint()
    }

    #[test]
    fn a_fingerprint_is_the_same_for_ever() {
        // Pinned: a change here makes every replay line ever printed worthless, and needs a new version.
        assert_eq!(of(&[]).to_string(), "78f261f636e3f7a117ec216fd3abe042");
        assert_eq!(of(&[1, 2, 3]).to_string(), "1079549523250cb5a94bd37e315c1eb8");
    }

    #[test]
    fn order_number_and_every_bit_count() {
        let mut seen = BTreeSet::new();
        for bit in 0..64 {
            for place in 0..8 {
                let mut words = [0_u64; 8];
                words[place] = 1 << bit;
                assert!(seen.insert(of(&words)), "bit {bit} of word {place}");
            }
        }
        for length in 0..32 {
            assert!(length == 8 || seen.insert(of(&vec![0; length])), "{length} zeros");
        }
    }

    #[test]
    fn one_changed_bit_changes_about_half_of_the_fingerprint() {
        let (mut total, mut trials) = (0, 0);
        for bit in 0..64 {
            for later_words in [1_usize, 3] {
                let mut words = vec![7_u64; 1 + later_words];
                let before = of(&words);
                words[0] ^= 1 << bit;
                let changed = (before.0 ^ of(&words).0).count_ones();
                assert!((24..=104).contains(&changed), "bit {bit} changed {changed} of 128");
                total += changed;
                trials += 1;
            }
        }
        let mean = total / trials;
        assert!((58..=70).contains(&mean), "mean {mean} of 128");
    }

    #[test]
    fn a_fingerprint_reads_back_and_nothing_else_does() {
        let print = of(&[42]);
        assert_eq!(print.to_string().parse(), Ok(print));
        for text in ["", "6f1c9e20", "+6f1c9e206f1c9e206f1c9e206f1c9e2", "zz1c9e206f1c9e206f1c9e206f1c9e20"] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError));
        }
    }
}
