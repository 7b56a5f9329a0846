//! A file that is not whole yet: `NAME.part`, and beside it `NAME.part.json`, which says what it is a part of. Both
//! outlive the program, so that the next run can go on.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use http::HeaderMap;
use http::header::{DATE, ETAG, LAST_MODIFIED};
use serde_json::{Value, json};

use super::checksum::Checksum;
use super::disk::Disk;
use super::names;

/// A download that was dropped finishes its last write first.
const LOCKED_FOR: Duration = Duration::from_secs(2);

/// More files of one name than anybody has.
const MOST_NUMBERS: u32 = 10_000;

/// What the bytes of a part belong to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Facts {
    /// The address without its query, which holds signatures.
    pub(super) from: String,
    /// What else it is known by, a task's id for example.
    pub(super) of: Option<String>,
    /// What `If-Range` can be asked with: a strong ETag, or a date.
    pub(super) validator: Option<String>,
    pub(super) length: Option<u64>,
    pub(super) checksum: Option<Checksum>,
    /// What the file is to be called, where the headers said it.
    pub(super) name: Option<String>,
    pub(super) media: Option<String>,
}

impl Facts {
    /// What the headers of a whole answer say of it.
    pub(super) fn of(headers: &HeaderMap, from: String, of: Option<String>) -> Self {
        let text = |name: http::HeaderName| headers.get(name)?.to_str().ok();
        Self {
            from,
            of,
            validator: validator(headers),
            length: text(http::header::CONTENT_LENGTH).and_then(|length| length.trim().parse().ok()),
            checksum: Checksum::of(headers),
            name: names::in_headers(headers),
            media: text(http::header::CONTENT_TYPE).map(str::to_owned),
        }
    }

    /// Whether the headers of a later answer belong to the same thing.
    pub(super) fn agree_with(&self, headers: &HeaderMap, total: Option<u64>) -> bool {
        let same_length = self.length.is_none() || total.is_none() || self.length == total;
        let now = headers.get(ETAG).or_else(|| headers.get(LAST_MODIFIED)).and_then(|value| value.to_str().ok());
        let tag = self.validator.as_deref().filter(|validator| validator.starts_with('"'));
        match tag {
            Some(tag) => same_length && now == Some(tag),
            // A date may be left out of a partial answer.
            None => same_length && text_of(headers, LAST_MODIFIED).is_none_or(|date| self.validator.as_deref() == Some(date)),
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "from": self.from,
            "of": self.of,
            "validator": self.validator,
            "length": self.length,
            "checksum": self.checksum.as_ref().map(Checksum::to_json),
            "name": self.name,
            "media": self.media,
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        Some(Self {
            from: text("from")?,
            of: text("of"),
            validator: text("validator"),
            length: value.get("length")?.as_u64(),
            checksum: value.get("checksum").and_then(Checksum::from_json),
            // Written by whoever could write here.
            name: text("name").and_then(|name| names::safe(&name)),
            media: text("media"),
        })
    }
}

fn text_of(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// A strong ETag; else the time of the last change, if it was over a second before the answer.
fn validator(headers: &HeaderMap) -> Option<String> {
    let date = |name| httpdate::parse_http_date(text_of(headers, name)?).ok();
    if let Some(tag) = text_of(headers, ETAG) {
        return (tag.starts_with('"') && tag.len() > 2).then(|| tag.to_owned());
    }
    let changed = date(LAST_MODIFIED)?;
    let settled = date(DATE)?.duration_since(changed).is_ok_and(|age| age >= Duration::from_secs(1));
    if settled { text_of(headers, LAST_MODIFIED).map(str::to_owned) } else { None }
}

/// Where a file is to come: under this name, or in this folder under the name that it comes with.
#[derive(Clone, Debug)]
pub(super) enum Target {
    File(PathBuf),
    Folder(PathBuf),
}

impl Target {
    pub(super) fn of(path: &Path) -> Self {
        let text = path.as_os_str().to_string_lossy();
        let folder = text.is_empty() || text.ends_with(std::path::is_separator) || path.is_dir();
        if folder { Self::Folder(path.to_owned()) } else { Self::File(path.to_owned()) }
    }

    /// In a folder the name is known only when the answer comes, so the part is called after what it is part of.
    fn part(&self, key: u64) -> PathBuf {
        let mut path = match self {
            Self::File(path) => path.as_os_str().to_owned(),
            Self::Folder(folder) => folder.join(format!("octopusx-{key:016x}")).into_os_string(),
        };
        path.push(".part");
        path.into()
    }
}

/// A part that this program alone writes.
#[derive(Clone)]
pub(super) struct Part {
    path: PathBuf,
    beside: PathBuf,
    target: Target,
    pub(super) facts: Facts,
}

/// A file that could not be read or written, and which.
pub(super) type Failed = (String, io::Error);

impl Part {
    /// Opens the part of a target, or makes one. `key` tells parts in one folder apart.
    pub(super) fn open(target: Target, key: u64) -> Result<(Self, Disk), Failed> {
        let path = target.part(key);
        let failed = |error| (format!("{} can't be written", path.display()), error);
        if let Target::Folder(folder) = &target
            && !folder.as_os_str().is_empty()
        {
            fs::create_dir_all(folder).map_err(|error| (format!("{} can't be made", folder.display()), error))?;
        }
        let file = locked(&path).map_err(failed)?;
        let mut disk = Disk::new(file).map_err(failed)?;
        let mut beside = path.clone().into_os_string();
        beside.push(".json");
        let beside = PathBuf::from(beside);
        let known = fs::read(&beside).ok().and_then(|text| Facts::from_json(&serde_json::from_slice(&text).ok()?));
        let facts = match known {
            Some(facts) => facts,
            // Nobody knows what it is a part of.
            None => {
                disk.clear().map_err(failed)?;
                Facts::default()
            }
        };
        Ok((Self { path, beside, target, facts }, disk))
    }

    /// Begins anew, as a part of something else. The old bytes go first: a part must never be taken for what it is not.
    pub(super) fn begin(&mut self, disk: &mut Disk, facts: Facts) -> Result<(), Failed> {
        disk.clear().map_err(|error| self.failed(error))?;
        let text = facts.to_json().to_string();
        fs::write(&self.beside, text).map_err(|error| (format!("{} can't be written", self.beside.display()), error))?;
        self.facts = facts;
        Ok(())
    }

    pub(super) fn failed(&self, error: io::Error) -> Failed {
        (format!("{} can't be written", self.path.display()), error)
    }

    /// Gives the whole file its name. What is on the disk by then stays whole also when the power fails.
    pub(super) fn finish(&self, disk: &Disk, otherwise: &str) -> Result<PathBuf, Failed> {
        disk.sync().map_err(|error| self.failed(error))?;
        let named = match &self.target {
            Target::File(path) => fs::rename(&self.path, path).map(|()| path.clone()),
            Target::Folder(folder) => {
                let name = self.facts.name.as_deref().unwrap_or(otherwise).to_owned();
                self.name_in(folder, &names::with_ending(name, self.facts.media.as_deref().unwrap_or_default()))
            }
        };
        let path = named.map_err(|error| (format!("{} can't be renamed", self.path.display()), error))?;
        // The file is whole and has its name; what is left beside it does no harm.
        let _ = fs::remove_file(&self.beside);
        Ok(path)
    }

    /// Takes the first name that is free: a name that came from elsewhere must not cost anybody a file.
    fn name_in(&self, folder: &Path, name: &str) -> io::Result<PathBuf> {
        for number in 1..MOST_NUMBERS {
            let path = folder.join(names::numbered(name, number));
            match fs::hard_link(&self.path, &path) {
                Ok(()) => return fs::remove_file(&self.path).map(|()| path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // No links on this file system.
                Err(_) if !path.try_exists()? => return fs::rename(&self.path, &path).map(|()| path),
                Err(_) => {}
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Removes a part in which there is nothing.
    pub(super) fn discard_if_empty(&self, disk: &Disk) {
        if disk.length() == 0 {
            let _ = fs::remove_file(&self.beside);
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens a file that nobody else writes.
fn locked(path: &Path) -> io::Result<File> {
    let until = Instant::now() + LOCKED_FOR;
    loop {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            // Who held the lock may have renamed the file meanwhile.
            Ok(()) if is_at(&file, path) => return Ok(file),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if Instant::now() > until => {
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another download writes it"));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(10)),
            // No locks on this file system.
            Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |facts: &fs::Metadata| (facts.dev(), facts.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(own), Ok(there)) if place(&own) == place(&there))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
