//! `cargo xtask drift` as it is called: on a saved site, and on one that a server serves well or badly.

mod server;

use std::path::Path;

use server::{Answer, Server};

use crate::support::{change, project, xtask_in};

const PAGES: [(&str, &str); 2] =
    [("en/shop/overview", include_str!("drift/shop/overview.md")), ("en/shop/orders", include_str!("drift/shop/orders.md"))];

const INDEX: &str = "# Shop\n\n## Docs\n\n- [Shop](https://doc.octopusx.ai/en/shop/overview.md): All about it.\n\
                     - [Orders](https://doc.octopusx.ai/en/shop/orders.md): Use `POST /v1/orders`.\n";

const ORDERS: &str = "https://doc.octopusx.ai/en/shop/orders.md";

/// A project with a list of pages, none of them pinned.
fn shop() -> tempfile::TempDir {
    let project = project();
    let lock = "https://doc.octopusx.ai/en/shop/overview.md | unpinned | - | indexed | -\n\
                https://doc.octopusx.ai/en/shop/orders.md | unpinned | - | indexed | -\n\
                openoctopus:api | unpinned | - | unindexed | -\n";
    std::fs::write(project.path().join("openapi/docs.lock"), lock).unwrap();
    let site = project.path().join("site");
    for (id, text) in PAGES {
        let file = site.join(format!("{id}.md"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    std::fs::write(site.join("llms.txt"), INDEX).unwrap();
    project
}

fn drift(root: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    xtask_in(root, &[&["drift"], words].concat())
}

fn saved(root: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let site = root.join("site");
    drift(root, &[&["--from", site.to_str().unwrap()], words].concat())
}

fn healthy() -> Server {
    let server = Server::start();
    server.answer("/llms.txt", Answer::text(INDEX));
    PAGES.iter().for_each(|(id, text)| server.answer(&format!("/{id}.md"), Answer::text(text)));
    server
}

#[test]
fn a_site_that_says_the_same_is_clean_and_counts_what_nobody_reviewed() {
    let project = shop();
    let (code, out, error) = saved(project.path(), &[]);
    let expected = "pages: 2 read, 0 could not be checked, 1 not in the copy; 3 unpinned, 1 unindexed\n\
                    findings: 0, and 0 explained by openapi/overrides.yaml\n";
    assert_eq!((code, out.as_str(), error.as_str()), (Some(0), expected, ""));
}

#[test]
fn every_line_names_the_page_and_the_documents_place() {
    let project = shop();
    change(project.path(), "site/en/shop/orders.md", "body=\"count\" type=\"integer\"", "body=\"count\" type=\"string\"");
    let (code, out, _) = saved(project.path(), &[]);
    let line = out.lines().next().unwrap();
    assert_eq!(
        line,
        "other type  https://doc.octopusx.ai/en/shop/orders.md  POST /v1/orders body count: the page says string, the document \
         integer  openapi/octopusx/shop/schemas.yaml#/components/schemas/BookOrder/properties/count"
    );
    assert_eq!(code, Some(1));
    let (code, out, _) = saved(project.path(), &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &report["findings"][0]["kind"], &report["findings"][0]["url"]),
        (Some(1), &"other type".into(), &ORDERS.into())
    );
    assert_eq!(report["findings"][0]["pointer"], "/components/schemas/BookOrder/properties/count");
}

#[test]
fn an_override_explains_a_finding_and_is_an_error_when_there_is_none() {
    let project = shop();
    let entry =
        "overrides:\n  - {page: en/shop/orders, kind: other type, subject: POST /v1/orders body count, reason: A slip.}\n";
    std::fs::write(project.path().join("openapi/overrides.yaml"), entry).unwrap();
    let (code, out, _) = saved(project.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(out.starts_with("stale override  https://doc.octopusx.ai/en/shop/orders.md  POST /v1/orders body count:"), "{out}");
    assert!(out.contains("openapi/overrides.yaml#/overrides/0\n"), "{out}");
    change(project.path(), "site/en/shop/orders.md", "body=\"count\" type=\"integer\"", "body=\"count\" type=\"string\"");
    let (code, out, _) = saved(project.path(), &[]);
    assert!(code == Some(0) && out.contains("and 1 explained"), "{out}");
}

#[test]
fn a_page_is_pinned_by_a_review_and_its_change_is_told() {
    let project = shop();
    let lock = || std::fs::read_to_string(project.path().join("openapi/docs.lock")).unwrap();
    assert_eq!(saved(project.path(), &["--accept", "en/shop/orders"]).0, Some(0));
    let line = lock().lines().find(|line| line.contains("orders")).unwrap().to_owned();
    assert!(line.contains(" | md:") && line.ends_with(" | indexed | POST /v1/orders, POST /v1/orders/{id}"), "{line}");
    change(project.path(), "site/en/shop/orders.md", "Takes an order.", "Takes a large order.");
    let (code, out, _) = saved(project.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(out.starts_with("page changed  https://doc.octopusx.ai/en/shop/orders.md  "), "{out}");
    // What the site itself adds is no change.
    change(project.path(), "site/en/shop/overview.md", "# Shop", "> ## Documentation Index\n> See llms.txt\n\n# Shop");
    assert_eq!(saved(project.path(), &["--accept-all"]).0, Some(0));
    assert_eq!(saved(project.path(), &[]).0, Some(0));
    assert_eq!(lock().matches("unpinned").count(), 1, "{}", lock());
    assert_eq!(drift(project.path(), &[]).0, Some(0), "the pins alone agree with the documents");
}

#[test]
fn what_the_pins_document_and_the_documents_lost_is_told_without_any_page() {
    let project = shop();
    assert_eq!(saved(project.path(), &["--accept-all"]).0, Some(0));
    let lock = project.path().join("openapi/docs.lock");
    let text = std::fs::read_to_string(&lock).unwrap();
    std::fs::write(&lock, text.replace("POST /v1/orders,", "POST /v2/orders,")).unwrap();
    let (code, out, _) = drift(project.path(), &[]);
    assert!(code == Some(1) && out.starts_with("route missing") && out.contains("POST /v2/orders"), "{out}");
}

#[test]
fn an_optional_field_is_added_and_left_for_a_person_to_describe() {
    let project = shop();
    let before = std::fs::read_to_string(project.path().join("openapi/octopusx/shop/schemas.yaml")).unwrap();
    let field = "<ParamField body=\"wrap\" type=\"string\">\n  Common values are `paper` and `cloth`.\n</ParamField>\n\n<ParamField body=\"count\"";
    change(project.path(), "site/en/shop/orders.md", "<ParamField body=\"count\"", field);
    let (code, out, _) = saved(project.path(), &["--fix"]);
    assert_eq!(code, Some(1));
    assert!(
        out.starts_with("added to openapi/octopusx/shop/schemas.yaml#/components/schemas/BookOrder: `wrap` (string)\n"),
        "{out}"
    );
    let after = std::fs::read_to_string(project.path().join("openapi/octopusx/shop/schemas.yaml")).unwrap();
    let added = "        wrap:\n          description: >-\n            TODO: say in our own words what it means. The page en/shop/orders \
                 lists it, with the values `paper`,\n            `cloth`.\n          type: string\n";
    assert_eq!(after.replace(added, ""), before);
    let (code, out, _) = xtask_in(project.path(), &["lint"]);
    assert!(code == Some(1) && out.contains("wrap/description: the text holds `TODO`"), "{out}");
    assert_eq!(saved(project.path(), &[]).0, Some(0));
}

#[test]
fn a_site_on_the_network_is_read_and_kept() {
    let project = shop();
    let server = healthy();
    let copy = project.path().join("copy");
    let words = ["--live", "--base", &server.base(), "--save", copy.to_str().unwrap()];
    let (code, out, error) = drift(project.path(), &words);
    assert_eq!(code, Some(0), "{out}{error}");
    assert_eq!(std::fs::read_to_string(copy.join("en/shop/orders.md")).unwrap(), PAGES[1].1);
    let (code, again, _) = drift(project.path(), &["--from", copy.to_str().unwrap()]);
    assert_eq!((code, again), (Some(0), out));
}

#[test]
fn a_page_that_does_not_come_whole_ends_in_exit_code_2_with_its_name() {
    let project = shop();
    let whole = PAGES[1].1;
    let cut = &whole[..whole.len() / 2];
    let open = whole.split("<ParamField").next().unwrap().to_owned()
        + "<ParamField body=\"title\" type=\"string\">\n  Words.\n\nBuilt with Mintlify\n";
    let half = whole.replacen(" required>", " required", 1);
    let headless = whole.replace("ParamField", "Param");
    for (name, answer, why) in [
        ("slow", Answer::text(whole).slow(), "timeout"),
        ("gone", Answer::status(404), "status 404"),
        ("too many", Answer::status(429), "status 429"),
        ("broken", Answer::status(500), "status 500"),
        ("moved", Answer::status(302), "leads to /elsewhere"),
        ("announced longer", Answer::text(whole).announced(whole.len() + 100), ""),
        ("chunks without an end", Answer::text(cut).chunked_without_end(), ""),
        ("no closing line", Answer::text(cut), "closing line"),
        ("an open component", Answer::text(&open), "can't be parsed"),
        ("a tag without an end", Answer::text(&half), ""),
        ("a body without fields", Answer::text(&headless), "no field was found"),
        ("a web page", Answer::text("<!DOCTYPE html><html></html>Built with Mintlify"), "web page"),
        ("not UTF-8", Answer::bytes(b"# \xff\xfe Built with Mintlify"), "UTF-8"),
        ("empty", Answer::text("\n"), "empty"),
    ] {
        let server = healthy();
        server.answer("/en/shop/orders.md", answer);
        let copy = project.path().join("partial");
        let words = ["--live", "--base", &server.base(), "--retries", "0", "--timeout", "1", "--accept-all"];
        let lock = std::fs::read_to_string(project.path().join("openapi/docs.lock")).unwrap();
        let (code, out, error) = drift(project.path(), &words);
        assert_eq!(code, Some(2), "{name}: {out}{error}");
        assert!(error.contains("nothing was accepted: en/shop/orders") && error.contains(why), "{name}: {error}");
        assert_eq!(std::fs::read_to_string(project.path().join("openapi/docs.lock")).unwrap(), lock, "{name}");
        if name != "slow" {
            let (code, out, error) = drift(project.path(), &words[..7]);
            assert_eq!(code, Some(2), "{name}: {out}{error}");
            assert!(
                out.contains(&format!("not checked  {ORDERS}  ")) && error.contains(&format!("{ORDERS} could not be checked")),
                "{name}: {error}"
            );
        }
        if ["gone", "broken"].contains(&name) {
            let words = [&words[..7], &["--save", copy.to_str().unwrap()]].concat();
            let (code, _, error) = drift(project.path(), &words);
            assert!(code == Some(2) && error.contains("nothing was saved: en/shop/orders"), "{name}: {error}");
            assert!(!copy.exists(), "{name}");
        }
    }
}

#[test]
fn an_index_that_does_not_come_whole_is_no_index() {
    let project = shop();
    let long = format!("{INDEX}{}", "- [X](https://doc.octopusx.ai/en/x.md): words\n".repeat(2200));
    for (answer, why) in [
        (Answer::status(500), "status 500"),
        (Answer::text(&INDEX[..INDEX.len() - 60]), "can't be read"),
        (Answer::text("# Shop\n"), "lists no page"),
        (Answer::text(&long), "cut at 100000"),
    ] {
        let server = healthy();
        server.answer("/llms.txt", answer);
        let (code, _, error) = drift(project.path(), &["--live", "--base", &server.base(), "--retries", "0"]);
        assert!(code == Some(2) && error.contains("llms.txt") && error.contains(why), "{why}: {error}");
    }
}

#[test]
fn a_page_that_fails_in_passing_is_asked_for_again() {
    let project = shop();
    let server = healthy();
    server.once("/en/shop/orders.md", Answer::status(503));
    let (code, out, error) = drift(project.path(), &["--live", "--base", &server.base(), "--retries", "1"]);
    assert_eq!(code, Some(0), "{out}{error}");
}

#[test]
fn words_that_make_no_sense_together_are_refused() {
    let project = shop();
    for (words, why) in [
        (&["--live", "--from", "x"][..], "exclude each other"),
        (&["--base", "http://x"], "needs `--live`"),
        (&["--accept-all"], "needs pages"),
        (&["--fix"], "needs pages"),
        (&["--from", "/nowhere"], "is no folder"),
        (&["--live", "--timeout", "soon"], "whole number"),
    ] {
        let (code, _, error) = drift(project.path(), words);
        assert!(code == Some(2) && error.contains(why), "{words:?}: {error}");
    }
    let (code, _, error) = saved(project.path(), &["--accept", "en/shop/nothing"]);
    assert!(code == Some(2) && error.contains("there is no page"), "{error}");
}
