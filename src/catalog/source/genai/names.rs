//! What a provider calls a model, by the rules that match it.

use crate::catalog::source::value::Value;

/// Names of one model that are taken; more would be rules gone wild.
const MAX_NAMES: usize = 32;

/// The names that the rules spell out, at least one. The id is one, and the first, if a rule agrees to it or none
/// spells another.
pub(super) fn names(id: &str, rule: Option<Value<'_>>) -> Vec<String> {
    let mut names = Vec::new();
    if let Some(rule) = rule {
        spelled(rule, &mut names);
    }
    if names.is_empty() || rule.is_some_and(|rule| agrees(rule, id)) {
        names.retain(|name| name != id);
        names.insert(0, id.to_owned());
    }
    names.truncate(MAX_NAMES);
    names
}

/// Each `equals`, at the top or inside of `or`.
fn spelled(rule: Value<'_>, names: &mut Vec<String>) {
    for (kind, operand) in rule.members() {
        match &*kind {
            "equals" => names.extend(operand.text().map(String::from)),
            "or" => operand
                .items()
                .into_iter()
                .for_each(|rule| spelled(rule, names)),
            _ => {}
        }
    }
}

/// Does the rule match? One that is a regular expression is taken not to.
fn agrees(rule: Value<'_>, name: &str) -> bool {
    let Some((kind, operand)) = rule.members().into_iter().next() else {
        return false;
    };
    let text = operand.text();
    let is = |test: fn(&str, &str) -> bool| text.as_deref().is_some_and(|text| test(name, text));
    match &*kind {
        "equals" => is(|name, text| name == text),
        "starts_with" => is(|name, text| name.starts_with(text)),
        "ends_with" => is(|name, text| name.ends_with(text)),
        "contains" => is(|name, text| name.contains(text)),
        "or" => operand.items().into_iter().any(|rule| agrees(rule, name)),
        "and" => operand.items().into_iter().all(|rule| agrees(rule, name)),
        _ => false,
    }
}
