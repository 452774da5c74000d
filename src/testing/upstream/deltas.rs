use std::{collections::VecDeque, sync::Arc};

use fastrand::Rng;

use crate::testing::script::{Answer, Content, ToolCall};

/// The parts of an answer, one token each, in the order in which they are sent.
#[derive(Debug)]
pub(super) struct Deltas {
    rng: Rng,
    token_bytes: usize,
    reasoning: u64,
    content: Words,
    tools: VecDeque<Delta>,
    left: u64,
    begun: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Delta {
    Reasoning(String),
    Content(String),
    Tool {
        index: usize,
        id: String,
        name: Arc<str>,
    },
    Arguments {
        index: usize,
        arguments: String,
    },
}

#[derive(Debug)]
enum Words {
    Given(VecDeque<String>),
    MadeUp(u64),
}

const WORDS: [&str; 16] = [
    "the", "train", "leaves", "from", "track", "nine", "and", "arrives", "at", "noon", "while",
    "signals", "turn", "green", "over", "points",
];

/// Arguments of a tool call arrive in parts of about this many characters.
const ARGUMENT_CHARS: usize = 6;

// === impl Deltas ===

impl Deltas {
    pub(super) fn new(answer: &Answer, limit: Option<u64>, rng: Rng) -> Self {
        let content = match &answer.content {
            Content::Text(text) => {
                Words::Given(text.split_inclusive(' ').map(str::to_owned).collect())
            }
            Content::Tokens(count) => Words::MadeUp(*count),
        };
        let limit = limit.filter(|_| !answer.ignore_limits).unwrap_or(u64::MAX);
        Self {
            rng,
            token_bytes: answer.token_bytes,
            reasoning: answer.reasoning,
            content,
            tools: answer
                .tool_calls
                .iter()
                .enumerate()
                .flat_map(parts_of)
                .collect(),
            left: limit.saturating_sub(answer.hidden_reasoning),
            begun: false,
        }
    }

    /// Was there more to say than the limit let through?
    pub(super) fn is_cut_short(&self) -> bool {
        let words = match &self.content {
            Words::Given(words) => words.len() as u64,
            Words::MadeUp(count) => *count,
        };
        self.reasoning + words + self.tools.len() as u64 > 0
    }

    fn made_up(&mut self) -> String {
        let word = self.rng.choice(WORDS).unwrap_or("the");
        let mut token = if self.begun {
            format!(" {word}")
        } else {
            word.to_owned()
        };
        let missing = self.token_bytes.saturating_sub(token.len());
        token.extend(std::iter::repeat_n('~', missing));
        self.begun = true;
        token
    }
}

impl Iterator for Deltas {
    type Item = Delta;

    fn next(&mut self) -> Option<Delta> {
        self.left = self.left.checked_sub(1)?;
        if self.reasoning > 0 {
            self.reasoning -= 1;
            return Some(Delta::Reasoning(self.made_up()));
        }
        let word = match &mut self.content {
            Words::Given(words) => words.pop_front(),
            Words::MadeUp(0) => None,
            Words::MadeUp(count) => {
                *count -= 1;
                Some(self.made_up())
            }
        };
        word.map(Delta::Content).or_else(|| self.tools.pop_front())
    }
}

// === impl Delta ===

impl Delta {
    pub(super) fn reasoning(&self) -> Option<&str> {
        match self {
            Self::Reasoning(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn content(&self) -> Option<&str> {
        match self {
            Self::Content(text) => Some(text),
            _ => None,
        }
    }
}

/// First who is called, then with what.
fn parts_of((index, call): (usize, &ToolCall)) -> Vec<Delta> {
    let id = format!("call_{index:024}");
    let mut parts = vec![Delta::Tool {
        index,
        id,
        name: Arc::clone(&call.name),
    }];
    let arguments: Vec<char> = call.arguments.chars().collect();
    parts.extend(arguments.chunks(ARGUMENT_CHARS).map(|part| {
        let arguments = part.iter().collect();
        Delta::Arguments { index, arguments }
    }));
    parts
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::{Delta, Deltas};
    use crate::testing::Script;

    #[test]
    fn a_text_is_cut_at_the_limit() {
        let answer = Script::new().text("one two three").answer;
        let mut deltas = Deltas::new(&answer, Some(2), Rng::with_seed(7));
        let said: Vec<_> = deltas.by_ref().collect();
        assert_eq!(
            said,
            [Delta::Content("one ".into()), Delta::Content("two ".into())]
        );
        assert!(deltas.is_cut_short());
    }

    #[test]
    fn a_seed_says_the_same_twice() {
        let answer = Script::new().reasoning(3).tokens(5).answer;
        let say = || Deltas::new(&answer, None, Rng::with_seed(7)).collect::<Vec<_>>();
        assert_eq!(say(), say());
        assert_eq!(say().len(), 8);
    }
}
