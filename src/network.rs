//! What does the error of a client mean?

use std::error::Error;
use std::io;

use crate::kind::Kind;

/// What happened, and how it is told.
pub(crate) fn what(error: &(dyn Error + 'static)) -> (Kind, &'static str) {
    if is_ours(error) {
        (Kind::Internal, "the gateway is out of file descriptors")
    } else if is_connect(error) {
        (Kind::Connect, "could not connect to the provider")
    } else {
        (Kind::Disconnected, "the connection to the provider broke")
    }
}

/// Is it our own lack of descriptors (`ENFILE` 23, `EMFILE` 24), which no provider is to blame for?
fn is_ours(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<io::Error>();
        if cfg!(unix) && matches!(io.and_then(io::Error::raw_os_error), Some(23 | 24)) {
            return true;
        }
        next = error.source();
    }
    false
}

/// Was no byte of the request on its way yet? Clients hide the `io::Error` at different depths.
fn is_connect(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
    let mut next = Some(error);
    while let Some(error) = next {
        #[cfg(feature = "hyper")]
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return error.is_connect();
        }
        #[cfg(feature = "reqwest")]
        if let Some(error) = error.downcast_ref::<reqwest::Error>() {
            return error.is_connect();
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return matches!(
                io.kind(),
                ConnectionRefused | AddrNotAvailable | HostUnreachable | NetworkUnreachable
            );
        }
        next = error.source();
    }
    false
}
