//! Long tasks: followed to their end, never lost, and many at once.

mod batch;
mod families;
mod many;
mod notify;
mod table;
