use std::fmt;

use super::json::Cursor;
use super::{Invalid, shape};

/// In which form does a model read or write?
///
/// ```
/// use switchtower::wire::{Modalities, Modality};
///
/// assert_eq!(Modality::named("image"), Some(Modality::Image));
/// let sees = Modalities::from_iter([Modality::Text, Modality::Image]);
/// assert!(sees.covers(Modalities::TEXT));
/// assert!(!Modalities::TEXT.covers(sees));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Modality {
    /// Words.
    Text,
    /// Pictures.
    Image,
    /// Documents, such as PDF.
    File,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Vectors.
    Embeddings,
}

/// Which forms? A set of them. See [`Modality`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Modalities(u8);

// === impl Modality ===

impl Modality {
    /// All of them, in OpenRouter's order.
    pub const ALL: [Self; 6] = [
        Self::Text,
        Self::Image,
        Self::File,
        Self::Audio,
        Self::Video,
        Self::Embeddings,
    ];

    /// How OpenRouter spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::File => "file",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Embeddings => "embeddings",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|modality| modality.name() == name)
    }
}

// === impl Modalities ===

impl Modalities {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Words alone.
    pub const TEXT: Self = Self::NONE.with(Modality::Text);

    /// With this one.
    #[must_use]
    pub const fn with(self, modality: Modality) -> Self {
        Self(self.0 | 1 << modality as u8)
    }

    /// Is this one among them?
    #[must_use]
    pub const fn contains(self, modality: Modality) -> bool {
        self.0 & 1 << modality as u8 != 0
    }

    /// Are all of `needed` among them?
    #[must_use]
    pub const fn covers(self, needed: Self) -> bool {
        needed.0 & !self.0 == 0
    }

    /// Is there none?
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Reads what a request calls `modalities`: the forms in which a chat can answer.
    pub(super) fn read(cursor: &mut Cursor<'_>, field: &'static str) -> Result<Self, Invalid> {
        let expected = "null, or an array of `text`, `image` and `audio`";
        let mut wanted = Self::NONE;
        let text = cursor.source();
        shape::strings_or_null(cursor, field, expected, |name| {
            let modality = match &*name.bytes(text) {
                b"text" => Modality::Text,
                b"image" => Modality::Image,
                b"audio" => Modality::Audio,
                _ => return false,
            };
            wanted = wanted.with(modality);
            true
        })?;
        Ok(wanted)
    }

    /// In OpenRouter's order.
    pub fn iter(self) -> impl Iterator<Item = Modality> {
        let all = Modality::ALL.into_iter();
        all.filter(move |modality| self.contains(*modality))
    }
}

impl FromIterator<Modality> for Modalities {
    fn from_iter<I: IntoIterator<Item = Modality>>(modalities: I) -> Self {
        modalities.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Modalities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.iter().map(Modality::name);
        f.debug_set().entries(names).finish()
    }
}
