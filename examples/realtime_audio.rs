//! Speech in, speech out: sends a WAV file, writes down what is answered, and saves the answer as a WAV file.
//!
//! `cargo run --example realtime_audio -- in.wav out.wav` needs no key: it starts an embedded gateway on this machine, which
//! repeats what it hears. With `OCTOPUSX_API_KEY` set it talks to the real one. Without arguments it makes a tone of a
//! second and saves the answer among the temporary files. A WAV file has to have one channel of 16-bit samples, 24,000 a
//! second.

mod stage;

use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use octopusx::realtime::{AudioEncoding, RealtimeSession, Session};
use serde_json::Value;

const RATE: u32 = 24_000;
const FORM: WavSpec = WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: SampleFormat::Int };

/// A tenth of a second: short pieces let a server notice speech sooner.
const PIECE: usize = RATE as usize / 10;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let said = match arguments.next() {
        Some(path) => read(&path)?,
        None => (0..RATE).map(|at| ((f64::from(at) * 0.115).sin() * 8000.0) as i16).collect(),
    };
    let output = arguments.next().unwrap_or_else(|| std::env::temp_dir().join("octopusx_answer.wav"));
    let stage = stage::set().await?;
    let mut session = stage.client.realtime().connect("gpt-4o-realtime").openai_beta("realtime=v1").await?;
    let heard = converse(&mut session, &said).await?;
    session.close().await?;
    write(&output, &heard)?;
    println!("saved: {} ({:.1} s)", output.display(), heard.len() as f64 / f64::from(RATE));
    Ok(())
}

async fn converse(session: &mut Session, said: &[i16]) -> Result<Vec<i16>, octopusx::Error> {
    // Without turn detection the program says itself when the audio is complete and when to answer.
    let settings = RealtimeSession::new().modalities(["text", "audio"]).with_extra("turn_detection", Value::Null);
    session.update_session(settings).await?;
    for piece in said.chunks(PIECE) {
        session.append_samples(piece, AudioEncoding::Pcm16).await?;
    }
    println!("sent: {:.1} s", said.len() as f64 / f64::from(RATE));
    session.commit().await?;
    session.create_response().await?;
    let answer = session.collect_response().await?;
    println!("answered: {}", answer.transcript());
    answer.samples(AudioEncoding::Pcm16)
}

fn read(path: &Path) -> Result<Vec<i16>, Box<dyn std::error::Error>> {
    let mut file = WavReader::open(path)?;
    if file.spec() != FORM {
        return Err(format!("{} is not one channel of 16-bit samples, {RATE} a second", path.display()).into());
    }
    Ok(file.samples::<i16>().collect::<Result<_, _>>()?)
}

fn write(path: &Path, samples: &[i16]) -> Result<(), hound::Error> {
    let mut file = WavWriter::create(path, FORM)?;
    samples.iter().try_for_each(|sample| file.write_sample(*sample))?;
    file.finalize()
}
