//! `error.availability`: why a model cannot be had, in a word that a program understands.
//!
//! OpenRouter's vocabulary; what it leaves open is decided in [`code`].

use serde_json::{Map, Value, json};

use crate::attempt::End;
use crate::call::Call;
use crate::error::Error;
use crate::kind::Kind;
use crate::plan::{Filter, Plan, Rejected};
use crate::refused::Refused;

use super::error::seconds;

/// Where OpenRouter explains the words.
const DOCS: &str = "https://openrouter.ai/docs/api_reference/errors-and-debugging";

/// A caller's rules about what becomes of its words.
const PRIVACY: [Filter; 2] = [Filter::DataCollection, Filter::Zdr];
/// Rules that name providers, which say nothing about what an endpoint can do.
const NAMES: [Filter; 5] = [
    Filter::AllowedModels,
    Filter::AllowedProviders,
    Filter::Only,
    Filter::Ignore,
    Filter::AllowFallbacks,
];

/// The object, if the error is about what can be had.
pub(super) fn of(error: &Error, call: Option<&Call>) -> Option<Value> {
    let (code, retryable) = code(error, call)?;
    let mut told = Map::new();
    told.insert("code".into(), code.into());
    told.insert("retryable".into(), retryable.into());
    let plan = call.and_then(Call::plan);
    let requested = match error.refused() {
        Some(refused) => json!(refused.requested),
        None => json!(plan.map_or_else(Vec::new, requested)),
    };
    told.insert("requested_models".into(), requested);
    told.insert("docs_url".into(), DOCS.into());
    if let Some(after) = error.retry_after().filter(|_| retryable) {
        told.insert("retry_after".into(), seconds(after).into());
    }
    if let Some(refused) = error.refused() {
        explain(&mut told, error, refused);
    }
    Some(told.into())
}

/// The models that a plan is for: the first by the name that was sent, and the others that are not meant by it.
fn requested(plan: &Plan) -> Vec<&str> {
    let meant = plan.catalog.ids_of(&plan.requested);
    let candidates = plan.candidates.iter().map(|it| it.endpoint.model());
    let rejected = plan.rejected.iter().map(|it| it.endpoint.model());
    let mut names = vec![&*plan.requested];
    for id in candidates.chain(rejected) {
        if !meant.contains(&id) && !names.contains(&id) {
            names.push(id);
        }
    }
    names
}

/// Which word, and may it help to ask again?
///
/// Where rules of several sorts removed the endpoints of a model, the sort that a caller can do most about is told: a
/// name that it gave, then what it asked for, then privacy.
fn code(error: &Error, call: Option<&Call>) -> Option<(&'static str, bool)> {
    let refused = error.refused();
    Some(match error.kind() {
        Kind::UnknownModel => ("model_not_found", false),
        Kind::Invalid if refused?.right.is_some() => ("wrong_endpoint", false),
        Kind::NoEndpoints => match refused {
            Some(refused) if refused.all_by(&PRIVACY) => ("privacy_restricted", false),
            Some(Refused { rejected, .. }) if rejected.is_empty() => ("no_endpoints", false),
            Some(refused) if refused.rejected.iter().any(|r| NAMES.contains(&r.filter)) => {
                ("no_endpoints", false)
            }
            Some(_) => ("constraint_filtered", false),
            None => ("no_endpoints", false),
        },
        Kind::ModelMissing if ended(call?, |kind| kind == Kind::ModelMissing) => {
            ("model_unavailable_upstream", false)
        }
        Kind::RateLimited if ended(call?, |kind| kind == Kind::RateLimited) => {
            ("capacity_exhausted", true)
        }
        kind if error.status() == 503
            && ended(call?, Kind::is_transient)
            && kind.is_transient() =>
        {
            ("temporarily_unavailable", true)
        }
        _ => return None,
    })
}

/// Has somebody been asked, and has each attempt failed like this?
fn ended(call: &Call, like: impl Fn(Kind) -> bool) -> bool {
    call.with_attempts(|attempts| {
        let failed = |end| matches!(end, Some((End::Failed(kind), _)) if like(kind));
        !attempts.is_empty() && attempts.iter().all(|attempt| failed(attempt.ended()))
    })
}

/// What was in the way: absent, rather than empty.
fn explain(told: &mut Map<String, Value>, error: &Error, refused: &Refused) {
    let each = |word: fn(&Rejected) -> Option<&str>| {
        let mut words: Vec<&str> = Vec::new();
        for word in refused.rejected.iter().filter_map(word) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words
    };
    let providers = each(|rejected| Some(rejected.endpoint.provider().name()));
    if !providers.is_empty() {
        told.insert("affected_providers".into(), json!(providers));
    }
    let excluded = each(|rejected| excluded_by(rejected.filter));
    if !excluded.is_empty() {
        told.insert("excluded_by".into(), json!(excluded));
    }
    let field = error.param().unwrap_or("model");
    if let Some(right) = refused.right {
        let detail = format!("/{}", right.path());
        told.insert(
            "constraint".into(),
            json!({ "field": field, "detail": detail }),
        );
    } else if !refused.rejected.is_empty() {
        let detail = error.message();
        told.insert(
            "constraint".into(),
            json!({ "field": field, "detail": detail }),
        );
    }
}

/// OpenRouter's word for a rule, if it has one.
fn excluded_by(filter: Filter) -> Option<&'static str> {
    match filter {
        Filter::AllowedProviders | Filter::Only | Filter::Ignore | Filter::AllowFallbacks => {
            Some("allowed_providers")
        }
        Filter::DataCollection => Some("data_policy:training"),
        Filter::Zdr => Some("data_policy:zdr"),
        Filter::Quantizations => Some("quantization"),
        Filter::MaxPrice => Some("max_price"),
        Filter::RequireParameters => Some("require_parameters"),
        Filter::ContextLength | Filter::MaxTokens => Some("context_length"),
        Filter::AllowedModels
        | Filter::Distillable
        | Filter::UnknownPrice
        | Filter::Input
        | Filter::Output
        | Filter::ServiceTier
        | Filter::Tools
        | Filter::ResponseFormat
        | Filter::Verbosity
        | Filter::Budget
        | Filter::AnswerBound
        | Filter::PartBound
        | Filter::SearchBound
        | Filter::ToolBound => None,
    }
}
