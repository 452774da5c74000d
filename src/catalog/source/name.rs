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

/// What hosts write before a name that has nothing to do with the model.
const HOSTS: [&str; 3] = ["accounts/fireworks/models/", "@cf/", "@hf/"];

/// Who makes the models whose names begin so, for hosts that leave the author out.
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
pub(super) fn same_company(a: &str, b: &str) -> bool {
    let letters = |name: &str| -> String {
        let kept = name.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' '));
        kept.map(|c| c.to_ascii_lowercase()).collect()
    };
    letters(a) == letters(b)
}

/// The id of a model of this author.
pub(super) fn authored(author: &str, name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.starts_with(&format!("{author}/")) {
        true => name,
        false => format!("{author}/{name}"),
    }
}

/// The id of a model at a host, by what the host calls it: `Qwen/Qwen3-32B` is `qwen/qwen3-32b`, `gpt-4o` is
/// `openai/gpt-4o`. Where no author is known, the host stands for it.
pub(super) fn hosted(host: &str, name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let name = HOSTS
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(&name);
    if let Some((author, model)) = name.split_once('/') {
        let known = AUTHORS.iter().find(|(from, _)| *from == author);
        return format!("{}/{model}", known.map_or(author, |(_, to)| to));
    }
    let family = FAMILIES.iter().find(|(begins, _)| name.starts_with(begins));
    format!("{}/{name}", family.map_or(host, |(_, author)| author))
}
