//! Writes indented Rust source.

/// Collects lines; knows the indentation.
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One line.
    pub fn line(&mut self, line: &str) {
        if !line.is_empty() {
            (0..self.depth).for_each(|_| self.out.push_str("    "));
            self.out.push_str(line);
        }
        self.out.push('\n');
    }

    /// A line that opens a block.
    pub fn open(&mut self, head: &str) {
        self.line(&format!("{head} {{"));
        self.depth += 1;
    }

    /// The end of a block.
    pub fn close(&mut self) {
        self.close_with("}");
    }

    /// The end of a block, with something behind the brace.
    pub fn close_with(&mut self, end: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.line(end);
    }

    /// Doc comments, one for each line of the text, wrapped at about 110 columns.
    pub fn doc(&mut self, text: &str) {
        for paragraph in text.trim().split('\n') {
            if paragraph.trim().is_empty() {
                self.line("///");
            }
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                if !line.is_empty() && line.len() + word.len() > 104 {
                    self.line(&format!("/// {line}"));
                    line.clear();
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            if !line.is_empty() {
                self.line(&format!("/// {line}"));
            }
        }
    }

    /// Doc comments kept as they are, line by line (code blocks).
    pub fn doc_lines(&mut self, text: &str) {
        for line in text.lines() {
            self.line(format!("/// {line}").trim_end());
        }
    }

    /// Text that is already Rust source.
    pub fn raw(&mut self, source: &str) {
        for line in source.lines() {
            self.line(line);
        }
    }

    /// All that was written.
    #[must_use]
    pub fn finish(self) -> String {
        self.out
    }
}

/// Escapes what rustdoc would read as a link or HTML: brackets outside of code, angle brackets, bare addresses.
#[must_use]
pub fn rustdoc(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut code = false;
    for (at, part) in text.split('`').enumerate() {
        if at > 0 {
            out.push('`');
            code = !code;
        }
        if code {
            out.push_str(part);
            continue;
        }
        for word in part.split_inclusive(char::is_whitespace) {
            let (core, space) = word.split_at(word.trim_end().len());
            if core.starts_with("http://") || core.starts_with("https://") {
                let bare = core.trim_end_matches(['.', ',', ';', ':', ')']);
                out.push_str(&format!("<{bare}>{}", &core[bare.len()..]));
            } else {
                out.push_str(&core.replace('[', "\\[").replace(']', "\\]").replace('<', "\\<").replace('>', "\\>"));
            }
            out.push_str(space);
        }
    }
    out
}

/// A Rust string literal.
#[must_use]
pub fn literal(text: &str) -> String {
    format!("{text:?}")
}
