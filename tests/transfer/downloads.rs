//! A download gives the whole file or an error, goes on where it was, and never mixes two versions.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use octopusx::{Client, RetryPolicy, Transferred};
use sha2::Digest as _;
use tempfile::TempDir;

use super::server::{Reply, Server};
use crate::support::{KEY, builder, client};
use crate::watch::SIGNATURE;

const TAG: &str = "\"one\"";
const SIZE: usize = 3_000_000;

/// A file that repeats nowhere.
fn file(seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..SIZE).map(|_| random.u8(..)).collect()
}

fn patient(server: &Server, attempts: u32) -> Client {
    let policy = RetryPolicy::default().max_attempts(attempts).base_delay(Duration::ZERO);
    builder(&server.url).retry(policy).build().unwrap()
}

/// What lies in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A part of a file, as an earlier run left it.
async fn begun(folder: &TempDir, bytes: &[u8], tag: &'static str, cut: usize) -> (PathBuf, Server) {
    let path = folder.path().join("cat.mp4");
    let whole = bytes.to_vec();
    let server = Server::start(move |asked, number| {
        let reply = Reply::file(asked, &whole, tag);
        if number == 0 { reply.cut(cut) } else { reply }
    })
    .await;
    let error = client(&server.url).download_url(&server.at("/cat.mp4")).to(&path).await.unwrap_err();
    assert!(error.is_truncated(), "{error}");
    assert_eq!(names(folder.path()), ["cat.mp4.part", "cat.mp4.part.json"]);
    assert_eq!(std::fs::metadata(folder.path().join("cat.mp4.part")).unwrap().len(), cut as u64);
    (path, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_is_cut_twenty_times_is_whole_and_nothing_comes_twice() {
    let bytes = file(1);
    let whole = bytes.clone();
    let served = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&served);
    let server = Server::start(move |asked, number| {
        let reply = Reply::file(asked, &whole, TAG);
        let cut = if number < 20 { fastrand::Rng::with_seed(number as u64).usize(1..SIZE / 20) } else { reply.body.len() };
        count.fetch_add(cut as u64, Ordering::Relaxed);
        if number < 20 { reply.cut(cut) } else { reply }
    })
    .await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cat.mp4");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (told, hidden) = (Arc::clone(&seen), path.clone());
    let saved = patient(&server, 2)
        .download_url(&server.at("/cat.mp4"))
        .to(&path)
        .on_progress(move |part: Transferred| {
            assert!(!hidden.exists(), "half a file has the final name");
            told.lock().unwrap().push(part);
        })
        .await
        .unwrap();
    assert_eq!((saved.path(), saved.size_bytes(), saved.content_type()), (&*path, SIZE as u64, Some("video/mp4")));
    assert!(std::fs::read(&path).unwrap() == bytes);
    assert_eq!(names(folder.path()), ["cat.mp4"]);
    assert_eq!(served.load(Ordering::Relaxed), SIZE as u64);
    let asked = server.asked();
    assert_eq!(asked.len(), 21);
    assert_eq!(asked[0].from(), None);
    assert!(asked[1..].iter().all(|asked| asked.from().is_some() && asked.header("if-range") == Some(TAG)), "{asked:?}");
    let seen = seen.lock().unwrap();
    assert!(seen.windows(2).all(|pair| pair[0].bytes <= pair[1].bytes && pair[1].total_bytes == Some(SIZE as u64)));
    assert_eq!(seen.last().unwrap().percent(), Some(100.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_runs_that_end_early_make_one_file() {
    let bytes = file(2);
    let whole = bytes.clone();
    let server = Server::start(move |asked, number| {
        let reply = Reply::file(asked, &whole, TAG);
        if number < 20 { reply.cut(fastrand::Rng::with_seed(number as u64).usize(0..SIZE / 20)) } else { reply }
    })
    .await;
    let folder = TempDir::new().unwrap();
    for run in 0..20 {
        let address = server.at(&format!("/cat.mp4?sig={SIGNATURE}{run}"));
        let error = client(&server.url).download_url(&address).to(folder.path()).await.unwrap_err();
        assert!(error.is_truncated() && error.attempts() == 1, "{error}");
        for name in names(folder.path()) {
            assert!(name.ends_with(".part") || name.ends_with(".part.json"), "{name}");
            let text = std::fs::read(folder.path().join(&name)).unwrap();
            assert!(!String::from_utf8_lossy(&text).contains(SIGNATURE), "{name} holds a signature");
        }
    }
    let saved = client(&server.url).download_url(&server.at("/cat.mp4")).to(folder.path()).await.unwrap();
    assert!(saved.resumed_bytes() > 0);
    assert!(std::fs::read(folder.path().join("cat.mp4")).unwrap() == bytes);
    assert_eq!(names(folder.path()), ["cat.mp4"]);
    assert!(server.asked().iter().skip(2).all(|asked| asked.from().is_some()));
}

/// What the server says when the rest is asked for; all of them make the download begin anew, and none mixes two versions.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_surely_the_same_file_is_fetched_from_the_start() {
    type Answer = fn(&super::server::Asked, &[u8], &[u8]) -> Reply;
    let cases: Vec<(&str, &'static str, Answer)> = vec![
        ("no ranges", TAG, |_, _, new| Reply::new(200, new).header("etag", TAG)),
        ("a changed tag", TAG, |asked, _, new| Reply::file(asked, new, "\"two\"")),
        ("a range of another version", TAG, |asked, _, new| {
            let mut asked = asked.clone();
            asked.headers.remove("if-range");
            Reply::file(&asked, new, "\"two\"")
        }),
        ("a range without its tag", TAG, |asked, _, new| {
            let mut reply = Reply::file(asked, new, TAG);
            if reply.status == 206 {
                reply.headers.retain(|(name, _)| *name != "etag");
            }
            reply
        }),
        ("another place", TAG, |asked, old, new| match asked.from() {
            Some(from) => Reply::new(206, &old[from - 1..])
                .header("etag", TAG)
                .header("content-range", format!("bytes {}-{}/{}", from - 1, SIZE - 1, SIZE)),
            None => Reply::new(200, new),
        }),
        ("another length", TAG, |asked, _, new| {
            let mut longer = new.to_vec();
            longer.push(0);
            if asked.from().is_some() { Reply::file(asked, &longer, TAG) } else { Reply::file(asked, new, TAG) }
        }),
        ("no place", TAG, |asked, old, new| match asked.from() {
            Some(from) => Reply::new(206, &old[from..]).header("etag", TAG),
            None => Reply::new(200, new),
        }),
        ("nothing left", TAG, |asked, _, new| match asked.from() {
            Some(_) => Reply::new(416, "").header("content-range", "bytes */7"),
            None => Reply::new(200, new),
        }),
        ("a refusal without words", TAG, |asked, _, new| match asked.from() {
            Some(_) => Reply::new(416, ""),
            None => Reply::new(200, new),
        }),
        ("several ranges", TAG, |asked, _, new| match asked.from() {
            Some(_) => Reply::new(206, "--x\r\n").header("content-type", "multipart/byteranges; boundary=x").header("etag", TAG),
            None => Reply::new(200, new),
        }),
        ("a weak tag", "W/\"one\"", |asked, _, new| {
            assert_eq!(asked.from(), None, "a weak tag can't say that two parts fit");
            Reply::new(200, new)
        }),
    ];
    let (old, new) = (file(3), file(4));
    for (case, tag, answer) in cases {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("cat.mp4");
        let (first, second) = (old.clone(), new.clone());
        let server = Server::start(move |asked, number| match number {
            0 => Reply::file(asked, &first, tag).cut(1_000_000),
            _ => answer(asked, &first, &second),
        })
        .await;
        for client in [client(&server.url), patient(&server, 3)] {
            let saved = client.download_url(&server.at("/cat.mp4")).to(&path).await;
            match saved {
                Ok(saved) => assert_eq!((saved.resumed_bytes(), saved.size_bytes()), (0, SIZE as u64), "{case}"),
                Err(error) => {
                    assert!(error.is_truncated() && !path.exists(), "{case}: {error}");
                    continue;
                }
            }
            assert!(std::fs::read(&path).unwrap() == new, "{case}: not the new version");
            assert_eq!(names(folder.path()), ["cat.mp4"], "{case}");
        }
        assert!(path.exists(), "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_says_that_two_parts_fit_once_it_is_settled() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (now, resumes) in [("Sun, 06 Nov 1994 08:49:38 GMT", true), (date, false)] {
        let bytes = file(5);
        let whole = bytes.clone();
        let server = Server::start(move |asked, number| {
            let mut reply = Reply::file(asked, &whole, date);
            reply.headers.retain(|(name, _)| *name != "etag");
            let reply = reply.header("last-modified", date).header("date", now);
            if number == 0 { reply.cut(700_000) } else { reply }
        })
        .await;
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("cat.mp4");
        let saved = patient(&server, 2).download_url(&server.at("/")).to(&path).await.unwrap();
        assert_eq!(saved.resumed_bytes(), if resumes { 700_000 } else { 0 });
        assert!(std::fs::read(&path).unwrap() == bytes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_part_only_gets_its_name() {
    // With a length the last byte is asked for once more; without one nothing is left to ask for.
    for length in [None, Some(None)] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("cat.mp4");
        let bytes = file(6);
        let whole = bytes.clone();
        let server = Server::start(move |asked, number| {
            let reply = Reply { length, ..Reply::file(asked, &whole, TAG) };
            if number == 0 { reply.cut(SIZE - 1) } else { reply }
        })
        .await;
        client(&server.url).download_url(&server.at("/cat.mp4")).to(&path).await.unwrap_err();
        let part = folder.path().join("cat.mp4.part");
        std::fs::write(&part, &bytes).unwrap();
        server.forget();
        let _ = client(&server.url).download_url(&server.at("/cat.mp4")).to(&path).await;
        let saved = client(&server.url).download_url(&server.at("/cat.mp4")).to(&path).await.unwrap();
        assert!(std::fs::read(&path).unwrap() == bytes);
        assert_eq!(saved.size_bytes(), SIZE as u64);
        let from = if length.is_none() { SIZE - 1 } else { SIZE };
        assert_eq!(server.asked()[0].from(), Some(from));
        assert_eq!(names(folder.path()), ["cat.mp4"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_whole_file_gets_no_name() {
    let sum = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(bytes));
    let wrong = format!("sha-256=:{}:", sum(b"other"));
    let mp4 = |reply: Reply| reply.header("content-type", "video/mp4");
    for (case, reply, is) in [
        ("too short", Reply { length: Some(Some(SIZE)), ..mp4(Reply::new(200, "short")) }, "broke off"),
        ("cut chunks", Reply { length: Some(None), ..mp4(Reply::new(200, "12345")) }.cut(3), "broke off"),
        ("a wrong checksum", mp4(Reply::new(200, "file")).header("repr-digest", wrong), "not what its sha-256 says"),
        ("a failure", Reply::new(200, r#"{"error": {"message": "gone"}}"#).header("content-type", "application/json"), "gone"),
        ("a failure without a type", Reply::new(200, r#"{"error": {"message": "gone"}}"#), "gone"),
        ("a page", Reply::new(200, "<html><title>Busy</title>").header("content-type", "text/html"), "Busy"),
        ("nothing", Reply::new(204, ""), "none came (status 204)"),
        ("a part unasked", mp4(Reply::new(206, "b")).header("content-range", "bytes 1-1/2"), "none came (status 206)"),
        ("not found", Reply::new(404, "no such file"), "no such file"),
        ("compressed", mp4(Reply::new(200, "x")).header("content-encoding", "gzip"), "compressed with gzip"),
    ] {
        let folder = TempDir::new().unwrap();
        let server = Server::start(move |_, _| reply.clone()).await;
        let path = folder.path().join("cat.mp4");
        std::fs::write(&path, "what was there before").unwrap();
        let error = patient(&server, 2).download_url(&server.at("/cat.mp4")).to(&path).await.unwrap_err();
        assert!(error.to_string().contains(is), "{case}: {error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"what was there before", "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_holds_over_all_runs() {
    let bytes = file(7);
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(&bytes));
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cat.mp4");
    let whole = bytes.clone();
    let server = Server::start(move |asked, number| {
        let mut reply = Reply::file(asked, &whole, TAG).header("repr-digest", format!("sha-256=:{digest}:"));
        match number {
            0 => reply.cut(1_234_567),
            // A byte is bent on the way.
            1 => {
                reply.body[3] ^= 1;
                reply
            }
            _ => reply,
        }
    })
    .await;
    let address = server.at("/cat.mp4");
    client(&server.url).download_url(&address).to(&path).await.unwrap_err();
    let error = client(&server.url).download_url(&address).to(&path).await.unwrap_err();
    assert!(error.is_truncated() && error.to_string().contains("sha-256"), "{error}");
    assert!(names(folder.path()).is_empty(), "what is wrong must not be gone on with");
    let saved = client(&server.url).download_url(&address).to(&path).await.unwrap();
    assert_eq!((saved.checksum(), saved.resumed_bytes()), (Some("sha-256"), 0));
    assert!(std::fs::read(&path).unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_download_is_gone_on_with() {
    let bytes = file(8);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cat.mp4");
    let whole = bytes.clone();
    // The first answer never ends.
    let server = Server::start(move |asked, number| {
        let reply = Reply::file(asked, &whole, TAG);
        if number == 0 { Reply { body: whole[..2_000_000].to_vec(), length: Some(Some(2_000_000)), ..reply } } else { reply }
    })
    .await;
    let far = Arc::new(tokio::sync::Notify::new());
    let reached = Arc::clone(&far);
    let client = client(&server.url);
    let download = client.download_url(&server.at("/cat.mp4")).to(&path).on_progress(move |part| {
        if part.bytes >= 1_500_000 {
            reached.notify_one();
        }
    });
    tokio::select! {
        biased;
        () = far.notified() => {}
        _ = download.into_future() => panic!("it is not to end"),
    }
    assert!(!path.exists());
    let length = std::fs::metadata(folder.path().join("cat.mp4.part")).unwrap().len();
    let saved = client.download_url(&server.at("/cat.mp4")).to(&path).await.unwrap();
    // The server meant two million bytes the first time; that is not what it has now.
    assert_eq!(saved.size_bytes(), SIZE as u64);
    assert!(std::fs::read(&path).unwrap() == bytes);
    assert!(length > 0);
}

/// Tests nothing itself: `a_killed_program_goes_on` starts it as a program of its own, to kill it.
#[tokio::test]
async fn is_the_program_that_downloads_where_the_environment_says_so() {
    let (Ok(address), Ok(path)) = (std::env::var("TRANSFER_FROM"), std::env::var("TRANSFER_TO")) else { return };
    client("http://127.0.0.1:9").download_url(&address).to(path).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_goes_on() {
    let bytes = file(9);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cat.mp4");
    let whole = bytes.clone();
    let server = Server::start(move |asked, number| {
        let reply = Reply::file(asked, &whole, TAG);
        // It waits in the middle until it is killed.
        if number == 0 { Reply { body: whole[..1_500_000].to_vec(), length: Some(None), ..reply }.cut(1_500_000) } else { reply }
    })
    .await;
    let mut program = std::process::Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "transfer::downloads::is_the_program_that_downloads_where_the_environment_says_so", "--quiet"]);
    program.env("TRANSFER_FROM", server.at("/cat.mp4")).env("TRANSFER_TO", &path).stdout(std::process::Stdio::null());
    program.stderr(std::process::Stdio::null());
    let mut running = program.spawn().unwrap();
    let part = folder.path().join("cat.mp4.part");
    for _ in 0..2000 {
        if std::fs::metadata(&part).is_ok_and(|facts| facts.len() > 0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(!path.exists() && part.exists());
    let saved = client("http://127.0.0.1:9").download_url(&server.at("/cat.mp4")).to(&path).await.unwrap();
    assert!(saved.resumed_bytes() > 0);
    assert!(std::fs::read(&path).unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_takes_a_file_under_a_safe_name_and_loses_none() {
    let folder = TempDir::new().unwrap();
    let inside = folder.path().join("new/results/");
    let server = Server::start(|asked, _| {
        let reply = Reply::new(200, asked.path.clone()).header("content-type", "video/mp4");
        match asked.path.as_str() {
            "/a" => reply.header("content-disposition", "attachment; filename=\"../../cat.mp4\""),
            "/b" => reply.header("content-disposition", "attachment; filename*=UTF-8''%2Fetc%2Fcat.mp4"),
            _ => reply,
        }
    })
    .await;
    let client = client(&server.url);
    for (path, name) in
        [("/a", "cat.mp4"), ("/b", "cat-2.mp4"), ("/x/cat.mp4", "cat-3.mp4"), ("/x/dog", "dog.mp4"), ("/", "download.mp4")]
    {
        let saved = client.download_url(&server.at(path)).to(&inside).await.unwrap();
        assert_eq!(saved.path(), inside.join(name));
        assert_eq!(std::fs::read(saved.path()).unwrap(), path.as_bytes());
    }
    assert_eq!(names(folder.path()), ["new"]);
    assert_eq!(names(&inside), ["cat-2.mp4", "cat-3.mp4", "cat.mp4", "dog.mp4", "download.mp4"]);
    // A name that the caller gave is replaced.
    client.download_url(&server.at("/x/dog")).to(inside.join("cat.mp4")).await.unwrap();
    assert_eq!(std::fs::read(inside.join("cat.mp4")).unwrap(), b"/x/dog");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_downloads_into_one_file_do_not_mix() {
    let bytes = file(10);
    let whole = bytes.clone();
    let server = Server::start(move |asked, _| Reply::file(asked, &whole, TAG)).await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cat.mp4");
    let client = client(&server.url);
    let one = || client.download_url(&server.at("/cat.mp4")).to(&path).into_future();
    let (first, second) = tokio::join!(one(), one());
    assert!(first.is_ok() || second.is_ok(), "{first:?} {second:?}");
    for error in [first.err(), second.err()].into_iter().flatten() {
        assert!(error.to_string().contains("another download"), "{error}");
    }
    assert!(std::fs::read(&path).unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_answer_that_breaks_off_is_gone_on_with_too() {
    let bytes = file(11);
    let folder = TempDir::new().unwrap();
    let whole = bytes.clone();
    let server = Server::start(move |asked, number| {
        let reply = Reply::file(asked, &whole, TAG);
        if number == 0 { reply.cut(900_000) } else { reply }
    })
    .await;
    let path = folder.path().join("cat.mp4");
    let size = patient(&server, 2).videos().content("v").await.unwrap().save_to(&path).await.unwrap();
    assert_eq!(size, SIZE as u64);
    assert!(std::fs::read(&path).unwrap() == bytes);
    let asked = server.asked();
    assert_eq!(asked[1].from(), Some(900_000));
    assert!(asked.iter().all(|asked| asked.header("authorization") == Some(&format!("Bearer {KEY}"))));
    // What was taken before is not saved.
    let mut content = patient(&server, 2).videos().content("v").await.unwrap();
    let taken = content.next().await.unwrap().unwrap().len();
    assert_eq!(content.save_to(&path).await.unwrap() as usize, SIZE - taken);
    assert!(std::fs::read(&path).unwrap() == bytes[taken..]);
    // A call saves itself, and goes on after the program ended.
    let other = TempDir::new().unwrap();
    let (path, server) = begun(&other, &bytes, TAG, 5000).await;
    let saved = client(&server.url).download_url(&server.at("/cat.mp4")).to(&path).await.unwrap();
    assert_eq!(saved.resumed_bytes(), 5000);
    let saved = client(&server.url).videos().content("v").save_to(folder.path().join("again.mp4")).await.unwrap();
    assert_eq!(saved.size_bytes(), SIZE as u64);
}
