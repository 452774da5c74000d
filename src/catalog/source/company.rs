//! Who is called what, where.

use super::name::same_company;

/// A provider of the catalogue that takes rows from sources.
#[derive(Debug, Clone)]
pub(super) struct Taker {
    pub(super) slug: Box<str>,
    /// By which names sources know it, if the operator says so.
    pub(super) known_as: Option<Vec<Box<str>>>,
}

/// A company, by the names that it has in a catalogue and in sources, and as an author of models.
struct Company {
    slugs: &'static [&'static str],
    litellm: &'static [&'static str],
    genai: &'static [&'static str],
    author: Option<&'static str>,
}

const fn company(
    slugs: &'static [&'static str],
    litellm: &'static [&'static str],
    genai: &'static [&'static str],
    author: Option<&'static str>,
) -> Company {
    Company {
        slugs,
        litellm,
        genai,
        author,
    }
}

/// Who has more than one name, or is the author of what it serves. A name that ends in `*` is a prefix. All others are
/// known by their slug, whatever its dashes.
const COMPANIES: [Company; 25] = [
    company(
        &["openai"],
        &["openai", "text-completion-openai"],
        &["openai"],
        Some("openai"),
    ),
    company(
        &["anthropic"],
        &["anthropic"],
        &["anthropic"],
        Some("anthropic"),
    ),
    company(
        &["google", "google-ai-studio", "gemini"],
        &["gemini"],
        &["google"],
        Some("google"),
    ),
    company(
        &["google-vertex", "vertex", "vertex-ai"],
        &["vertex_ai*"],
        &["google"],
        None,
    ),
    company(
        &["mistral"],
        &["mistral", "codestral"],
        &["mistral"],
        Some("mistralai"),
    ),
    company(
        &["deepseek"],
        &["deepseek"],
        &["deepseek"],
        Some("deepseek"),
    ),
    company(&["xai", "x-ai"], &["xai"], &["x-ai"], Some("x-ai")),
    company(
        &["cohere"],
        &["cohere", "cohere_chat"],
        &["cohere"],
        Some("cohere"),
    ),
    company(
        &["perplexity"],
        &["perplexity"],
        &["perplexity"],
        Some("perplexity"),
    ),
    company(
        &["moonshotai", "moonshot"],
        &["moonshot"],
        &["moonshotai"],
        Some("moonshotai"),
    ),
    company(&["minimax"], &["minimax"], &["minimax"], Some("minimax")),
    company(&["z-ai", "zai"], &["zai"], &["zai"], Some("z-ai")),
    company(&["alibaba", "dashscope", "qwen"], &["dashscope"], &[], None),
    company(
        &["voyage", "voyageai"],
        &["voyage"],
        &["voyageai"],
        Some("voyageai"),
    ),
    company(&["ai21"], &["ai21"], &[], Some("ai21")),
    company(&["arcee", "arcee-ai"], &[], &["arcee"], Some("arcee-ai")),
    company(
        &["inception"],
        &["inception", "text-completion-inception"],
        &[],
        Some("inception"),
    ),
    company(
        &["azure", "azure-openai"],
        &["azure", "azure_text"],
        &["azure"],
        None,
    ),
    company(
        &["amazon-bedrock", "bedrock", "aws"],
        &["bedrock", "bedrock_converse", "bedrock_mantle"],
        &["aws"],
        None,
    ),
    company(
        &["together", "together-ai"],
        &["together_ai"],
        &["together"],
        None,
    ),
    company(
        &["fireworks", "fireworks-ai"],
        &["fireworks_ai*"],
        &["fireworks"],
        None,
    ),
    company(&["lambda"], &["lambda_ai"], &[], None),
    company(&["friendli"], &["friendliai"], &[], None),
    company(&["nvidia"], &["nvidia_nim"], &[], None),
    company(&["openrouter"], &["openrouter"], &["openrouter"], None),
];

// === impl Taker ===

impl Taker {
    /// Is it what LiteLLM means by this provider?
    pub(super) fn is_litellm(&self, provider: &str) -> bool {
        self.is(provider, |company| company.litellm)
    }

    /// Is it what genai-prices means by this provider?
    pub(super) fn is_genai(&self, provider: &str) -> bool {
        self.is(provider, |company| company.genai)
    }

    /// Is it what OpenRouter means by this slug?
    pub(super) fn is_openrouter(&self, slug: &str) -> bool {
        self.is(slug, |company| company.slugs)
    }

    fn is(&self, name: &str, names: impl Fn(&Company) -> &'static [&'static str]) -> bool {
        if let Some(known_as) = &self.known_as {
            return known_as.iter().any(|known| matches(known, name));
        }
        let mut known = COMPANIES.iter();
        match known.find(|company| company.slugs.contains(&&*self.slug)) {
            Some(company) => names(company).iter().any(|known| matches(known, name)),
            None => same_company(&self.slug, name),
        }
    }
}

/// The author of all that this provider serves, by what LiteLLM or genai-prices call it.
pub(super) fn author(provider: &str) -> Option<&'static str> {
    let mut known = COMPANIES.iter();
    let is = |names: &[&str]| names.iter().any(|name| matches(name, provider));
    known.find_map(|company| {
        company
            .author
            .filter(|_| is(company.litellm) || is(company.genai))
    })
}

fn matches(known: &str, name: &str) -> bool {
    match known.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => known == name,
    }
}
