//! Tower layers that take one OpenAI-compatible call to whichever provider can answer it, and that
//! follow the answer to its last byte.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs)]

#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
