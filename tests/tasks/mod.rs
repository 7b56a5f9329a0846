//! Long tasks: followed to their end, never lost, and many at once.

mod families;
mod table;
