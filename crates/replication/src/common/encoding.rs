//! How long the metadata of a value would be on the wire.
//!
//! Why it exists: the course weighs the O(n) space of version vectors against the O(1) space of Lamport stamps. Nodes
//! of a simulation exchange values, not bytes; so that the comparison is measured and not asserted, stamps and vectors
//! can be written down in a plain binary form. Numbers are LEB128 (seven bits a byte, the form of Protocol Buffers),
//! as Riak and Cassandra encode theirs. Values are not part of it.

/// Writes metadata down.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// Adds a number: one byte below 128, ten at most.
    pub fn number(&mut self, mut number: u64) {
        loop {
            let low = u8::try_from(number & 0x7F).expect("seven bits");
            number >>= 7;
            self.bytes.push(if number == 0 { low } else { low | 0x80 });
            if number == 0 {
                break;
            }
        }
    }

    /// Adds a number that may be negative (zigzag).
    pub fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    /// How many bytes there are by now.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True before the first number.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_bits_a_byte() {
        let length = |number| {
            let mut encoder = Encoder::default();
            encoder.number(number);
            encoder.len()
        };
        assert_eq!([0, 127, 128, 16_383, 16_384, u64::MAX].map(length), [1, 1, 2, 2, 3, 10]);
        let mut encoder = Encoder::default();
        encoder.signed(-1);
        encoder.signed(i64::MIN);
        assert_eq!(encoder.bytes[0], 1);
        assert_eq!(encoder.len(), 11);
    }
}
