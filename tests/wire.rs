//! The wire formats, through their public surface: examples, hostile input, and properties against
//! serde_json and sse-stream.

mod wire {
    mod chunk;
    mod cursor;
    mod json;
    mod messages;
    mod number;
    mod parameters;
    mod preferences;
    mod splice;
    mod sse;
    mod view;
}
