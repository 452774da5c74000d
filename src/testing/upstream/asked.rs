use serde_json::Value;

/// What an upstream needs to know of a request to answer it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    pub(super) choices: u64,
    pub(super) limit: Option<u64>,
    pub(super) prompt_tokens: u64,
    pub(super) inputs: usize,
}

// === impl Asked ===

impl Asked {
    pub(super) fn read(body: &Value) -> Self {
        let limit = body["max_completion_tokens"]
            .as_u64()
            .or(body["max_tokens"].as_u64());
        let text = text_bytes(&body["messages"])
            + text_bytes(&body["prompt"])
            + text_bytes(&body["input"]);
        Self {
            model: body["model"].as_str().unwrap_or("unknown").to_owned(),
            stream: body["stream"] == true,
            include_usage: body["stream_options"]["include_usage"] == true,
            choices: body["n"].as_u64().unwrap_or(1),
            limit,
            prompt_tokens: text.div_ceil(4).max(1),
            inputs: body["input"].as_array().map_or(1, Vec::len),
        }
    }
}

/// The bytes of text in messages, in parts of a message, or in a plain prompt.
fn text_bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64,
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(item) => {
            let bytes = |key| item.get(key).map_or(0, text_bytes);
            bytes("content") + bytes("text")
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Asked;

    #[test]
    fn only_text_counts() {
        let parts = json!([{"type": "text", "text": "12345678"}, {"type": "image_url"}]);
        let messages =
            json!([{"role": "user", "content": "1234"}, {"role": "user", "content": parts}]);
        assert_eq!(
            Asked::read(&json!({ "messages": messages })).prompt_tokens,
            3
        );
        assert_eq!(Asked::read(&json!({})).prompt_tokens, 1);
    }
}
