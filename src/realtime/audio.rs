//! Audio as it travels in events: Base64 text, to and from samples with as few copies as there can be.

use std::fmt;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use bytes::Bytes;
use serde::de::{Deserializer, Visitor};
use serde::{Serialize, Serializer};

use super::frame;
use super::g711;
use crate::error::{Error, Kind};
use crate::wire::{self, Read, Typed};

/// As much Base64 as is decoded at once, so that the samples are made of what the processor still has near; a multiple of
/// four.
const BLOCK: usize = 16 * 1024;

/// Padding is written, and not missed where others leave it out.
const FORM: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn engine() -> &'static impl Engine {
    static ENGINE: std::sync::LazyLock<base64::engine::Simd> = std::sync::LazyLock::new(|| base64::engine::Simd::standard(FORM));
    &*ENGINE
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn engine() -> &'static impl Engine {
    static ENGINE: base64::engine::GeneralPurpose = base64::engine::GeneralPurpose::new(&base64::alphabet::STANDARD, FORM);
    &ENGINE
}

/// How samples are written as bytes. A session's settings name it, for each direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AudioEncoding {
    /// 16-bit samples, little end first; 24,000 a second where the settings say nothing else.
    #[default]
    Pcm16,
    /// G.711 by the μ-law, a byte a sample, 8,000 a second.
    Ulaw,
    /// G.711 by the A-law, a byte a sample, 8,000 a second.
    Alaw,
}

impl AudioEncoding {
    /// How many bytes a sample has.
    #[must_use]
    pub fn sample_bytes(self) -> usize {
        match self {
            Self::Pcm16 => 2,
            Self::Ulaw | Self::Alaw => 1,
        }
    }

    /// Writes samples as bytes.
    #[must_use]
    pub fn encode(self, samples: &[i16]) -> Vec<u8> {
        match self {
            Self::Pcm16 => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
            Self::Ulaw => samples.iter().map(|sample| g711::to_ulaw(*sample)).collect(),
            Self::Alaw => samples.iter().map(|sample| g711::to_alaw(*sample)).collect(),
        }
    }

    /// Reads whole samples and appends them; what is left is half a sample, or nothing.
    fn decode<'b>(self, bytes: &'b [u8], samples: &mut Vec<i16>) -> &'b [u8] {
        match self {
            Self::Pcm16 => {
                let (whole, rest) = bytes.as_chunks();
                samples.extend(whole.iter().map(|sample| i16::from_le_bytes(*sample)));
                return rest;
            }
            Self::Ulaw => samples.extend(bytes.iter().map(|byte| g711::ULAW[usize::from(*byte)])),
            Self::Alaw => samples.extend(bytes.iter().map(|byte| g711::ALAW[usize::from(*byte)])),
        }
        &[]
    }
}

/// Audio in an event. It keeps the Base64 text as it came (of a large event it is a part of the frame, not a copy) and
/// decodes it when it is asked; cheap to clone.
///
/// ```
/// # fn main() -> Result<(), octopusx::Error> {
/// use octopusx::realtime::{Audio, AudioEncoding};
///
/// let audio = Audio::from_samples(&[0, 1000, -1000], AudioEncoding::Pcm16);
/// assert_eq!(audio.as_base64(), "AADoAxj8");
/// assert_eq!(audio.samples(AudioEncoding::Pcm16)?, [0, 1000, -1000]);
/// # Ok(()) }
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Audio(Bytes);

impl Audio {
    /// Encodes bytes, which are in the form that the session's settings name.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(engine().encode(bytes).into())
    }

    /// Encodes samples.
    #[must_use]
    pub fn from_samples(samples: &[i16], encoding: AudioEncoding) -> Self {
        Self::from_bytes(&encoding.encode(samples))
    }

    /// Cuts samples into pieces of a length, for one event each.
    pub fn pieces(samples: &[i16], encoding: AudioEncoding, samples_each: usize) -> impl Iterator<Item = Self> + '_ {
        samples.chunks(samples_each.max(1)).map(move |piece| Self::from_samples(piece, encoding))
    }

    /// The text as it travels.
    #[must_use]
    pub fn as_base64(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The decoded bytes.
    ///
    /// # Errors
    /// The text is no Base64.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        engine().decode(&self.0).map_err(unreadable)
    }

    /// The samples.
    ///
    /// # Errors
    /// The text is no Base64, or ends in the middle of a sample; where samples may lie across events, use an
    /// [`AudioDecoder`].
    pub fn samples(&self, encoding: AudioEncoding) -> Result<Vec<i16>, Error> {
        let mut decoder = AudioDecoder::new(encoding);
        let mut samples = Vec::new();
        decoder.decode(self, &mut samples)?;
        match decoder.half {
            None => Ok(samples),
            Some(_) => Err(Error::task(Kind::Decode, "the audio ends in the middle of a sample".to_owned())),
        }
    }
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::task(Kind::Decode, format!("the audio is no Base64: {error}")).caused_by(error)
}

/// Turns the audio of many events into samples, also where a sample lies across two of them.
///
/// ```
/// # fn main() -> Result<(), octopusx::Error> {
/// use octopusx::realtime::{Audio, AudioDecoder, AudioEncoding};
///
/// let mut decoder = AudioDecoder::new(AudioEncoding::Pcm16);
/// let mut samples = Vec::new();
/// for bytes in [&[1, 0, 2][..], &[0]] {
///     decoder.decode(&Audio::from_bytes(bytes), &mut samples)?;
/// }
/// assert_eq!(samples, [1, 2]);
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct AudioDecoder {
    encoding: AudioEncoding,
    half: Option<u8>,
    /// Room for the bytes of a block, and for the half before them.
    block: Vec<u8>,
}

impl AudioDecoder {
    /// A decoder that has seen nothing.
    #[must_use]
    pub fn new(encoding: AudioEncoding) -> Self {
        Self { encoding, ..Self::default() }
    }

    /// Appends the samples of an event's audio. On an error nothing is appended.
    ///
    /// # Errors
    /// The text is no Base64.
    pub fn decode(&mut self, audio: &Audio, samples: &mut Vec<i16>) -> Result<(), Error> {
        let (before, half) = (samples.len(), self.half);
        samples.reserve(audio.0.len() / 4 * 3 / self.encoding.sample_bytes() + 2);
        let decoded = self.decode_blocks(&audio.0, samples);
        if decoded.is_err() {
            samples.truncate(before);
            self.half = half;
        }
        decoded
    }

    fn decode_blocks(&mut self, text: &[u8], samples: &mut Vec<i16>) -> Result<(), Error> {
        let engine = engine();
        let room = text.len().min(BLOCK).div_ceil(4) * 3 + 1;
        let mut block = std::mem::take(&mut self.block);
        block.resize(room.max(block.len()), 0);
        let decoded = text.chunks(BLOCK).try_for_each(|text| {
            // One place is left before it for the half of a sample that came last.
            let length = engine.decode_slice(text, &mut block[1..]).map_err(unreadable)?;
            let from = match self.half.take() {
                Some(half) => {
                    block[0] = half;
                    0
                }
                None => 1,
            };
            self.half = self.encoding.decode(&block[from..=length], samples).first().copied();
            Ok(())
        });
        self.block = block;
        decoded
    }
}

impl fmt::Debug for AudioDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioDecoder").field("encoding", &self.encoding).field("half", &self.half).finish_non_exhaustive()
    }
}

impl From<&str> for Audio {
    /// Takes a text that is Base64 already.
    fn from(base64: &str) -> Self {
        Self(Bytes::copy_from_slice(base64.as_bytes()))
    }
}

impl From<String> for Audio {
    /// Takes a text that is Base64 already.
    fn from(base64: String) -> Self {
        Self(base64.into())
    }
}

impl fmt::Debug for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Audio({} bytes of Base64)", self.0.len())
    }
}

struct AudioVisitor;

impl<'de> Visitor<'de> for AudioVisitor {
    type Value = Audio;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("audio as Base64")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Audio, E> {
        Ok(Audio(frame::part(text).unwrap_or_else(|| Bytes::copy_from_slice(text.as_bytes()))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Audio, E> {
        Ok(frame::cut_out(text).map_or_else(|| Audio::from(text), Audio))
    }
}

impl<'de> Read<'de> for Audio {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(AudioVisitor)
    }
}

wire::deserialize_by_read!(Audio);

impl Serialize for Audio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_base64())
    }
}

impl Typed for Audio {}
