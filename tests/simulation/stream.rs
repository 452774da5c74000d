//! A stream, event by event, where it breaks, and how events become frames.

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use serde_json::{Value, json};

use crate::answer::{Asked, Manner, Word, bill_more, error};
use crate::book::{Bill, State};
use crate::script::{At, Fault, Script};
use crate::world::{Framing, Provider, Usage, pick, tailed};

/// One event: its data, or a comment; how long it takes to come; and how far the answer is then.
#[derive(Debug)]
pub(crate) struct Event {
    text: String,
    pub(crate) gap: Duration,
    state: State,
}

/// Events become frames, and behind the last one comes the end.
pub(crate) fn frame(
    script: &mut Script,
    random: &mut Rng,
    provider: &Provider,
    events: Vec<Event>,
) {
    let newline = provider.newline;
    let mut gathered: Option<(Duration, String, State)> = None;
    let mut before = State::default();
    for Event { text, gap, state } in events {
        let event = format!("{text}{newline}{newline}");
        match provider.framing {
            Framing::Each => script.send(gap, event.into(), state),
            Framing::Several => {
                let (wait, bytes, _) = gathered.take().unwrap_or_default();
                let (wait, bytes) = (wait + gap, bytes + &event);
                if random.u8(..3) == 0 {
                    script.send(wait, bytes.into(), state);
                } else {
                    gathered = Some((wait, bytes, state));
                }
            }
            Framing::Anywhere => {
                let (event, cuts) = (Bytes::from(event), random.usize(..8));
                // With the CR of its blank line it is all there.
                let whole = event.len() + 1 - newline.len();
                let (mut at, mut wait) = (0, gap);
                for piece in 0..=cuts {
                    let last = piece == cuts;
                    let end = if last {
                        event.len()
                    } else {
                        random.usize(at..event.len())
                    };
                    if end > at {
                        let state = if end < whole { before } else { state };
                        script.send(wait, event.slice(at..end), state);
                        wait = Duration::from_millis(u64::from(random.u8(..8) == 0));
                    }
                    at = end;
                }
            }
        }
        before = state;
    }
    if let Some((wait, bytes, state)) = gathered {
        script.send(wait, bytes.into(), state);
    }
    script.end();
}

pub(crate) fn events(
    fault: Fault,
    random: &mut Rng,
    provider: &Provider,
    asked: &Asked,
    words: &[Word],
    bill: Bill,
) -> Vec<Event> {
    let mut events = Vec::new();
    let mut state = State {
        bill,
        ..State::default()
    };
    let id = format!("u-{}", asked.call);
    let chunk = |choices: Value, usage: Option<&Bill>, more: bool| {
        let mut chunk = json!({"id": id, "object": "chat.completion.chunk", "created": 7, "model": "m", "choices": choices});
        match usage {
            Some(bill) => chunk["usage"] = serde_json::from_str(&bill.json()).unwrap(),
            None if more => chunk["usage"] = Value::Null,
            None => {}
        }
        format!("data: {chunk}")
    };
    let null = provider.usage == Usage::NullThenLast;
    let every = |state: &mut State| {
        let every = provider.usage == Usage::Every;
        state.told_usage |= every;
        every.then_some(state.bill)
    };
    let mut push =
        |text: String, gap: Duration, state: State| events.push(Event { text, gap, state });

    if provider.comments {
        push(": PROCESSING".to_owned(), Duration::from_millis(1), state);
    }
    for choice in 0..asked.choices {
        let role = json!([{"index": choice, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]);
        push(
            chunk(role, every(&mut state).as_ref(), null),
            Duration::ZERO,
            state,
        );
    }
    // All choices come at once: a word of one, a word of the other.
    let mut rest: Vec<Vec<&Word>> = (0..asked.choices)
        .map(|choice| {
            words
                .iter()
                .rev()
                .filter(|word| word.choice == choice)
                .collect()
        })
        .collect();
    let (mut amid, mut place) = (0, 0);
    while rest.iter().any(|words| !words.is_empty()) {
        let choice = random.usize(..asked.choices);
        let Some(word) = rest[choice].pop() else {
            continue;
        };
        let gap = if place == 0 {
            provider.first
        } else {
            provider.between
        };
        if provider.comments && random.u8(..8) == 0 {
            push(": keep-alive".to_owned(), Duration::ZERO, state);
        }
        bill_more(&mut state.bill, random, word.manner);
        state.said[choice] += word.text.len();
        let said = json!([{"index": choice, "delta": delta(word), "finish_reason": null}]);
        let gap = if gap.is_zero() {
            gap
        } else {
            tailed(random, gap)
        };
        push(chunk(said, every(&mut state).as_ref(), null), gap, state);
        place += 1;
        amid = if place * 2 <= words.len() {
            place
        } else {
            amid
        };
    }
    let spoken = events.len();
    let mut push = |text: String, state: State| {
        events.push(Event {
            text,
            gap: Duration::ZERO,
            state,
        })
    };
    if fault != Fault::NoFinish {
        for choice in 0..asked.choices {
            let tool = words
                .iter()
                .any(|word| word.choice == choice && word.manner == Manner::Call);
            let reason = if tool { "tool_calls" } else { "stop" };
            let finish = json!([{"index": choice, "delta": {}, "finish_reason": reason}]);
            state.whole = choice + 1 == asked.choices;
            let last = state.whole && provider.usage == Usage::WithFinish;
            state.told_usage |= last;
            let usage = if last {
                Some(state.bill)
            } else {
                every(&mut state)
            };
            push(chunk(finish, usage.as_ref(), null), state);
        }
    }
    let finished = events.len();
    let mut push = |text: String, state: State| {
        events.push(Event {
            text,
            gap: Duration::ZERO,
            state,
        })
    };
    if matches!(provider.usage, Usage::Last | Usage::NullThenLast) && asked.wants_usage {
        state.told_usage = true;
        push(chunk(json!([]), Some(&state.bill), false), state);
    }
    if fault != Fault::NoDone {
        state.whole = true;
        push("data: [DONE]".to_owned(), state);
    }
    let at = |at: At, random: &mut Rng| match at {
        At::Before => pick(random, &[0, asked.choices, usize::from(provider.comments)]),
        At::Amid => (spoken - words.len() + amid.max(1)).min(spoken),
        At::After => finished,
    };
    match fault {
        Fault::Cut(place) | Fault::Break(place) | Fault::Stall(place) => {
            events.truncate(at(place, random))
        }
        Fault::Error(place) | Fault::Malformed(place) => {
            let place = at(place, random);
            let state = place.checked_sub(1).map_or(
                State {
                    bill,
                    ..State::default()
                },
                |last| events[last].state,
            );
            let (text, state) = match fault {
                Fault::Malformed(_) => ("data: {\"choices\":[{\"index\":0,\"del".to_owned(), state),
                _ => {
                    let usage = random.bool();
                    let told_usage = state.told_usage || usage;
                    (
                        format!("data: {}", error(random, &state, usage)),
                        State {
                            told_usage,
                            ..state
                        },
                    )
                }
            };
            events.truncate(place);
            events.push(Event {
                text,
                gap: Duration::ZERO,
                state,
            });
            if random.bool() {
                events.push(Event {
                    text: "data: [DONE]".to_owned(),
                    gap: Duration::ZERO,
                    state,
                });
            }
        }
        _ => {}
    }
    events
}

fn delta(word: &Word) -> Value {
    let text = &word.text;
    match word.manner {
        Manner::Reasoning => json!({"reasoning": text}),
        Manner::Content => json!({"content": text}),
        Manner::Call => {
            json!({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}]})
        }
        Manner::Arguments => json!({"tool_calls": [{"index": 0, "function": {"arguments": text}}]}),
    }
}
