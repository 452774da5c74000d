//! Where something stands in a catalogue: `models."openai/gpt-4o".endpoints[0].prices.prompt`.

use std::fmt;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Key(Box<str>),
    Item(usize),
}

// === impl Field ===

impl Field {
    pub(super) fn provider(slug: &str) -> Self {
        Field::default().key("providers").key(slug)
    }

    pub(super) fn model(id: &str) -> Self {
        Field::default().key("models").key(id)
    }

    pub(super) fn key(&self, key: &str) -> Self {
        self.with(Segment::Key(key.into()))
    }

    pub(super) fn item(&self, index: usize) -> Self {
        self.with(Segment::Item(index))
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.0
    }

    fn with(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Field(segments)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Item(item) => write!(f, "[{item}]")?,
                Segment::Key(key) => {
                    if index > 0 {
                        f.write_str(".")?;
                    }
                    if is_bare(key) {
                        f.write_str(key)?;
                    } else {
                        write!(f, "{key:?}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Does TOML write this key without quotes?
fn is_bare(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
