//! Tools and answers from Rust types: schemas that each protocol takes, and the model's JSON read back.

mod calls;
mod impossible;
mod parsing;
mod protocols;
mod schemas;
mod types;
mod values;
