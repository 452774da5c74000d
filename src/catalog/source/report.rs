//! What became of the rows of a source.

use std::fmt;

use super::{Format, Gap, Skipped};

/// What one source gave to a catalogue: every row of it is either taken or skipped for a reason, and every price of a
/// taken row is either on its list or told here.
///
/// ```
/// use switchtower::catalog::{Catalog, Skipped};
///
/// let toml = r#"
///     sources = ["prices.json"]
///     providers.openai.base_url = "https://api.openai.com/v1"
/// "#;
/// let map = r#"{
///     "gpt-5": {"litellm_provider": "openai", "mode": "chat",
///               "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05,
///               "input_cost_per_token_batches": 6.25e-07},
///     "whisper-1": {"litellm_provider": "openai", "mode": "audio_transcription"}
/// }"#;
/// let files = |_: &str| Ok(map.as_bytes().to_vec());
/// let catalog = Catalog::from_toml_with(toml, "switchtower.toml", |_| None, files)?;
///
/// let report = &catalog.reports()[0];
/// assert_eq!((report.rows(), report.taken(), report.skipped(Skipped::Mode)), (2, 1, 1));
/// assert_eq!(
///     report.unpriced()[0].to_string(),
///     "openai/gpt-5: input_cost_per_token_batches: of batches, which are not served"
/// );
/// # Ok::<(), switchtower::catalog::LoadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Report {
    source: Box<str>,
    format: Format,
    revision: Box<str>,
    rows: usize,
    taken: usize,
    skipped: [usize; Skipped::ALL.len()],
    gaps: [usize; Gap::ALL.len()],
    unpriced: Vec<Unpriced>,
}

/// A price that a source has and a list has not. See [`Report`] for an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpriced {
    /// The id of the model.
    pub model: Box<str>,
    /// What the source calls the price.
    pub dimension: Box<str>,
    /// Why it is not on the list.
    pub why: Gap,
}

// === impl Report ===

impl Report {
    /// The most unpriced dimensions that are told one by one; all of them are counted.
    pub const MAX_UNPRICED: usize = 1_000;

    pub(super) fn new(source: &str, format: Format, revision: Box<str>) -> Self {
        Report {
            source: source.into(),
            format,
            revision,
            rows: 0,
            taken: 0,
            skipped: [0; Skipped::ALL.len()],
            gaps: [0; Gap::ALL.len()],
            unpriced: Vec::new(),
        }
    }

    /// The file as the catalogue names it, or `embedded`.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What kind of file it is.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// A short name for its content: twelve hex digits of its SHA-256.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// All rows: those taken and those skipped.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The rows that are in the catalogue, whether they are in force or a layer above has said the same.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// The rows that were skipped for this reason.
    #[must_use]
    pub fn skipped(&self, why: Skipped) -> usize {
        self.skipped[why as usize]
    }

    /// The prices of taken rows that are on no list, for this reason.
    #[must_use]
    pub fn gaps(&self, why: Gap) -> usize {
        self.gaps[why as usize]
    }

    /// The first [`MAX_UNPRICED`](Self::MAX_UNPRICED) of them, one by one.
    #[must_use]
    pub fn unpriced(&self) -> &[Unpriced] {
        &self.unpriced
    }

    pub(super) fn take(&mut self) {
        self.rows += 1;
        self.taken += 1;
    }

    pub(super) fn skip(&mut self, why: Skipped) {
        self.rows += 1;
        self.skipped[why as usize] += 1;
    }

    /// A row that was taken is skipped after all.
    pub(super) fn retract(&mut self, why: Skipped) {
        self.taken -= 1;
        self.skipped[why as usize] += 1;
    }

    pub(super) fn gap(&mut self, model: &str, dimension: &str, why: Gap) {
        self.gaps[why as usize] += 1;
        if self.unpriced.len() < Self::MAX_UNPRICED {
            self.unpriced.push(Unpriced {
                model: model.into(),
                dimension: dimension.into(),
                why,
            });
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            format,
            revision,
            rows,
            taken,
            ..
        } = self;
        write!(
            f,
            "{source}: {format}, revision {revision}: {taken} of {rows} rows taken"
        )?;
        let mut before = "; skipped: ";
        for why in Skipped::ALL
            .into_iter()
            .filter(|why| self.skipped(*why) > 0)
        {
            write!(f, "{before}{} {why}", self.skipped(why))?;
            before = ", ";
        }
        let mut before = "; prices left out: ";
        for why in Gap::ALL.into_iter().filter(|why| self.gaps(*why) > 0) {
            write!(f, "{before}{} {why}", self.gaps(why))?;
            before = ", ";
        }
        Ok(())
    }
}

impl fmt::Display for Unpriced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.model, self.dimension, self.why)
    }
}
