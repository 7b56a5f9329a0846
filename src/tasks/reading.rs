//! What an answer says of its task, read from its bytes in one pass: nothing is built that was not asked for.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};

use super::TaskState;

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The task's id.
    Id,
    /// The word of its state.
    Status,
    /// How far it is.
    Progress,
    /// The address of a result.
    Url,
    /// What went wrong, as a text.
    Error,
    /// Behind an error that is an object: its sentence.
    ErrorMessage,
    /// And its word.
    ErrorCode,
    /// A result that stands in the answer itself.
    Inline,
    /// A word that says whether the result has an address at all.
    Action,
}

/// The places of an answer, as JSON pointers in steps; `*` is every element. Of one thing the first place wins.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What stands where.
    pub places: &'static [(What, &'static [&'static str])],
    /// Words at [`What::Action`] of tasks whose result has no address.
    pub no_media: &'static [&'static str],
}

/// What was found at the places of an answer.
#[derive(Debug)]
pub(crate) struct Reading<'b> {
    shape: Shape,
    /// Texts that say something, in the order in which they stand in the answer.
    found: Vec<(usize, Cow<'b, str>)>,
}

impl<'b> Reading<'b> {
    /// Reads a body; what is no JSON says nothing.
    pub(crate) fn of(shape: Shape, body: &'b [u8]) -> Self {
        // One look at all bytes is far cheaper than one at each string.
        match std::str::from_utf8(body) {
            Ok(text) => Self::of_text(shape, text),
            Err(_) => Reading::of_text(shape, &String::from_utf8_lossy(body)).into_owned(),
        }
    }

    fn of_text(shape: Shape, text: &'b str) -> Self {
        let mut found = Vec::with_capacity(8);
        let walk = Walk { shape, open: all(shape), depth: 0, found: &mut found };
        if walk.deserialize(&mut serde_json::Deserializer::from_str(unmarked(text))).is_err() {
            found.clear();
        }
        Self { shape, found }
    }

    fn into_owned(self) -> Reading<'static> {
        let found = self.found.into_iter().map(|(place, text)| (place, text.into_owned().into()));
        Reading { shape: self.shape, found: found.collect() }
    }

    /// Reads the elements of a list in a body, each by itself.
    pub(crate) fn each(shape: Shape, list: &'static [&'static str], body: &'b [u8]) -> Option<Vec<Self>> {
        match std::str::from_utf8(body) {
            Ok(text) => Self::each_of_text(shape, list, text),
            Err(_) => {
                let text = String::from_utf8_lossy(body);
                let readings = Reading::each_of_text(shape, list, &text)?;
                Some(readings.into_iter().map(Reading::into_owned).collect())
            }
        }
    }

    fn each_of_text(shape: Shape, list: &'static [&'static str], text: &'b str) -> Option<Vec<Self>> {
        let mut readings = Vec::new();
        let items = Items { shape, list, readings: &mut readings };
        items.deserialize(&mut serde_json::Deserializer::from_str(unmarked(text))).ok()?;
        Some(readings)
    }

    /// The texts at all places of a thing, by the order of the places.
    fn all(&self, what: What) -> impl Iterator<Item = &str> {
        let places = self.shape.places.iter().enumerate().filter(move |(_, (found, _))| *found == what);
        places.flat_map(|(place, _)| self.at(place))
    }

    fn at(&self, place: usize) -> impl Iterator<Item = &str> {
        self.found.iter().filter(move |(found, _)| *found == place).map(|(_, text)| &**text)
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.all(What::Id).next()
    }

    pub(crate) fn state_word(&self) -> Option<&str> {
        self.all(What::Status).next()
    }

    /// How far it is, 0 to 100.
    pub(crate) fn progress_percent(&self) -> Option<f64> {
        let text = self.all(What::Progress).next()?;
        text.trim().trim_end_matches('%').trim_end().parse().ok().filter(|percent: &f64| percent.is_finite())
    }

    /// How far it is; `input` holds the words for a task that waits for its owner.
    pub(crate) fn state(&self, input: &[&str]) -> TaskState {
        let running = || TaskState::Running { progress: self.progress_percent() };
        let Some(word) = self.state_word() else { return running() };
        if input.iter().any(|known| known.eq_ignore_ascii_case(word.trim())) {
            return TaskState::InputNeeded;
        }
        match TaskState::of_word(word) {
            TaskState::Running { .. } => running(),
            state => state,
        }
    }

    /// The addresses of the results, each once.
    pub(crate) fn urls(&self) -> Vec<&str> {
        let mut urls = Vec::new();
        for url in self.all(What::Url) {
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
        urls
    }

    /// Whether the results are there, or none with an address is to come.
    pub(crate) fn has_results(&self) -> bool {
        let none_to_come = |word: &str| self.shape.no_media.iter().any(|known| known.eq_ignore_ascii_case(word.trim()));
        let places = || self.shape.places.iter().map(|(what, _)| *what);
        !places().any(|what| matches!(what, What::Url | What::Inline))
            || self.all(What::Url).chain(self.all(What::Inline)).next().is_some()
            || self.all(What::Action).any(none_to_come)
    }

    /// Why it failed. Healthy tasks carry empty words.
    pub(crate) fn failure(&self) -> Option<String> {
        let mut message = None;
        for (place, (what, _)) in self.shape.places.iter().enumerate() {
            let text = self.at(place).next();
            match (what, text, message) {
                (What::Error, Some(text), _) => return Some(text.to_owned()),
                (What::ErrorMessage, text, _) => message = text,
                (What::ErrorCode, Some(code), Some(message)) => return Some(format!("{message} ({code})")),
                (What::ErrorCode, None, Some(message)) => return Some(message.to_owned()),
                (What::ErrorCode, Some(code), None) => return Some(code.to_owned()),
                _ => {}
            }
        }
        None
    }
}

/// A text without the byte order mark.
fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// A set of places, one bit each; the generator refuses a shape with more.
type Places = u64;

fn all(shape: Shape) -> Places {
    Places::MAX.checked_shr(Places::BITS - u32::try_from(shape.places.len()).unwrap_or(Places::BITS)).unwrap_or_default()
}

struct Walk<'w, 'b> {
    shape: Shape,
    /// The places whose pointer leads here.
    open: Places,
    depth: usize,
    found: &'w mut Vec<(usize, Cow<'b, str>)>,
}

impl<'b> Walk<'_, 'b> {
    /// The places of a set whose steps are so.
    fn those(&self, is: impl Fn(&'static [&'static str]) -> bool) -> Places {
        let (mut rest, mut found) = (self.open, 0);
        while rest != 0 {
            let place = rest.trailing_zeros();
            rest &= rest - 1;
            if self.shape.places.get(place as usize).is_some_and(|(_, steps)| is(steps)) {
                found |= 1 << place;
            }
        }
        found
    }

    /// The places that go on with this step.
    fn beyond(&self, leads: impl Fn(&str) -> bool) -> Places {
        self.those(|steps| steps.get(self.depth).is_some_and(|step| leads(step)))
    }

    fn text(self, text: Cow<'b, str>) {
        let mut here = self.those(|steps| steps.len() == self.depth);
        if here == 0 || text.trim().is_empty() {
            return;
        }
        while here != 0 {
            self.found.push((here.trailing_zeros() as usize, text.clone()));
            here &= here - 1;
        }
    }

    fn onward(&mut self, open: Places) -> Walk<'_, 'b> {
        Walk { shape: self.shape, open, depth: self.depth + 1, found: self.found }
    }
}

impl<'b> DeserializeSeed<'b> for Walk<'_, 'b> {
    type Value = ();

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'b> Visitor<'b> for Walk<'_, 'b> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.text(number.to_string().into());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.text(number.to_string().into());
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.text(number.to_string().into());
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'b str) -> Result<(), E> {
        self.text(text.into());
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.text(text.to_owned().into());
        Ok(())
    }

    fn visit_map<A: MapAccess<'b>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(open) = map.next_key_seed(Step(&self))? {
            match open {
                0 => drop(map.next_value::<IgnoredAny>()?),
                open => map.next_value_seed(self.onward(open))?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'b>>(mut self, mut items: A) -> Result<(), A::Error> {
        for index in 0.. {
            let open = self.beyond(|step| step == "*" || step.parse() == Ok(index));
            if items.next_element_seed(self.onward(open))?.is_none() {
                break;
            }
        }
        Ok(())
    }
}

/// Reads a member's name as the places that lie behind it.
struct Step<'w, 'p, 'b>(&'w Walk<'p, 'b>);

impl<'b> DeserializeSeed<'b> for Step<'_, '_, 'b> {
    type Value = Places;

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<Places, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'b> Visitor<'b> for Step<'_, '_, 'b> {
    type Value = Places;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Places, E> {
        Ok(self.0.beyond(|step| step == name))
    }
}

/// The elements of a list somewhere in a body.
struct Items<'w, 'b> {
    shape: Shape,
    list: &'static [&'static str],
    readings: &'w mut Vec<Reading<'b>>,
}

impl<'b> DeserializeSeed<'b> for Items<'_, 'b> {
    type Value = ();

    fn deserialize<D: Deserializer<'b>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'b> Visitor<'b> for Items<'_, 'b> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tasks")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'b>>(self, mut map: A) -> Result<(), A::Error> {
        if self.list.is_empty() {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        }
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            match self.list {
                [step, rest @ ..] if *step == name => {
                    map.next_value_seed(Items { shape: self.shape, list: rest, readings: self.readings })?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'b>>(self, mut items: A) -> Result<(), A::Error> {
        if !self.list.is_empty() {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        loop {
            let mut found = Vec::new();
            let walk = Walk { shape: self.shape, open: all(self.shape), depth: 0, found: &mut found };
            if items.next_element_seed(walk)?.is_none() {
                return Ok(());
            }
            self.readings.push(Reading { shape: self.shape, found });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        places: &[
            (What::Id, &["id"]),
            (What::Id, &["data", "task_id"]),
            (What::Status, &["data", "status"]),
            (What::Progress, &["data", "progress"]),
            (What::Url, &["url"]),
            (What::Url, &["data", "all", "*", "url"]),
            (What::Url, &["data", "all", "*"]),
            (What::Url, &["data", "all", "0", "first"]),
            (What::Error, &["error"]),
            (What::ErrorMessage, &["error", "message"]),
            (What::ErrorCode, &["error", "code"]),
            (What::Error, &["reason"]),
            (What::Inline, &["text"]),
            (What::Action, &["action"]),
        ],
        no_media: &["LYRICS"],
    };

    fn read(body: &str) -> Reading<'_> {
        Reading::of(SHAPE, body.as_bytes())
    }

    #[test]
    fn places_are_found_in_any_order_of_the_members() {
        let body = "\u{feff}{\"data\": {\"all\": [\"a\", {\"url\": \"b\", \"first\": \"no\"}, {\"url\": \"a\"}], \"progress\": \"50 %\", \
                    \"status\": \"In_\\u0050rogress\", \"task_id\": 7, \"more\": {\"status\": \"x\"}}, \"id\": \" \", \"url\": \"c\"}";
        let reading = read(body);
        assert_eq!((reading.id(), reading.state_word()), (Some("7"), Some("In_Progress")));
        assert_eq!(reading.state(&[]), TaskState::Running { progress: Some(50.0) });
        assert_eq!(reading.state(&["IN_PROGRESS"]), TaskState::InputNeeded);
        assert_eq!(reading.urls(), ["c", "b", "a"]);
        assert!(reading.has_results());
    }

    #[test]
    fn an_error_is_told_from_every_form_and_an_empty_one_is_none() {
        let told = |body: &str| read(body).failure();
        assert_eq!(told(r#"{"error": {"code": "", "message": null}, "reason": ""}"#), None);
        assert_eq!(told(r#"{"error": {"code": 4, "message": "no"}}"#).as_deref(), Some("no (4)"));
        assert_eq!(told(r#"{"error": {"message": "no"}}"#).as_deref(), Some("no"));
        assert_eq!(told(r#"{"error": {"code": "no"}}"#).as_deref(), Some("no"));
        assert_eq!(told(r#"{"error": "no", "reason": "why"}"#).as_deref(), Some("no"));
        assert_eq!(told(r#"{"error": {}, "reason": "why"}"#).as_deref(), Some("why"));
    }

    #[test]
    fn results_are_addresses_or_stand_in_the_answer_or_are_not_to_come() {
        assert!(!read(r#"{"url": "", "text": ""}"#).has_results());
        assert!(read(r#"{"text": "la la"}"#).has_results());
        assert!(read(r#"{"action": "lyrics"}"#).has_results());
        assert!(!read(r#"{"action": "MUSIC"}"#).has_results());
        assert!(Reading::of(Shape { places: &[(What::Status, &["s"])], no_media: &[] }, b"{}").has_results());
    }

    #[test]
    fn what_is_no_json_says_nothing() {
        for body in ["", "<html>", "[]", "null", "{\"data\": {\"status\": \"running\"", "7"] {
            assert_eq!(read(body).state_word(), None, "{body}");
        }
    }

    #[test]
    fn bytes_that_are_no_letters_spoil_no_more_than_their_own_word() {
        let body = b"{\"id\": \"a\", \"prompt\": \"cut \xe5\xae\", \"data\": {\"status\": \"running\", \"progress\": \"7\xff\"}}";
        let reading = Reading::of(SHAPE, body);
        assert_eq!((reading.id(), reading.state(&[])), (Some("a"), TaskState::Running { progress: None }));
        let list = [b"[", &body[..], b"]"].concat();
        assert_eq!(Reading::each(SHAPE, &[], &list).map(|all| all[0].id().map(str::to_owned)), Some(Some("a".to_owned())));
    }

    #[test]
    fn a_list_is_read_element_by_element() {
        let ids = |list, body: &str| {
            let readings = Reading::each(SHAPE, list, body.as_bytes())?;
            Some(readings.iter().map(|reading| reading.id().unwrap_or("-").to_owned()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(ids(&[], r#"[{"id": "a"}, {}, {"data": {"task_id": "b"}}]"#).as_deref(), Some("a - b"));
        assert_eq!(ids(&["data"], r#"{"code": 1, "data": [{"id": "a"}]}"#).as_deref(), Some("a"));
        assert_eq!(ids(&["data"], r#"{"data": null}"#).as_deref(), Some(""));
        assert_eq!(ids(&[], r#"{"error": "no"}"#), None);
        assert_eq!(ids(&["data"], "<html>"), None);
    }
}
