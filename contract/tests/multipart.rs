//! Reads a form as it travelled.

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub name: String,
    pub file_name: Option<String>,
    pub body: Vec<u8>,
}

/// The parts of a body, by its content type.
pub fn parts(content_type: &str, body: &[u8]) -> Result<Vec<Part>, String> {
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .ok_or_else(|| format!("the content type is {content_type:?}"))?
        .trim_matches('"');
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    // The first delimiter has no line break before it.
    let body = [b"\r\n", body].concat();
    let mut found = Vec::new();
    let mut rest = after(&body, &delimiter).ok_or("the form has no first part")?;
    loop {
        if rest.starts_with(b"--") {
            return Ok(found);
        }
        let end = find(rest, &delimiter).ok_or("the form has no end")?;
        found.push(part(&rest[..end])?);
        rest = &rest[end + delimiter.len()..];
    }
}

fn part(text: &[u8]) -> Result<Part, String> {
    let split = find(text, b"\r\n\r\n").ok_or("a part has no head")?;
    let head = String::from_utf8_lossy(&text[..split]).into_owned();
    let disposition = head
        .lines()
        .find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("content-disposition")))
        .ok_or_else(|| format!("a part has no name: {head:?}"))?
        .1;
    let parameter = |name: &str| {
        let parameters = disposition.split("; ").skip(1).filter_map(|parameter| parameter.split_once('='));
        parameters.filter(|(other, _)| *other == name).map(|(_, value)| value.trim_matches('"').to_owned()).next()
    };
    Ok(Part {
        name: parameter("name").ok_or_else(|| format!("a part has no name: {head:?}"))?,
        file_name: parameter("filename"),
        body: text[split + 4..].to_vec(),
    })
}

fn after<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    find(text, mark).map(|at| &text[at + mark.len()..])
}

fn find(text: &[u8], mark: &[u8]) -> Option<usize> {
    text.windows(mark.len()).position(|window| window == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_part_by_part() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n2\r\n--b\r\ncontent-disposition: form-data; \
            name=\"image[]\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x00\r\n--\r\n\r\n--b--\r\n";
        let text = Part { name: "n".into(), file_name: None, body: b"2".to_vec() };
        let file = Part { name: "image[]".into(), file_name: Some("a.png".into()), body: b"\x00\r\n--\r\n".to_vec() };
        assert_eq!(parts("multipart/form-data; boundary=b", body).unwrap(), [text, file]);
        assert!(parts("multipart/form-data; boundary=b", &body[..body.len() - 6]).is_err());
        assert!(parts("application/json", b"{}").is_err());
    }
}
