//! Every family under every sequence of states: the right end, the right number of polls, the right error, and the task
//! always in the error.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use octopusx::Error;
use octopusx::tasks::{TaskAnswer, TaskRef, TaskState, Wait};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::families::{Family, ID, Say, families};
use crate::raw::{answer, read};
use crate::watch::hides;

const URL: &str = "https://files.example/result.mp4";
/// Longer than any row takes that ends by itself.
const DEADLINE: Duration = Duration::from_secs(20);
const RUNNING: TaskState = TaskState::Running { progress: None };

/// What the gateway answers to one poll.
#[derive(Clone, Debug)]
enum Poll {
    Says(Say),
    Answers(&'static str, Vec<&'static str>, String),
    HangsUp,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Done,
    Failed,
    Cancelled,
    NoResult,
    InputNeeded,
    Late,
    NotFound,
    NoKey,
    NoMoney,
    Unreadable,
}

struct Row {
    name: &'static str,
    polls: Vec<Poll>,
    end: End,
    /// How often it is asked; none where time decides.
    times: Option<usize>,
    /// What the caller sets; none where the defaults will do.
    set: Option<fn(Wait<TaskAnswer>) -> Wait<TaskAnswer>>,
    /// Part of the error's line.
    says: &'static str,
    takes: Duration,
    pause: Duration,
}

fn say(word: &'static str) -> Poll {
    Poll::Says(Say { word, ..Say::default() })
}

fn at(word: &'static str, progress: Value) -> Poll {
    Poll::Says(Say { word, progress: Some(progress), ..Say::default() })
}

fn done(word: &'static str) -> Poll {
    Poll::Says(Say { word, url: Some(URL), ..Say::default() })
}

fn with_url(word: &'static str, url: &'static str) -> Poll {
    Poll::Says(Say { word, url: Some(url), ..Say::default() })
}

fn with_error(word: &'static str, error: &'static str) -> Poll {
    Poll::Says(Say { word, error: Some(error), ..Say::default() })
}

fn status(status: &'static str) -> Poll {
    Poll::Answers(status, vec![], json!({"error": {"message": "no", "code": ""}}).to_string())
}

fn page(status: &'static str) -> Poll {
    Poll::Answers(status, vec!["content-type: text/html"], "<html><title>Bad gateway</title></html>".to_owned())
}

fn row(name: &'static str, end: End, polls: Vec<Poll>) -> Row {
    let times = Some(polls.len());
    Row { name, polls, end, times, set: None, says: "", takes: Duration::ZERO, pause: Duration::ZERO }
}

impl Row {
    fn set(self, set: fn(Wait<TaskAnswer>) -> Wait<TaskAnswer>) -> Self {
        Self { set: Some(set), ..self }
    }

    fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    /// Time decides how often it is asked, so it is asked with pauses.
    fn in_time(self) -> Self {
        Self { times: None, pause: Duration::from_millis(20), ..self }
    }
}

fn rows(family: &Family) -> Vec<Row> {
    use End::*;
    let no_result = if family.has("content") { Done } else { NoResult };
    let fails_with = if family.has("error") { "out of ink" } else { "" };
    let mut rows = vec![
        row("lower case", Done, vec![say("queued"), say("processing"), done("succeeded")]),
        row("the OpenAI words", Done, vec![say("queued"), at("in_progress", json!(50)), done("completed")]),
        row("upper case", Done, vec![say("NOT_START"), say("SUBMITTED"), at("IN_PROGRESS", json!("50%")), done("SUCCESS")]),
        row("lower words in upper case", Done, vec![say("QUEUED"), say("RUNNING"), done("COMPLETED")]),
        row("capitals", Done, vec![say("Pending"), say("Processing"), done("Active")]),
        row("Jimeng's words", Done, vec![say("submitted"), say("generating"), done("success")]),
        row("done at once", Done, vec![done("Success")]),
        row("progress goes back", Done, vec![at("running", json!("80")), at("running", json!(20)), done("succeeded")]),
        row("words that nobody knows", Done, vec![say("REVIEWING"), say("unknown"), say("UNKNOWN"), say("完"), done("done")]),
        row("no word at all", Done, vec![say(""), say("queued"), done("completed")]),
        row("spaces around the word", Done, vec![say(" Running "), done(" SUCCESS ")]),
        row("the address comes late", Done, vec![say("success"), with_url("success", ""), done("success")]),
        row("the address never comes", no_result, vec![say("completed")]).set(|wait| wait.result_within(Duration::ZERO)),
        row("the address is blank for long", no_result, vec![with_url("completed", " ")])
            .in_time()
            .set(|wait| wait.result_within(Duration::from_millis(300))),
        row("healthy with an empty error", Done, vec![with_error("queued", ""), with_error("running", ""), done("completed")]),
        row("running with words in the error", Done, vec![with_error("running", "slow today"), done("completed")]),
        row("not found at first", Done, vec![status("404 Not Found"), status("404 Not Found"), say("queued"), done("success")]),
        row("never found", NotFound, vec![status("404 Not Found")]).set(|wait| wait.appears_within(Duration::ZERO)),
        row("never found, for some time", NotFound, vec![status("404 Not Found")])
            .in_time()
            .set(|wait| wait.appears_within(Duration::from_millis(300))),
        row("502 in between", Done, vec![say("queued"), page("502 Bad Gateway"), page("502 Bad Gateway"), done("success")]),
        row("500, 503 and 529", Done, vec![status("500 X"), status("503 X"), status("529 X"), done("success")]),
        row("the line breaks", Done, vec![say("queued"), Poll::HangsUp, say("running"), Poll::HangsUp, done("success")]),
        row("busy, come back now", Done, vec![Poll::Answers("429 X", vec!["retry-after: 0"], String::new()), done("success")]),
        Row {
            takes: Duration::from_secs(1),
            ..row(
                "busy, come back in a second",
                Done,
                vec![Poll::Answers("429 X", vec!["retry-after: 1"], String::new()), done("success")],
            )
        },
        row("busy for an hour", Late, vec![Poll::Answers("429 X", vec!["retry-after: 3600"], String::new())]),
        row("a web page with 200", Done, vec![say("queued"), page("200 OK"), page("200 OK"), done("success")]),
        row("nothing but web pages", Unreadable, vec![page("200 OK"), page("200 OK"), page("200 OK")]),
        row("never ending", Late, vec![say("running")])
            .in_time()
            .set(|wait| wait.deadline(Duration::from_millis(700)))
            .says("not done within"),
        row("unknown for ever", Late, vec![say("unknown")]).in_time().set(|wait| wait.deadline(Duration::from_millis(700))),
        row("502 for ever", Late, vec![page("502 Bad Gateway")]).in_time().set(|wait| wait.deadline(Duration::from_millis(700))),
        row("failed with a reason", Failed, vec![say("running"), with_error("failed", "out of ink")]).says(fails_with),
        row("failed in upper case", Failed, vec![say("IN_PROGRESS"), say("FAILURE")]).says("`FAILURE`"),
        row("failed with empty words", Failed, vec![with_error("Failed", "")]).says("`Failed`"),
        row("cancelled", Cancelled, vec![say("queued"), say("cancelled")]),
        row("cancelled in upper case", Cancelled, vec![say("CANCEL")]),
        row("the key is refused", NoKey, vec![say("queued"), status("401 Unauthorized")]),
        row("the key comes back", Done, vec![say("queued"), status("401 Unauthorized"), done("success")])
            .set(|wait| wait.tolerate(Error::is_auth)),
        row("no money", NoMoney, vec![status("402 Payment Required")]),
    ];
    if let Some(word) = family.first("not_found") {
        let unknown = Poll::Answers("400 Bad Request", vec![], json!({"code": word, "message": word, "data": null}).to_string());
        rows.push(row("not found at first, in its own words", Done, vec![unknown.clone(), say("queued"), done("success")]));
        let said = Poll::Answers("400 Bad Request", vec![], json!({"description": format!("{word} "), "code": 4}).to_string());
        rows.push(row("not found at first, in a sentence", Done, vec![said, say("queued"), done("success")]));
    }
    if let Some(word) = family.first("input") {
        let word: &'static str = word.leak();
        rows.push(row("waits for its owner", InputNeeded, vec![say("SUBMITTED"), say(word)]).says("input"));
    }
    if let Some(action) = family.without_media() {
        let bare = |action: String| Poll::Says(Say { word: "SUCCESS", action: Some(action), ..Say::default() });
        rows.push(row("a result without an address", Done, vec![bare(action)]));
        let other = row("another work without its address", no_result, vec![bare("OTHER".to_owned())]);
        rows.push(other.set(|wait| wait.result_within(Duration::ZERO)));
    }
    if family.has("inline") {
        let inline = Say { word: "success", inline: Some("AAAA"), ..Say::default() };
        rows.push(row("the result in the answer", Done, vec![Poll::Says(inline)]));
    }
    rows
}

/// A server that goes on in its script whichever connection asks; the last answer comes again and again.
async fn serve(family: Family, polls: Vec<Poll>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::<AtomicUsize>::default();
    let (counter, shared) = (Arc::clone(&asked), Arc::new((family, polls)));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (counter, shared) = (Arc::clone(&counter), Arc::clone(&shared));
            tokio::spawn(async move {
                let (family, polls) = &*shared;
                while let Some(request) = read(&mut socket).await {
                    let place = counter.fetch_add(1, Ordering::SeqCst);
                    let found = request.head.contains("task-7") || String::from_utf8_lossy(&request.body).contains(ID);
                    let bytes = match &polls[place.min(polls.len() - 1)] {
                        _ if !found => answer("500 no such task", &[], ""),
                        Poll::Says(say) => answer("200 OK", &["content-type: application/json"], family.body(say)),
                        Poll::Answers(status, headers, body) => answer(status, headers, body),
                        Poll::HangsUp => return,
                    };
                    if socket.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, asked)
}

/// What an error is, as the table names it.
fn end_of(outcome: &Result<TaskAnswer, Error>) -> Result<End, String> {
    let error = match outcome {
        Ok(_) => return Ok(End::Done),
        Err(error) => error,
    };
    let all = [
        (End::Cancelled, error.is_task_failure() && error.task_state() == Some(TaskState::Cancelled)),
        (End::Failed, error.is_task_failure() && error.task_state() == Some(TaskState::Failed)),
        (End::NoResult, error.is_result_missing()),
        (End::InputNeeded, error.is_input_needed()),
        (End::Late, error.is_timeout()),
        (End::NotFound, error.is_not_found()),
        (End::NoKey, error.is_auth()),
        (End::NoMoney, error.is_quota()),
        (End::Unreadable, error.is_decode()),
    ];
    let found: Vec<End> = all.into_iter().filter(|(_, is)| *is).map(|(end, _)| end).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        _ => Err(format!("{found:?}: {error:?}")),
    }
}

/// What is wrong with an error that came while a task was waited for.
fn lacks_the_task(family: &Family, error: &Error) -> Option<String> {
    hides(&format!("{error} {error:?}"));
    let written = serde_json::to_string(&error.resume()?).unwrap();
    let again: TaskRef = serde_json::from_str(&written).unwrap();
    let known = (error.task_id(), error.task_kind(), again) == (Some(ID), Some(family.kind.as_str()), family.task());
    (!known || !error.to_string().contains(ID)).then(|| format!("the task is not in {error:?}"))
}

async fn problem_of(family: &Family, row: &Row, among_many: bool) -> Option<String> {
    let (url, asked) = serve(family.clone(), row.polls.clone()).await;
    let started = Instant::now();
    let waiting: Pin<Box<dyn Future<Output = Result<TaskAnswer, Error>> + Send>> = if among_many {
        let mut all = family.wait_all(&url).deadline(DEADLINE).poll_every(row.pause).as_completed();
        Box::pin(async move { all.next().await.unwrap() })
    } else {
        let wait = family.wait(&url).deadline(DEADLINE).poll_every(row.pause);
        row.set.unwrap_or(|wait| wait)(wait).into_future()
    };
    let outcome = tokio::time::timeout(DEADLINE * 2, waiting).await.ok();
    let Some(outcome) = outcome else { return Some("hangs".to_owned()) };
    let asked = asked.load(Ordering::SeqCst);
    match end_of(&outcome) {
        Err(problem) => return Some(problem),
        Ok(end) if end != row.end => return Some(format!("{end:?} instead of {:?}: {outcome:?}", row.end)),
        Ok(_) => {}
    }
    if row.times.is_some_and(|times| times != asked) || asked == 0 {
        return Some(format!("asked {asked} times instead of {:?}", row.times));
    }
    if started.elapsed() < row.takes {
        return Some("came back too early".to_owned());
    }
    match &outcome {
        Ok(done) if done.state() != TaskState::Succeeded || done.task() != &family.task() => Some(format!("{done:?}")),
        Ok(_) => None,
        Err(error) if error.resume().is_none() => Some(format!("nothing to resume: {error:?}")),
        Err(error) if !error.to_string().contains(row.says) => Some(format!("does not say {:?}: {error}", row.says)),
        Err(error) => lacks_the_task(family, error),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_family_ends_as_its_states_say() {
    let permits = Arc::new(tokio::sync::Semaphore::new(12));
    let mut running = tokio::task::JoinSet::new();
    let mut counted = 0;
    for family in families() {
        let rows = rows(&family);
        assert!(rows.len() >= 15);
        for row in rows {
            counted += 1;
            let (family, permits) = (family.clone(), Arc::clone(&permits));
            running.spawn(async move {
                let _permit = permits.acquire_owned().await.unwrap();
                let mut problem = problem_of(&family, &row, false).await;
                if problem.is_none() && row.set.is_none() {
                    problem = problem_of(&family, &row, true).await.map(|problem| format!("as one of many: {problem}"));
                }
                problem.map(|problem| format!("{family:?}, {}: {problem}", row.name))
            });
        }
    }
    let mut problems = Vec::new();
    while let Some(row) = running.join_next().await {
        problems.extend(row.unwrap());
    }
    assert!(problems.is_empty(), "{} of {counted}:\n{}", problems.len(), problems.join("\n"));
}

#[tokio::test]
async fn progress_is_told_from_every_form() {
    for family in families().into_iter().filter(|family| family.has("progress")) {
        for (progress, percent) in [(json!(50), 50.0), (json!("50"), 50.0), (json!("50%"), 50.0), (json!(" 7.5 % "), 7.5)] {
            let (url, _) = serve(family.clone(), vec![at("processing", progress), done("success")]).await;
            let mut updates = family.wait(&url).poll_every(Duration::ZERO).updates();
            let first = updates.next().await.unwrap().unwrap();
            assert_eq!(first.state(), TaskState::Running { progress: Some(percent) }, "{family:?}");
            assert_eq!(first.progress_percent(), Some(percent));
        }
    }
}

#[tokio::test]
async fn updates_tell_each_state_once_and_end_with_the_last() {
    for family in families() {
        let polls = vec![say("queued"), say("QUEUED"), say("queued"), say("rendering"), say("rendering"), done("success")];
        let (url, asked) = serve(family.clone(), polls).await;
        let mut updates = family.wait(&url).poll_every(Duration::ZERO).updates();
        let mut told = Vec::new();
        while let Some(update) = updates.next().await {
            let update = update.unwrap();
            told.push((update.state(), update.state_word().unwrap()));
        }
        let expected = [
            (TaskState::Waiting, "queued"),
            (TaskState::Waiting, "QUEUED"),
            (TaskState::Waiting, "queued"),
            (RUNNING, "rendering"),
            (TaskState::Succeeded, "success"),
        ];
        assert_eq!(told, expected.map(|(state, word)| (state, word.to_owned())), "{family:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 6);

        let (url, _) = serve(family.clone(), vec![say("queued"), say("failed")]).await;
        let mut updates = family.wait(&url).poll_every(Duration::ZERO).updates();
        assert_eq!(updates.next().await.unwrap().unwrap().state(), TaskState::Waiting);
        assert_eq!(updates.next().await.unwrap().unwrap().state(), TaskState::Failed, "that it failed is a state");
        assert!(updates.next().await.is_none());

        let (url, _) = serve(family.clone(), vec![status("401 Unauthorized")]).await;
        let mut updates = family.wait(&url).poll_every(Duration::ZERO).updates();
        let error = updates.next().await.unwrap().unwrap_err();
        assert!(error.is_auth() && lacks_the_task(&family, &error).is_none(), "{error:?}");
        assert!(updates.next().await.is_none());
    }
}

#[tokio::test]
async fn dropping_it_stops_polling_at_once() {
    let family = families().swap_remove(0);
    let (url, asked) = serve(family.clone(), vec![say("running")]).await;
    let wait = family.wait(&url).poll_every(Duration::from_millis(2));
    tokio::time::timeout(Duration::from_millis(500), wait).await.unwrap_err();
    // The last question may still be on its way, one and no more.
    let before = asked.load(Ordering::SeqCst);
    assert!(before >= 2, "{before}");
    tokio::time::sleep(Duration::from_millis(150)).await;
    let after = asked.load(Ordering::SeqCst);
    assert!(after <= before + 1, "{before}, then {after}");
}
