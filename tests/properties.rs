//! What holds for every input, not only for those that somebody thought of.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use octopusx::chat::{ChatCompletion, ChatCompletionChunk, ChatCompletionRequest, ChatMessage};
use octopusx::videos::{Video, VideoRequest};
use octopusx::{Client, Error};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt;

use crate::raw;
use crate::support::{builder, offline};
use crate::watch::hides;

/// A client and a server that says whatever a case wants it to say.
pub struct Stage {
    runtime: tokio::runtime::Runtime,
    client: Client,
    says: Arc<Mutex<Vec<u8>>>,
}

impl Stage {
    pub fn set() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let says = Arc::<Mutex<Vec<u8>>>::default();
        let words = Arc::clone(&says);
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let words = Arc::clone(&words);
                tokio::spawn(async move {
                    let _ = socket.set_nodelay(true);
                    while raw::read(&mut socket).await.is_some() {
                        let bytes = words.lock().unwrap().clone();
                        if socket.write_all(&bytes).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        let client = builder(&url).timeout(Duration::from_secs(10)).idle_timeout(Duration::from_secs(5)).build().unwrap();
        Self { runtime, client, says }
    }

    /// Makes a call that gets this answer.
    fn hears<T>(&self, status: u16, header: &[u8], body: &[u8], call: impl AsyncFnOnce(&Client) -> T) -> T {
        let mut bytes = format!("HTTP/1.1 {status} \r\ncontent-length: {}\r\n", body.len()).into_bytes();
        if !header.is_empty() {
            bytes.extend_from_slice(header);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        self.plays(bytes, call)
    }

    /// Makes a call that gets these bytes.
    pub fn plays<T>(&self, bytes: Vec<u8>, call: impl AsyncFnOnce(&Client) -> T) -> T {
        *self.says.lock().unwrap() = bytes;
        self.runtime.block_on(call(&self.client))
    }
}

async fn get(client: &Client) -> Result<Value, Error> {
    client.videos().get("v").await.map(|video| serde_json::to_value(video.into_inner()).unwrap())
}

/// Every kind of call, read to its end.
async fn all_kinds(client: &Client) -> [Result<(), Error>; 4] {
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
    let stream = async {
        let mut stream = client.chat().create_stream(&request).await?;
        while let Some(event) = stream.next().await {
            event?;
        }
        Ok(())
    };
    [
        client.videos().get("v").await.map(drop),
        client.videos().create(&VideoRequest::new("m", "p")).await.map(drop),
        stream.await,
        async { client.videos().content("v").await?.bytes().await.map(drop) }.await,
    ]
}

/// What every error has to be.
fn well_formed(error: &Error) -> Result<(), TestCaseError> {
    let line = error.to_string();
    prop_assert!(!line.trim().is_empty() && !line.chars().any(char::is_control), "{:?}", line);
    if let Some(api) = error.api() {
        prop_assert!(!api.message().trim().is_empty(), "{:?}", error);
        prop_assert!(api.message().chars().count() <= 501);
    }
    hides(&format!("{line} {error:?}"));
    Ok(())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1.0e9..1.0e9).prop_map(|number: f64| Value::from(number)),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// JSON that uses the words of this family's errors.
fn error_like() -> impl Strategy<Value = Value> {
    let names =
        ["error", "message", "code", "type", "param", "success", "description", "detail", "data", "retryable", "errors", "msg"];
    json().prop_recursive(3, 24, 4, move |inner| {
        let member = (prop::sample::select(names.to_vec()), inner);
        prop::collection::vec(member, 0..5)
            .prop_map(|members| Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
    })
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let good = [
        r#"{"id":"v","status":"queued"}"#,
        "data: {\"choices\":[]}\n\ndata: [DONE]\n\n",
        "event: error\ndata: {\"error\":\"x\"}\n\n",
        "<html><title>x</title></html>",
        "",
    ];
    let cut =
        (prop::sample::select(good.to_vec()), 0..60_usize).prop_map(|(text, at)| text.as_bytes()[..at.min(text.len())].to_vec());
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        json().prop_map(|json| json.to_string().into_bytes()),
        error_like().prop_map(|json| json.to_string().into_bytes()),
        error_like().prop_map(|json| format!("data: {json}\n\n").into_bytes()),
        error_like().prop_map(|json| format!("\u{feff}<title>{json}").into_bytes()),
        cut,
        (error_like(), prop::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(json, junk)| [json.to_string().into_bytes(), junk].concat()),
    ]
}

fn media() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "",
        "application/json",
        "text/event-stream",
        "text/html; charset=utf-8",
        "text/plain",
        "video/mp4",
        "application/problem+json",
        ";",
    ];
    let any = prop::collection::vec(prop_oneof![0x20..0x7f_u8, 0x80..=0xff_u8], 0..20);
    prop_oneof![
        4 => prop::sample::select(known.to_vec()).prop_map(|media| media.as_bytes().to_vec()),
        1 => any,
    ]
    .prop_map(|media| if media.is_empty() { Vec::new() } else { [b"content-type: ".as_slice(), &media].concat() })
}

/// Statuses that have a body and are final.
fn statuses() -> impl Strategy<Value = u16> {
    prop_oneof![3 => Just(200_u16), 5 => 200..600_u16, 1 => 600..1000_u16]
        .prop_filter("no body", |status| !matches!(status, 204 | 304))
}

/// The same cases in every run; `PROPTEST_CASES` tries more of them, and others each time.
pub fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return default;
    }
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), ..default }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn whatever_comes_is_an_answer_or_an_error_with_words(cases in prop::collection::vec((statuses(), media(), bodies()), 1..4)) {
        static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(|| Mutex::new(Stage::set()));
        let stage = STAGE.lock().unwrap();
        for (status, media, body) in cases {
            for outcome in stage.hears(status, &media, &body, all_kinds) {
                match outcome {
                    Ok(()) => prop_assert!((200..300).contains(&status), "{} is no success", status),
                    Err(error) => {
                        well_formed(&error)?;
                        prop_assert_eq!(error.http_status().map(|status| status.as_u16()), Some(status));
                        prop_assert_eq!(error.attempts(), 1);
                        prop_assert!((200..300).contains(&status) || !error.is_decode(), "{:?}", error);
                    }
                }
            }
        }
    }

    #[test]
    fn a_hint_when_to_come_back_is_a_time_or_nothing(
        name in prop::sample::select(vec!["retry-after", "retry-after-ms"]),
        value in prop_oneof![
            "[0-9]{1,4}(\\.[0-9]{1,3})?",
            "[-+]?[0-9]{0,30}(e[0-9]{1,4})?",
            "(Mon|Sun), [0-9]{2} (Jan|Dec) [0-9]{4} [0-9:]{8} GMT",
            "[ -~]{0,30}",
        ],
    ) {
        static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(|| Mutex::new(Stage::set()));
        let stage = STAGE.lock().unwrap();
        let error = stage.hears(429, format!("{name}: {value}").as_bytes(), b"", get).unwrap_err();
        prop_assert!(error.is_rate_limited() && error.is_retryable());
        let plain = value.len() <= 8 && !value.is_empty() && value.chars().all(|at| at.is_ascii_digit() || at == '.');
        if let (true, Ok(number)) = (plain, value.parse::<f64>()) {
            let unit = if name == "retry-after" { 1.0 } else { 0.001 };
            let hint = error.retry_after().unwrap().as_secs_f64();
            prop_assert!((hint - number * unit).abs() < 1e-6, "{} from {}", hint, value);
        }
    }

    #[test]
    fn json_that_fits_its_type_is_never_refused(media in media(), extra in extra(), blanks in "[ \r\n\t]{0,3}") {
        static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(|| Mutex::new(Stage::set()));
        let mut video = json!({"id": "v", "status": "queued", "error": {"message": "", "code": ""}});
        video.as_object_mut().unwrap().extend(extra);
        let found = STAGE.lock().unwrap().hears(200, &media, format!("{blanks}{video}{blanks}").as_bytes(), get);
        match found {
            Ok(found) => kept(&video, &found)?,
            Err(error) => prop_assert!(false, "{:?}", error),
        }
    }

    #[test]
    fn a_body_that_says_failure_is_never_a_success(
        media in media(),
        error in no_nothing(),
        extra in extra(),
        frame in any::<bool>(),
    ) {
        static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(|| Mutex::new(Stage::set()));
        let stage = STAGE.lock().unwrap();
        let mut failed = json!({"error": error});
        let mut unsuccessful = json!({"id": "v", "success": false, "message": "no"});
        for failure in [&mut failed, &mut unsuccessful] {
            failure.as_object_mut().unwrap().extend(extra.clone());
            let body = if frame { format!("data: {failure}\n\n") } else { failure.to_string() };
            let outcomes = stage.hears(200, &media, body.as_bytes(), all_kinds);
            let [get, post, stream, download] = outcomes;
            for outcome in [get, post, stream] {
                let error = outcome.expect_err(&body);
                well_formed(&error)?;
                prop_assert!(error.api().is_some(), "{}: {:?}", body, error);
            }
            // Bytes may be any bytes, unless they call themselves JSON.
            if !frame && media.starts_with(b"content-type: application/json") {
                prop_assert!(download.expect_err(&body).api().is_some());
            }
        }
    }
}

/// Members that no document knows.
fn extra() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec(("x_[a-z]{1,5}", json()), 0..4).prop_map(|members| members.into_iter().collect())
}

/// What an `error` can hold when there is one.
fn no_nothing() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-z]{1,9}( [a-z]{1,9})?".prop_map(Value::from),
        (1..600_i64).prop_map(Value::from),
        Just(Value::Bool(true)),
        ("[a-z]{1,9}", json()).prop_map(|(message, code)| json!({"message": message, "code": code})),
        (json(), 1..600_i64).prop_map(|(message, code)| json!({"message": message, "code": code})),
        "[a-z]{1,9}".prop_map(|message| json!([{"message": message}])),
    ]
}

/// Whether everything in a value is in another, by the rules of reading and writing: `null` may be left out, numbers
/// may have been strings.
fn kept(before: &Value, after: &Value) -> Result<(), TestCaseError> {
    let same = match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, value) in before {
                match after.get(name) {
                    Some(found) => kept(value, found)?,
                    // An empty string in place of a number reads as none.
                    None => prop_assert!(
                        value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()),
                        "`{}` is lost",
                        name
                    ),
                }
            }
            true
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            return before.iter().zip(after).try_for_each(|(before, after)| kept(before, after));
        }
        (Value::Null, Value::Array(after)) => after.is_empty(),
        (before, after) if before == after => true,
        (before, after) => match (number(before), number(after)) {
            (Some(before), Some(after)) => (before - after).abs() <= before.abs() * 1e-12,
            _ => false,
        },
    };
    prop_assert!(same, "{} has become {}", before, after);
    Ok(())
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The documents' examples of the answers with this schema.
fn examples(schema: &str) -> Vec<Value> {
    static DOCUMENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let texts = [octopusx::documents::octopusx(), octopusx::documents::openoctopus()];
        texts.into_iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    });
    let mut found = Vec::new();
    for document in DOCUMENTS.iter() {
        let operations = document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
        for media in operations.filter_map(|operation| operation["responses"]["200"]["content"].as_object()).flat_map(Map::values)
        {
            if media["schema"]["$ref"].as_str().is_some_and(|name| name.ends_with(&format!("/{schema}"))) {
                for example in media["examples"].as_object().into_iter().flat_map(Map::values) {
                    let named = example["$ref"].as_str().and_then(|place| document.pointer(place.trim_start_matches('#')));
                    found.push(named.unwrap_or(example)["value"].clone());
                }
            }
        }
    }
    found
}

/// What can happen to one value of an example.
#[derive(Clone, Debug)]
enum Change {
    Null,
    Becomes(Value),
    /// A number is written as a string.
    AsText,
    /// An object gets a member that nobody knows.
    Gains(String, Value),
}

fn changes() -> impl Strategy<Value = Vec<(usize, Change)>> {
    let change = prop_oneof![
        Just(Change::Null),
        Just(Change::AsText),
        json().prop_map(Change::Becomes),
        ("x_[a-z]{1,5}", json()).prop_map(|(name, value)| Change::Gains(name, value)),
        ("x_[a-z]{1,5}", json()).prop_map(|(name, value)| Change::Gains(name, value)),
    ];
    prop::collection::vec((any::<usize>(), change), 0..5)
}

fn pointers(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, value)| pointers(value, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), all)),
        Value::Array(items) => items.iter().enumerate().for_each(|(place, value)| pointers(value, format!("{at}/{place}"), all)),
        _ => {}
    }
    all.push(at);
}

fn change(value: &mut Value, place: usize, change: Change) {
    let mut all = Vec::new();
    pointers(value, String::new(), &mut all);
    let place = &all[place % all.len()];
    let Some(found) = value.pointer_mut(place) else { return };
    // Objects whose members all have one type: a member more is no unknown one.
    let maps = [
        "env",
        "headers",
        "logit_bias",
        "metadata",
        "variables",
        "categories",
        "category_scores",
        "category_applied_input_types",
    ];
    let in_map = maps.iter().any(|map| place.ends_with(&format!("/{map}")));
    match change {
        Change::Null => *found = Value::Null,
        Change::Becomes(other) => *found = other,
        Change::AsText if found.is_number() => *found = found.to_string().into(),
        Change::AsText => {}
        Change::Gains(_, other) if in_map && !other.is_null() => {}
        Change::Gains(name, other) => {
            if let Some(members) = found.as_object_mut() {
                members.insert(name, other);
            }
        }
    }
}

/// Reads a value as a type and writes it back; false when it is not readable as that.
fn survives<T: DeserializeOwned + Serialize>(value: &Value) -> Result<bool, TestCaseError> {
    let Ok(read) = serde_json::from_str::<T>(&value.to_string()) else { return Ok(false) };
    let written = serde_json::to_value(&read).map_err(|error| TestCaseError::fail(error.to_string()))?;
    kept(value, &written)?;
    // And what was written is read as the same.
    let again =
        serde_json::from_str::<T>(&written.to_string()).map_err(|error| TestCaseError::fail(format!("{written}: {error}")))?;
    prop_assert_eq!(serde_json::to_value(&again).unwrap(), written);
    Ok(true)
}

type Survives = fn(&Value) -> Result<bool, TestCaseError>;

/// Answers of every section that has objects inside objects.
fn types() -> Vec<(&'static str, Survives)> {
    vec![
        ("Video", survives::<Video>),
        ("ChatCompletion", survives::<ChatCompletion>),
        ("ChatCompletionChunk", survives::<ChatCompletionChunk>),
        ("Completion", survives::<octopusx::completions::Completion>),
        ("Message", survives::<octopusx::messages::Message>),
        ("MessageStreamEvent", survives::<octopusx::messages::MessageStreamEvent>),
        ("ModelResponse", survives::<octopusx::responses::ModelResponse>),
        ("ResponseStreamEvent", survives::<octopusx::responses::ResponseStreamEvent>),
        ("UnifiedVideo", survives::<octopusx::unified_videos::UnifiedVideo>),
        ("ImagesResponse", survives::<octopusx::images::ImagesResponse>),
        ("ViduTask", survives::<octopusx::vidu::ViduTask>),
        ("GeminiGenerateContentResponse", survives::<octopusx::gemini::GeminiGenerateContentResponse>),
        ("ModelList", survives::<octopusx::models::ModelList>),
        ("MidjourneyTask", survives::<octopusx::midjourney::MidjourneyTask>),
        ("Task", survives::<octopusx::openoctopus::tasks::Task>),
    ]
}

/// Any of the examples of any of the types.
fn example(one: usize) -> (&'static str, Survives, Value) {
    let types = types();
    let (name, survives) = types[one % types.len()];
    let examples = examples(name);
    let value = examples[one / types.len() % examples.len()].clone();
    (name, survives, value)
}

#[test]
fn there_are_examples_to_begin_with() {
    for (name, survives) in types() {
        let examples = examples(name);
        assert!(!examples.is_empty(), "no answer is documented as {name}");
        for example in examples {
            assert!(survives(&example).unwrap(), "{name}: {example}");
        }
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn what_can_be_read_is_written_back_with_every_member(one in any::<usize>(), changes in changes()) {
        let (_, survives, mut value) = example(one);
        changes.into_iter().for_each(|(place, by)| change(&mut value, place, by));
        survives(&value)?;
    }

    #[test]
    fn members_that_nobody_knows_never_keep_a_value_from_being_read(
        one in any::<usize>(),
        gains in prop::collection::vec((any::<usize>(), "x_[a-z]{1,5}", json()), 0..5),
    ) {
        let (name, survives, mut value) = example(one);
        gains.into_iter().for_each(|(place, name, other)| change(&mut value, place, Change::Gains(name, other)));
        prop_assert!(survives(&value)?, "{}: {}", name, value);
    }

    #[test]
    fn a_path_segment_arrives_as_it_was_or_is_refused(segment in prop_oneof![".{0,12}", "[./%\\\\?#a-c]{0,6}", any::<String>()]) {
        static CLIENT: LazyLock<Client> = LazyLock::new(offline);
        let odd = |at: char| at == '\\' || at.is_control();
        let refused = matches!(segment.as_str(), "" | "." | "..") || segment.contains(odd);
        match CLIENT.videos().get(&segment).request() {
            Err(error) => prop_assert!(refused && error.is_invalid_request(), "{:?}: {:?}", segment, error),
            Ok(request) => {
                prop_assert!(!refused, "{:?}", segment);
                prop_assert_eq!(request.uri().query(), None);
                let encoded = request.uri().path().strip_prefix("/v1/videos/").unwrap();
                prop_assert!(!encoded.contains('/'), "{}", encoded);
                prop_assert_eq!(decoded(encoded), segment.into_bytes());
            }
        }
    }
}

fn decoded(encoded: &str) -> Vec<u8> {
    let mut bytes = encoded.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    decoded
}
