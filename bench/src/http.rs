//! The least of an HTTP server: reading a request.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

use crate::Outcome;

/// Reads a request to its end; gives its path.
pub fn request(socket: &mut TcpStream) -> Outcome<Option<String>> {
    let mut reader = BufReader::new(socket);
    let (mut first, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if line.trim().is_empty() {
            break;
        }
        if first.is_empty() {
            first = line;
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    Ok(Some(first.split(' ').nth(1).unwrap_or_default().to_owned()))
}
