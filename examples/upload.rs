//! Uploads a file and some bytes, with a progress bar: what lies in the gateway's storage has an address that other routes
//! can fetch, as a picture to edit or the first frame of a video.
//!
//! `cargo run --example upload [FILE]` needs no key; see `examples/stage`. Uploads cost nothing.

mod stage;

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use octopusx::{Client, Transferred};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = stage::set().await?;
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let file = given.clone().map_or_else(sunset, Ok)?;

    // A file is read while it is sent, so it may be larger than the memory.
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}")?);
    let shown = bar.clone();
    let uploaded = stage.client.uploads().file(&file).on_progress(move |sent| show(&shown, sent)).await?;
    bar.finish();
    println!("{}: {} bytes of {}", file.display(), uploaded.size_bytes(), uploaded.content_type());
    println!("  at {}", uploaded.public_url());

    let note = stage.client.uploads().bytes("note.txt", "The tide turns at half past six.").expires_in(60).await?;
    println!("{} bytes of {}", note.size_bytes(), note.content_type());
    println!("  at {}", note.public_url());

    let same = fetched(&stage.client, uploaded.public_url()).await? == std::fs::read(&file)?;
    println!("what comes back is {}", if same { "the file" } else { "something else" });
    if given.is_none() {
        std::fs::remove_file(&file)?;
    }
    if same { Ok(()) } else { Err("the storage changed the file".into()) }
}

fn show(bar: &ProgressBar, sent: Transferred) {
    bar.set_length(sent.total_bytes.unwrap_or(sent.bytes));
    bar.set_position(sent.bytes);
}

/// What lies at an address.
async fn fetched(client: &Client, address: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let saved = client.download_url(address).to(std::env::temp_dir().join(format!("fetched-{}", std::process::id()))).await?;
    let bytes = std::fs::read(saved.path())?;
    std::fs::remove_file(saved.path())?;
    Ok(bytes)
}

/// A picture of a megabyte, so that there is some progress to see.
fn sunset() -> std::io::Result<PathBuf> {
    const SIDE: u32 = 600;
    let mut bmp = b"BM".to_vec();
    for number in [54 + SIDE * SIDE * 3, 0, 54, 40, SIDE, SIDE, 1 | 24 << 16, 0, SIDE * SIDE * 3, 2835, 2835, 0, 0] {
        bmp.extend(number.to_le_bytes());
    }
    for row in 0..SIDE {
        // Blue, green, red, from the bottom up.
        let colour = [(row * 160 / SIDE) as u8, 90, (255 - row * 150 / SIDE) as u8];
        (0..SIDE).for_each(|_| bmp.extend(colour));
    }
    let file: &Path = &std::env::temp_dir().join(format!("sunset-{}.bmp", std::process::id()));
    std::fs::write(file, bmp)?;
    Ok(file.to_owned())
}
