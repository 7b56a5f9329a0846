//! Many sessions at once, and one that lasts for long.

use octopusx::realtime::RealtimeServerEvent;
#[cfg(target_os = "linux")]
use octopusx::realtime::{Audio, AudioDecoder, AudioEncoding};
use serde_json::json;
#[cfg(target_os = "linux")]
use tokio::io::AsyncWriteExt;

use super::server::{Peer, serve};
use super::{MODEL, next};
use crate::support::client;

const OPEN: usize = 1000;

#[tokio::test]
async fn a_thousand_sessions_are_held_in_one_process_and_each_hears_its_own() {
    let url = serve(|_, mut peer: Peer| async move {
        let model = peer.request.uri().query().unwrap().to_owned();
        peer.say(&json!({"type": "hello", "model": model})).await;
        while let Some(event) = peer.hear().await {
            peer.say(&json!({"type": "heard", "model": model, "event": event["type"]})).await;
        }
    })
    .await;
    // Both sides of each session are files of this process, and so is what other tests open.
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    assert!(files > 3 * OPEN as u64, "this system allows only {files} open files");
    let client = client(&url);
    let mut sessions = Vec::with_capacity(OPEN);
    while sessions.len() < OPEN {
        let connecting = (sessions.len()..sessions.len() + 50).map(|number| {
            let connect = client.realtime().connect(&number.to_string());
            async move { connect.await.unwrap() }
        });
        sessions.extend(futures_util::future::join_all(connecting).await);
    }
    for round in ["hello", "heard"] {
        for (number, session) in sessions.iter_mut().enumerate() {
            let RealtimeServerEvent::Unknown(event) = next(session).await.unwrap() else { panic!("it is known") };
            assert_eq!((&event["type"], &event["model"]), (&json!(round), &json!(format!("model={number}"))));
            if round == "hello" {
                session.commit().await.unwrap();
            }
        }
    }
    assert_eq!(sessions.len(), OPEN);
}

/// What this process holds in memory, in bytes.
#[cfg(target_os = "linux")]
fn held() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// Set in the process that hears.
#[cfg(target_os = "linux")]
const ALONE: &str = "OCTOPUSX_TEST_HEARS_ALONE";

/// In a process of its own, since other tests take memory too.
#[cfg(target_os = "linux")]
#[test]
fn twenty_minutes_of_audio_leave_nothing_behind() {
    if std::env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(hear_twenty_minutes_of_audio());
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "realtime::many::twenty_minutes_of_audio_leave_nothing_behind", "--nocapture"]);
    let done = child.env(ALONE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    let growth = said.lines().find_map(|line| line.split("growth=").nth(1)).unwrap_or_else(|| panic!("{said}"));
    let growth: i64 = growth.trim().parse().unwrap();
    // 19 MB of samples came meanwhile, as 13 MB of text.
    assert!(growth < 3 << 20, "{growth} bytes more");
}

/// Audio of telephones, 8,000 samples a second, as fast as it is read, a fifth of a second in each event.
#[cfg(target_os = "linux")]
async fn hear_twenty_minutes_of_audio() {
    const SAMPLES: usize = 1600;
    const EVENTS: usize = 20 * 60 * 5;
    let url = serve(|_, mut peer: Peer| async move {
        let samples: Vec<i16> = (0..SAMPLES as i16).map(|at| at.wrapping_mul(7919)).collect();
        let delta = Audio::from_samples(&samples, AudioEncoding::Ulaw);
        let text = json!({"type": "response.audio.delta", "response_id": "r", "delta": delta.as_base64()}).to_string();
        let mut frame = vec![0x81, 126];
        frame.extend((text.len() as u16).to_be_bytes());
        frame.extend(text.as_bytes());
        for _ in 0..EVENTS {
            peer.socket.get_mut().write_all(&frame).await.unwrap();
        }
        peer.text(r#"{"type":"last"}"#).await;
        peer.hear().await;
    })
    .await;
    let mut session = client(&url).realtime().connect(MODEL).await.unwrap();
    let (mut decoder, mut samples) = (AudioDecoder::new(AudioEncoding::Ulaw), Vec::new());
    let (mut before, mut seen) = (0, 0);
    loop {
        let event = next(&mut session).await.unwrap();
        let Some(audio) = event.added_audio() else { break };
        samples.clear();
        decoder.decode(audio, &mut samples).unwrap();
        assert_eq!(samples.len(), SAMPLES);
        seen += 1;
        // A tenth is enough for buffers to find their size.
        if seen == EVENTS / 10 {
            before = held();
        }
    }
    assert_eq!(seen, EVENTS);
    println!("growth={}", held() as i64 - before as i64);
}
