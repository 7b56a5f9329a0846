//! The ways to the bytes of a file: an address, a call, or what a task's answers say.

use std::sync::Arc;

use http::Method;
use url::Url;

use crate::client::Core;
use crate::error::{Error, Kind};
use crate::operation::{Auth, Operation};
use crate::request::Unsent;
use crate::tasks::{self, TaskRef, TaskState};

use super::names;

/// Addresses that no document knows. On the gateway's own host they may want the key; no other host gets it.
static OWN: Operation = link(Auth::Bearer);
static FOREIGN: Operation = link(Auth::None);

const fn link(auth: Auth) -> Operation {
    Operation::undocumented("download", Method::GET, auth, true)
}

/// Where the results of a task are.
pub(super) struct OfTask {
    pub(super) kind: &'static tasks::Kind,
    pub(super) id: Option<String>,
    pub(super) urls: Vec<String>,
    /// Which of several results.
    pub(super) result: usize,
}

pub(super) enum Ways {
    Address(String),
    Call(Box<Unsent>),
    Task(OfTask),
}

/// How far a task's ways are tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Given,
    Asked,
    Content,
}

/// The way that is gone.
pub(super) struct Way {
    pub(super) unsent: Unsent,
    link: Option<String>,
    step: Step,
}

impl Ways {
    /// An error with the task that it is about.
    pub(super) fn named(&self, error: Error) -> Error {
        match self {
            Self::Task(OfTask { kind, id: Some(id), .. }) => error.of_task(TaskRef::new(kind, id), None),
            _ => error,
        }
    }

    /// What the file is known by, besides its address.
    pub(super) fn identity(&self) -> Option<String> {
        match self {
            Self::Task(task) => Some(format!("{} {}#{}", task.kind.name, task.id.as_ref()?, task.result)),
            _ => None,
        }
    }

    /// What the file is called where nothing else says it.
    pub(super) fn name(&self, way: &Way) -> String {
        let id = || match self {
            Self::Task(task) => task.id.as_deref().and_then(names::safe),
            _ => None,
        };
        let in_address = || names::in_address(&way.unsent.url);
        // The gateway's own route is called the same for every task.
        let name = id().filter(|_| way.step == Step::Content).or_else(in_address).or_else(id);
        name.unwrap_or_else(|| "download".to_owned())
    }

    pub(super) async fn first(&mut self, core: &Arc<Core>) -> Result<Way, Error> {
        let task = match self {
            Self::Address(address) => return follow(core, address, Step::Content),
            Self::Call(unsent) => return Ok(Way { unsent: (**unsent).clone(), link: None, step: Step::Content }),
            Self::Task(task) => task,
        };
        if let Some(url) = task.urls.get(task.result) {
            return follow(core, url, Step::Given);
        }
        if task.urls.is_empty()
            && let Some(way) = task.content(core)
        {
            return Ok(way);
        }
        let (state, why) = task.ask(core).await?;
        if let Some(url) = task.urls.get(task.result) {
            return follow(core, url, Step::Asked);
        }
        Err(task.nothing(state, why))
    }

    /// Another way, after a host refused this one: a link that ends with time is asked for anew, once.
    pub(super) async fn after(&mut self, core: &Arc<Core>, way: &Way, error: &Error) -> Option<Way> {
        let Self::Task(task) = self else { return None };
        let status = error.http_status().map_or(0, |status| status.as_u16());
        let passing = matches!(status, 408 | 416 | 425 | 429);
        let refused = (error.kind() == Kind::Api && (400..500).contains(&status) && !passing) || error.kind() == Kind::Decode;
        if !refused || way.step == Step::Content {
            return None;
        }
        if way.step == Step::Given
            && task.ask(core).await.is_ok()
            && let Some(url) = task.urls.get(task.result)
            && way.link.as_ref() != Some(url)
            && let Ok(way) = follow(core, url, Step::Asked)
        {
            return Some(way);
        }
        task.content(core)
    }
}

impl Way {
    /// A link that served bytes may end again later.
    pub(super) fn served(&mut self) {
        if self.step == Step::Asked {
            self.step = Step::Given;
        }
    }
}

impl OfTask {
    /// The gateway's own route for the result.
    fn content(&self, core: &Arc<Core>) -> Option<Way> {
        let (content, id) = (self.kind.content.filter(|_| self.result == 0)?, self.id.as_deref()?);
        let unsent = content(core, id).into_unsent().ok()?;
        Some(Way { unsent: *unsent, link: None, step: Step::Content })
    }

    /// Asks about the task once more; how far it is, and why it failed.
    async fn ask(&mut self, core: &Arc<Core>) -> Result<(TaskState, Option<String>), Error> {
        let missing = || Error::bad_input("the answer names no task, so there is nothing to download");
        let id = self.id.as_deref().ok_or_else(missing)?;
        let found = tasks::results(core, self.kind, id).await?;
        self.urls = found.urls;
        Ok((found.state, found.why))
    }

    fn nothing(&self, state: TaskState, why: Option<String>) -> Error {
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        match (state, self.urls.len()) {
            (TaskState::Failed | TaskState::Cancelled, _) => {
                Error::task(Kind::Task, format!("the task ended without a result{why}"))
            }
            (TaskState::Succeeded, 0) => {
                Error::task(Kind::NoResult, "the task is done, but no answer says where its result is".to_owned())
            }
            (_, 0) => Error::bad_input("the task is not done, so there is nothing to download yet"),
            (_, count) => Error::bad_input(format!("the task has {count} results, there is no number {}", self.result)),
        }
    }
}

/// A link as a request.
fn follow(core: &Arc<Core>, address: &str, step: Step) -> Result<Way, Error> {
    let bad = |why: &str| Error::bad_input(format!("this is no address of a file: {why}"));
    // Some gateways leave their own host out.
    let mut url = Url::options().base_url(Some(core.base())).parse(address.trim()).map_err(|error| bad(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad(&format!("it begins with {}:", url.scheme())));
    }
    url.set_fragment(None);
    let own = url.origin() == core.base().origin();
    let request = core.builder().get(url).build().map_err(|error| Error::input(error.into(), Some(&FOREIGN)))?;
    Ok(Way { unsent: Unsent::new(if own { &OWN } else { &FOREIGN }, request), link: Some(address.to_owned()), step })
}
