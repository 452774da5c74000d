//! What a stream told its caller, held to the grammar of all streams: a finish reason for each choice, then `[DONE]`; or
//! one error chunk, then `[DONE]`; and nothing after it.

use serde_json::Value;

/// A stream, read event by event.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Text, reasoning and tool arguments of each choice, in the order in which they came.
    pub(crate) said: [String; 2],
    /// Finish reasons of each choice.
    finished: [u32; 2],
    /// The error chunk.
    pub(crate) error: Option<Value>,
    pub(crate) usage: bool,
    /// A chunk that carries the usage and nothing else.
    pub(crate) usage_alone: bool,
    pub(crate) done: bool,
}

impl Told {
    /// Reads what has come, be it all or not.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "a stream that is no UTF-8")?;
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        // A comment between two events passes at once, without the blank line after it.
        let last = text.rsplit("\n\n").next().unwrap_or_default();
        let comments = last.ends_with('\n') && last.lines().all(|line| line.starts_with(':'));
        if !last.is_empty() && !comments {
            return Err(format!("it ends in the middle of an event: {last:?}"));
        }
        let mut told = Self::default();
        for event in text.split("\n\n").filter(|event| !event.is_empty()) {
            told.event(event)?;
        }
        Ok(told)
    }

    fn event(&mut self, event: &str) -> Result<(), String> {
        if self.done {
            return Err(format!("after [DONE] comes {event:?}"));
        }
        let data: Vec<_> = event
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(str::trim)
            .collect();
        match &*data.join("\n") {
            "" => Ok(()),
            "[DONE]" => {
                self.done = true;
                Ok(())
            }
            data => self.chunk(
                &serde_json::from_str(data).map_err(|error| format!("{error} in {data:?}"))?,
            ),
        }
    }

    fn chunk(&mut self, chunk: &Value) -> Result<(), String> {
        if self.error.is_some() {
            return Err(format!("after the error comes {chunk}"));
        }
        let choices = chunk["choices"].as_array().map_or(&[][..], Vec::as_slice);
        self.usage |= chunk["usage"].is_object();
        self.usage_alone |= chunk["usage"].is_object() && choices.is_empty();
        for choice in choices {
            let index = choice["index"].as_u64().unwrap_or_default() as usize;
            let delta = &choice["delta"];
            let texts = [
                &delta["reasoning"],
                &delta["content"],
                &delta["tool_calls"][0]["function"]["arguments"],
            ];
            for text in texts.into_iter().filter_map(Value::as_str) {
                if !text.is_empty() && self.finished[index] > 0 {
                    return Err(format!("choice {index} goes on after its finish reason"));
                }
                self.said[index] += text;
            }
            match choice["finish_reason"].as_str() {
                Some("error") if chunk["error"].is_object() => self.error = Some(chunk.clone()),
                Some("error") => return Err(format!("an end in error without an error: {chunk}")),
                Some(_) => self.finished[index] += 1,
                None => {}
            }
        }
        match chunk.get("error").is_some() && self.error.is_none() {
            true => Err(format!("an error without a finish reason: {chunk}")),
            false => Ok(()),
        }
    }

    /// Is this a proper end, for so many choices?
    pub(crate) fn end(&self, choices: usize) -> Result<(), String> {
        if !self.done {
            return Err("it ends without [DONE]".to_owned());
        }
        let finished = &self.finished[..choices];
        match self.error.is_some() {
            false if finished.iter().any(|finished| *finished != 1) => {
                Err(format!("finish reasons of the choices: {finished:?}"))
            }
            true if finished.iter().all(|finished| *finished > 0) => {
                Err("an error after all finish reasons".to_owned())
            }
            _ => Ok(()),
        }
    }
}
