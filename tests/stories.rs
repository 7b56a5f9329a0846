//! Whole stories against the embedded gateway.
