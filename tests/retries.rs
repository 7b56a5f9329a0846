//! When a call is sent again, how long it waits before, and what everybody gets to see of it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use octopusx::audio::TranscriptionForm;
use octopusx::middleware::{Attempt, Middleware};
use octopusx::{Body, Client, Error, FilePart, RetryPolicy};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::raw::{self, Server, answer, answers};
use crate::shown::Shown;
use crate::support::{KEY, builder};

const GOOD: &str = r#"{"id":"v"}"#;

/// A server whose answers depend on the number of the request; it notes when each came.
async fn numbered(answer: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> (String, Arc<Mutex<Vec<Instant>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (times, answer) = (Arc::<Mutex<Vec<Instant>>>::default(), Arc::new(answer));
    let seen = Arc::clone(&times);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
            tokio::spawn(async move {
                while raw::read(&mut socket).await.is_some() {
                    let number = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(Instant::now());
                        seen.len() - 1
                    };
                    if socket.write_all(&answer(number)).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, times)
}

fn down() -> Vec<u8> {
    answer("500 Internal Server Error", &[], "")
}

fn policy(attempts: u32, base: u64) -> RetryPolicy {
    RetryPolicy::default().max_attempts(attempts).base_delay(Duration::from_millis(base))
}

fn patient(base: &str, policy: RetryPolicy) -> Client {
    builder(base).retry(policy).build().unwrap()
}

fn gaps(times: &Mutex<Vec<Instant>>) -> Vec<Duration> {
    times.lock().unwrap().windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test]
async fn a_call_that_succeeds_at_last_is_a_success() {
    for bad in [down(), b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id\":".to_vec(), Vec::new(), b"HTTP/1.1 20".to_vec()] {
        let script = move |number| if number < 2 { answers(bad.clone()) } else { answers(answer("200 OK", &[], GOOD)) };
        let server = Server::play_each(script).await;
        assert_eq!(patient(&server.url, policy(3, 1)).videos().get("v").await.unwrap().id, "v");
        assert_eq!(server.arrived().len(), 3);
    }
}

#[tokio::test]
async fn an_outage_does_not_become_a_storm() {
    let (url, times) = numbered(|_| down()).await;
    let client = builder(&url).retry(policy(3, 1)).retry_budget(50).build().unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let clone = client.clone();
        calls.spawn(async move { clone.videos().get("v").await.unwrap_err() });
    }
    let errors = calls.join_all().await;
    let sent = times.lock().unwrap().len();
    assert_eq!(sent, 250, "200 calls and no more retries than the budget of all clones holds");
    assert_eq!(errors.iter().map(Error::attempts).sum::<u32>(), 250);
}

#[tokio::test]
async fn successes_fill_the_budget_again() {
    let (url, times) = numbered(|number| if (2..42).contains(&number) { answer("200 OK", &[], GOOD) } else { down() }).await;
    let client = builder(&url).retry(policy(2, 0)).retry_budget(1).build().unwrap();
    let attempts = async || client.videos().get("v").await.map_or_else(|error| error.attempts(), |_| 0);
    assert_eq!(attempts().await, 2, "the budget's only retry");
    for _ in 0..40 {
        assert_eq!(attempts().await, 0);
    }
    assert_eq!((attempts().await, attempts().await), (2, 1), "one again, and only one");
    assert_eq!(times.lock().unwrap().len(), 2 + 40 + 3);
}

#[tokio::test]
async fn pauses_are_random_below_a_bound_that_doubles() {
    const CALLS: usize = 24;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..CALLS {
        calls.spawn(async {
            let (url, times) = numbered(|_| down()).await;
            patient(&url, policy(4, 100).max_delay(Duration::from_millis(250))).videos().get("v").await.unwrap_err();
            gaps(&times)
        });
    }
    let gaps = calls.join_all().await;
    // What a busy machine adds to a pause.
    let slack = Duration::from_millis(150);
    for (place, bound) in [100, 200, 250].into_iter().enumerate() {
        let bound = Duration::from_millis(bound);
        let mut all: Vec<Duration> = gaps.iter().map(|gaps| gaps[place]).collect();
        all.sort();
        assert!(all[CALLS - 1] <= bound + slack, "{place}: {all:?}");
        assert!(all[CALLS - 1] - all[0] > bound / 4, "the pauses must differ: {all:?}");
    }
}

#[tokio::test]
async fn a_hint_when_to_come_back_is_waited_out() {
    let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3));
    let cases = [
        ("retry-after: 1".to_owned(), 1000..1600),
        ("retry-after: 0.3".to_owned(), 300..800),
        ("retry-after-ms: 200".to_owned(), 200..700),
        // A date has no fractions.
        (format!("retry-after: {soon}"), 1900..3800),
        ("retry-after: Sun, 06 Nov 1994 08:49:37 GMT".to_owned(), 0..400),
        ("retry-after: -7".to_owned(), 0..400),
        ("retry-after: never".to_owned(), 0..400),
    ];
    let mut calls = tokio::task::JoinSet::new();
    for (hint, expected) in cases {
        calls.spawn(async move {
            let head = hint.clone();
            let busy = move |number| match number {
                0 => answer("429 Too Many Requests", &[&head], ""),
                _ => answer("200 OK", &[], GOOD),
            };
            let (url, times) = numbered(busy).await;
            patient(&url, policy(2, 1)).videos().create(&octopusx::videos::VideoRequest::new("m", "p")).await.unwrap();
            let gap = gaps(&times)[0].as_millis();
            assert!(expected.contains(&gap), "{hint}: {gap} ms");
        });
    }
    calls.join_all().await;
}

#[tokio::test]
async fn a_hint_that_is_too_long_comes_back_at_once_with_the_error() {
    let year = 365 * 24 * 3600;
    let later = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(year));
    for (hint, most, least_hint) in [
        ("retry-after: 3600".to_owned(), 60_000, 3600),
        ("retry-after: 61".to_owned(), 60_000, 61),
        ("retry-after-ms: 1001".to_owned(), 1000, 1),
        (format!("retry-after: {later}"), 60_000, year - 60),
    ] {
        let (url, times) = numbered(move |_| answer("503 Service Unavailable", &[&hint], "")).await;
        let client = patient(&url, policy(5, 1).max_retry_after(Duration::from_millis(most)));
        let started = Instant::now();
        let error = client.videos().get("v").await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(1) && error.attempts() == 1, "{error:?}");
        assert!(error.retry_after().unwrap() >= Duration::from_secs(least_hint), "{error:?}");
        assert!(error.is_overloaded() && !error.may_have_been_processed());
        assert_eq!(times.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn no_pause_goes_beyond_the_calls_own_time() {
    let (url, times) = numbered(|_| answer("429 Too Many Requests", &["retry-after: 2"], "")).await;
    let started = Instant::now();
    let error = patient(&url, policy(5, 1)).videos().get("v").timeout(Duration::from_secs(1)).await.unwrap_err();
    assert!(error.is_rate_limited(), "the reason says more than a timeout: {error:?}");
    assert!(started.elapsed() < Duration::from_millis(900));
    assert_eq!(times.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_calls_own_policy_wins_and_a_dropped_call_stops() {
    let (url, times) = numbered(|_| down()).await;
    let client = patient(&url, policy(4, 1));
    assert_eq!(client.videos().get("v").await.unwrap_err().attempts(), 4);
    assert_eq!(client.videos().get("v").retry(RetryPolicy::none()).await.unwrap_err().attempts(), 1);
    assert_eq!(client.videos().get("v").retry(policy(2, 1)).await.unwrap_err().attempts(), 2);
    let slow = client.videos().get("v").retry(policy(50, 400).max_delay(Duration::from_millis(400)));
    assert!(tokio::time::timeout(Duration::from_millis(300), slow).await.is_err());
    let sent = times.lock().unwrap().len();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(times.lock().unwrap().len(), sent, "nobody waits for the answer any more");
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_not_asked_for_twice() {
    for code in ["insufficient_user_quota", "insufficient_quota", "pre_consume_token_quota_failed", "budget_exceeded"] {
        let body = format!(r#"{{"error":{{"message":"pay","code":"{code}"}}}}"#);
        for status in ["429 Too Many Requests", "403 Forbidden", "500 Internal Server Error"] {
            let body = body.clone();
            let (url, times) = numbered(move |_| answer(status, &[], &body)).await;
            let error = patient(&url, policy(3, 1)).videos().get("v").await.unwrap_err();
            assert!(error.is_quota() && !error.is_retryable() && times.lock().unwrap().len() == 1, "{error:?}");
        }
    }
}

#[tokio::test]
async fn the_gateways_own_word_about_retrying_counts() {
    for (status, retryable, sent) in [("500 Oops", "false", 1), ("400 Bad Request", "true", 3), ("500 Oops", "true", 3)] {
        let body = format!(r#"{{"error":{{"message":"x","retryable":{retryable}}}}}"#);
        let (url, times) = numbered(move |_| answer(status, &[], &body)).await;
        let error = patient(&url, policy(3, 1)).videos().get("v").await.unwrap_err();
        assert_eq!(
            (times.lock().unwrap().len(), error.api().unwrap().retryable().unwrap().to_string()),
            (sent, retryable.to_owned())
        );
    }
}

fn transcription(file: FilePart) -> TranscriptionForm {
    TranscriptionForm::new(file, "whisper-1").language("en")
}

/// The bodies of all requests, without the boundary, which is another each time.
fn bodies(server: &Server) -> Vec<String> {
    let arrived = server.arrived();
    let body = |request: &raw::Arrived| {
        let boundary = request.header("content-type").unwrap().split("boundary=").nth(1).unwrap().to_owned();
        String::from_utf8_lossy(&request.body).replace(&boundary, "B")
    };
    arrived.iter().map(body).collect()
}

#[tokio::test]
async fn a_form_is_put_together_again_for_each_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("speech.mp3");
    std::fs::write(&path, "la ".repeat(200_000)).unwrap();
    for file in [FilePart::path(&path), FilePart::bytes("speech.mp3", "la la la")] {
        let script = |number| match number {
            0 | 1 => answers(answer("429 Too Many Requests", &["connection: close"], "")),
            _ => answers(answer("200 OK", &["connection: close"], r#"{"text":"la"}"#)),
        };
        let server = Server::play_each(script).await;
        patient(&server.url, policy(3, 1)).audio().transcriptions(&transcription(file)).await.unwrap();
        let bodies = bodies(&server);
        assert_eq!(bodies.len(), 3);
        assert!(bodies[0].contains("la la la") && bodies[0].contains("whisper-1"));
        assert!(bodies[1] == bodies[0] && bodies[2] == bodies[0], "each attempt carries the whole form");
    }
}

#[tokio::test]
async fn a_form_that_can_be_read_only_once_is_sent_only_once() {
    struct Once(Option<bytes::Bytes>);
    impl futures_core::Stream for Once {
        type Item = std::io::Result<bytes::Bytes>;
        fn poll_next(mut self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Ready(self.0.take().map(Ok))
        }
    }
    for length in [Some(8), None] {
        let server = Server::play(answers(answer("429 Too Many Requests", &["connection: close"], ""))).await;
        let stream = FilePart::stream("speech.mp3", Once(Some("la la la".into())), length);
        let error = patient(&server.url, policy(3, 1)).audio().transcriptions(&transcription(stream)).await.unwrap_err();
        assert!(error.is_rate_limited() && error.attempts() == 1, "{error:?}");
        assert_eq!(bodies(&server).len(), 1);
    }
}

/// Notes what it sees.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, note: String) {
        self.0.lock().unwrap().push(note);
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Middleware for Notes {
    fn on_request(&self, attempt: &Attempt, request: &mut http::Request<Body>) -> Result<(), String> {
        let number = attempt.number.to_string();
        request.headers_mut().insert("x-attempt", number.parse().map_err(|_| "no header")?);
        self.add(format!("request {number}"));
        Ok(())
    }

    fn on_head(&self, attempt: &Attempt, status: http::StatusCode, _: &mut http::HeaderMap) {
        self.add(format!("head {} {}", attempt.number, status.as_u16()));
    }

    fn on_error(&self, attempt: &Attempt, error: &Error) {
        self.add(format!("error {} {}", attempt.number, error.attempts()));
    }
}

#[tokio::test]
async fn middleware_sees_and_changes_every_attempt() {
    let notes = Notes::default();
    let server = Server::play_each(|number| answers(if number < 2 { down() } else { answer("200 OK", &[], GOOD) })).await;
    let client = builder(&server.url).retry(policy(3, 1)).middleware(notes.clone()).build().unwrap();
    client.videos().get("v").await.unwrap();
    let expected = ["request 1", "head 1 500", "error 1 1", "request 2", "head 2 500", "error 2 2", "request 3", "head 3 200"];
    assert_eq!(notes.taken(), expected);
    let sent: Vec<_> = server.arrived().iter().map(|request| request.header("x-attempt").unwrap().to_owned()).collect();
    assert_eq!(sent, ["1", "2", "3"]);
}

#[tokio::test]
async fn middleware_may_change_path_and_query_but_neither_host_nor_method() {
    struct Change(fn(&mut http::Request<Body>));
    impl Middleware for Change {
        fn on_request(&self, _: &Attempt, request: &mut http::Request<Body>) -> Result<(), String> {
            (self.0)(request);
            Ok(())
        }
    }
    let server = Server::play(answers(answer("200 OK", &[], GOOD))).await;
    let with = |change| builder(&server.url).middleware(Change(change)).build().unwrap();
    let signed = with(|request| {
        let address = format!("{}?signed=1", request.uri());
        *request.uri_mut() = address.parse().unwrap();
    });
    signed.videos().get("v").await.unwrap();
    assert!(server.arrived()[0].head.starts_with("GET /v1/videos/v?signed=1 "));
    let moved = with(|request| *request.uri_mut() = "https://elsewhere.example/v1".parse().unwrap());
    let other = with(|request| *request.method_mut() = http::Method::DELETE);
    for (client, why) in [(moved, "another host"), (other, "method")] {
        let error = client.videos().get("v").await.unwrap_err();
        assert!(error.is_invalid_request() && error.to_string().contains(why), "{error:?}");
    }
    assert_eq!(server.arrived().len(), 1);
}

#[tokio::test]
async fn the_key_is_asked_for_once_a_call_and_never_waited_for_for_ever() {
    let asked = Arc::new(Mutex::new(0));
    let server = Server::play_each(|number| answers(if number < 2 { down() } else { answer("200 OK", &[], GOOD) })).await;
    let count = Arc::clone(&asked);
    let provider = move || {
        *count.lock().unwrap() += 1;
        async { Ok::<_, std::io::Error>(KEY.to_owned()) }
    };
    let client = builder(&server.url).key_provider(provider).retry(policy(3, 1)).build().unwrap();
    client.videos().get("v").await.unwrap();
    assert_eq!(*asked.lock().unwrap(), 1);
    assert!(server.arrived().iter().all(|request| request.head.contains(KEY)));
    let silent = || std::future::pending::<Result<String, std::io::Error>>();
    let client = builder(&server.url).key_provider(silent).build().unwrap();
    let call = client.videos().get("v").timeout(Duration::from_millis(100));
    let error = tokio::time::timeout(Duration::from_secs(5), call.into_future()).await.expect("hangs").unwrap_err();
    assert!(error.to_string().contains("the key provider gave no key within 0.1 s") && !error.may_have_been_processed());
}

#[tokio::test]
async fn every_attempt_is_visible_in_tracing() {
    let shown = Shown::default();
    let server = Server::play_each(|number| answers(if number < 2 { down() } else { answer("200 OK", &[], GOOD) })).await;
    let client = patient(&server.url, policy(3, 1));
    let guard = tracing::subscriber::set_default(shown.clone());
    client.videos().get("v").await.unwrap();
    drop(guard);
    let lines = shown.0.lock().unwrap().clone();
    let has = |parts: &[&str]| lines.iter().filter(|line| parts.iter().all(|part| line.contains(part))).count();
    assert_eq!(
        has(&[
            "span octopusx.call",
            "gen_ai.operation.name=\"videos_get\"",
            "url.path=\"/v1/videos/v\"",
            "http.request.method=GET"
        ]),
        1,
        "{lines:#?}"
    );
    for attempt in ["attempt=1", "attempt=2", "attempt=3"] {
        assert_eq!(has(&["DEBUG message=send", attempt, "path=\"/v1/videos/v\""]), 1, "{lines:#?}");
    }
    assert_eq!(has(&["INFO message=retry", "pause_ms=", "error=videos_get: 500"]), 2, "{lines:#?}");
    assert_eq!(has(&["DEBUG message=head", "status=500"]), 2, "{lines:#?}");
}
