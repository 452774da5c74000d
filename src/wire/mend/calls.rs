/// The calls of tools that a stream has told so far: some providers do not say to which of them a part belongs.
#[derive(Debug, Default)]
pub(crate) struct Calls(Vec<Last>);

/// The last call of a choice.
#[derive(Debug)]
struct Last {
    choice: u64,
    index: u64,
    id: Box<[u8]>,
}

/// As many choices as one may ask for.
const CHOICES: usize = 128;

// === impl Calls ===

impl Calls {
    /// The index of a part: its own, or that of the last call of its choice, as long as no new `id` begins another.
    /// `place` is that in its list.
    pub(crate) fn index(&mut self, choice: u64, own: Option<u64>, id: &[u8], place: u64) -> u64 {
        let room = self.0.len() < CHOICES;
        let last = self.0.iter_mut().find(|last| last.choice == choice);
        let begins = |last: &Last| !id.is_empty() && *id != *last.id;
        let index = match (own, &last) {
            (Some(own), _) => own,
            (None, Some(last)) if begins(last) => last.index.saturating_add(1),
            // Two parts in one list are of two calls.
            (None, Some(last)) => last.index.max(place),
            (None, None) => place,
        };
        match last {
            Some(last) => {
                last.index = index;
                if !id.is_empty() {
                    last.id = id.into();
                }
            }
            None if room => {
                let id = id.into();
                self.0.push(Last { choice, index, id });
            }
            None => {}
        }
        index
    }
}
