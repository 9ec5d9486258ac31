//! A node's only source of chance.

use anachron_vocabulary::VirtualDuration;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A stream of random numbers that belongs to one entity and one purpose.
///
/// Streams of one seed are independent (ChaCha8 with the stream number as nonce), so drawing more in one place
/// never shifts another.
#[derive(Clone, Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// Stream number `stream` of `seed`.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// 64 uniformly random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A uniformly random number below `bound`.
    ///
    /// Multiply and shift without rejection (Lemire 2019): exactly one draw a call, whatever the bound, so streams
    /// stay aligned. The bias is below `bound / 2^64`.
    ///
    /// # Panics
    /// When `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "no number is below zero");
        u64::try_from((u128::from(self.bits()) * u128::from(bound)) >> 64).expect("below a 64-bit bound")
    }

    /// A uniformly random duration in `[low, high]`; `low` when the range is empty.
    pub fn between(&mut self, low: VirtualDuration, high: VirtualDuration) -> VirtualDuration {
        let width = (high - low).0.saturating_add(1);
        low + VirtualDuration(self.below(width))
    }
}
