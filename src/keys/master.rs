//! The keys under which callers' keys of providers are sealed.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::sealed::{Sealed, decode};

/// The keys under which callers' keys of providers are sealed: the newest seals, all of them open.
///
/// Sealed by XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha, over RFC 8439), whose nonce of 192 bits may be drawn, however many
/// are sealed. What is sealed is bound to its place: it opens nowhere else. Nothing prints a master key, and it is
/// overwritten when it is dropped.
///
/// ```
/// use switchtower::keys::{MasterKeys, Place};
///
/// let old = "00".repeat(32);
/// let place = Place { kind: "byok", id: "1", account: "acme" };
/// let sealed = MasterKeys::parse(&old)?.seal(b"sk-secret", &place, [7; 24]);
///
/// // Another key comes first from now on.
/// let keys = MasterKeys::parse(&format!("{} {old}", "11".repeat(32)))?;
/// assert_eq!(&**keys.open(&sealed, &place)?, b"sk-secret");
/// assert!(!keys.is_newest(&sealed));
/// let elsewhere = Place { id: "2", ..place };
/// assert!(keys.open(&sealed, &elsewhere).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MasterKeys(Vec<Master>);

struct Master {
    name: String,
    cipher: XChaCha20Poly1305,
}

/// Where something is kept that is sealed.
///
/// See the example of [`MasterKeys`].
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// What it is about.
    pub kind: &'a str,
    /// Its name among those of its kind.
    pub id: &'a str,
    /// The account that it is of.
    pub account: &'a str,
}

/// A text that holds no master keys: each has 32 bytes, in hexadecimal digits or in Base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAMasterKey;

/// What is sealed cannot be opened: by none of these keys, or not in this place, or it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotOpen;

// === impl MasterKeys ===

impl MasterKeys {
    /// Reads them, with blanks or commas between: the newest first, then those before it.
    ///
    /// # Errors
    ///
    /// [`NotAMasterKey`] if one of them is none, or if there is none.
    pub fn parse(text: &str) -> Result<Self, NotAMasterKey> {
        let each = text.split(|it: char| it.is_whitespace() || it == ',');
        let each = each.filter(|it| !it.is_empty());
        let keys: Vec<_> = each.map(Master::parse).collect::<Result<_, _>>()?;
        match keys.is_empty() {
            true => Err(NotAMasterKey),
            false => Ok(Self(keys)),
        }
    }

    /// Seals this under the newest, for this place. The nonce must be drawn anew each time.
    ///
    /// # Panics
    ///
    /// If it is longer than 256 GiB.
    #[must_use]
    pub fn seal(&self, plain: &[u8], place: &Place<'_>, nonce: [u8; 24]) -> Sealed {
        let Master { name, cipher } = &self.0[0];
        let bound = place.bytes();
        let sealed = cipher.encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: plain,
                aad: &bound,
            },
        );
        Sealed {
            by: name.clone(),
            nonce,
            text: sealed.expect("it is no longer than a cipher can take"),
        }
    }

    /// Opens what was sealed for this place. It is overwritten when it is dropped.
    ///
    /// # Errors
    ///
    /// [`CannotOpen`], without a word about why.
    pub fn open(
        &self,
        sealed: &Sealed,
        place: &Place<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let by = self.0.iter().find(|master| master.name == sealed.by);
        let bound = place.bytes();
        let payload = Payload {
            msg: &sealed.text,
            aad: &bound,
        };
        let nonce = XNonce::from(sealed.nonce);
        let opened = by.ok_or(CannotOpen)?.cipher.decrypt(&nonce, payload);
        opened.map(Zeroizing::new).map_err(|_| CannotOpen)
    }

    /// Is it sealed under the newest? Else it is better sealed anew.
    #[must_use]
    pub fn is_newest(&self, sealed: &Sealed) -> bool {
        self.0[0].name == sealed.by
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|key| &key.name))
            .finish()
    }
}

// === impl Master ===

impl Master {
    fn parse(text: &str) -> Result<Self, NotAMasterKey> {
        let key = decode(text).ok_or(NotAMasterKey)?;
        // Its name must not help to guess it: 64 bits of a digest of 256 random ones do not.
        let digest = Sha256::new()
            .chain_update(b"switchtower master key\0")
            .chain_update(*key)
            .finalize();
        Ok(Self {
            name: digest[..8]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            cipher: XChaCha20Poly1305::new(&Key::from(*key)),
        })
    }
}

// === impl Place ===

impl Place<'_> {
    /// With their lengths, so that no two places are spelled alike.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [self.kind, self.id, self.account] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

// === impl NotAMasterKey ===

impl fmt::Display for NotAMasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a master key has 32 bytes, in 64 hexadecimal digits or in Base64")
    }
}

impl std::error::Error for NotAMasterKey {}

// === impl CannotOpen ===

impl fmt::Display for CannotOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it cannot be opened with these master keys, in this place")
    }
}

impl std::error::Error for CannotOpen {}
