//! LiteLLM's price map: an excerpt with its traps and, where `SWITCHTOWER_LITELLM` names it, the whole of it.

use switchtower::catalog::{Catalog, Gap, Skipped};

const TOML: &str = r#"
    sources = ["litellm.json"]
    providers.openai.base_url = "https://api.openai.com/v1"
    providers.anthropic.base_url = "https://api.anthropic.com/v1"
    providers.google.base_url = "https://generativelanguage.googleapis.com/v1beta/openai"
    providers.xai.base_url = "https://api.x.ai/v1"
    providers.deepseek.base_url = "https://api.deepseek.com"
    providers.alibaba.base_url = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"
    providers.azure.base_url = "https://acme.openai.azure.com/openai/v1"
    providers.groq.base_url = "https://api.groq.com/openai/v1"
    providers.together.base_url = "https://api.together.xyz/v1"
    providers.fireworks.base_url = "https://api.fireworks.ai/inference/v1"
    providers.mistral.base_url = "https://api.mistral.ai/v1"
    providers.deepinfra.base_url = "https://api.deepinfra.com/v1/openai"
"#;

#[test]
fn the_whole_map() {
    let Ok(path) = std::env::var("SWITCHTOWER_LITELLM") else {
        return;
    };
    let map = std::fs::read(&path).expect("SWITCHTOWER_LITELLM names a file");
    let t = std::time::Instant::now();
    let catalog = Catalog::from_toml_with(TOML, "switchtower.toml", |_| None, |_| Ok(map.clone()));
    println!("{:?}", t.elapsed());
    let t = std::time::Instant::now();
    let v: serde_json::Value = serde_json::from_slice(&map).unwrap();
    println!("serde {:?} {}", t.elapsed(), v.as_object().unwrap().len());
    let catalog = catalog.unwrap();
    let report = &catalog.reports()[0];
    println!("{report}");
    for u in report
        .unpriced()
        .iter()
        .filter(|u| ![Gap::Batch].contains(&u.why))
    {
        println!("{u}");
    }
    for m in catalog.models() {
        println!(
            "{} <- {:?} {:?}",
            m.id(),
            m.endpoints()
                .iter()
                .map(|e| (e.tag(), e.upstream_model()))
                .collect::<Vec<_>>(),
            m.aliases().collect::<Vec<_>>()
        );
    }
    let skipped: usize = Skipped::ALL.iter().map(|why| report.skipped(*why)).sum();
    assert_eq!(report.rows(), report.taken() + skipped);
}
