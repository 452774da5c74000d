use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;
use switchtower::wire::json::{Cursor, DEPTH, Kind, Problem, Syntax};

use super::json;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn accepts_what_serde_json_accepts(value in json::value(), seed: u64) {
        let text = json::spell(&value, seed);
        check(text.as_bytes()).unwrap();
        prop_assert_eq!(rebuild(text.as_bytes()).unwrap(), value);
    }

    #[test]
    fn rejects_what_serde_json_rejects(
        value in json::value(),
        seed: u64,
        wounds in prop::collection::vec(any::<(usize, u8, u8)>(), 1..4),
    ) {
        let bytes = json::injure(&json::spell(&value, seed), &wounds);
        let theirs = serde_json::from_slice::<IgnoredAny>(&bytes).is_ok();
        prop_assert_eq!(check(&bytes).is_ok(), theirs, "{:?}", String::from_utf8_lossy(&bytes));
        prop_assert_eq!(rebuild(&bytes).is_ok(), theirs);
    }

    #[test]
    fn agrees_on_noise(bytes in r#"[\[\]{}",:\\ 0-9eE.+truefalsnl-]{0,12}"#) {
        let theirs = serde_json::from_str::<IgnoredAny>(&bytes).is_ok();
        prop_assert_eq!(check(bytes.as_bytes()).is_ok(), theirs);
    }

    #[test]
    fn a_long_string_of_escapes_is_read_as_serde_json_reads_it(
        pieces in prop::collection::vec(piece(), 0..80),
        after in "[a-z\"]{0,70}",
    ) {
        let text = format!("\"{}\"{after}", pieces.concat());
        let theirs = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        prop_assert_eq!(check(text.as_bytes()).is_ok(), theirs, "{}", text);
        // Of a lone surrogate it makes no value.
        if let Ok(theirs) = serde_json::from_str::<Value>(&text) {
            prop_assert_eq!(rebuild(text.as_bytes()).unwrap(), theirs);
        }
    }

    #[test]
    fn a_string_ends_where_it_ends(before in "[a-zé]{0,150}", after in "[a-z\"]{0,20}") {
        for c in ['"', '\\', '\n', '\u{1f}', '\u{20}', '\u{7f}'] {
            let text = format!("\"{before}{c}{after}");
            let theirs = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            prop_assert_eq!(check(text.as_bytes()).is_ok(), theirs, "{}", text);
        }
    }
}

#[test]
fn says_what_and_where() {
    let cases = [
        (r#"{"a":1"#, "expected `,` or `}` at byte 6"),
        (r#"{"a":1,}"#, "expected a key at byte 7"),
        (r#"{"a" 1}"#, "expected `:` at byte 5"),
        ("{1:1}", "expected a key or `}` at byte 1"),
        ("[1 2]", "expected `,` or `]` at byte 3"),
        ("[1,]", "expected a value at byte 3"),
        ("[01]", "expected `,` or `]` at byte 2"),
        ("[1.]", "expected a digit at byte 3"),
        ("[tru]", "expected `true` at byte 1"),
        (
            "[\"a\u{1}\"]",
            "unescaped control character in a string at byte 3",
        ),
        (r#"["\x"]"#, "invalid escape in a string at byte 2"),
        (r#"["\u12"]"#, "invalid escape in a string at byte 2"),
        (r#"["a"#, "expected `\"` at byte 3"),
        ("[] []", "expected the end of the text at byte 3"),
        ("", "expected a value at byte 0"),
    ];
    for (text, problem) in cases {
        assert_eq!(
            check(text.as_bytes()).unwrap_err().to_string(),
            problem,
            "{text}"
        );
    }
}

#[test]
fn nests_so_deep_and_no_deeper() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let nest = |n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
        check(nest(DEPTH as usize).as_bytes()).unwrap();
        let deep = check(nest(DEPTH as usize + 1).as_bytes()).unwrap_err();
        assert_eq!(deep.problem, Problem::TooDeep);
        assert_eq!(deep.at, open.len() * DEPTH as usize);
        assert!(check(open.repeat(2_000_000).as_bytes()).is_err());
    }
    // The kinds of all levels are remembered, down to the outermost.
    let mixed = format!("{}{}", r#"[{"a":"#.repeat(64), "}]".repeat(64));
    assert!(check(mixed.replace(":}", ":0}").as_bytes()).is_ok());
    assert!(check(mixed.replace(":}", ":0]").as_bytes()).is_err());
}

#[test]
fn a_long_string_is_one_step() {
    let long = "é\\n世".repeat(200_000);
    let text = format!("[\"{long}\"]");
    let mut cursor = Cursor::new(text.as_bytes()).unwrap();
    cursor.array().unwrap();
    assert!(cursor.next_item().unwrap());
    let string = cursor.string().unwrap();
    assert_eq!(string.len(text.as_bytes()), 200_000 * 6);
    assert_eq!(string.decode(text.as_bytes()), long.replace("\\n", "\n"));
    assert!(!cursor.next_item().unwrap());
}

#[test]
fn lone_surrogates_are_let_through_and_replaced() {
    for (spelled, read) in [
        (r"\uD83E\uDD80", "🦀"),
        (r"a\ud83e", "a\u{fffd}"),
        (r"\ud83eb", "\u{fffd}b"),
        (r"\udd80\ud83e", "\u{fffd}\u{fffd}"),
        (r"\ud83e\u0041", "\u{fffd}A"),
        (r"\ud83e\\", "\u{fffd}\\"),
        (r#"\"\\\/\b\f\n\r\t\u0000"#, "\"\\/\u{8}\u{c}\n\r\t\0"),
    ] {
        let text = format!("\"{spelled}\"");
        let string = Cursor::new(text.as_bytes()).unwrap().string().unwrap();
        assert_eq!(string.decode(text.as_bytes()), read);
        assert_eq!(string.len(text.as_bytes()), read.len());
        assert!(string.is(text.as_bytes(), read));
    }
    let broken = b"\"\xff\"";
    let string = Cursor::new(broken).unwrap().string().unwrap();
    assert_eq!(string.decode(broken), "\u{fffd}");
}

/// What a string may be made of, and rarely what it may not.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => "[a-z]{0,40}",
        8 => "(\\\\\\\\){1,3}",
        8 => r#"\\["\\/bfnrt]"#,
        8 => r"\\u[0-9a-cA-C][0-9a-fA-F]{3}",
        4 => "[é模🦀]{1,5}",
        1 => r#"\\|\\[a-z]|\\u[0-9a-g"]{0,4}|["\x00-\x1f]"#,
    ]
}

fn check(text: &[u8]) -> Result<(), Syntax> {
    let mut cursor = Cursor::new(text)?;
    assert_eq!(
        cursor.skip()?.of(text),
        text[..cursor.at()].trim_ascii_start()
    );
    cursor.end()
}

/// Walks step by step, as a caller does, where `check` skips.
fn rebuild(text: &[u8]) -> Result<Value, Syntax> {
    let mut cursor = Cursor::new(text)?;
    let value = rebuild_value(&mut cursor)?;
    cursor.end()?;
    Ok(value)
}

fn rebuild_value(cursor: &mut Cursor<'_>) -> Result<Value, Syntax> {
    let text = cursor.source();
    match cursor.peek()? {
        Kind::Object => {
            let mut members = serde_json::Map::new();
            cursor.object()?;
            while let Some(key) = cursor.next_member()? {
                members.insert(key.decode(text).into_owned(), rebuild_value(cursor)?);
            }
            Ok(Value::Object(members))
        }
        Kind::Array => {
            let mut items = Vec::new();
            cursor.array()?;
            while cursor.next_item()? {
                items.push(rebuild_value(cursor)?);
            }
            Ok(Value::Array(items))
        }
        Kind::String => Ok(Value::from(cursor.string()?.decode(text))),
        _ => Ok(serde_json::from_slice(cursor.skip()?.of(text)).unwrap_or(Value::Null)),
    }
}
