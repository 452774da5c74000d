use bytes::Bytes;

use super::cuts::Cuts;
use super::json::Span;
use super::{Field, Fields, View, shape};

/// So many members are cut in nearly all requests: room for them is made faster than for all.
const FEW: usize = 4;

const ASK: &str = r#"{"include_usage":true}"#;

/// What is to be different in a request?
///
/// The edits of one request, made all at once by copying the body around them: everything that is not
/// edited stays as it is, byte for byte, and there is one allocation, or none when nothing changes.
///
/// ```
/// use bytes::Bytes;
/// use switchtower::wire::{Edits, Field, View};
///
/// let body = Bytes::from(r#"{"model":"acme/large", "seed":1e0, "models":["b"]}"#);
/// let view = View::read(&body)?;
/// let edited = Edits::new(&view)
///     .set(Field::Model, r#""large-2""#)
///     .remove(Field::Models)
///     .ask_for_usage()
///     .apply(&body);
/// assert_eq!(edited, r#"{"stream_options":{"include_usage":true},"model":"large-2", "seed":1e0}"#);
/// # Ok::<(), switchtower::wire::Invalid>(())
/// ```
///
/// ```text
/// body     {"model":"acme/large", "seed":1e0, "models":["b"]}
///           ╿       ╵──────────╵            ╵──────────────╵
/// edits   insert       set                       remove, with the comma before it
/// ```
#[derive(Clone, Debug)]
pub struct Edits<'a> {
    view: &'a View,
    edits: [Edit<'a>; Field::COUNT],
    // Those of which one is not `Keep`.
    edited: Fields,
}

/// What becomes of a member?
#[derive(Clone, Copy, Debug)]
enum Edit<'a> {
    Keep,
    Set(&'a str),
    Remove,
    AskForUsage,
}

// === impl Edits ===

impl<'a> Edits<'a> {
    /// No edits yet, of the request that `view` was read from.
    #[must_use]
    pub fn new(view: &'a View) -> Self {
        Self {
            view,
            edits: [Edit::Keep; Field::COUNT],
            edited: Fields::NONE,
        }
    }

    /// Gives a field this value, which is JSON, whether or not it is there.
    #[must_use]
    pub fn set(self, field: Field, json: &'a str) -> Self {
        debug_assert!(serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok());
        self.edit(field, Edit::Set(json))
    }

    /// Takes a field away, if it is there.
    #[must_use]
    pub fn remove(self, field: Field) -> Self {
        self.edit(field, Edit::Remove)
    }

    /// Makes `stream_options.include_usage` true and leaves its siblings alone.
    #[must_use]
    pub fn ask_for_usage(self) -> Self {
        self.edit(Field::StreamOptions, Edit::AskForUsage)
    }

    /// Takes these fields away, with their values.
    #[must_use]
    pub fn remove_all(mut self, fields: Fields) -> Self {
        for field in fields.iter() {
            self.edits[field as usize] = Edit::Remove;
            self.edited = self.edited.with(field);
        }
        self
    }

    /// The later edit of a field replaces the earlier one.
    fn edit(mut self, field: Field, edit: Edit<'a>) -> Self {
        self.edits[field as usize] = edit;
        self.edited = self.edited.with(field);
        self
    }

    /// Makes the edits in `body`, which must be the bytes that the view was read from.
    #[must_use]
    pub fn apply(&self, body: &Bytes) -> Bytes {
        match self.fields() {
            (cut, kept) if cut.len() <= FEW => self.made::<FEW>(cut, kept, body).apply(body),
            (cut, kept) => self.made::<{ Field::COUNT }>(cut, kept, body).apply(body),
        }
    }

    /// The same of a long one in pieces, of which the long ones are parts of `body`: it is not copied.
    pub(crate) fn apart(&self, body: &Bytes) -> Vec<Bytes> {
        match self.fields() {
            (cut, kept) if cut.len() <= FEW => self.made::<FEW>(cut, kept, body).apart(body),
            (cut, kept) => self.made::<{ Field::COUNT }>(cut, kept, body).apart(body),
        }
    }

    /// Which are cut, and how many members of the body stay.
    fn fields(&self) -> (Fields, u32) {
        let (mut cut, mut removed) = (Fields::NONE, 0);
        for field in self.edited.iter() {
            match (self.view.has(field), self.edits[field as usize]) {
                (true, Edit::Remove) => removed += 1,
                (false, Edit::Remove) => continue,
                _ => {}
            }
            cut = cut.with(field);
        }
        (cut, self.view.count - removed)
    }

    /// Those of these fields, of which there are at most so many; so many members of the body stay.
    fn made<const MOST: usize>(&self, fields: Fields, kept: u32, body: &[u8]) -> Cuts<'_, MOST> {
        let mut cuts = Cuts::<MOST>::new(self.view.open, kept);
        for field in fields.iter() {
            self.insert(field, &mut cuts);
        }
        for field in fields.iter() {
            self.change(field, body, &mut cuts);
        }
        cuts
    }

    fn insert<const MOST: usize>(&self, field: Field, cuts: &mut Cuts<'a, MOST>) {
        match self.edits[field as usize] {
            _ if self.view.has(field) => {}
            Edit::Set(json) => cuts.insert(field.name(), json),
            Edit::AskForUsage => cuts.insert(field.name(), ASK),
            Edit::Keep | Edit::Remove => {}
        }
    }

    fn change<const MOST: usize>(&self, field: Field, body: &[u8], cuts: &mut Cuts<'a, MOST>) {
        let Some(value) = self.view.value(field) else {
            return;
        };
        let member = Span {
            start: self.view.members[field as usize].start,
            end: value.end,
        };
        match self.edits[field as usize] {
            Edit::Keep => {}
            Edit::Set(json) => cuts.replace(value, json, body),
            Edit::Remove => cuts.remove(member),
            Edit::AskForUsage => match self.view.include_usage {
                Some(include) => cuts.replace(include, "true", body),
                None if value.of(body) == b"null" => cuts.replace(value, ASK, body),
                None => {
                    let more = !shape::hollow(value.of(body));
                    cuts.insert_at(value.start + 1, "include_usage", "true", more);
                }
            },
        }
    }
}
