//! The contract: each method sends what the documents show, understands what they show, and fails as they show.
//!
//! The rows are generated from the documents, so a route that is added is tested at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![recursion_limit = "512"]

mod answers;
mod documents;
mod failures;
mod json;
mod method;
mod multipart;
mod planted;
mod requests;
mod secrets;
mod site;
mod table;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::LazyLock;

use documents::{DOCUMENTS, Document};
use method::Method;
use site::Site;
use table::{Kind, Report};

static REQUESTS: LazyLock<Report> = LazyLock::new(|| {
    run(async |site, document, method, report| {
        let mut seen = BTreeSet::new();
        for request in method.requests {
            let way = format!("{:?}{}", request.way, if request.streams { ", as a stream" } else { "" });
            let new = seen.insert(request.example);
            let outcome = requests::check(site, document, method, request).await;
            report.note(document, method, Kind::Request, usize::from(new), &format!("{} ({way})", request.example), outcome);
        }
    })
});

static ANSWERS: LazyLock<Report> = LazyLock::new(|| {
    run(async |site, document, method, report| {
        for answer in method.answers {
            let name = match answer.holds {
                method::Holds::Json(example) => example.to_owned(),
                method::Holds::Bytes(media) => media.to_owned(),
                method::Holds::Nothing => "no body".to_owned(),
            };
            let outcome = answers::check(site, document, method, answer).await;
            report.note(document, method, Kind::Answer, 1, &format!("{} {name}", answer.status), outcome);
        }
    })
});

static EVENTS: LazyLock<Report> = LazyLock::new(|| {
    run(async |site, document, method, report| {
        for event in method.events {
            report.note(document, method, Kind::Answer, 1, event.example, answers::check_event(document, event));
        }
        let streams = answers::check_streams(site, document, method).await;
        report.note(document, method, Kind::Answer, 0, "the events as streams", streams);
    })
});

static FAILURES: LazyLock<Report> = LazyLock::new(|| {
    run(async |site, document, method, report| {
        for failure in method.failures {
            let outcome = failures::check(site, document, method, failure).await;
            report.note(document, method, Kind::Failure, 1, failure.example, outcome);
        }
    })
});

/// Goes through all methods of both documents, one after the other, with one server.
fn run(check: impl AsyncFn(&Site, &Document, &Method, &mut Report)) -> Report {
    block_on(async {
        let site = Site::open().await;
        let mut report = Report::default();
        for document in &*DOCUMENTS {
            for method in document.methods {
                check(&site, document, method, &mut report).await;
            }
        }
        report
    })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn every_request_arrives_as_the_document_shows_it() {
    REQUESTS.must_be_clean();
}

#[test]
fn every_answer_is_read_through_its_type_and_nothing_is_lost() {
    ANSWERS.must_be_clean();
}

#[test]
fn every_event_is_read_alone_and_in_its_stream_to_the_end() {
    EVENTS.must_be_clean();
}

#[test]
fn every_failure_is_an_error_with_its_message_and_never_a_success() {
    FAILURES.must_be_clean();
}

#[test]
fn every_type_knows_every_member_branch_and_word_that_the_document_describes() {
    let shapes: Vec<_> = DOCUMENTS.iter().flat_map(|document| document.shapes).collect();
    let broken: Vec<String> = shapes
        .iter()
        .filter_map(|shape| answers::check_shape(shape).err().map(|why| format!("{} {}\n    {why}", shape.schema, shape.value)))
        .collect();
    assert!(broken.is_empty(), "{} of {} shapes fail:\n{}", broken.len(), shapes.len(), broken.join("\n"));
}

#[test]
fn no_operation_goes_without_a_request_an_answer_and_a_failure() {
    let table = table::Table::of(&[&REQUESTS, &ANSWERS, &EVENTS, &FAILURES]);
    table.print();
    table.must_be_full();
}

#[test]
fn no_type_shows_the_signature_of_an_address_wherever_it_stands() {
    let shapes: Vec<_> = DOCUMENTS.iter().flat_map(|document| document.shapes).collect();
    let looked: Vec<Result<usize, String>> = shapes.iter().map(|shape| secrets::check_shape(shape)).collect();
    let broken: Vec<&String> = looked.iter().filter_map(|looked| looked.as_ref().err()).collect();
    assert!(broken.is_empty(), "{} of {} shapes fail:\n{broken:#?}", broken.len(), shapes.len());
    let places: usize = looked.iter().flatten().sum();
    println!("{places} places in {} shapes", shapes.len());
    assert!(places > shapes.len(), "texts and unknown members were tried: {places}");
}
