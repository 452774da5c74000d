//! What a lower layer adds to a model.

use crate::catalog::{EndpointSpec, ModelSpec};
use crate::wire::Tier;

/// Takes from `below` what `model` does not say, whose first `above` endpoints are of layers above.
///
/// Of a provider's endpoints in one tier the uppermost layer that has any lists all; a lower one only completes those
/// that it tells of too, or the only one there is. A price list is never mixed of two.
pub(super) fn fill(model: &mut ModelSpec, above: usize, below: ModelSpec) {
    let ModelSpec {
        id: _,
        aliases: _,
        name,
        created,
        description,
        context_length,
        canonical_slug,
        input,
        output,
        distillable,
        moderated,
        hidden,
        expires,
        hugging_face_id,
        strategy: _,
        content_policy: _,
        deadlines: _,
        hedge: _,
        recovers: _,
        family,
        bounds,
        endpoints,
    } = below;
    or(&mut model.name, name);
    or(&mut model.created, created);
    or(&mut model.description, description);
    or(&mut model.context_length, context_length);
    or(&mut model.canonical_slug, canonical_slug);
    or(&mut model.input, input);
    or(&mut model.output, output);
    or(&mut model.expires, expires);
    or(&mut model.hugging_face_id, hugging_face_id);
    or(&mut model.family, family);
    model.bounds = model.bounds.or(bounds);
    model.distillable |= distillable;
    or(&mut model.moderated, moderated);
    model.hidden |= hidden;

    for endpoint in endpoints {
        add(&mut model.endpoints, above, endpoint);
    }
}

/// What the provider calls a model, and in which tier it serves it.
pub(super) type Called = (Box<str>, Option<Tier>, Box<str>);

/// None where nobody says how it is called.
pub(super) fn called(endpoint: &EndpointSpec) -> Option<Called> {
    let name = &endpoint.upstream_model;
    let tier = Tier::of_tag(endpoint.tag());
    (!name.is_empty()).then(|| (endpoint.provider.clone(), tier, name.clone()))
}

/// Gives endpoints that no source named the name that another of the same provider has; leaves out those for which
/// there is none. Was there one?
pub(super) fn name_endpoints(model: &mut ModelSpec) -> bool {
    let named = |endpoint: &&EndpointSpec| !endpoint.upstream_model.is_empty();
    let names: Vec<_> = model
        .endpoints
        .iter()
        .filter(named)
        .map(|e| (e.provider.clone(), e.upstream_model.clone()))
        .collect();
    let before = model.endpoints.len();
    model.endpoints.retain_mut(|endpoint| {
        if endpoint.upstream_model.is_empty() {
            let known = names
                .iter()
                .find(|(provider, _)| *provider == endpoint.provider);
            if let Some((_, name)) = known {
                endpoint.upstream_model = name.clone();
            }
        }
        !endpoint.upstream_model.is_empty()
    });
    model.endpoints.len() < before
}

fn add(endpoints: &mut Vec<EndpointSpec>, above: usize, below: EndpointSpec) {
    let tier = Tier::of_tag(below.tag());
    let is_mate = |other: &EndpointSpec| {
        other.provider == below.provider && Tier::of_tag(other.tag()) == tier
    };
    let mates: Vec<_> = endpoints[..above]
        .iter()
        .enumerate()
        .filter(|(_, other)| is_mate(other))
        .map(|(at, _)| at)
        .collect();
    match mates.as_slice() {
        [] => endpoints.push(below),
        [only] if is_same(&endpoints[*only], &below) => complete(&mut endpoints[*only], below),
        others => {
            let same = others
                .iter()
                .find(|at| endpoints[**at].tag() == below.tag());
            match same {
                Some(at) => complete(&mut endpoints[*at], below),
                // It may yet know what the provider calls the model.
                None => others.iter().for_each(|at| {
                    let endpoint = &mut endpoints[*at];
                    if endpoint.upstream_model.is_empty() {
                        endpoint.upstream_model.clone_from(&below.upstream_model);
                    }
                }),
            }
        }
    }
}

/// May they be one, of which only one layer knows the variant? `acme/fp4` is not `acme/fp8`.
fn is_same(endpoint: &EndpointSpec, below: &EndpointSpec) -> bool {
    let has_variant = |endpoint: &EndpointSpec| {
        // It may begin with something else until it is checked.
        let tag = endpoint.tag();
        let rest = tag.strip_prefix(&*endpoint.provider).unwrap_or(tag);
        let tier = Tier::of_tag(endpoint.tag()).is_some();
        rest.matches('/').count() > usize::from(tier)
    };
    endpoint.tag() == below.tag() || !(has_variant(endpoint) && has_variant(below))
}

/// Takes from `below` what `endpoint` does not say.
pub(super) fn complete(endpoint: &mut EndpointSpec, below: EndpointSpec) {
    if endpoint.upstream_model.is_empty() {
        endpoint.upstream_model = below.upstream_model;
    }
    if endpoint.prices.is_unknown() {
        endpoint.prices = below.prices;
    }
    or(&mut endpoint.context_length, below.context_length);
    or(
        &mut endpoint.max_completion_tokens,
        below.max_completion_tokens,
    );
    or(&mut endpoint.max_prompt_tokens, below.max_prompt_tokens);
    or(&mut endpoint.quantization, below.quantization);
    or(&mut endpoint.parameters, below.parameters);
    or(&mut endpoint.collects_data, below.collects_data);
    or(&mut endpoint.zdr, below.zdr);
    or(&mut endpoint.own_key, below.own_key);
    or(&mut endpoint.weight, below.weight);
    or(&mut endpoint.score, below.score);
    or(&mut endpoint.prefill, below.prefill);
    or(&mut endpoint.recovers, below.recovers);
    endpoint.bounds = endpoint.bounds.or(below.bounds);
    or(&mut endpoint.implicit_caching, below.implicit_caching);
}

fn or<T>(above: &mut Option<T>, below: Option<T>) {
    if above.is_none() {
        *above = below;
    }
}
