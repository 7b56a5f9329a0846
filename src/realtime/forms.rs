//! Settings in the form that a session speaks. The document says which place and which word of the older form is which of
//! the newer one; nothing else here knows a setting by its name.

use serde_json::{Map, Value};

use crate::operation::{Older, Setting, Settings};

/// Whether an event holds settings that the two forms write differently.
pub(super) fn differs(event: &Value, rules: &Older) -> bool {
    let Some((rules, settings)) = settings_of(event, rules) else { return false };
    let places = rules.places.iter().flat_map(|setting| [setting.place.0, setting.place.1]);
    let mut pointers = places.chain([rules.alone.0, rules.alone.1].into_iter().flatten().copied());
    !rules.says.is_empty() || pointers.any(|pointer| settings.pointer(pointer).is_some())
}

/// Puts the settings in an event into a form. Those that stand in it already stay as they are.
///
/// What this form can't say is an error, which names it.
pub(super) fn put(event: &mut Value, rules: &Older, older: bool) -> Result<(), String> {
    let Some((rules, _)) = settings_of(event, rules) else { return Ok(()) };
    event["type"] = side(rules.event, older).into();
    let Some(settings) = event.pointer_mut(rules.at) else { return Ok(()) };
    let form = Form { rules, older };
    form.mark(settings);
    form.refuse_foreign(settings, false)?;
    rules.places.iter().try_for_each(|place| form.put_setting(settings, place))?;
    form.refuse_foreign(settings, true)
}

/// Which rules are for an event, and its settings.
fn settings_of<'e>(event: &'e Value, rules: &Older) -> Option<(&'static Settings, &'e Value)> {
    let name = event.get("type")?.as_str()?;
    let named = rules.settings.iter().filter(|rules| rules.event.0 == name || rules.event.1 == name);
    let held = named.filter_map(|rules| Some((rules, event.pointer(rules.at)?)));
    let says = |(name, word): &(&str, &str), settings: &Value| settings.get(name).is_none_or(|said| said == word);
    let fits = |(rules, settings): &(&Settings, &Value)| rules.says.iter().all(|word| says(word, settings));
    held.clone().find(fits).or(held.clone().next())
}

/// The half of a pair that a form uses.
fn side<T: Copy>((first, second): (T, T), older: bool) -> T {
    if older { first } else { second }
}

struct Form {
    rules: &'static Settings,
    older: bool,
}

impl Form {
    fn name(&self) -> &'static str {
        side(("the older form, which this session speaks", "the newer form, which this session speaks"), self.older)
    }

    fn named(&self, pointer: &str) -> String {
        format!("`{}{}`", &self.rules.at[1..], pointer).replace('/', ".")
    }

    /// What only the other form has is an error: before settings change their place the single ones, in either place,
    /// and afterwards what is left of those that hold others.
    fn refuse_foreign(&self, settings: &mut Value, holders: bool) -> Result<(), String> {
        let within = |place: &str, pointer: &str| place.strip_prefix(pointer).is_some_and(|rest| rest.starts_with('/'));
        let foreign = side(self.rules.alone, !self.older).iter();
        let places =
            || self.rules.places.iter().map(|setting| (side(setting.place, !self.older), side(setting.place, self.older)));
        for pointer in foreign.filter(|pointer| places().any(|(from, _)| within(from, pointer)) == holders) {
            let moved = places().find(|(from, _)| within(pointer, from));
            let moved = moved.map(|(from, to)| format!("{to}{}", &pointer[from.len()..]));
            let found = left(settings, pointer).or_else(|| left(settings, &moved?));
            if let Some(found) = found {
                return Err(format!("{} has no place in {}", self.named(&found), self.name()));
            }
        }
        Ok(())
    }

    fn put_setting(&self, settings: &mut Value, setting: &Setting) -> Result<(), String> {
        let (to, from) = (side(setting.place, self.older), side(setting.place, !self.older));
        if let Some(value) = settings.pointer_mut(to)
            && let Some(word) = self.word(value, setting)
        {
            *value = word;
        }
        let Some(value) = take(settings, from) else { return Ok(()) };
        let known = setting.values.is_empty() || value.is_null() || self.is_own(&value, setting);
        let Some(value) = self.word(&value, setting).or(known.then_some(value.clone())) else {
            return Err(format!("{} is {value}, for which there is no word in {}", self.named(from), self.name()));
        };
        if settings.pointer(to).is_some_and(|there| *there == value) || insert(settings, to, value) {
            return Ok(());
        }
        Err(format!("{} and {} say two things", self.named(from), self.named(to)))
    }

    /// The word of this form for one of the other.
    fn word(&self, value: &Value, setting: &Setting) -> Option<Value> {
        let mut pairs = setting.values.iter().filter(|_| !self.is_own(value, setting));
        pairs
            .find(|pair| is(value, side(**pair, !self.older)))
            .and_then(|pair| serde_json::from_str(side(*pair, self.older)).ok())
    }

    fn is_own(&self, value: &Value, setting: &Setting) -> bool {
        setting.values.iter().any(|pair| is(value, side(*pair, self.older)))
    }

    /// Writes what only the newer form says, or leaves it out.
    fn mark(&self, settings: &mut Value) {
        let Value::Object(settings) = settings else { return };
        for (name, word) in self.rules.says {
            if self.older && settings.get(*name).is_some_and(|said| said == word) {
                settings.shift_remove(*name);
            } else if !self.older && !settings.contains_key(*name) {
                settings.insert((*name).to_owned(), (*word).into());
            }
        }
    }
}

fn is(value: &Value, json: &str) -> bool {
    serde_json::from_str::<Value>(json).is_ok_and(|known| known == *value)
}

/// Takes the value out that a pointer names.
fn take(settings: &mut Value, pointer: &str) -> Option<Value> {
    let (holder, name) = pointer.rsplit_once('/')?;
    settings.pointer_mut(holder)?.as_object_mut()?.shift_remove(name)
}

/// Fills the empty place that a pointer names; what is missing on the way is made. Whether it was empty.
fn insert(settings: &mut Value, pointer: &str, value: Value) -> bool {
    let (holder, name) = pointer.rsplit_once('/').unwrap_or_default();
    let holder = holder
        .split('/')
        .skip(1)
        .try_fold(settings, |value, name| Some(value.as_object_mut()?.entry(name).or_insert_with(|| Value::Object(Map::new()))));
    let Some(Value::Object(members)) = holder else { return false };
    !members.contains_key(name) && members.insert(name.to_owned(), value).is_none()
}

/// What is left at a place, as the pointer to its first setting; an object without any is taken out.
fn left(settings: &mut Value, pointer: &str) -> Option<String> {
    let mut rest = pointer.to_owned();
    let mut value = settings.pointer(pointer)?;
    if is_hollow(value) {
        take(settings, pointer);
        return None;
    }
    while let Some((name, inner)) = value.as_object().and_then(|members| members.iter().find(|(_, inner)| !is_hollow(inner))) {
        rest = format!("{rest}/{name}");
        value = inner;
    }
    Some(rest)
}

fn is_hollow(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.values().all(is_hollow))
}
