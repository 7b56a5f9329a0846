//! Which JSON Schemas each protocol takes.

/// What one protocol takes. What it doesn't take is said in words in the description, or refused.
pub(crate) struct Rules {
    /// For messages.
    pub(crate) name: &'static str,
    pub(crate) dialect: Dialect,
    /// The keywords beside those of structure; `None` for all.
    pub(crate) keywords: Option<&'static [&'static str]>,
    /// The values of `format`; `None` for all.
    pub(crate) formats: Option<&'static [&'static str]>,
    pub(crate) references: References,
    /// Every object says that it has no other members, so maps can't be told.
    pub(crate) closed: bool,
    /// Every member is required; what may be left out may be null.
    pub(crate) all_required: bool,
    /// The root of an answer has to be an object. That of a tool has to be one everywhere.
    pub(crate) answers_are_objects: bool,
}

#[derive(PartialEq, Eq)]
pub(crate) enum Dialect {
    JsonSchema,
    /// The subset of OpenAPI 3.0 that Google's `Schema` object is: types in capitals, `nullable`, words alone in `enum`,
    /// nothing beside `anyOf`, no objects without members.
    Google,
}

#[derive(PartialEq, Eq)]
pub(crate) enum References {
    /// `$ref` and `$defs` are understood, also in circles, and may have neighbours.
    Free,
    /// The same, but nothing may stand beside a `$ref`.
    Alone,
    /// Everything is written out, so no circles.
    None,
}

impl Rules {
    /// Whether a schema may leave open what a value is.
    pub(crate) fn is_open(&self) -> bool {
        self.keywords.is_none()
    }

    pub(crate) fn takes(&self, keyword: &str) -> bool {
        self.keywords.is_none_or(|keywords| keywords.contains(&keyword))
    }

    pub(crate) fn takes_format(&self, format: &str) -> bool {
        self.formats.is_none_or(|formats| formats.contains(&format))
    }
}

/// Chat completions and Responses, with `strict`.
pub(crate) const OPENAI_STRICT: Rules = Rules {
    name: "OpenAI's strict mode",
    dialect: Dialect::JsonSchema,
    keywords: Some(&[
        "title",
        "pattern",
        "multipleOf",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minItems",
        "maxItems",
    ]),
    formats: Some(&["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"]),
    references: References::Alone,
    closed: true,
    all_required: true,
    answers_are_objects: true,
};

/// The input of Claude's tools: any JSON Schema of an object.
pub(crate) const CLAUDE_TOOL: Rules = Rules {
    name: "Claude's tools",
    dialect: Dialect::JsonSchema,
    keywords: None,
    formats: None,
    references: References::Free,
    closed: false,
    all_required: false,
    answers_are_objects: true,
};

/// Claude's `output_config.format`.
pub(crate) const CLAUDE_FORMAT: Rules = Rules {
    name: "Claude's output format",
    dialect: Dialect::JsonSchema,
    keywords: Some(&["title"]),
    formats: Some(&["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"]),
    references: References::None,
    closed: true,
    all_required: false,
    answers_are_objects: true,
};

/// Gemini's `responseSchema` and `parameters`.
pub(crate) const GEMINI: Rules = Rules {
    name: "Gemini's schemas",
    dialect: Dialect::Google,
    keywords: Some(&["title", "minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength", "pattern"]),
    formats: Some(&["date-time", "int32", "int64", "float", "double"]),
    references: References::None,
    closed: true,
    all_required: false,
    answers_are_objects: false,
};
