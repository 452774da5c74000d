use std::borrow::Cow;

use bytes::Bytes;
use fastrand::Rng;

use super::{
    Tokens,
    asked::Asked,
    deltas::{Delta, Deltas},
    route::Route,
    shapes::{Choice, Function, Message, Tool},
    spell::{Spell, error, error_body},
    step::Step,
    tally::Tally,
    turn,
};
use crate::testing::{Failure, Script, UsageManner};

/// All deltas of an answer, and how they ended.
pub(super) struct Spoken {
    deltas: Vec<Delta>,
    reason: Option<Cow<'static, str>>,
    choices: u32,
    served: Tokens,
}

// === impl Spoken ===

impl Spoken {
    pub(super) fn new(script: &Script, asked: &Asked, rng: Rng) -> Self {
        let mut deltas = Deltas::new(&script.answer, asked.limit, rng);
        let all = deltas.by_ref().collect();
        let reason = turn::finish_reason(&script.answer, &deltas);
        let choices = script.answer.choice_count(asked.choices);
        let mut spoken = Self {
            deltas: all,
            reason,
            choices,
            served: Tokens::default(),
        };
        spoken.tally(script, asked);
        spoken
    }

    /// Keeps the first `count` tokens.
    pub(super) fn truncate(&mut self, count: u64, script: &Script, asked: &Asked) {
        self.deltas
            .truncate(usize::try_from(count).unwrap_or(usize::MAX));
        self.tally(script, asked);
    }

    fn tally(&mut self, script: &Script, asked: &Asked) {
        let mut tally = Tally::new(&script.answer, asked);
        tally.prompt();
        for delta in self
            .deltas
            .iter()
            .flat_map(|delta| std::iter::repeat_n(delta, self.choices as usize))
        {
            tally.token(matches!(delta, Delta::Reasoning(_)));
        }
        self.served = tally.served();
    }

    pub(super) fn account(&self, script: &Script) -> (Tokens, Option<Tokens>) {
        let told = match script.usage {
            UsageManner::Never => None,
            UsageManner::ExplicitZero => Some(Tokens::default()),
            _ => Some(self.served),
        };
        (self.served, told)
    }

    /// As long as the stream would have taken.
    pub(super) fn waits(&self, script: &Script) -> Vec<Step> {
        let gaps = u32::try_from(self.deltas.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let wait = script.pace.first_token + script.pace.between.saturating_mul(gaps);
        if wait.is_zero() {
            Vec::new()
        } else {
            vec![Step::Wait(wait)]
        }
    }

    pub(super) fn spelled(
        &self,
        script: &Script,
        spell: &Spell,
        failure: Option<&Failure>,
    ) -> Bytes {
        if let Some(failure) = failure.filter(|failure| !failure.openrouter) {
            return error_body(failure).into();
        }
        let choices = (0..self.choices).map(|index| {
            let reason = if failure.is_some() {
                Some("error")
            } else {
                self.reason.as_deref()
            };
            let choice = Choice {
                index,
                error: failure.map(error),
                finish_reason: reason,
                ..Choice::default()
            };
            match spell.route {
                Route::Completions => Choice {
                    text: Some(self.content()),
                    ..choice
                },
                _ => Choice {
                    message: Some(self.message(script)),
                    ..choice
                },
            }
        });
        let (_, told) = self.account(script);
        spell.whole(choices.collect(), told.map(Into::into))
    }

    fn message(&self, script: &Script) -> Message {
        let thoughts: String = self.deltas.iter().filter_map(Delta::reasoning).collect();
        let content = self.content();
        let tool_calls = self.tools();
        let silent = content.is_empty() && !tool_calls.is_empty();
        Message {
            role: Some("assistant"),
            content: Some((!silent).then_some(content)),
            reasoning: match thoughts.is_empty() {
                true => Default::default(),
                false => turn::reasoning(thoughts, script.answer.reasoning_content),
            },
            refusal: Some(None),
            tool_calls,
        }
    }

    fn content(&self) -> String {
        self.deltas.iter().filter_map(Delta::content).collect()
    }

    fn tools(&self) -> Vec<Tool> {
        let mut tools: Vec<Tool> = Vec::new();
        for delta in &self.deltas {
            match delta {
                Delta::Tool { id, name, .. } => {
                    let function = Function {
                        name: Some(name.to_string()),
                        arguments: String::new(),
                    };
                    let (id, kind) = (Some(id.clone()), Some("function"));
                    tools.push(Tool {
                        index: None,
                        id,
                        kind,
                        function,
                    });
                }
                Delta::Arguments { arguments, .. } => {
                    let tool = tools.last_mut().expect("arguments follow their tool");
                    tool.function.arguments.push_str(arguments);
                }
                Delta::Reasoning(_) | Delta::Content(_) => {}
            }
        }
        tools
    }
}
