//! Many names in one.

/// A name of models, in which a `*` stands for any run of letters, none and slashes included.
///
/// These are the wildcards of OpenRouter's `allowed_models`.
///
/// ```
/// use switchtower::catalog::Pattern;
///
/// assert!(Pattern::new("anthropic/*").matches("anthropic/claude-sonnet-5.5"));
/// assert!(Pattern::new("*/claude-*").matches("anthropic/claude-sonnet-5.5"));
/// assert!(!Pattern::new("openai/gpt-5*").matches("openai/gpt-6-luna"));
/// assert!(!Pattern::new("openai/gpt").matches("openai/gpt-5"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Box<str>);

// === impl Pattern ===

impl Pattern {
    /// The most patterns that one list may have: each is held against each model.
    pub const MOST: usize = 256;

    /// Any text is one.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Is it a name, and nothing but one?
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// Does it stand for this name, letter for letter?
    ///
    /// It takes at most as many steps as the product of their lengths, however many stars there are.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (pattern, name) = (self.0.as_bytes(), name.as_bytes());
        let (mut at, mut read) = (0, 0);
        // After the last star, and what of the name it has left to the rest.
        let mut star: Option<(usize, usize)> = None;
        while read < name.len() {
            match (pattern.get(at), star) {
                (Some(b'*'), _) => {
                    at += 1;
                    star = Some((at, read));
                }
                (Some(letter), _) if *letter == name[read] => {
                    at += 1;
                    read += 1;
                }
                // It swallows one more. What an earlier star swallowed is as short as can be, and may stay so.
                (_, Some((after, from))) => {
                    at = after;
                    read = from + 1;
                    star = Some((after, read));
                }
                (_, None) => return false,
            }
        }
        pattern[at..].iter().all(|letter| *letter == b'*')
    }
}
