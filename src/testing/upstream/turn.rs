//! The parts of one choice's message.

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    deltas::{Delta, Deltas},
    route::Route,
    shapes::{Choice, Function, Message, Tool},
    spell::Spell,
};
use crate::testing::script::{Answer, Finish};

/// The role-only delta, which a plain completion has not.
pub(super) fn opening<'a>(spell: &Spell, index: u32) -> Option<Choice<'a>> {
    let empty = Message {
        role: Some("assistant"),
        content: Some(Some(String::new())),
        refusal: Some(None),
        ..Message::default()
    };
    let choice = Choice {
        index,
        delta: Some(empty),
        ..Choice::default()
    };
    (spell.route == Route::Chat).then_some(choice)
}

/// One token.
pub(super) fn part<'a>(
    spell: &Spell,
    index: u32,
    delta: &Delta,
    reasoning_content: bool,
) -> Choice<'a> {
    if spell.route == Route::Completions {
        let text = match delta {
            Delta::Reasoning(text) | Delta::Content(text) => text.clone(),
            Delta::Tool { .. } | Delta::Arguments { .. } => String::new(),
        };
        return Choice {
            index,
            text: Some(text),
            ..Choice::default()
        };
    }
    let message = match delta.clone() {
        Delta::Content(text) => Message {
            content: Some(Some(text)),
            ..Message::default()
        },
        Delta::Reasoning(text) => Message {
            reasoning: reasoning(text, reasoning_content),
            ..Message::default()
        },
        Delta::Tool { index, id, name } => {
            let function = Function {
                name: Some(name.to_string()),
                arguments: String::new(),
            };
            tool(Tool {
                index: Some(index),
                id: Some(id),
                kind: Some("function"),
                function,
            })
        }
        Delta::Arguments { index, arguments } => {
            let function = Function {
                name: None,
                arguments,
            };
            tool(Tool {
                index: Some(index),
                id: None,
                kind: None,
                function,
            })
        }
    };
    Choice {
        index,
        delta: Some(message),
        ..Choice::default()
    }
}

/// The chunk that carries the finish reason.
pub(super) fn closing<'a>(spell: &Spell, index: u32, reason: &'a str) -> Choice<'a> {
    let choice = Choice {
        index,
        finish_reason: Some(reason),
        ..Choice::default()
    };
    match spell.route {
        Route::Completions => Choice {
            text: Some(String::new()),
            ..choice
        },
        _ => Choice {
            delta: Some(Message::default()),
            ..choice
        },
    }
}

pub(super) fn reasoning(text: String, as_content: bool) -> BTreeMap<&'static str, String> {
    let key = if as_content {
        "reasoning_content"
    } else {
        "reasoning"
    };
    BTreeMap::from([(key, text)])
}

/// Why it ended, once all deltas are out.
pub(super) fn finish_reason(answer: &Answer, deltas: &Deltas) -> Option<Cow<'static, str>> {
    match &answer.finish {
        Finish::Missing => None,
        Finish::Reason(reason) => Some(reason.to_string().into()),
        Finish::Natural if deltas.is_cut_short() => Some("length".into()),
        Finish::Natural if answer.tool_calls.is_empty() => Some("stop".into()),
        Finish::Natural => Some("tool_calls".into()),
    }
}

fn tool(call: Tool) -> Message {
    Message {
        tool_calls: vec![call],
        ..Message::default()
    }
}
