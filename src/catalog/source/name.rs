//! What a model is called, here and at its provider.

/// Hosts name the authors of open models as Hugging Face does, OpenRouter as it likes.
const AUTHORS: [(&str, &str); 8] = [
    ("deepseek-ai", "deepseek"),
    ("minimaxai", "minimax"),
    ("xai", "x-ai"),
    ("xiaomimimo", "xiaomi"),
    ("zai", "z-ai"),
    ("zai-org", "z-ai"),
    ("mistral", "mistralai"),
    ("meta", "meta-llama"),
];

/// What these hosts write before the name of a model.
const FIREWORKS: &str = "accounts/fireworks/models/";
const CLOUDFLARE: [&str; 2] = ["@cf/", "@hf/"];

/// Who makes the models whose names begin so.
const FAMILIES: [(&str, &str); 17] = [
    ("gpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("text-embedding-", "openai"),
    ("claude-", "anthropic"),
    ("gemini-", "google"),
    ("gemma", "google"),
    ("llama", "meta-llama"),
    ("meta-llama", "meta-llama"),
    ("mistral-", "mistralai"),
    ("mixtral-", "mistralai"),
    ("deepseek-", "deepseek"),
    ("grok-", "x-ai"),
    ("qwen", "qwen"),
    ("kimi-", "moonshotai"),
    ("glm-", "z-ai"),
];

/// What two spellings of one name have in common: `Claude-Sonnet-4.5` is `claude-sonnet-4-5`.
pub(super) fn folded(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '.' | '_' => '-',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}

/// What two spellings of a company have in common: `together_ai` is `together-ai`.
pub(in crate::catalog) fn same_company(a: &str, b: &str) -> bool {
    let letters = |name: &str| -> String {
        let kept = name.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' '));
        kept.map(|c| c.to_ascii_lowercase()).collect()
    };
    letters(a) == letters(b)
}

/// The id of a model, by what a provider calls it: `Qwen/Qwen3-32B` is `qwen/qwen3-32b`, `gpt-4o` is `openai/gpt-4o`.
///
/// Where the name has no author and is of no family that is known, the author is whoever makes what this provider
/// serves; where that is not one company, the host stands for it.
pub(super) fn id(host: &str, author: Option<&str>, name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let name = match lower.strip_prefix(FIREWORKS) {
        Some(name) => with_dots(name),
        None => {
            let bare = CLOUDFLARE
                .iter()
                .find_map(|prefix| lower.strip_prefix(prefix));
            bare.unwrap_or(&lower).to_owned()
        }
    };
    if let Some((before, model)) = name.split_once('/') {
        let known = AUTHORS.iter().find(|(from, _)| *from == before);
        return format!("{}/{model}", known.map_or(before, |(_, to)| to));
    }
    let family = FAMILIES.iter().find(|(begins, _)| name.starts_with(begins));
    let author = family.map(|(_, author)| *author).or(author);
    format!("{}/{name}", author.unwrap_or(host))
}

/// Is it the id of a model by this author?
pub(super) fn is_by(author: &str, id: &str) -> bool {
    id.strip_prefix(author)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Fireworks has no dots: `deepseek-v3p2` is `deepseek-v3.2`.
fn with_dots(name: &str) -> String {
    let bytes = name.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let dotted = name.char_indices().map(|(at, c)| match c {
        'p' if at > 0 && is_digit(at - 1) && is_digit(at + 1) => '.',
        c => c,
    });
    dotted.collect()
}
