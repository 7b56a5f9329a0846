//! Any stream that is well framed gives its items, wherever it is cut.

use std::sync::{LazyLock, Mutex};

use octopusx::Error;
use octopusx::chat::{ChatCompletionRequest, ChatMessage};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;

use crate::properties::{Stage, config};
use crate::raw::chunk;

/// A text, and what stands before its event.
fn event() -> impl Strategy<Value = (String, &'static str)> {
    let before = [
        "",
        "",
        ": PING\n\n",
        ":\n",
        "id: 7\n",
        "id\n",
        "event: message\n",
        "event: x\nevent\n",
        "retry: 5\n\n",
        "data:\n\n",
        "data: null\n\n",
        "event: ping\ndata\n\n",
        "\n\n",
        "x: y\n",
    ];
    (prop_oneof![3 => "[a-z ]{0,6}", 1 => ".{0,6}"], select(before.to_vec()))
}

/// The event of a text, its data in as many lines as JSON allows.
fn framed(text: &str, before: &str, pretty: bool) -> String {
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": text}}]});
    let data = if pretty { format!("{chunk:#}") } else { chunk.to_string() };
    let lines: String = data.lines().map(|line| format!("data:{}{line}\n", if pretty { "" } else { " " })).collect();
    format!("{before}{lines}\n")
}

async fn texts(client: &octopusx::Client) -> Result<Vec<String>, Error> {
    let request = ChatCompletionRequest::new("m", [ChatMessage::user("x")]);
    let mut stream = client.chat().create_stream(&request).await?;
    let mut texts = Vec::new();
    while let Some(chunk) = stream.next().await {
        texts.push(chunk?.text());
    }
    Ok(texts)
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn every_cut_of_a_stream_gives_its_items(
        events in prop::collection::vec((event(), any::<bool>()), 1..6),
        line_end in select(vec!["\n", "\r\n", "\r"]),
        begins_with_bom in any::<bool>(),
        end in select(vec!["data: [DONE]\n\n", "data: [DONE]\n", "data:[DONE]", "data: [DONE]\n\ndata: [DONE]\n\n"]),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        static STAGE: LazyLock<Mutex<Stage>> = LazyLock::new(|| Mutex::new(Stage::set()));
        let mut body = if begins_with_bom { "\u{feff}".to_owned() } else { String::new() };
        for ((text, before), pretty) in &events {
            body.push_str(&framed(text, before, *pretty).replace('\n', line_end));
        }
        body.push_str(&end.replace('\n', line_end));
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len())).chain([body.len()]).collect();
        places.sort_unstable();
        places.dedup();
        let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        let mut start = 0;
        for place in places.into_iter().filter(|place| *place > 0) {
            bytes.extend(chunk(&body.as_bytes()[start..place]));
            start = place;
        }
        bytes.extend(b"0\r\n\r\n");
        let expected: Vec<String> = events.into_iter().map(|((text, _), _)| text).collect();
        prop_assert_eq!(STAGE.lock().unwrap().plays(bytes, texts).unwrap(), expected, "{:?}", body);
    }
}
