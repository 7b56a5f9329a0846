//! The values that a description lists, as far as its wording says that they are a list and no mere examples.

/// Words behind which values stand.
const LEADS: [&str; 23] = [
    "values include",
    "values are",
    "value is",
    "values:",
    "values for this field are",
    "one of",
    "options are",
    "options include",
    "options:",
    "either",
    "fixed to",
    "fixed as",
    "enum:",
    "常见值包括",
    "常见值为",
    "常见值有",
    "常见值",
    "可选值为",
    "可选值",
    "可用值",
    "取值为",
    "取值",
    "固定为",
];

/// The values of a description. Where it marks code by backticks, only what they hold counts.
pub(crate) fn listed(description: &str) -> Vec<String> {
    let lower = description.to_lowercase();
    let mut found = Vec::new();
    // Lower case may change the length of some letters; such a text is left alone.
    if lower.len() != description.len() {
        return found;
    }
    let mut from = 0;
    while let Some((start, lead)) = first_lead(&lower, from) {
        let after = start + lead.len();
        let span = &description[after..after + sentence(&description[after..])];
        let values = if description.contains('`') { ticked(span) } else { bare(span) };
        found.extend(values.into_iter().filter(|value| is_value(value)));
        from = after;
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|value| seen.insert(value.clone()));
    found
}

fn first_lead<'a>(text: &str, from: usize) -> Option<(usize, &'a str)> {
    let starts = LEADS.into_iter().filter_map(|lead| {
        let at = from + text[from..].find(lead)?;
        let alone = !text[..at].ends_with(|before: char| before.is_ascii_alphanumeric());
        let outside = text[..at].matches('`').count().is_multiple_of(2);
        (alone && outside).then_some((at, lead))
    });
    starts.min_by_key(|(at, lead)| (*at, usize::MAX - lead.len()))
}

/// How far the sentence goes; a full stop inside a value or inside backticks ends nothing.
fn sentence(text: &str) -> usize {
    let mut inside = false;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let last_of_word = letters.peek().is_none_or(|(_, next)| next.is_whitespace());
        match letter {
            '`' => inside = !inside,
            '.' if !inside && last_of_word => return at,
            ';' | '。' | '；' | '(' | '\n' if !inside => return at,
            _ => {}
        }
    }
    text.len()
}

/// What stands in backticks.
pub(crate) fn ticked(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(|value| value.trim().to_owned()).collect()
}

/// The items of a list in words, up to the first that is more than one word.
fn bare(text: &str) -> Vec<String> {
    let text = text.trim_start_matches([':', '：', ' ']).replace(" and ", ", ").replace(" or ", ", ");
    let items = text.split([',', '、', '，']).map(str::trim).filter(|item| !item.is_empty());
    let plain = |item: &str| item.trim_start_matches("and ").trim_start_matches("or ").trim_end_matches('.').to_owned();
    items.map(plain).take_while(|item| !item.contains(' ')).collect()
}

fn is_value(text: &str) -> bool {
    let odd = |at: char| at.is_whitespace() || matches!(at, '{' | '}' | '<' | '>' | '=' | '[' | ']');
    !text.is_empty() && text.len() < 60 && !text.starts_with('/') && !text.contains(odd)
}

/// The words of a text that could be names, paths or values.
pub(crate) fn alone(text: &str) -> impl Iterator<Item = &str> {
    let edge = |at: char| !(at.is_alphanumeric() || matches!(at, '_' | '/' | '{' | '}' | '$'));
    text.split_whitespace().map(move |word| word.trim_matches(edge)).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_values_is_told_from_examples() {
        for (text, values) in [
            ("Status. Common values are `queued`, `in_progress`, and `failed`.", &["queued", "in_progress", "failed"][..]),
            (
                "Status, common values are queued, in_progress, completed, and failed.",
                &["queued", "in_progress", "completed", "failed"],
            ),
            ("Aspect ratio. Available values include 16:9, 4:3, and 21:9.", &["16:9", "4:3", "21:9"]),
            ("Common values include 720P and 1080P.", &["720P", "1080P"]),
            ("Initial status; common values are queued or in_progress.", &["queued", "in_progress"]),
            ("Fixed to video.", &["video"]),
            ("One of `jimeng-video-3.0`, `b` (the default).", &["jimeng-video-3.0", "b"]),
            ("状态。常见值：`queued`、`done`。其他 `x`", &["queued", "done"]),
            ("Such as `a` or `b`.", &[]),
            ("Model name, for example jimeng-video-3.0.", &[]),
            ("Fixed words: one of `either`, `never`.", &["either", "never"]),
            ("One of the models of `GET /v1/models`.", &[]),
        ] {
            assert_eq!(listed(text), values, "{text}");
        }
    }

    #[test]
    fn words_stand_alone_without_their_punctuation() {
        let found: Vec<&str> = alone("uses images, aspect_ratio, and `/v1/x/{id}`.").collect();
        assert_eq!(found, ["uses", "images", "aspect_ratio", "and", "/v1/x/{id}"]);
    }
}
