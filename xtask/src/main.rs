//! The project's own commands: `cargo xtask lint`.
fn main() {}
