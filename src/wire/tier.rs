/// In which class of service is a request answered?
///
/// An endpoint whose tag ends in the name of a tier, such as `openai/priority`, serves that tier and no other; it
/// is asked only by those who ask for it.
///
/// ```
/// use switchtower::wire::Tier;
///
/// assert_eq!(Tier::named("fast"), Some(Tier::Priority));
/// assert_eq!(Tier::of_tag("openai/priority"), Some(Tier::Priority));
/// assert_eq!(Tier::of_tag("openai"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tier {
    /// `default`: what everybody gets.
    Default,
    /// `flex`: cheaper, and slower.
    Flex,
    /// `priority`, also called `fast`: faster, and dearer.
    Priority,
}

// === impl Tier ===

impl Tier {
    /// How OpenRouter spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Flex => "flex",
            Self::Priority => "priority",
        }
    }

    /// The tier of that name; none of `auto` and `scale`, which leave it to the provider.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "default" => Some(Self::Default),
            "flex" => Some(Self::Flex),
            "priority" | "fast" => Some(Self::Priority),
            _ => None,
        }
    }

    /// The tier that an answer names: as [`named`](Self::named), and `standard` and `on_demand` as Google, Anthropic and
    /// Groq call the default.
    #[must_use]
    pub fn served(name: &str) -> Option<Self> {
        match name {
            "standard" | "on_demand" => Some(Self::Default),
            name => Self::named(name),
        }
    }

    /// What a request that says so asks for: perhaps nothing, and never what nobody knows.
    pub(super) fn asked(name: &str) -> Option<Option<Self>> {
        match name {
            "auto" | "scale" => Some(None),
            _ => Self::named(name).map(Some),
        }
    }

    /// The tier that an endpoint with this tag serves, if it is not the default.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let (_, last) = tag.rsplit_once('/')?;
        Self::named(last).filter(|tier| *tier != Self::Default)
    }
}
