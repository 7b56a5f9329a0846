//! The framing of server-sent events, as plainly as the standard says it, on the whole body at once.

/// Each message: the name of its event and its data. A body that ends within an event still ends it.
pub fn messages(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
    let (mut all, mut event, mut data) = (Vec::new(), String::new(), None::<String>);
    for line in text.split('\n').chain(["", ""]) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" if line.is_empty() => {
                let event = std::mem::take(&mut event);
                if let Some(data) = data.take() {
                    all.push((if event.is_empty() { "message".to_owned() } else { event }, data));
                }
            }
            "event" => value.clone_into(&mut event),
            "data" => match &mut data {
                None => data = Some(value.to_owned()),
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
            },
            _ => {}
        }
    }
    all
}
