//! Small documents to generate from, and ways to look at what was generated.

use std::fs;
use std::path::{Path, PathBuf};

use octopusx_codegen::model::Api;
use octopusx_codegen::{Features, Generated, Problems, check, generate, load};
use proc_macro2::{TokenStream, TokenTree};
use tempfile::TempDir;

/// A folder of this crate's test data.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The folder of one of the two documents that the bindings are made from.
pub fn system(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi").join(name)
}

/// Copies a folder into another, over what is there.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Some of the features of the document in `tests/good`.
pub fn features(enabled: &[&str]) -> Features {
    Features { enabled: enabled.iter().map(|&name| name.to_owned()).collect(), ..Features::all(["letters", "stamps"]) }
}

/// The document in `tests/good`, with additions.
pub struct Post {
    folder: TempDir,
}

impl Post {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        copy(&data("good"), folder.path());
        Self { folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lays the files of a folder over it.
    pub fn with_files(self, from: &Path) -> Self {
        copy(from, self.folder());
        self
    }

    /// Adds a fragment to the section `letters`.
    pub fn with_fragment(self, name: &str, text: &str) -> Self {
        fs::write(self.folder().join("letters").join(name).with_extension("yaml"), text).unwrap();
        self
    }

    /// Adds schemas to the section `letters`.
    pub fn with_schemas(self, schemas: &str) -> Self {
        self.with_fragment("more-schemas", &format!("components:\n  schemas:\n{}", block(schemas, 4)))
    }

    /// Adds an operation to the tag `letters`.
    pub fn with_route(self, route: &Route) -> Self {
        self.with_fragment(&route.id, &route.yaml())
    }

    pub fn generate(&self, enabled: &[&str]) -> Result<Generated, Problems> {
        generate(self.folder(), &features(enabled))
    }

    /// What the stages after `check` get.
    pub fn api(&self) -> Api {
        let document = load::load(self.folder()).unwrap_or_else(|problems| panic!("{problems}"));
        check::check(&document, &features(&["letters", "stamps"])).unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// The code of all features.
    pub fn code(&self) -> Code {
        self.code_of(&["letters", "stamps"])
    }

    pub fn code_of(&self, enabled: &[&str]) -> Code {
        Code::new(self.generate(enabled).unwrap_or_else(|problems| panic!("{problems}")).code)
    }
}

/// An operation with everything that it must have. Where nothing else is said it answers with a `Letter`.
pub struct Route {
    id: String,
    verb: &'static str,
    path: String,
    content: String,
    body: String,
    more: String,
    /// Statuses with an error of their own.
    failures: String,
}

pub fn get(path: &str, id: &str) -> Route {
    Route {
        id: id.to_owned(),
        verb: "get",
        path: path.to_owned(),
        content: json("Letter"),
        body: String::new(),
        more: "description: Does it.".to_owned(),
        failures: String::new(),
    }
}

pub fn post(path: &str, id: &str) -> Route {
    Route { verb: "post", ..get(path, id) }
}

impl Route {
    pub fn answer(self, schema: &str) -> Self {
        Self { content: json(schema), ..self }
    }

    /// The content of the success answer, as YAML.
    pub fn content(self, yaml: &str) -> Self {
        Self { content: block(yaml, 0), ..self }
    }

    /// The answer can also be a stream of these.
    pub fn events(mut self, schema: &str) -> Self {
        self.content += &json(schema).replace("application/json", "text/event-stream");
        self
    }

    pub fn body(self, schema: &str) -> Self {
        Self { body: format!("requestBody:\n  required: true\n  content:\n{}", block(&json(schema), 4)), ..self }
    }

    /// The body is a form.
    pub fn form(self, schema: &str) -> Self {
        let route = self.body(schema);
        Self { body: route.body.replace("application/json", "multipart/form-data"), ..route }
    }

    /// Further keys of the operation.
    pub fn more(mut self, yaml: &str) -> Self {
        self.more = format!("{}\n{}", self.more, block(yaml, 0));
        self
    }

    /// A status that the answers list beside `default`.
    pub fn fails_with(mut self, status: u16) -> Self {
        self.failures += &format!("        '{status}': {{$ref: '#/components/responses/Error'}}\n");
        self
    }

    fn yaml(&self) -> String {
        let pages = if self.more.contains("x-unlisted") { "" } else { "x-docs: [en/letters/more]" };
        let (content, more, body) = (block(&self.content, 12), block(&self.more, 6), block(&self.body, 6));
        let Self { id, verb, path, failures, .. } = self;
        let content = if content.trim().is_empty() { String::new() } else { format!("          content:\n{content}") };
        format!(
            "paths:
  {path}:
    {verb}:
      operationId: {id}
      tags: [letters]
      summary: Do it
      {pages}
{more}{body}      responses:
        '200':
          description: What comes back.
{content}{failures}        default: {{$ref: '#/components/responses/Error'}}
"
        )
    }
}

fn json(schema: &str) -> String {
    let reference = format!("schema: {{$ref: '#/components/schemas/{schema}'}}");
    format!("application/json:\n  {reference}\n  examples: {{one: {{summary: One, value: {{id: l-1}}}}}}\n")
}

/// The lines of a text, moved so that the outermost stand in this column.
fn block(text: &str, column: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let least = lines.iter().map(indent).min().unwrap_or_default();
    lines.iter().map(|line| format!("{}{}\n", " ".repeat(column), &line[least..])).collect()
}

/// Generated code.
pub struct Code {
    pub text: String,
    tokens: TokenStream,
}

impl Code {
    /// What was generated, which must be Rust.
    pub fn new(text: String) -> Self {
        syn::parse_file(&text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
        let tokens = text.parse().unwrap();
        Self { text, tokens }
    }

    /// Whether a module holds a piece of code, whatever the spaces; documentation is left out on both sides.
    pub fn has(&self, module: &str, piece: &str) -> bool {
        let module = self.module(module).unwrap_or_else(|| panic!("there is no module {module}"));
        let piece = flat(piece.parse().unwrap_or_else(|error| panic!("{error}: {piece}")));
        format!(" {}", flat(module)).contains(&format!(" {}", piece.strip_suffix(", ").unwrap_or(&piece)))
    }

    #[track_caller]
    pub fn expect(&self, module: &str, piece: &str) {
        assert!(self.has(module, piece), "`{module}` lacks\n{piece}\nin\n{}", self.text_of(module));
    }

    #[track_caller]
    pub fn refuse(&self, module: &str, piece: &str) {
        assert!(!self.has(module, piece), "`{module}` has\n{piece}\nin\n{}", self.text_of(module));
    }

    /// Documentation, whatever the line breaks.
    #[track_caller]
    pub fn expect_doc(&self, text: &str) {
        let lines = self.text.lines().filter_map(|line| line.trim().strip_prefix("///"));
        let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
        assert!(words.join(" ").contains(text), "no documentation says `{text}` in\n{}", self.text);
    }

    /// The lines of a module, for messages.
    fn text_of(&self, module: &str) -> String {
        let head = format!("mod {module} {{");
        let lines = self.text.lines().skip_while(|line| !module.is_empty() && !line.ends_with(&head));
        lines.take_while(|line| module.is_empty() || *line != "}").collect::<Vec<_>>().join("\n")
    }

    /// The content of a module; that of the whole file for an empty name.
    pub fn module(&self, name: &str) -> Option<TokenStream> {
        if name.is_empty() {
            return Some(self.tokens.clone());
        }
        let tokens: Vec<TokenTree> = self.tokens.clone().into_iter().collect();
        tokens.windows(3).find_map(|three| match three {
            [TokenTree::Ident(word), TokenTree::Ident(found), TokenTree::Group(content)] if word == "mod" && found == name => {
                Some(content.stream())
            }
            _ => None,
        })
    }
}

/// Tokens with one space between them, without documentation and without commas that end a list.
fn flat(tokens: TokenStream) -> String {
    let mut out = String::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '#' && tokens.peek().is_some_and(is_doc) => drop(tokens.next()),
            TokenTree::Group(group) => {
                let whole = group.to_string();
                let ends = [whole.chars().next(), whole.chars().last()].map(Option::unwrap_or_default);
                let content = flat(group.stream());
                out += &format!("{} {}{} ", ends[0], content.strip_suffix(", ").unwrap_or(&content), ends[1]);
            }
            other => out += &format!("{other} "),
        }
    }
    out
}

fn is_doc(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(word)) if word == "doc"))
}
