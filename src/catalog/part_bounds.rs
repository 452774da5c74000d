use crate::wire::Modality;

/// How many tokens can a part of a prompt take that is no text, and how often may the web be searched?
///
/// A hold that is to be a [true upper bound](super::HoldPolicy::Strict) needs it. An endpoint's own bounds win over its model's, and
/// those over what is [known](Self::known) of the model. What has no bound is not bounded.
///
/// ```
/// use switchtower::catalog::{Catalog, PartBounds};
/// use switchtower::wire::Modality;
///
/// let catalog = Catalog::from_toml(r#"
///     providers.acme.base_url = "https://api.acme.example/v1"
///     models.swift.bounds = { image = 1600, audio = 20000 }
///     [[models.swift.endpoints]]
///     provider = "acme"
///     model = "swift-2"
///     bounds = { image = 800, searches = 5, search = 8000 }
/// "#, "switchtower.toml", |_| None)?;
///
/// let bounds = catalog.models()[0].endpoints()[0].bounds();
/// assert_eq!(bounds.of(Modality::Image), Some(800));
/// assert_eq!(bounds.of(Modality::Audio), Some(20_000));
/// assert_eq!(bounds.of(Modality::Video), None);
/// # Ok::<(), switchtower::catalog::LoadError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartBounds {
    /// Tokens of an image.
    pub image: Option<u64>,
    /// Tokens of a document.
    pub file: Option<u64>,
    /// Tokens of a piece of sound.
    pub audio: Option<u64>,
    /// Tokens of a film.
    pub video: Option<u64>,
    /// Searches of the web that each answer to a request leads to that asks for it, unless the request says more.
    pub searches: Option<u64>,
    /// Tokens of what one search finds; zero where they are not billed. Under a limit nobody searches who does not say.
    pub search: Option<u64>,
}

/// The tokens of the largest image, by how a model's id begins: the first that fits.
///
/// OpenAI, "Images and vision", calculating costs: a base and eight tiles at the most (768 by 2,048 pixels in tiles of 512),
/// 85 + 8 × 170 for `gpt-4o` and 2,833 + 8 × 5,667 for its `mini`; or at most 1,536 patches, times 1.62 for
/// `gpt-4.1-mini` and 2.46 for `gpt-4.1-nano`. Anthropic, "Vision": a token for 750 pixels, of which the models that see most
/// look at 3.75 million.
const IMAGES: [(&str, u64); 5] = [
    ("openai/gpt-4o-mini", 48_169),
    ("openai/gpt-4o", 1_445),
    ("openai/gpt-4.1-mini", 2_489),
    ("openai/gpt-4.1-nano", 3_779),
    ("anthropic/claude-", 5_000),
];

// === impl PartBounds ===

impl PartBounds {
    /// No bounds at all.
    pub const NONE: Self = Self {
        image: None,
        file: None,
        audio: None,
        video: None,
        searches: None,
        search: None,
    };

    /// What is known of a model, by its id; of most it is nothing.
    ///
    /// ```
    /// use switchtower::catalog::PartBounds;
    ///
    /// assert_eq!(PartBounds::known("openai/gpt-4o").image, Some(1_445));
    /// assert_eq!(PartBounds::known("acme/swift"), PartBounds::NONE);
    /// ```
    #[must_use]
    pub fn known(model: &str) -> Self {
        let known = IMAGES.iter().find(|(start, _)| model.starts_with(start));
        Self {
            image: known.map(|(_, tokens)| *tokens),
            ..Self::NONE
        }
    }

    /// The tokens that a part of this form takes at the most.
    #[must_use]
    pub const fn of(&self, modality: Modality) -> Option<u64> {
        match modality {
            Modality::Image => self.image,
            Modality::File => self.file,
            Modality::Audio => self.audio,
            Modality::Video => self.video,
            Modality::Text | Modality::Embeddings => None,
        }
    }

    /// These, and the others where these say nothing.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            image: self.image.or(others.image),
            file: self.file.or(others.file),
            audio: self.audio.or(others.audio),
            video: self.video.or(others.video),
            searches: self.searches.or(others.searches),
            search: self.search.or(others.search),
        }
    }
}
