//! Identifiers that look random and are the same for the same seed.

use std::fmt;
use std::str::FromStr;

/// A version 4 UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Uuid(u128);

impl Uuid {
    /// The UUID number `index` of the family `family`.
    pub fn new(seed: u64, family: u64, index: u64) -> Self {
        let base = mix(seed ^ mix(family).rotate_left(17)) ^ index;
        let high = u128::from(mix(base));
        let low = u128::from(mix(base ^ 0x9e37_79b9_7f4a_7c15));
        let mut bits = (high << 64) | low;
        bits = (bits & !(0xf_u128 << 76)) | (0x4_u128 << 76);
        bits = (bits & !(0x3_u128 << 62)) | (0x2_u128 << 62);
        Self(bits)
    }

    /// A UUID derived from this one: the same every time.
    pub fn child(self, index: u64) -> Self {
        // Folding both halves into the seed keeps the children of different parents apart.
        let fold = (self.0 >> 64) as u64 ^ (self.0 as u64).rotate_left(32);
        Self::new(fold, 0xc41d, index)
    }

    /// The usual spelling, 36 characters.
    pub fn push_to(self, out: &mut String) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        for nibble in 0..32 {
            if matches!(nibble, 8 | 12 | 16 | 20) {
                out.push('-');
            }
            let value = (self.0 >> (124 - 4 * nibble)) & 15;
            out.push(char::from(HEX[value as usize]));
        }
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(36);
        self.push_to(&mut text);
        out.write_str(&text)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// The text is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAUuid;

impl FromStr for Uuid {
    type Err = NotAUuid;

    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        let mut bits = 0_u128;
        for (at, byte) in text.bytes().enumerate() {
            if matches!(at, 8 | 13 | 18 | 23) {
                if byte != b'-' {
                    return Err(NotAUuid);
                }
                continue;
            }
            let digit = char::from(byte).to_digit(16).ok_or(NotAUuid)?;
            bits = (bits << 4) | u128::from(digit);
        }
        if text.len() == 36 {
            Ok(Self(bits))
        } else {
            Err(NotAUuid)
        }
    }
}

/// Scatters a number over 64 bits: neighbours end far apart (the finaliser of SplitMix64).
pub fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_reads_back_and_is_of_version_four() {
        let uuid = Uuid::new(7, 1, 42);
        let text = uuid.to_string();
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        assert_eq!(text.parse(), Ok(uuid));
        assert_eq!(Uuid::new(7, 1, 42), uuid);
        assert_ne!(Uuid::new(8, 1, 42), uuid);
        assert_ne!(uuid.child(0), uuid.child(1));
    }

    #[test]
    fn other_text_is_not_a_uuid() {
        for text in [
            "",
            "42",
            "zzzzzzzz-0000-4000-8000-000000000000",
            "00000000-0000-4000-8000-0000000000000",
        ] {
            assert_eq!(text.parse::<Uuid>(), Err(NotAUuid));
        }
    }
}
