use std::fmt;

use super::json::Cursor;
use super::{Invalid, shape};

/// In how many bits does an endpoint keep a model's weights?
///
/// A caller who asks for `fp4` takes `mxfp4` and `nvfp4` too, and one who asks for `fp8` takes `mxfp8`.
///
/// ```
/// use switchtower::wire::{Quantization, Quantizations};
///
/// let asked = Quantizations::NONE.with(Quantization::Fp8);
/// assert!(asked.admits(Some(Quantization::Mxfp8)));
/// assert!(!asked.admits(None));
/// assert!(asked.with(Quantization::Unknown).admits(None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quantization {
    /// `int4`
    Int4,
    /// `int8`
    Int8,
    /// `fp4`
    Fp4,
    /// `mxfp4`
    Mxfp4,
    /// `nvfp4`
    Nvfp4,
    /// `fp6`
    Fp6,
    /// `fp8`
    Fp8,
    /// `mxfp8`
    Mxfp8,
    /// `fp16`
    Fp16,
    /// `bf16`
    Bf16,
    /// `fp32`
    Fp32,
    /// `unknown`, which is also what an endpoint has that says nothing.
    Unknown,
}

/// Which ones does a caller take? A set of them. See [`Quantization`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Quantizations(u16);

// === impl Quantization ===

impl Quantization {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Int4,
        Self::Int8,
        Self::Fp4,
        Self::Mxfp4,
        Self::Nvfp4,
        Self::Fp6,
        Self::Fp8,
        Self::Mxfp8,
        Self::Fp16,
        Self::Bf16,
        Self::Fp32,
        Self::Unknown,
    ];

    /// How OpenRouter spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int4 => "int4",
            Self::Int8 => "int8",
            Self::Fp4 => "fp4",
            Self::Mxfp4 => "mxfp4",
            Self::Nvfp4 => "nvfp4",
            Self::Fp6 => "fp6",
            Self::Fp8 => "fp8",
            Self::Mxfp8 => "mxfp8",
            Self::Fp16 => "fp16",
            Self::Bf16 => "bf16",
            Self::Fp32 => "fp32",
            Self::Unknown => "unknown",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|quantization| quantization.name() == name)
    }

    /// The one whose name covers it.
    const fn family(self) -> Self {
        match self {
            Self::Mxfp4 | Self::Nvfp4 => Self::Fp4,
            Self::Mxfp8 => Self::Fp8,
            other => other,
        }
    }
}

// === impl Quantizations ===

impl Quantizations {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// With this one.
    #[must_use]
    pub const fn with(self, quantization: Quantization) -> Self {
        Self(self.0 | 1 << quantization as u16)
    }

    /// Does the caller take an endpoint with this quantization? None means that it says nothing.
    #[must_use]
    pub const fn admits(self, quantization: Option<Quantization>) -> bool {
        let quantization = match quantization {
            Some(quantization) => quantization,
            None => Quantization::Unknown,
        };
        self.contains(quantization) || self.contains(quantization.family())
    }

    /// Is there none?
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Reads an array of names or null.
    pub(super) fn read(cursor: &mut Cursor<'_>, field: &'static str) -> Result<Self, Invalid> {
        let expected = "null, or an array of `int4`, `int8`, `fp4`, `mxfp4`, `nvfp4`, `fp6`, `fp8`, `mxfp8`, `fp16`, \
                        `bf16`, `fp32` and `unknown`";
        let mut wanted = Self::NONE;
        let text = cursor.source();
        shape::strings_or_null(cursor, field, expected, |name| {
            let named = Quantization::named(&name.decode(text));
            wanted = named.map_or(wanted, |quantization| wanted.with(quantization));
            named.is_some()
        })?;
        Ok(wanted)
    }

    const fn contains(self, quantization: Quantization) -> bool {
        self.0 & 1 << quantization as u16 != 0
    }
}

impl fmt::Debug for Quantizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = Quantization::ALL.into_iter();
        let names = all.filter(|q| self.contains(*q)).map(Quantization::name);
        f.debug_set().entries(names).finish()
    }
}
