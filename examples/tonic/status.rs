//! Which gRPC code is our error?

use std::sync::Arc;

use switchtower::{Error, Kind};
use tonic::{Code, Status};

/// The error stays the source, for whoever wants to know more than a code.
pub(crate) fn status(error: Error) -> Status {
    let mut status = Status::new(code(error.kind()), error.message());
    status.set_source(Arc::new(error));
    status
}

/// gRPC clients repeat `Unavailable` by themselves: so it means what passes, and nothing else.
fn code(kind: Kind) -> Code {
    match kind {
        Kind::Unauthorized => Code::Unauthenticated,
        Kind::Forbidden => Code::PermissionDenied,
        Kind::UnknownModel | Kind::NoEndpoints | Kind::NotFound | Kind::ModelMissing => {
            Code::NotFound
        }
        Kind::MethodNotAllowed => Code::Unimplemented,
        Kind::PaymentRequired | Kind::QuotaExhausted | Kind::RateLimited => Code::ResourceExhausted,
        Kind::UpstreamAuth => Code::FailedPrecondition,
        Kind::SlowRequest | Kind::Elapsed(_) => Code::DeadlineExceeded,
        Kind::Internal => Code::Internal,
        kind if kind.is_transient() => Code::Unavailable,
        _ => Code::InvalidArgument,
    }
}
