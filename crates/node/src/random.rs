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

    /// Moves to block number `block` of the stream: eight draws of 64 bits each. Lets the k-th message on a link take
    /// the k-th block, whatever the messages before it drew.
    pub fn seek_block(&mut self, block: u64) {
        self.0.set_word_pos(u128::from(block) * 16);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_eight_draws_wherever_the_stream_was() {
        let mut straight = Random::new(3, 9);
        let draws: Vec<u64> = (0..80).map(|_| straight.bits()).collect();
        let mut jumping = Random::new(3, 9);
        for block in [7_u64, 2, 2, 9, 0] {
            jumping.seek_block(block);
            let first = usize::try_from(block).expect("small") * 8;
            let found: Vec<u64> = (0..8).map(|_| jumping.bits()).collect();
            assert_eq!(found, draws[first..first + 8]);
        }
    }

    #[test]
    fn streams_and_seeds_differ_and_repeat() {
        let first = |seed, stream| Random::new(seed, stream).bits();
        assert_eq!(first(1, 2), first(1, 2));
        assert_ne!(first(1, 2), first(1, 3));
        assert_ne!(first(1, 2), first(2, 2));
        assert!((0..1_000).all(|seed| Random::new(seed, 0).below(6) < 6));
    }
}
