//! The two forms of settings: what a session of one form has to complain about in an event of the other.

use serde_json::Value;

/// How the settings in one event of the client are written, in the older form and in the newer one.
pub(super) struct Settings {
    events: [String; 2],
    at: String,
    /// What only the newer form says, and has to.
    says: Vec<(String, Value)>,
    /// The places of settings.
    places: [Vec<String>; 2],
    /// A place, and the values that it has.
    values: [Vec<(String, Vec<Value>)>; 2],
}

/// A code, what is wrong, and where.
pub(super) struct Complaint {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) param: String,
}

impl Settings {
    /// Reads the word `older`.
    pub(super) fn read(older: &Value) -> Vec<Self> {
        const SIDES: [&str; 2] = ["older", "newer"];
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let read = |words: &Value| {
            let places = list(&words["places"]);
            let alone = |side: &str| list(&words[format!("{side}_alone")]).iter().map(text).collect::<Vec<_>>();
            let of_side = |side: &str| places.iter().map(|place| text(&place[side])).chain(alone(side)).collect();
            let values = |side: &str| {
                let listed = places.iter().filter_map(|place| Some((text(&place[side]), place["values"].as_str()?)));
                let words = |name: &str| list(&older["values"][name]).iter().map(|pair| pair[side].clone()).collect();
                listed.map(|(place, name)| (place, words(name))).collect()
            };
            Self {
                events: SIDES.map(|side| text(&words[side])),
                at: text(&words["at"]),
                says: words["says"].as_object().into_iter().flatten().map(|(name, word)| (name.clone(), word.clone())).collect(),
                places: SIDES.map(of_side),
                values: SIDES.map(values),
            }
        };
        list(&older["settings"]).iter().map(read).collect()
    }

    /// The first thing that a session of a form can't take in an event.
    pub(super) fn complaint(all: &[Self], event: &Value, older: bool) -> Option<Complaint> {
        let (own, other) = if older { (0, 1) } else { (1, 0) };
        let name = event["type"].as_str()?;
        if !all.iter().any(|rules| rules.events[own] == name) && all.iter().any(|rules| rules.events[other] == name) {
            let (message, param) = (format!("no event is named {name:?}"), "type".to_owned());
            return Some(Complaint { code: "unknown_event", message, param });
        }
        let fits = |rules: &&Self| {
            let said = |(name, word): &(String, Value)| event.pointer(&rules.at)?.get(name).map(|said| said == word);
            rules.events[own] == name && rules.says.iter().all(|pair| said(pair).unwrap_or(true))
        };
        let rules = all.iter().find(fits)?;
        let settings = event.pointer(&rules.at)?;
        let param = |pointer: &str| format!("{}{pointer}", &rules.at[1..]).replace('/', ".");
        let complaint = |code, what: &str, pointer: &str| {
            let param = param(pointer);
            Some(Complaint { code, message: format!("{what}: '{param}'."), param })
        };
        for (name, _) in &rules.says {
            match (settings.get(name), older) {
                (None, false) => {
                    return complaint("missing_required_parameter", "Missing required parameter", &format!("/{name}"));
                }
                (Some(_), true) => return complaint("unknown_parameter", "Unknown parameter", &format!("/{name}")),
                _ => {}
            }
        }
        let foreign = |place: &&String| settings.pointer(place).is_some() && !rules.places[own].contains(place);
        if let Some(place) = rules.places[other].iter().find(foreign) {
            return complaint("unknown_parameter", "Unknown parameter", place);
        }
        let wrong = |(place, words): &&(String, Vec<Value>)| {
            settings.pointer(place).is_some_and(|value| !value.is_null() && !words.contains(value))
        };
        let (place, _) = rules.values[own].iter().find(wrong)?;
        complaint("invalid_value", "Invalid value", place)
    }
}
