//! Tests of the whole check, inside the program: loading the documents once makes hundreds of checks affordable.
