//! Was it the content that was refused, and why?

use serde_json::Value;

/// What a code says that is about content: OpenAI's `content_policy_violation` and `moderation_blocked`; `content_filter`
/// of Azure and Moonshot; Azure's `ResponsibleAIPolicyViolation`; DashScope's `data_inspection_failed` and
/// `DataInspectionFailed`; Gemini's `PROHIBITED_CONTENT`, `SAFETY` and `BLOCKLIST`.
const CODES: [&str; 10] = [
    "content_policy",
    "content_filter",
    "contentfilter",
    "moderation",
    "responsibleaipolicyviolation",
    "data_inspection_failed",
    "datainspectionfailed",
    "prohibited_content",
    "safety",
    "blocklist",
];

/// How those say it whose code is that of any bad request: Anthropic, Azure, DeepSeek, OpenAI (whose code is
/// `invalid_prompt`) and its images, xAI, Moonshot, DashScope, OpenRouter's moderation and its guardrails, Gemini.
const WORDS: [&str; 11] = [
    "content filtering policy",
    "content management policy",
    "content exists risk",
    "violating our usage polic",
    "our safety system",
    "violates usage guidelines",
    "considered high risk",
    "contain inappropriate content",
    "your input was flagged",
    "blocked by content filter",
    "prohibited_content",
];

/// How many reasons are kept, and how much of each.
const REASONS: usize = 8;
const REASON: usize = 64;

/// Is it a refusal of the content? `code` and `message` in lower case, and the [reasons] that it gives.
pub(super) fn is_refusal(
    status: Option<u16>,
    code: &str,
    message: &str,
    reasons: &[Box<str>],
) -> bool {
    if !matches!(status, None | Some(400 | 403 | 422)) {
        return false;
    }
    let about_content = status == Some(403) && code.contains("content");
    about_content
        || !reasons.is_empty()
        || CODES.iter().any(|word| code.contains(word))
        || WORDS.iter().any(|words| message.contains(words))
}

/// Why, in the words of OpenRouter's `metadata.reasons`, or of Azure's `innererror.content_filter_result`.
pub(super) fn reasons(metadata: &Value, innererror: &Value) -> Vec<Box<str>> {
    let told = metadata["reasons"].as_array().into_iter().flatten();
    let told = told.filter_map(Value::as_str);
    let filters = innererror["content_filter_result"].as_object();
    let filtered = |(name, found): (_, &Value)| (found["filtered"] == true).then_some(name);
    let filtered = filters.into_iter().flatten().filter_map(filtered);
    let reasons = told.chain(filtered.map(String::as_str)).take(REASONS);
    reasons
        .map(|reason| reason.chars().take(REASON).collect())
        .collect()
}
