//! An answer: its words, and the document that holds them.

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use serde_json::{Value, json};

use crate::book::{Bill, State};
use crate::script::{Fault, Script, Step};
use crate::stream;
use crate::world::{Provider, Usage, pick, tailed};

/// What an upstream was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The number of this call, which is in its id and in each of its words.
    pub(crate) call: u32,
    pub(crate) stream: bool,
    pub(crate) wants_usage: bool,
    pub(crate) choices: usize,
    pub(crate) prompt_bytes: u64,
    pub(crate) key: String,
    /// What all who are asked this draw their words from.
    pub(crate) alike: Option<u64>,
    /// Does it think in silence?
    pub(crate) plain: bool,
}

/// One word of an answer.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) choice: usize,
    pub(crate) text: String,
    pub(crate) manner: Manner,
}

/// How is a word said?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Reasoning,
    Content,
    /// A tool call begins.
    Call,
    Arguments,
}

/// Writes the answer into the script, up to where it breaks.
pub(crate) fn write(script: &mut Script, random: &mut Rng, provider: &Provider, asked: &Asked) {
    // Where answers are mended, all say the same but those that say something else.
    let words = match asked.alike {
        Some(seed) => words(&mut Rng::with_seed(seed), asked),
        None => words(random, asked),
    };
    for word in &words {
        script.full[word.choice] += &word.text;
    }
    let slow = if script.fault == Fault::Slow { 100 } else { 1 };
    let bill = Bill {
        prompt: asked.prompt_bytes / 4 + random.u64(1..20),
        ..Bill::default()
    };
    let bill = Bill {
        cached: random.u64(..=bill.prompt) * random.u64(..2),
        ..bill
    };
    let stream = asked.stream != (script.fault == Fault::WrongForm);
    if stream {
        script.headers.push((
            "content-type",
            "text/event-stream; charset=utf-8".to_owned(),
        ));
        let mut events = stream::events(script.fault, random, provider, asked, &words, bill);
        events.iter_mut().for_each(|event| event.gap *= slow);
        script.sized = false;
        stream::frame(script, random, provider, events);
    } else {
        script
            .headers
            .push(("content-type", "application/json".to_owned()));
        let took = provider.between * words.len() as u32 + provider.first;
        script.steps.push(Step::Wait(tailed(random, took) * slow));
        document(script, random, provider, asked, &words, bill);
    }
}

fn words(random: &mut Rng, asked: &Asked) -> Vec<Word> {
    let mut words = Vec::new();
    // The name of whose words they are.
    let whose = asked.alike.unwrap_or(asked.call.into());
    for choice in 0..asked.choices {
        let (reasoning, tool) = (random.u8(..4) == 0, random.u8(..5) == 0);
        // What was thought is not told a second time.
        let reasoning = reasoning && !asked.plain;
        let mut say = |text: String, manner| {
            words.push(Word {
                choice,
                text,
                manner,
            })
        };
        let word = |random: &mut Rng, place: usize| {
            let salt = pick(
                random,
                &["", "", "", "é", "\n", "\"", "😀", "data: ", "[DONE]"],
            );
            format!("{whose}.{choice}.{place}{salt} ")
        };
        let most = pick(random, &[4, 20, 20, 60]);
        let count = random.usize(1..most);
        if reasoning {
            (0..count / 2).for_each(|place| say(word(random, place), Manner::Reasoning));
        }
        if tool {
            say(String::new(), Manner::Call);
            say("{\"w\":\"".to_owned(), Manner::Arguments);
            for place in 0..count {
                say(format!("{whose}.{choice}.{place} "), Manner::Arguments);
            }
            say("\"}".to_owned(), Manner::Arguments);
        } else {
            (count / 2..count + 1).for_each(|place| say(word(random, place), Manner::Content));
        }
    }
    words
}

/// The sum after one more word.
pub(crate) fn bill_more(bill: &mut Bill, random: &mut Rng, manner: Manner) {
    let tokens = if random.u8(..10) == 0 { 3 } else { 1 };
    bill.completion += tokens;
    bill.reasoning += if manner == Manner::Reasoning {
        tokens
    } else {
        0
    };
}

/// An error inside a 200, in one of the manners of providers.
pub(crate) fn error(random: &mut Rng, state: &State, usage: bool) -> String {
    let finish = json!([{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]);
    let mut error = match random.u8(..4) {
        0 => json!({"error": {"message": "Overloaded", "type": "overloaded_error"}}),
        1 => json!({"error": {"code": 502, "message": "Upstream error"}, "choices": finish}),
        2 => json!({"error": "CUDA error: out of memory"}),
        _ => json!({"error": {"message": "slow down", "type": "rate_limit_error"}}),
    };
    if usage {
        error["usage"] = serde_json::from_str(&state.bill.json()).unwrap();
    }
    error.to_string()
}

fn document(
    script: &mut Script,
    random: &mut Rng,
    provider: &Provider,
    asked: &Asked,
    words: &[Word],
    bill: Bill,
) {
    let mut state = State {
        bill,
        ..State::default()
    };
    words
        .iter()
        .for_each(|word| bill_more(&mut state.bill, random, word.manner));
    let finish = if script.fault == Fault::NoFinish {
        Value::Null
    } else {
        "stop".into()
    };
    let choice = |choice: usize| {
        let content = &script.full[choice];
        json!({"index": choice, "message": {"role": "assistant", "content": content}, "finish_reason": finish})
    };
    let choices: Vec<_> = (0..asked.choices).map(choice).collect();
    let mut json = json!({"id": format!("u-{}", asked.call), "object": "chat.completion", "created": 7, "model": "m", "choices": choices});
    if provider.usage != Usage::Never {
        json["usage"] = serde_json::from_str(&state.bill.json()).unwrap();
        state.told_usage = true;
    }
    let mut text = json.to_string();
    let mut broken = true;
    match script.fault {
        Fault::Error(_) => text = error(random, &State::default(), false),
        Fault::Malformed(_) => text = "upstream connect error".to_owned(),
        Fault::Cut(_) | Fault::Break(_) | Fault::Stall(_) => {
            let mut end = random.usize(1..text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end.max(1));
            script.sized = false;
        }
        _ => broken = false,
    }
    // Of a document nothing is there before all of it is.
    let state = if broken {
        State {
            bill,
            ..State::default()
        }
    } else {
        State {
            whole: true,
            said: script.full.each_ref().map(String::len),
            ..state
        }
    };
    let text = Bytes::from(text);
    script.document = Some(text.clone());
    let mut at = 0;
    for _ in 0..random.usize(..3) {
        let end = random.usize(at..text.len());
        script.send(
            Duration::from_millis(random.u64(..5)),
            text.slice(at..end),
            State {
                bill,
                ..State::default()
            },
        );
        at = end;
    }
    script.send(Duration::ZERO, text.slice(at..), state);
    script.end();
}
