use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use switchtower::wire::{Field, Fields, View};

use super::json;

fn value_of(field: Field) -> BoxedStrategy<Value> {
    let word = |words: &[&str]| select(words.iter().map(|w| json!(w)).collect::<Vec<_>>());
    match field {
        Field::MaxTokens | Field::MaxCompletionTokens => {
            select(vec![json!(null), json!(1), json!(64)]).boxed()
        }
        Field::Tools => prop_oneof![
            Just(json!(null)),
            Just(json!([])),
            Just(json!([{"type": "function"}]))
        ]
        .boxed(),
        Field::ReasoningEffort => prop_oneof![word(&["none", "low", ""]), json::value()].boxed(),
        Field::ResponseFormat => {
            let kind = prop_oneof![word(&["text", "json_object", "json_schema"]), json::value()];
            let format =
                (kind, json::value()).prop_map(|(t, s)| json!({"type": t, "json_schema": s}));
            prop_oneof![3 => format, 1 => json::value()].boxed()
        }
        Field::Reasoning => {
            let member = prop_oneof![
                any::<Option<bool>>().prop_map(|v| ("enabled", json!(v))),
                any::<Option<bool>>().prop_map(|v| ("exclude", json!(v))),
                word(&["none", "high"]).prop_map(|v| ("effort", v)),
                json::value().prop_map(|v| ("effort", v)),
                json::value().prop_map(|v| ("summary", v)),
            ];
            let members = prop::collection::vec(member.prop_map(|(k, v)| (k.to_owned(), v)), 0..3);
            let object = members.prop_map(|m| Value::Object(m.into_iter().collect::<Map<_, _>>()));
            prop_oneof![3 => object, 1 => json::value()].boxed()
        }
        _ => prop_oneof![any::<bool>().prop_map(Value::from), json::value()].boxed(),
    }
}

fn request() -> impl Strategy<Value = Value> {
    let fields: Vec<_> = Fields::PARAMETERS.iter().collect();
    let member = select(fields)
        .prop_flat_map(|field| value_of(field).prop_map(move |v| (field.name().to_owned(), v)));
    prop::collection::vec(member, 0..12)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
}

proptest! {
    #[test]
    fn needs_what_a_full_parse_says_it_needs(value in request(), seed: u64) {
        let text = json::spell(&value, seed);
        let view = View::read(text.as_bytes()).unwrap();
        let needed: Fields = Fields::PARAMETERS.iter().filter(|&f| is_needed(f, &value)).collect();
        prop_assert_eq!(view.parameters(), needed, "{}", text);
    }
}

fn is_needed(field: Field, all: &Value) -> bool {
    let value = &all[field.name()];
    let hollow = |value: &Value| [json!(null), json!(""), json!([]), json!({})].contains(value);
    let offers = !hollow(&all["tools"]);
    match field {
        Field::StructuredOutputs if all["response_format"]["type"] == "json_schema" => true,
        _ if hollow(value) => false,
        Field::ToolChoice | Field::ParallelToolCalls => offers,
        Field::IncludeReasoning | Field::StructuredOutputs | Field::Logprobs => *value != false,
        Field::ReasoningEffort => value != "none",
        Field::ResponseFormat => value["type"] != "text",
        Field::Reasoning => value.as_object().is_none_or(|members| {
            value["enabled"] != false
                && value["effort"] != "none"
                && members
                    .iter()
                    .any(|(key, value)| key != "exclude" && !value.is_null())
        }),
        _ => true,
    }
}

#[test]
fn what_says_what_is_so_anyway_needs_nobody() {
    for idle in [
        r#""temperature":null"#,
        r#""tools":[]"#,
        r#""tools":[ ],"tool_choice":"auto","parallel_tool_calls":true"#,
        r#""tool_choice":"none""#,
        r#""response_format":{"type":"t\u0065xt"}"#,
        r#""response_format":null"#,
        r#""reasoning":{"enabled":false,"effort":"high"}"#,
        r#""reasoning":{"eff\u006frt":"none"}"#,
        r#""reasoning":{"exclude":true}"#,
        r#""reasoning":{}"#,
        r#""reasoning_effort":"n\u006fne""#,
        r#""include_reasoning":false"#,
        r#""structured_outputs":false"#,
        r#""logprobs":false"#,
        r#""logit_bias":{ }"#,
        r#""stop":[]"#,
    ] {
        let body = format!("{{{idle}}}");
        let view = View::read(body.as_bytes()).unwrap();
        assert_eq!(view.parameters(), Fields::NONE, "{idle}");
    }
    for (needy, field) in [
        (r#""temperature":0"#, Field::Temperature),
        (r#""max_tokens":1"#, Field::MaxTokens),
        (r#""reasoning":{"effort":"low"}"#, Field::Reasoning),
        (
            r#""reasoning":{"enabled":true,"exclude":true}"#,
            Field::Reasoning,
        ),
        (r#""include_reasoning":true"#, Field::IncludeReasoning),
        (
            r#""response_format":{"type":"json_object"}"#,
            Field::ResponseFormat,
        ),
    ] {
        let body = format!("{{{needy}}}");
        let view = View::read(body.as_bytes()).unwrap();
        assert_eq!(view.parameters(), Fields::of(&[field]), "{needy}");
    }
    let body = br#"{"response_format":{"type":"json_schema","json_schema":{"type":"text"}},"parallel_tool_calls":false,"tools":[1]}"#;
    let expected = [
        Field::ResponseFormat,
        Field::StructuredOutputs,
        Field::Tools,
        Field::ParallelToolCalls,
    ];
    assert_eq!(
        View::read(body).unwrap().parameters(),
        Fields::of(&expected)
    );
}

#[test]
fn a_limit_is_met_in_either_spelling() {
    let [new, old] = [Field::MaxCompletionTokens, Field::MaxTokens];
    let asked = Fields::of(&[old, Field::Seed]);
    assert_eq!(
        asked.unmet_by(Fields::of(&[new])),
        Fields::of(&[Field::Seed])
    );
    assert_eq!(
        asked.unmet_by(Fields::of(&[Field::Seed, old])),
        Fields::NONE
    );
    assert_eq!(
        asked.unmet_by(Fields::of(&[Field::Seed])),
        Fields::of(&[old])
    );
    assert_eq!(asked.unmet_by(Fields::NONE), asked);
}

#[test]
fn a_schema_is_met_by_who_keeps_to_it() {
    let keeps = Fields::of(&[Field::StructuredOutputs]);
    let schema = keeps.with(Field::ResponseFormat);
    assert_eq!(schema.unmet_by(keeps), Fields::NONE);
    assert_eq!(schema.unmet_by(Fields::of(&[Field::ResponseFormat])), keeps);
    let json = Fields::of(&[Field::ResponseFormat]);
    assert_eq!(json.unmet_by(keeps), json);
}

#[test]
fn reasoning_is_met_in_either_spelling() {
    let [long, short] = [Field::Reasoning, Field::ReasoningEffort];
    for (one, other) in [(long, short), (short, long)] {
        let asked = Fields::of(&[one, Field::Seed]);
        assert_eq!(
            asked.unmet_by(Fields::of(&[other])),
            Fields::of(&[Field::Seed])
        );
        assert_eq!(
            asked.unmet_by(Fields::of(&[Field::Seed])),
            Fields::of(&[one])
        );
    }
}
