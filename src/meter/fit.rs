//! Do these arguments fit this schema?

use serde_json::{Map, Value};

/// How many comparisons a schema may ask for. What it asks beyond them is taken as met: a caller writes the schema, and
/// schemas can be written that take forever.
const STEPS: u32 = 10_000;

/// Whether a value is as a JSON Schema wants it, as far as it is plain that it is not: by the draft-7 keywords `type`,
/// `enum`, `const`, `required`, `properties`, `additionalProperties`, `items`, `allOf` and `anyOf`.
///
/// Other keywords, references among them, are taken as met, and so is what is no schema at all.
pub(super) fn fits(schema: &Value, value: &Value) -> bool {
    let mut steps = STEPS;
    meets(schema, value, &mut steps)
}

fn meets(schema: &Value, value: &Value, steps: &mut u32) -> bool {
    let Some(left) = steps.checked_sub(1) else {
        return true;
    };
    *steps = left;
    let schema = match schema {
        Value::Bool(any) => return *any,
        // Draft 7: beside a reference nothing counts.
        Value::Object(schema) if !schema.contains_key("$ref") => schema,
        _ => return true,
    };
    let list = |name| schema.get(name).and_then(Value::as_array);
    is_of_type(schema, value)
        && list("enum").is_none_or(|any| is_one_of(any, value, steps))
        && schema
            .get("const")
            .is_none_or(|one| same(one, value, steps))
        && list("allOf").is_none_or(|all| all.iter().all(|one| meets(one, value, steps)))
        && list("anyOf").is_none_or(|any| any.iter().any(|one| meets(one, value, steps)))
        && match value {
            Value::Object(members) => meets_members(schema, members, steps),
            Value::Array(items) => match schema.get("items") {
                // A list of schemas is for one item each.
                Some(each @ (Value::Object(_) | Value::Bool(_))) => {
                    items.iter().all(|item| meets(each, item, steps))
                }
                _ => true,
            },
            _ => true,
        }
}

fn meets_members(schema: &Map<String, Value>, value: &Map<String, Value>, steps: &mut u32) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    let mut names = required.into_iter().flatten().filter_map(Value::as_str);
    if !names.all(|name| value.contains_key(name)) {
        return false;
    }
    let known = schema.get("properties").and_then(Value::as_object);
    // Which of the others a pattern covers is not looked into.
    let others = schema.get("additionalProperties");
    let others = others.filter(|_| !schema.contains_key("patternProperties"));
    value.iter().all(|(name, member)| {
        let schema = known.and_then(|known| known.get(name)).or(others);
        schema.is_none_or(|schema| meets(schema, member, steps))
    })
}

fn is_of_type(schema: &Map<String, Value>, value: &Value) -> bool {
    match schema.get("type") {
        Some(Value::String(name)) => is_a(name, value),
        Some(Value::Array(names)) => names
            .iter()
            .any(|name| name.as_str().is_none_or(|name| is_a(name, value))),
        _ => true,
    }
}

fn is_a(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        // From draft 6 on, 1.0 is one.
        "integer" => {
            let whole = |number: f64| number.fract() == 0.0;
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(whole)
        }
        _ => true,
    }
}

fn is_one_of(any: &[Value], value: &Value, steps: &mut u32) -> bool {
    any.iter().any(|one| same(one, value, steps))
}

/// Numbers are the same however they are spelled; what is inside of containers is compared as spelled.
fn same(one: &Value, other: &Value, steps: &mut u32) -> bool {
    *steps = steps.saturating_sub(1);
    *steps == 0 || one == other || one.is_number() && one.as_f64() == other.as_f64()
}
