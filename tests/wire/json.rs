//! Random JSON, spelled in random ways.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

pub(super) fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{0,6}",
        "[ -~]{0,20}",
        "[\u{0}-\u{1f}\"\\\\/é世界🦀\u{2028}]{0,12}",
        Just("\"usage\":{\"total_tokens\":1}".to_owned()),
        Just("模型".repeat(9)),
    ]
}

pub(super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<i16>().prop_map(|n| json!(f64::from(n) / 4.0)),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Writes `value` with whitespace and escapes that depend on `seed`.
pub(super) fn spell(value: &Value, seed: u64) -> String {
    let mut pen = Pen(seed | 1, String::new());
    pen.space();
    pen.value(value);
    pen.space();
    pen.1
}

/// Up to three small injuries.
pub(super) fn injure(text: &str, wounds: &[(usize, u8, u8)]) -> Vec<u8> {
    const BYTES: &[u8] = b"{}[]\",:\\/u0-+.eEtfn \n\x00\x1f\x7f\x80\xff";
    let mut bytes = text.as_bytes().to_vec();
    for &(at, how, byte) in wounds {
        let at = at % (bytes.len() + 1);
        let byte = BYTES[byte as usize % BYTES.len()];
        match how % 4 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, byte),
            2 if at < bytes.len() => bytes[at] = byte,
            _ if at < bytes.len() => drop(bytes.remove(at)),
            _ => {}
        }
    }
    bytes
}

struct Pen(u64, String);

impl Pen {
    fn chance(&mut self, of: u64) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.is_multiple_of(of)
    }

    fn space(&mut self) {
        for c in [" ", "\n", "\t", "\r", "    "] {
            if self.chance(9) {
                self.1 += c;
            }
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                self.1.push('[');
                self.space();
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        self.1.push(',');
                        self.space();
                    }
                    self.value(item);
                    self.space();
                }
                self.1.push(']');
            }
            Value::Object(members) => {
                self.1.push('{');
                self.space();
                for (i, (key, value)) in members.iter().enumerate() {
                    if i > 0 {
                        self.1.push(',');
                        self.space();
                    }
                    self.text(key);
                    self.space();
                    self.1.push(':');
                    self.space();
                    self.value(value);
                    self.space();
                }
                self.1.push('}');
            }
            scalar => self.1 += &scalar.to_string(),
        }
    }

    fn text(&mut self, text: &str) {
        self.1.push('"');
        for c in text.chars() {
            if self.chance(12) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    self.1 += &format!("\\u{unit:04X}");
                }
            } else {
                let quoted = Value::from(c.to_string()).to_string();
                self.1 += &quoted[1..quoted.len() - 1];
            }
        }
        self.1.push('"');
    }
}
