//! `openrouter_metadata`: a request's plan and what became of it, told to a caller that asks.

use serde::Serialize;

use crate::attempt::{Attempt, End};
use crate::call::Call;
use crate::error::Error;
use crate::kind::Kind;
use crate::plan::{Candidate, Plan, Rejected};
use crate::refused::Refused;

const METADATA: &str = "x-openrouter-metadata";
/// As it was called before.
const EXPERIMENTAL: &str = "x-openrouter-experimental-metadata";

/// How many endpoints of each list are told: a request may name many models, each at many providers.
const LONGEST: usize = 100;

#[derive(Serialize)]
struct Metadata<'a> {
    requested: &'a str,
    strategy: &'static str,
    region: Option<()>,
    summary: String,
    attempt: usize,
    is_byok: bool,
    endpoints: Endpoints<'a>,
    attempts: Vec<Tried<'a>>,
}

/// Who could be asked. `rejected` is ours.
#[derive(Serialize)]
struct Endpoints<'a> {
    total: usize,
    available: Vec<Available<'a>>,
    rejected: Vec<Removed<'a>>,
}

/// In the order in which they are asked. The last two keys are ours.
#[derive(Serialize)]
struct Available<'a> {
    provider: &'a str,
    model: &'a str,
    selected: bool,
    endpoint: &'a str,
    reason: String,
}

#[derive(Serialize)]
struct Removed<'a> {
    provider: &'a str,
    model: &'a str,
    endpoint: &'a str,
    removed_by: &'static str,
}

/// One attempt. The last two keys are ours.
#[derive(Serialize)]
struct Tried<'a> {
    provider: &'a str,
    model: &'a str,
    status: u16,
    endpoint: &'a str,
    end: &'static str,
}

/// The member that goes behind the others of an object, with its comma; nothing where nobody asked for it, or
/// where there was no plan.
pub(super) fn member(call: &Call) -> String {
    match call.plan().filter(|_| is_wanted(call)) {
        Some(plan) => told(&Metadata::of(plan, &call.attempts())),
        None => String::new(),
    }
}

/// This object, which has members, with this one behind them.
pub(super) fn onto(object: Vec<u8>, call: &Call) -> Vec<u8> {
    behind(object, &member(call))
}

/// The same with the body of an error: where rules have left nobody for a plan, it tells which.
pub(super) fn onto_error(object: Vec<u8>, error: &Error, call: &Call) -> Vec<u8> {
    // By a rule of `choose`, or because nobody can be afforded.
    let nobody = error.kind() == Kind::NoEndpoints || call.plan().is_some();
    let nobody = nobody && is_wanted(call);
    match error.refused().filter(|_| nobody) {
        Some(refused) => behind(object, &told(&Metadata::refused(refused))),
        None => onto(object, call),
    }
}

fn behind(object: Vec<u8>, member: &str) -> Vec<u8> {
    match object.trim_ascii_end().strip_suffix(b"}") {
        Some(open) if !member.is_empty() => [open, member.as_bytes(), b"}"].concat(),
        _ => object,
    }
}

fn told(metadata: &Metadata<'_>) -> String {
    let told = serde_json::to_string(metadata).ok();
    told.map_or_else(String::new, |told| {
        format!(",\"openrouter_metadata\":{told}")
    })
}

fn is_wanted(call: &Call) -> bool {
    // To look at each name is cheaper than to ask for two that are rarely there.
    call.with_headers(|headers| {
        let first = |wanted| {
            let mut headers = headers.into_iter().flatten();
            headers.find(|(name, _)| name.as_str() == wanted)
        };
        let value = first(METADATA).or_else(|| first(EXPERIMENTAL));
        value.is_some_and(|(_, value)| value.as_bytes().eq_ignore_ascii_case(b"enabled"))
    })
}

// === impl Metadata ===

impl<'a> Metadata<'a> {
    fn of(plan: &'a Plan, attempts: &'a [Attempt]) -> Self {
        let last = attempts.last().and_then(Attempt::candidate);
        let (candidates, rejected) = (&plan.candidates, &plan.rejected);
        let mut summary = format!("available={}", candidates.len());
        if let Some(last) = last {
            summary.push_str(", selected=");
            summary.push_str(last.endpoint.provider().name());
        }
        Self {
            requested: &plan.requested,
            strategy: plan.routing.as_str(),
            region: None,
            summary,
            attempt: attempts.len(),
            is_byok: last.is_some_and(|last| last.own_key.is_some()),
            endpoints: Endpoints {
                total: candidates.len() + rejected.len(),
                available: candidates
                    .iter()
                    .take(LONGEST)
                    .map(|candidate| Available::of(candidate, last))
                    .collect(),
                rejected: rejected.iter().take(LONGEST).map(Removed::of).collect(),
            },
            attempts: attempts.iter().filter_map(Tried::of).collect(),
        }
    }

    /// Of a request that nobody could be asked for.
    fn refused(refused: &'a Refused) -> Self {
        let rejected = &refused.rejected;
        Self {
            requested: refused.requested.first().map_or("", |name| name),
            strategy: refused.routing.as_str(),
            region: None,
            summary: "available=0".to_owned(),
            attempt: 0,
            is_byok: false,
            endpoints: Endpoints {
                total: rejected.len(),
                available: Vec::new(),
                rejected: rejected.iter().take(LONGEST).map(Removed::of).collect(),
            },
            attempts: Vec::new(),
        }
    }
}

// === impl Available ===

impl<'a> Available<'a> {
    fn of(candidate: &'a Candidate, last: Option<&Candidate>) -> Self {
        let endpoint = &candidate.endpoint;
        Self {
            provider: endpoint.provider().name(),
            model: endpoint.model(),
            selected: last.is_some_and(|last| last.endpoint.key() == endpoint.key()),
            endpoint: endpoint.tag(),
            reason: candidate.reason.to_string(),
        }
    }
}

// === impl Removed ===

impl<'a> Removed<'a> {
    fn of(rejected: &'a Rejected) -> Self {
        let endpoint = &rejected.endpoint;
        Self {
            provider: endpoint.provider().name(),
            model: endpoint.model(),
            endpoint: endpoint.tag(),
            removed_by: rejected.filter.field(),
        }
    }
}

// === impl Tried ===

impl<'a> Tried<'a> {
    fn of(attempt: &'a Attempt) -> Option<Self> {
        let endpoint = &attempt.candidate()?.endpoint;
        let end = attempt.ended().map(|(end, _)| end);
        // A number is demanded, also where no connection was had; and a 200 that held an error was none.
        let status = match (end, attempt.found().status) {
            (Some(End::Failed(kind)), None | Some(200)) => kind.rule().status.as_u16(),
            (_, status) => status.unwrap_or(0),
        };
        Some(Self {
            provider: endpoint.provider().name(),
            model: endpoint.model(),
            status,
            endpoint: endpoint.tag(),
            end: end.map_or("under way", End::as_str),
        })
    }
}
