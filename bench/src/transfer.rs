//! A file of one GiB to the disk and from the disk, beside curl and plain reqwest, over plain HTTP on this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use futures_util::StreamExt;
use nix::sys::resource::{UsageWho, getrusage};
use tokio::io::AsyncWriteExt;

use crate::process::{self, Server};
use crate::results::Results;
use crate::{Outcome, Part};

pub const PART: Part = Part {
    name: "transfer",
    run,
    roles: &[
        ("server", server),
        ("download", |arguments| block_on(download(arguments))),
        ("download_reqwest", |arguments| block_on(download_reqwest(arguments))),
        ("upload", |arguments| block_on(upload(arguments))),
        ("upload_reqwest", |arguments| block_on(upload_reqwest(arguments))),
    ],
};

const GIB: u64 = 1 << 30;
const BLOCK: usize = 1 << 20;
const ROUNDS: usize = 5;

fn block_on(client: impl Future<Output = Outcome>) -> Outcome {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(client)
}

/// Serves `/file/<bytes>`, takes anything that is put to it, and presigns for itself.
fn server(_: &[String]) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    process::listening(listener.local_addr()?)?;
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || {
            let _ = serve(stream);
        });
    }
    Ok(())
}

fn serve(mut stream: TcpStream) -> Outcome {
    let mut reader = BufReader::with_capacity(BLOCK, stream.try_clone()?);
    let block = vec![7_u8; BLOCK];
    loop {
        let (mut first, mut length, mut host, mut waits) = (String::new(), 0_u64, String::new(), false);
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse()?,
                "host" => value.clone_into(&mut host),
                "expect" => waits = true,
                _ => {}
            }
        }
        if waits {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink())?;
        let path = first.split(' ').nth(1).unwrap_or_default();
        if let Some(bytes) = path.strip_prefix("/file/").and_then(|bytes| bytes.parse::<u64>().ok()) {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\netag: \"one\"\r\ncontent-length: {bytes}\r\n\r\n")?;
            let mut left = bytes;
            while left > 0 {
                let now = left.min(BLOCK as u64);
                stream.write_all(&block[..usize::try_from(now)?])?;
                left -= now;
            }
            continue;
        }
        let body = if path.ends_with("/presign") {
            let (to, public) = (format!("http://{host}/put"), format!("http://{host}/public"));
            format!(r#"{{"success":true,"data":{{"method":"PUT","upload_url":"{to}","public_url":"{public}"}}}}"#)
        } else {
            String::new()
        };
        let length = body.len();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")?;
    }
}

fn client(base: &str) -> Outcome<octopusx::Client> {
    Ok(octopusx::Client::builder().key("sk-bench").base_url(base).http(|http| http.tls_certs_only([])).build()?)
}

/// Prints what is held after something small went the same way.
fn idle() -> Outcome {
    println!("idle={}", process::resident_kib()?);
    Ok(())
}

fn three(arguments: &[String]) -> Outcome<(&str, &str, &str)> {
    match arguments {
        [base, bytes, path] => Ok((base, bytes, path)),
        _ => Err("give a base, a length and a path".into()),
    }
}

async fn download(arguments: &[String]) -> Outcome {
    let (base, bytes, path) = three(arguments)?;
    let client = client(base)?;
    client.download_url(&format!("{base}/file/1000")).to(path).await?;
    idle()?;
    let saved = client.download_url(&format!("{base}/file/{bytes}")).to(path).await?;
    assert_eq!(saved.size_bytes(), bytes.parse::<u64>()?);
    Ok(())
}

async fn download_reqwest(arguments: &[String]) -> Outcome {
    let (base, bytes, path) = three(arguments)?;
    client(base)?;
    let client = reqwest::Client::builder().tls_certs_only([]).build()?;
    client.get(format!("{base}/file/1000")).send().await?.bytes().await?;
    idle()?;
    let mut file = tokio::fs::File::create(path).await?;
    let mut body = client.get(format!("{base}/file/{bytes}")).send().await?.bytes_stream();
    while let Some(piece) = body.next().await {
        file.write_all(&piece?).await?;
    }
    file.flush().await?;
    Ok(())
}

async fn upload(arguments: &[String]) -> Outcome {
    let (base, _, path) = three(arguments)?;
    let client = client(base)?;
    client.uploads().bytes("a.mp4", "small").await?;
    idle()?;
    client.uploads().file(path).await?;
    Ok(())
}

async fn upload_reqwest(arguments: &[String]) -> Outcome {
    let (base, bytes, path) = three(arguments)?;
    client(base)?;
    let client = reqwest::Client::builder().tls_certs_only([]).build()?;
    client.put(format!("{base}/put")).body("small").send().await?.error_for_status()?;
    idle()?;
    let file = tokio::fs::File::open(path).await?;
    let put = client.put(format!("{base}/put")).header("content-length", bytes);
    put.body(reqwest::Body::from(file)).send().await?.error_for_status()?;
    Ok(())
}

/// CPU seconds of a whole run, and MiB above what was held before.
#[derive(Clone, Copy)]
struct Cost {
    seconds: f64,
    above_idle: f64,
}

fn ours(role: &str, base: &str, file: &Path) -> Outcome<Cost> {
    let arguments = [base.to_owned(), GIB.to_string(), file.display().to_string()];
    let played = process::run(PART.name, role, &arguments)?;
    let above_idle = (played.peak_kib - played.number("idle")?) / 1024.0;
    Ok(Cost { seconds: played.cpu_micros() / 1e6, above_idle })
}

fn curl(arguments: &[&str]) -> Outcome<Cost> {
    let used = || -> Outcome<f64> {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
        let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
    };
    let before = used()?;
    let done = Command::new("curl").args(["--silent", "--show-error", "--fail"]).args(arguments).stdout(Stdio::null()).status();
    if !done.map_err(|error| format!("curl can't be started: {error}"))?.success() {
        return Err("curl failed".into());
    }
    Ok(Cost { seconds: used()? - before, above_idle: f64::NAN })
}

/// The least of several rounds: noise only ever adds. The rounds of all take turns, so that all see the same machine.
fn least<const N: usize>(mut costs: [&mut dyn FnMut() -> Outcome<Cost>; N]) -> Outcome<[Cost; N]> {
    let mut least = [Cost { seconds: f64::INFINITY, above_idle: f64::INFINITY }; N];
    for _ in 0..ROUNDS {
        for (cost, least) in costs.iter_mut().zip(&mut least) {
            let now = cost()?;
            let above_idle = if now.above_idle.is_nan() { f64::NAN } else { now.above_idle.min(least.above_idle) };
            *least = Cost { seconds: now.seconds.min(least.seconds), above_idle };
        }
    }
    Ok(least)
}

/// Removes the file at the end.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn run(results: &mut Results) -> Outcome {
    let server = Server::start(PART.name, "server", &[])?;
    let base = server.base_url();
    let file = Temporary(std::env::temp_dir().join(format!("octopusx-bench-{}", std::process::id())));
    let path = file.0.display().to_string();
    let from = format!("{base}/file/{GIB}");
    let [down, down_curl, down_reqwest] =
        least([&mut || ours("download", &base, &file.0), &mut || curl(&["--output", &path, &from]), &mut || {
            ours("download_reqwest", &base, &file.0)
        }])?;
    let put = format!("{base}/put");
    let [up, up_curl, up_reqwest] =
        least([&mut || ours("upload", &base, &file.0), &mut || curl(&["--upload-file", &path, &put]), &mut || {
            ours("upload_reqwest", &base, &file.0)
        }])?;
    results.at_most("download of 1 GiB to a file, CPU", down.seconds / down_curl.seconds, 0.9, "× curl");
    results.at_most("download, memory above idle", down.above_idle, 8.0, "MiB");
    results.at_most("upload of 1 GiB from a file, CPU", up.seconds, (up_curl.seconds).max(0.6), "s (0.6, or curl's)");
    results.at_most("upload, memory above idle", up.above_idle, 8.0, "MiB");
    let row = |cost: Cost| vec![cost.seconds, cost.above_idle];
    results.table(
        "1 GiB",
        &["CPU s", "MiB above idle"],
        &[
            ("download: octopusx, with fsync", row(down)),
            ("download: curl", row(down_curl)),
            ("download: reqwest, each piece to a tokio file", row(down_reqwest)),
            ("upload: octopusx", row(up)),
            ("upload: curl", row(up_curl)),
            ("upload: reqwest, Body::from(File)", row(up_reqwest)),
        ],
    );
    Ok(())
}
