//! The calls of tools of one answer, put together and judged.

use std::cell::OnceCell;
use std::fmt;

use serde_json::Value;

use super::fit::fits;
use crate::attempt::Attempt;
use crate::payload::Payload;
use crate::wire::calls::{Part, each_part};
use crate::wire::json::{Cursor, Problem, Syntax};
use crate::wire::tools::{Tool, tools};
use crate::wire::{BadCall, Chunk, Field, Finish, mend};

/// How much of names and arguments is put together. An answer with more of them is not judged.
const KEEP: usize = 64 << 10;
/// How many calls are, be they over or not: the tools are read anew whenever some are.
const CALLS: usize = 128;
/// How long the description of the tools may be: it is copied, so that the rest of the request need not stay.
const TOOLS: usize = 256 << 10;

/// What an answer has called so far. Only a request that offers tools has one.
pub(super) struct Calls {
    /// The value of the request's `tools`.
    tools: Box<[u8]>,
    told: mend::Calls,
    open: Vec<Call>,
    room: usize,
    /// How many calls there have been.
    calls: usize,
    /// Has one of its choices ended in calls?
    called: bool,
    bad: Option<BadCall>,
    /// Is it too much to be judged?
    too_much: bool,
}

/// A call that is being told.
struct Call {
    choice: u64,
    index: u64,
    name: Vec<u8>,
    arguments: Vec<u8>,
    custom: bool,
}

// === impl Calls ===

impl Calls {
    /// Of the answer to this request.
    pub(super) fn of(request: &Payload) -> Option<Box<Self>> {
        let view = request.view();
        let tools = view.value(Field::Tools).filter(|_| view.has_tools())?;
        (tools.len() <= TOOLS).then(|| {
            Box::new(Self {
                tools: tools.of(request.bytes()).into(),
                told: mend::Calls::default(),
                open: Vec::new(),
                room: KEEP,
                calls: 0,
                called: false,
                bad: None,
                too_much: false,
            })
        })
    }

    /// Takes in what this chunk says of calls, and judges those of the choices that it ends.
    pub(super) fn hear(&mut self, json: &[u8], chunk: &Chunk, attempt: &Attempt) {
        if let Some(choices) = chunk.choices.filter(|_| chunk.calls && !self.too_much) {
            let Self {
                told,
                open,
                room,
                calls,
                ..
            } = self;
            let mut too_much = false;
            let heard = each_part(json, choices, told, |part| {
                too_much |= !put(open, (room, calls), &part);
            });
            self.too_much = too_much || heard.is_err();
        }
        if chunk.finished == 0 {
            return;
        }
        self.called |= chunk.finish == Some(Finish::ToolCalls);
        let over = |call: &mut Call| chunk.finished >> call.choice.min(127) & 1 == 1;
        let over: Vec<Call> = self.open.extract_if(.., over).collect();
        if self.bad.is_none() {
            self.bad = bad_among(&over, &self.tools);
        }
        let verdict = self.bad.map_or(Ok(()), Err);
        let told = (self.called && !self.too_much).then_some(verdict);
        attempt.find(|found| found.tool_calls = told);
    }
}

impl fmt::Debug for Calls {
    /// How many alone: they are a part of the answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Calls({} open)", self.open.len())
    }
}

/// Adds a part to its call, if there is room.
fn put(open: &mut Vec<Call>, (room, calls): (&mut usize, &mut usize), part: &Part<'_>) -> bool {
    let Some(left) = room.checked_sub(part.name.len() + part.arguments.len()) else {
        return false;
    };
    *room = left;
    let same = |call: &Call| (call.choice, call.index) == (part.choice, part.index);
    let call = match open.iter().rposition(same) {
        Some(at) => &mut open[at],
        None if *calls == CALLS => return false,
        None => {
            *calls += 1;
            open.push_mut(Call {
                choice: part.choice,
                index: part.index,
                name: Vec::new(),
                arguments: Vec::new(),
                custom: part.custom,
            })
        }
    };
    // Some say the whole name with each part.
    if call.name != *part.name {
        call.name.extend_from_slice(&part.name);
    }
    call.arguments.extend_from_slice(&part.arguments);
    true
}

/// What is wrong with the first of these calls with which anything is.
fn bad_among(calls: &[Call], json: &[u8]) -> Option<BadCall> {
    if calls.is_empty() {
        return None;
    }
    let tools = tools(json).ok()?;
    // Each is read once at most, if it is one at all.
    let schemas: Vec<OnceCell<Option<Value>>> = vec![OnceCell::new(); tools.len()];
    calls.iter().find_map(|call| {
        if !call.custom && !is_json(&call.arguments) {
            return Some(BadCall::InvalidJson);
        }
        let known = |tool: &Tool| *tool.name.bytes(json) == *call.name;
        let Some(at) = tools.iter().position(known) else {
            return Some(BadCall::UnknownName);
        };
        let schema = tools[at].parameters.filter(|_| !call.custom)?;
        let read = || serde_json::from_slice(schema.of(json)).ok();
        let schema = schemas[at].get_or_init(read).as_ref()?;
        let arguments = serde_json::from_slice(&call.arguments).ok()?;
        (!fits(schema, &arguments)).then_some(BadCall::SchemaMismatch)
    })
}

/// As far as we can tell: of what is nested too deep we cannot.
fn is_json(text: &[u8]) -> bool {
    let read = |text| {
        let mut cursor = Cursor::new(text)?;
        cursor.skip()?;
        cursor.end()
    };
    match read(text) {
        Ok(()) => true,
        Err(Syntax { problem, .. }) => problem == Problem::TooDeep,
    }
}
