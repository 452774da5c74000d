//! The generated code of the example `tonic` is what its `.proto` says. After a change there:
//! `SWITCHTOWER_PROTOS=write cargo test --test protos`.

use std::fs;
use std::path::Path;

/// Made here, where it costs no user a build script or a `protoc`.
#[test]
fn the_committed_code_is_that_of_the_proto() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tonic");
    let made = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let files = protox::compile(["chat.proto"], [&example]).unwrap();
    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        .out_dir(made)
        .compile_fds(files)
        .unwrap();

    let (made, committed) = (made.join("chat.rs"), example.join("chat.rs"));
    if std::env::var_os("SWITCHTOWER_PROTOS").is_some_and(|wish| wish == "write") {
        fs::copy(made, committed).unwrap();
        return;
    }
    let (made, committed) = (fs::read_to_string(made), fs::read_to_string(committed));
    assert!(
        made.unwrap() == committed.unwrap_or_default(),
        "examples/tonic/chat.rs is not that of chat.proto: SWITCHTOWER_PROTOS=write cargo test --test protos"
    );
}
