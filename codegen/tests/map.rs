//! The map of a client: every method stands in it, with the pages that it comes from.

use crate::support::{Post, get, post};

fn map(post: &Post) -> String {
    post.generate(&["letters", "stamps"]).unwrap_or_else(|problems| panic!("{problems}")).map
}

#[test]
fn a_section_leads_to_its_methods_and_their_pages() {
    let post = Post::new().with_route(&get("/bags", "letters_bags"));
    let map = map(&post);
    let row = map.lines().find(|line| line.contains("`letters()`")).unwrap();
    assert!(row.starts_with("| [`letters()`](Client::letters) | "), "{row}");
    assert!(row.contains("[`bags`](letters::Letters::bags)"), "{row}");
    assert_eq!(row.matches("`letters/more`").count(), 1, "{row}");
}

#[test]
fn pages_are_links_where_the_document_says_where_they_lie() {
    let post = Post::new().with_route(&get("/bags", "letters_bags"));
    let root = post.folder().join("root.yaml");
    let text = std::fs::read_to_string(&root).unwrap();
    std::fs::write(&root, text.replace("\nservers:", "\nexternalDocs: {url: 'https://docs.example/'}\nservers:")).unwrap();
    let generated = post.generate(&["letters", "stamps"]).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(generated.map.contains("[letters/more](https://docs.example/en/letters/more)"), "{}", generated.map);
    assert!(generated.code.contains("[`en/letters/more`](https://docs.example/en/letters/more)"));
}

#[test]
fn what_no_page_shows_is_told_and_a_slice_holds_its_own_sections_only() {
    let post = Post::new().with_route(&post("/bags", "letters_pack").more("x-unlisted: seen in the app"));
    assert!(map(&post).contains("[`pack`](letters::Letters::pack)"));
    let slice = post.generate(&["stamps"]).unwrap_or_else(|problems| panic!("{problems}")).map;
    assert!(!slice.contains("letters()") && slice.contains("stamps()"), "{slice}");
}
