//! Redirects: followed for GET alone, never in circles, never with the key to another host.

use super::{ALL, Download, GOOD, Get, Post, Stream, ask, builder, case, fails, run};
use crate::raw::{Server, Step, answer, answers};
use crate::support::KEY;
use crate::watch::{SIGNATURE, hides};

const IDEMPOTENT: &[super::Ask] = &[Get, Download];
const COSTLY: &[super::Ask] = &[Post, Stream];

fn to(status: &str, location: &str) -> Vec<Step> {
    answers(answer(status, &[&format!("location: {location}")], ""))
}

fn unsafe_target(status: u16) -> super::Failure {
    fails("").status(status).free()
}

#[tokio::test]
async fn a_redirect_to_nowhere_or_to_an_unsafe_place_is_not_followed() {
    run(vec![
        case(
            "without a place",
            ALL,
            answers(answer("302 Found", &[], "")),
            unsafe_target(302).says("without saying where").billed(),
        ),
        case("to no address", IDEMPOTENT, to("302 Found", "http://[::bad"), unsafe_target(302).says("to no address")),
        case(
            "to bytes that are no text",
            ALL,
            answers(b"HTTP/1.1 307 Go\r\nlocation: /\xff\xfe\r\ncontent-length: 0\r\n\r\n".to_vec()),
            unsafe_target(307).says("redirects"),
        ),
        case("to a local file", IDEMPOTENT, to("302 Found", "file:///etc/passwd"), unsafe_target(302).says("not safe")),
        case("to a script", IDEMPOTENT, to("302 Found", "javascript:alert(1)"), unsafe_target(302).says("not safe")),
        case(
            "to bytes in the address",
            IDEMPOTENT,
            to("302 Found", "data:application/json,{}"),
            unsafe_target(302).says("not safe"),
        ),
        case(
            "to a foreign host without TLS",
            IDEMPOTENT,
            to("307 Temporary Redirect", "http://gateway.example/v1"),
            unsafe_target(307).says("http://gateway.example, which is not safe"),
        ),
        case("to FTP", IDEMPOTENT, to("301 Moved Permanently", "ftp://127.0.0.1/x"), unsafe_target(301).says("not safe")),
    ])
    .await;
}

#[tokio::test]
async fn a_call_that_costs_money_is_never_redirected() {
    run(vec![
        // These two ask to repeat the call elsewhere: nothing was done.
        case("307", COSTLY, to("307 Temporary Redirect", "/elsewhere"), unsafe_target(307).says("was not followed")),
        case("308", COSTLY, to("308 Permanent Redirect", "/elsewhere"), unsafe_target(308).says("was not followed")),
        case("301", COSTLY, to("301 Moved Permanently", "/elsewhere"), unsafe_target(301).says("was not followed")),
        // And these may mean that the result of what was done is elsewhere.
        case("302", COSTLY, to("302 Found", "/elsewhere"), unsafe_target(302).says("was not followed").billed()),
        case("303", COSTLY, to("303 See Other", "/elsewhere"), unsafe_target(303).says("was not followed").billed()),
    ])
    .await;
}

#[tokio::test]
async fn a_redirect_loop_ends() {
    for (location, asked) in [("/v1/videos/v", Get), ("?again", Get), ("/v1/videos/v/content", Download)] {
        let server = Server::play(to("302 Found", location)).await;
        let error = ask(&builder(&server.url).build().unwrap(), asked).await.unwrap_err();
        assert!(error.to_string().contains("more than 10 redirects"), "{error}");
        assert_eq!(server.arrived().len(), 11);
        assert_eq!(error.attempts(), 1);
    }
}

#[tokio::test]
async fn a_file_in_another_house_is_fetched_without_the_key() {
    let foreign = Server::play(answers(answer("200 OK", &[], "bytes"))).await;
    let signed = format!("{}/file?X-Amz-Signature={SIGNATURE}&sig={SIGNATURE}", foreign.url);
    let home = Server::play(to("302 Found", &signed)).await;
    let call = builder(&home.url).build().unwrap().videos().content("v");
    let call =
        call.header("cookie", "session=1").header("x-api-key", KEY).header("mj-api-secret", KEY).header("x-goog-api-key", KEY);
    let bytes = call.await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes.as_ref(), b"bytes");
    assert!(home.arrived()[0].head.contains(KEY));
    let head = foreign.arrived()[0].head.clone();
    assert!(
        !head.contains(KEY) && !head.to_ascii_lowercase().contains("cookie") && !head.to_ascii_lowercase().contains("referer"),
        "{head}"
    );
    assert!(
        head.starts_with(&format!("GET /file?X-Amz-Signature={SIGNATURE}&sig={SIGNATURE} HTTP/1.1")),
        "the signature must arrive: {head}"
    );
}

#[tokio::test]
async fn a_key_that_left_the_house_once_does_not_come_back_with_the_answer() {
    let home = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let target = std::sync::Arc::clone(&home);
    let foreign = Server::play_each(move |_| to("302 Found", &format!("{}/back", target.lock().unwrap()))).await;
    let there = foreign.url.clone();
    let server = Server::play_each(move |number| match number {
        0 => to("302 Found", &there),
        _ => answers(answer("200 OK", &[], GOOD)),
    })
    .await;
    *home.lock().unwrap() = server.url.clone();
    let found = ask(&builder(&server.url).build().unwrap(), Get).await;
    assert_eq!(found.unwrap(), "v");
    let arrived = server.arrived();
    assert!(arrived[0].head.contains(KEY) && !arrived[1].head.contains(KEY) && !foreign.arrived()[0].head.contains(KEY));
}

#[tokio::test]
async fn the_same_host_with_another_port_or_name_is_another_house() {
    let foreign = Server::play(answers(answer("200 OK", &[], GOOD))).await;
    for address in [foreign.url.clone(), foreign.url.replace("127.0.0.1", "localhost"), foreign.url.replace("http:", "")] {
        let home = Server::play(to("307 Temporary Redirect", &address)).await;
        assert_eq!(ask(&builder(&home.url).build().unwrap(), Get).await.unwrap(), "v", "{address}");
    }
    assert!(foreign.arrived().iter().all(|request| !request.head.contains(KEY)));
    assert_eq!(foreign.arrived().len(), 3);
}

#[tokio::test]
async fn a_redirect_at_home_is_followed_and_its_body_is_not_read() {
    let endless = |location: &str| {
        let head = format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ntransfer-encoding: chunked\r\n\r\n");
        vec![Step::Read, Step::Send(head.into()), Step::Forever(crate::raw::chunk([b'x'; 4096]))]
    };
    let server =
        Server::play_each(move |number| if number == 0 { endless("/v2/x") } else { answers(answer("200 OK", &[], GOOD)) }).await;
    assert_eq!(ask(&builder(&server.url).build().unwrap(), Get).await.unwrap(), "v");
    assert!(server.arrived()[1].head.starts_with("GET /v2/x "));
}

#[tokio::test]
async fn no_error_about_a_redirect_shows_what_the_address_hides() {
    for location in [
        format!("ftp://b.example/f?sig={SIGNATURE}"),
        format!("/f?X-Amz-Signature={SIGNATURE}"),
        format!("//b.example:1/f?sig={SIGNATURE}"),
        format!("https://me:{SIGNATURE}@b.example/f"),
        format!("x?token={KEY}"),
    ] {
        let server = Server::play(to("308 Permanent Redirect", &location)).await;
        let error = ask(&builder(&server.url).build().unwrap(), Post).await.unwrap_err();
        hides(&format!("{error} {error:?}"));
    }
}
