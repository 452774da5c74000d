//! The keys that callers bring: what each of them may do, and where they are kept.
//!
//! ```text
//! "Authorization: Bearer sk-or-v1-…" ─ SHA-256 ─▶ KeyId ─▶ KeyRing ─▶ Arc<Caller>
//!                                                           ├ expired, disabled, unknown: 401
//!                                                           └ KeySettings ⇄ JSON, in whatever store
//! ```
//!
//! A key is `sk-or-v1-` and 64 hexadecimal digits from the operating system's source of randomness. It is told once, to who makes it;
//! what is kept is its SHA-256, which is also its public name, and a label such as `sk-or-v1-abc...123`.
//!
//! **Time tells nothing.** A key that is brought is hashed first, and looked for by its hash. How long that takes depends on bytes
//! of the hash alone: to learn of a kept hash from it, somebody would have to find keys for hashes of its choice, which is
//! what SHA-256 does not allow; and the hashes are no secret, since the API of keys tells them.
//!
//! There are two classes. A key asks models; a management key makes, changes and deletes keys, and asks no model.
//!
//! ```
//! use std::time::{Duration, UNIX_EPOCH};
//! use switchtower::keys::{ApiKey, KeyRing, KeySettings, NotAdmitted, RingKey};
//!
//! let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
//! // From the operating system, in truth.
//! let key = ApiKey::from_bytes([7; 32]);
//! assert_eq!(key.label(), "sk-or-v1-070...707");
//!
//! let ring = KeyRing::default();
//! let settings = KeySettings {
//!     expires: Some(now + Duration::from_secs(60)),
//!     ..KeySettings::named("team", key.label(), now)
//! };
//! ring.put(RingKey::new(key.id(), 1, settings));
//!
//! assert!(ring.admit(key.id(), now).is_ok());
//! let later = now + Duration::from_secs(60);
//! assert_eq!(ring.admit(key.id(), later).unwrap_err(), NotAdmitted::Expired);
//! ```
//!
//! **Own keys of providers.** An account may have [keys of its own](ProviderKey) at providers, which are used for its requests alone: before
//! the endpoints that all share, those marked as fallbacks after them. At rest they are sealed, under a master key of the operator's.

mod api_key;
mod change;
mod document;
mod free_models;
#[cfg(feature = "gateway")]
mod master;
mod not_admitted;
mod provider_key;
mod provider_key_settings;
mod provider_keys;
mod rights;
mod ring;
mod ring_key;
mod rules;
#[cfg(feature = "gateway")]
mod sealed;
mod settings;

pub use self::api_key::ApiKey;
pub use self::change::KeyChange;
pub use self::document::NotSettings;
pub use self::free_models::FreeModels;
#[cfg(feature = "gateway")]
#[cfg_attr(docsrs, doc(cfg(feature = "gateway")))]
pub use self::master::{CannotOpen, MasterKeys, NotAMasterKey, Place};
pub use self::not_admitted::NotAdmitted;
pub use self::provider_key::ProviderKey;
pub use self::provider_key_settings::ProviderKeySettings;
pub use self::provider_keys::ProviderKeys;
pub use self::rights::{Class, Rights};
pub use self::ring::KeyRing;
pub use self::ring_key::RingKey;
#[cfg(feature = "gateway")]
#[cfg_attr(docsrs, doc(cfg(feature = "gateway")))]
pub use self::sealed::Sealed;
pub use self::settings::{KeySettings, Rates};
