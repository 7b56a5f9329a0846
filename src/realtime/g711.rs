//! The two laws of ITU-T G.711, between 16-bit samples and bytes.

/// The sample that each byte stands for, by the μ-law.
pub(super) static ULAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = from_ulaw(byte as u8);
        byte += 1;
    }
    table
};

/// The same by the A-law.
pub(super) static ALAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = from_alaw(byte as u8);
        byte += 1;
    }
    table
};

/// What the μ-law adds before it takes the logarithm.
const BIAS: i32 = 0x84;
const ULAW_MOST: i32 = 32_635;

const fn from_ulaw(byte: u8) -> i16 {
    let byte = !byte;
    let (exponent, mantissa) = ((byte >> 4) & 7, (byte & 15) as i32);
    let size = (((mantissa << 3) + BIAS) << exponent) - BIAS;
    if byte & 0x80 == 0 { size as i16 } else { -size as i16 }
}

const fn from_alaw(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = ((byte >> 4) & 7, (byte & 15) as i32);
    let size = match exponent {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    if byte & 0x80 == 0 { -size as i16 } else { size as i16 }
}

pub(super) fn to_ulaw(sample: i16) -> u8 {
    let size = i32::from(sample).abs().min(ULAW_MOST) + BIAS;
    let exponent = (size >> 7).ilog2();
    let mantissa = (size >> (exponent + 3)) & 15;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

pub(super) fn to_alaw(sample: i16) -> u8 {
    // Of negative samples the complement: the law has no zero of its own, and -1 and 0 are neighbours across the sign.
    let (sign, size) = if sample < 0 { (0, !i32::from(sample)) } else { (0x80, i32::from(sample)) };
    let exponent = if size < 256 { 0 } else { (size >> 7).ilog2() };
    let mantissa = if exponent == 0 { size >> 4 } else { size >> (exponent + 3) } & 15;
    (sign | (exponent << 4) as u8 | mantissa as u8) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_bytes_are_known_samples() {
        for (byte, sample) in [(0xff, 0), (0x7f, 0), (0x80, 32_124), (0x00, -32_124), (0xf0, 120), (0xef, 132)] {
            assert_eq!(ULAW[byte], sample, "{byte:#x}");
        }
        for (byte, sample) in [(0xd5, 8), (0x55, -8), (0xaa, 32_256), (0x2a, -32_256), (0xd4, 24), (0xc5, 264)] {
            assert_eq!(ALAW[byte], sample, "{byte:#x}");
        }
    }

    #[test]
    fn every_byte_comes_back() {
        for byte in 0..=255_u8 {
            // The μ-law has two zeros.
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(to_ulaw(ULAW[usize::from(byte)]), expected, "{byte:#x}");
            assert_eq!(to_alaw(ALAW[usize::from(byte)]), byte, "{byte:#x}");
        }
    }

    #[test]
    fn every_sample_becomes_its_nearest_neighbour() {
        for sample in i16::MIN..=i16::MAX {
            for (found, step) in [(ULAW[usize::from(to_ulaw(sample))], 8), (ALAW[usize::from(to_alaw(sample))], 16)] {
                let (wanted, found) = (i32::from(sample), i32::from(found));
                // A step is a sixteenth of its segment; the loudest are clipped.
                let allowed = (wanted.abs() / 16 + step).max(32_768 - 32_124);
                let allowed = if wanted.abs() > 32_000 { allowed } else { wanted.abs() / 16 + step };
                assert!((wanted - found).abs() <= allowed, "{wanted} became {found}");
            }
        }
    }
}
