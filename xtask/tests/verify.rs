//! `cargo xtask verify` as it is called, against the embedded gateway: well, and with every fault that it has to name.

use std::process::Command;
use std::time::Duration;

use octopusx_mock::{Gateway, Reply, TaskStep};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const KEY: &str = "sk-verify-5f1c0a9d77";
const CLEAN: Option<i32> = Some(0);
const DIFFERENT: Option<i32> = Some(1);
const UNCHECKED: Option<i32> = Some(2);

/// Both gateways, and how `verify` is to reach them.
struct Stage {
    gateway: Gateway,
    variables: Vec<(&'static str, String)>,
    _runtime: Runtime,
}

/// Exit code, standard output, standard error.
type Run = (Option<i32>, String, String);

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let gateway = runtime.block_on(Gateway::builder().key(KEY).task_step(Duration::ZERO).start()).unwrap();
        let variables = vec![
            ("OCTOPUSX_API_KEY", KEY.to_owned()),
            ("OCTOPUSX_BASE_URL", gateway.url().to_owned()),
            ("OPENOCTOPUS_API_KEY", gateway.openoctopus_key().to_owned()),
            ("OPENOCTOPUS_BASE_URL", gateway.openoctopus_url().to_owned()),
        ];
        Self { gateway, variables, _runtime: runtime }
    }

    fn set(&mut self, name: &str, value: &str) {
        let variable = self.variables.iter_mut().find(|(known, _)| *known == name).unwrap();
        variable.1 = value.to_owned();
    }

    fn run(&self, words: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(["verify", "--live"]).args(words).envs(self.variables.iter().map(|(name, value)| (name, value)));
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, error) = (text(output.stdout), text(output.stderr));
        for (name, secret) in self.variables.iter().filter(|(name, _)| name.ends_with("KEY")) {
            assert!(secret.is_empty() || !format!("{out}{error}").contains(secret), "{name} is shown:\n{out}{error}");
        }
        (output.status.code(), out, error)
    }

    /// One operation, answered once by this.
    fn one(&self, operation: &str, reply: impl Into<Reply>) -> Run {
        self.gateway.next(operation).answers(reply);
        self.run(&["--system", "octopusx", "--operation", operation])
    }

    fn paths(&self) -> Vec<String> {
        self.gateway.requests().into_iter().map(|request| format!("{} {}", request.method, request.path_and_query)).collect()
    }
}

#[test]
fn a_gateway_that_answers_as_documented_is_clean_and_only_free_routes_are_called() {
    let stage = Stage::new();
    let (code, out, error) = stage.run(&[]);
    assert_eq!(code, CLEAN, "{out}{error}");
    let expected = [
        "GET /api/usage/token/",
        "GET /dashboard/billing/subscription",
        "GET /v1/dashboard/billing/subscription",
        "GET /dashboard/billing/usage",
        "GET /v1/dashboard/billing/usage",
        "GET /v1/models",
        "GET /v1/models",
        "GET /v1beta/models",
        "GET /v1beta/openai/models",
        "GET /v1/models",
    ];
    assert_eq!(stage.paths(), expected);
    assert!(out.contains("openoctopus  models_list "), "{out}");
    assert!(out.contains("not called: octopusx videos_get, which needs `--set task_id=…`"), "{out}");
    assert!(
        out.ends_with("calls: 10, of which 10 as documented, 0 different, 0 not checked; 14 free operations not called\n"),
        "{out}"
    );
}

#[test]
fn every_planted_difference_is_found_and_named() {
    let stage = Stage::new();
    let schemas = "openapi/octopusx/account/schemas.yaml#/components/schemas";
    let paths = "openapi/octopusx/account/paths.yaml#/paths/~1v1~1dashboard~1billing";
    let beta = "openapi/octopusx/models/paths.yaml#/paths/~1v1beta~1openai~1models/get";
    let planted = [
        (
            "account_usage",
            Reply::usual().sets("/spent_since", json!({"a": 1})).sets("/object", json!("heap")),
            format!("unknown field     /spent_since: the document does not declare it  {schemas}/BillingUsage\n"),
        ),
        (
            "account_usage_v1",
            Reply::usual().with_status(201).sets("/total_usage", json!("12")),
            format!("other status      status 201, the document says 200  {paths}~1usage/get/responses\n"),
        ),
        (
            "account_subscription",
            Reply::usual().sets("/hard_limit_usd", json!(null)),
            format!(
                "other type        /hard_limit_usd: null, the document says number  \
                 {schemas}/BillingSubscription/properties/hard_limit_usd\n"
            ),
        ),
        (
            "account_subscription_v1",
            Reply::usual().labelled("text/plain"),
            format!(
                "other media type  text/plain, the document says application/json  {paths}~1subscription/get/responses/200/content\n"
            ),
        ),
        ("models_list_openai_beta", Reply::empty(302), format!("other status      status 302 in place of an answer  {beta}\n")),
        ("models_list_gemini_native", Reply::status(404), "other status      status 404 in place of an answer: ".to_owned()),
    ];
    let expected: Vec<&String> = planted.iter().map(|(_, _, expected)| expected).collect();
    let unknown =
        format!("unknown value     /object: `heap` is none of the known words  {schemas}/BillingUsage/properties/object\n");
    let number = format!("/total_usage: string, the document says number  {schemas}/BillingUsage/properties/total_usage\n");
    planted.iter().for_each(|(operation, reply, _)| stage.gateway.next(operation).answers(reply.clone()));
    let (code, out, error) = stage.run(&["--system", "octopusx"]);
    assert_eq!(code, DIFFERENT, "{out}{error}");
    for expected in expected.into_iter().chain([&unknown, &number]) {
        assert!(out.contains(expected), "{expected}\n{out}");
    }
    assert!(out.contains("octopusx  account_usage              GET /dashboard/billing/usage            200 "), "{out}");
    assert!(out.contains("calls: 9, of which 3 as documented, 6 different, 0 not checked"), "{out}");
}

#[test]
fn a_missing_required_field_is_found_and_the_same_in_a_list_is_told_once() {
    let stage = Stage::new();
    let model = |more: Value| json!({"object": "model", "created": 1, "owned_by": "x", "shiny": more});
    let list = json!({"object": "list", "data": [model(json!(1)), model(json!(2)), model(json!(3))]});
    let (code, out, _) = stage.one("models_list_openai_beta", Reply::json(list));
    let schemas = "openapi/octopusx/models/schemas.yaml#/components/schemas/Model\n";
    let missing = format!("missing field     /data/0/id: the document requires it (in 3 places)  {schemas}");
    let unknown = format!("unknown field     /data/0/shiny: the document does not declare it (in 3 places)  {schemas}");
    assert!(out.contains(&missing) && out.contains(&unknown), "{out}");
    assert_eq!(code, DIFFERENT);
}

#[test]
fn what_could_not_be_checked_is_never_a_success() {
    let mut stage = Stage::new();
    let key = stage.gateway.openoctopus_key().to_owned();
    let told = json!({"error": {"message": format!("no quota for {key}"), "type": "upstream_error"}});
    for (reply, expected) in [
        (Reply::status(500), "status 500"),
        (Reply::status(429), "status 429"),
        (Reply::status(401), "the key was refused with status 401"),
        (Reply::page(502).with_status(200), "a web page came, not JSON"),
        (Reply::empty(200), "the answer is empty"),
        (Reply::text("{\"data").labelled("application/json"), "the answer is no JSON"),
        (Reply::usual().cut_after(10), "the answer broke off"),
        (Reply::usual().closed_before_head(), ""),
        (Reply::usual().garbage(), ""),
        (Reply::json(told), "refused inside an answer: no quota for [hidden]"),
    ] {
        stage.gateway.next("models_list").answers(reply);
        let (code, out, error) = stage.run(&["--system", "openoctopus"]);
        assert_eq!(code, UNCHECKED, "{expected}\n{out}{error}");
        assert!(out.contains(&format!("NOT CHECKED: {expected}")), "{expected}\n{out}");
        assert!(error.contains("openoctopus models_list could not be checked: "), "{error}");
    }
    stage.set("OPENOCTOPUS_API_KEY", "ooq_another-key");
    let (code, out, _) = stage.run(&["--system", "openoctopus"]);
    assert!(code == UNCHECKED && out.contains("NOT CHECKED: the key was refused with status 401"), "{out}");
    stage.set("OPENOCTOPUS_BASE_URL", "http://127.0.0.1:1/v1");
    let (code, out, error) = stage.run(&["--system", "openoctopus"]);
    assert!(code == UNCHECKED && out.contains("0 as documented, 0 different, 1 not checked"), "{out}{error}");
    stage.set("OPENOCTOPUS_API_KEY", "");
    let (code, out, _) = stage.run(&[]);
    assert!(code == UNCHECKED && out.contains("NOT CHECKED: OPENOCTOPUS_API_KEY is not set"), "{out}");
    assert!(out.contains("9 as documented, 0 different, 1 not checked"), "{out}");
}

#[test]
fn one_answer_that_could_not_be_checked_does_not_hide_the_differences_of_others() {
    let stage = Stage::new();
    stage.gateway.next("account_usage").answers(Reply::status(500));
    stage.gateway.next("account_subscription").answers(Reply::usual().sets("/new_one", json!(1)));
    let (code, out, _) = stage.run(&["--system", "octopusx"]);
    assert!(code == UNCHECKED && out.contains("7 as documented, 1 different, 1 not checked"), "{out}");
    assert!(out.contains("unknown field     /new_one"), "{out}");
}

#[test]
fn a_paid_call_needs_its_own_word_and_is_sent_once() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let body = |value: Value| {
        let file = folder.path().join("body.json");
        std::fs::write(&file, value.to_string()).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (code, _, error) = stage.run(&["--paid", "chat_create"]);
    assert!(code == UNCHECKED && error.contains("`chat_create` needs `--body FILE`"), "{error}");
    let wrong = body(json!({"model": 4, "messages": []}));
    let (code, _, error) = stage.run(&["--paid", "chat_create", "--body", &wrong]);
    assert!(code == UNCHECKED && error.contains("nothing was sent: the body does not fit"), "{error}");
    assert_eq!(stage.gateway.requests().len(), 0);

    let fits = body(json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}));
    for reply in [Reply::status(503), Reply::usual().reset_before_head()] {
        let before = stage.gateway.count("chat_create");
        stage.gateway.next("chat_create").answers(reply);
        assert_eq!(stage.run(&["--paid", "chat_create", "--body", &fits]).0, UNCHECKED);
        assert_eq!(stage.gateway.count("chat_create") - before, 1);
    }
    let (code, out, _) = stage.run(&["--paid", "chat_create", "--body", &fits]);
    assert_eq!(code, CLEAN, "{out}");
}

#[test]
fn the_events_of_a_stream_are_held_to_their_schema() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body.json");
    let body = json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    std::fs::write(&file, body.to_string()).unwrap();
    let words = ["--paid", "chat_create", "--body", file.to_str().unwrap()];
    assert_eq!(stage.run(&words).0, CLEAN);
    let events = [json!({"id": "c", "choices": []}), json!({"id": "c", "choices": [], "mood": "good"})];
    stage.gateway.next("chat_create").answers(Reply::events(events));
    let (code, out, _) = stage.run(&words);
    assert!(code == DIFFERENT && out.contains("unknown field     /1/mood"), "{out}");
    stage.gateway.next("chat_create").answers(Reply::events([] as [Value; 0]));
    let (code, out, _) = stage.run(&words);
    assert!(code == UNCHECKED && out.contains("NOT CHECKED: the stream holds no event"), "{out}");
}

#[test]
fn a_task_is_asked_for_by_its_kind_and_id() {
    let stage = Stage::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body.json");
    std::fs::write(&file, json!({"model": "sora-2", "prompt": "a boat"}).to_string()).unwrap();
    stage.gateway.next("videos_create").makes_task([TaskStep::running(10), TaskStep::says("REVIEWING")]);
    assert_eq!(stage.run(&["--paid", "videos_create", "--body", file.to_str().unwrap()]).0, CLEAN);
    let made = stage.gateway.requests().pop().unwrap();
    assert_eq!(made.operation.as_deref(), Some("videos_create"));

    // The document's own example: any id that the gateway does not know is a refusal, and no difference.
    let (code, out, _) = stage.run(&["--task", "video=task_unknown"]);
    assert!(code == UNCHECKED && out.contains("videos_get  GET /v1/videos/{task_id}  404"), "{out}");
    // A word that an open list does not know is told, with the list's place.
    stage.gateway.next("videos_get").answers(json!({"id": "task_1", "object": "video", "status": "REVIEWING"}));
    let (code, out, _) = stage.run(&["--task", "video=task_1"]);
    assert!(code == DIFFERENT && out.contains("unknown value     /status: `REVIEWING` is none of the known words  "), "{out}");
    let (_, out, error) = stage.run(&["--task", "jimeng_image=1"]);
    assert!(out.contains("jimeng_query  POST /jm"), "{out}{error}");
}

#[test]
fn parameters_are_given_by_name() {
    let stage = Stage::new();
    let (code, out, error) = stage.run(&["--operation", "models_get", "--set", "model=a/b c"]);
    assert_eq!(code, CLEAN, "{out}{error}");
    assert_eq!(stage.paths(), ["GET /v1/models/a%2Fb%20c"]);
    let (code, out, error) = stage.run(&["--operation", "models_list"]);
    assert!(
        code == UNCHECKED && error.contains("both documents have an operation `models_list`; choose one with"),
        "{out}{error}"
    );
    for (words, expected) in [
        (&["--operation", "tasks_get"][..], "`tasks_get` needs `--set id=…`"),
        (&["--operation", "tasks_get", "--set", "id=.."], "another value than `..`"),
        (&["--operation", "nothing_at_all"], "no document has an operation `nothing_at_all`"),
        (&["--operation", "videos_generate"], "`videos_generate` is not marked as free; `--paid videos_generate` calls it"),
        (&["--set", "colour=red"], "no operation that is called has a parameter `colour`"),
        (&["--task", "video"], "`--task` needs a name, `=` and a value"),
        (&["--task", "cinema=1"], "there are no tasks `cinema`; there are generation"),
        (&["--body", "no-such-file.json"], "no-such-file.json"),
        (&["--body", "Cargo.toml"], "Cargo.toml"),
        (&["--timeout", "soon"], "a whole number of seconds"),
    ] {
        let (code, out, error) = stage.run(&[&["--system", "openoctopus"], words].concat());
        assert!(code == UNCHECKED && error.contains(expected), "{expected}: {out}{error}");
    }
    assert_eq!(stage.gateway.requests().len(), 1);
}

#[test]
fn without_the_word_live_nothing_is_sent() {
    let (code, _, error) = crate::support::xtask(&["verify"]);
    assert!(code == UNCHECKED && error.contains("add `--live`"), "{error}");
}

#[test]
fn the_report_is_there_for_programs_too() {
    let stage = Stage::new();
    stage.gateway.next("account_usage").answers(Reply::usual().sets("/new_one", json!(1)));
    let (code, out, error) = stage.run(&["--system", "octopusx", "--operation", "account_usage", "--json"]);
    assert_eq!((code, error.as_str()), (DIFFERENT, ""));
    let report: Value = serde_json::from_str(&out).unwrap();
    let call = &report["calls"][0];
    assert_eq!((&call["operation"], &call["status"], &call["unchecked"]), (&"account_usage".into(), &200.into(), &Value::Null));
    assert!(call["milliseconds"].is_u64());
    assert_eq!(call["findings"][0]["kind"], "unknown field");
    assert_eq!(call["findings"][0]["at"], "/new_one");
    assert_eq!(call["findings"][0]["pointer"], "/components/schemas/BillingUsage");
    assert_eq!(call["findings"][0]["file"], "openapi/octopusx/account/schemas.yaml");
}
