//! Files on their way: from the gateway to the disk, and from the disk to the storage.

mod downloads;
mod server;
mod storage;
mod tasks;
mod texts;
mod uploads;
