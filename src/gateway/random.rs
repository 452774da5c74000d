//! What nobody can guess.

use crate::error::Error;
use crate::kind::Kind;

/// Bytes of the operating system's source of randomness.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut random = [0; N];
    getrandom::fill(&mut random).map_err(|source| {
        let message = "the operating system gives no random numbers";
        Error::new(Kind::Internal, message).with_source(source.to_string())
    })?;
    Ok(random)
}
