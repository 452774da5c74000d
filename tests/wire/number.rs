use proptest::prelude::*;
use switchtower::wire::json::{decimal, integer};

proptest! {
    #[test]
    fn integers_are_exact_however_they_are_spelled(n: u64, shift in 0usize..12) {
        let text = n.to_string();
        prop_assert_eq!(integer(text.as_bytes()), Some(n));
        prop_assert_eq!(integer(format!("{n}.{}", "0".repeat(shift + 1)).as_bytes()), Some(n));
        prop_assert_eq!(integer(format!("{n}{}e-{shift}", "0".repeat(shift)).as_bytes()), Some(n));
        let (head, tail) = text.split_at(1);
        if !tail.is_empty() {
            prop_assert_eq!(integer(format!("{head}.{tail}E+{}", tail.len()).as_bytes()), Some(n));
        }
    }

    #[test]
    fn decimals_keep_their_value(digits in "(0|[1-9][0-9]{0,6})(\\.[0-9]{1,6})?", e in -20i32..20) {
        let text = format!("{digits}e{e}");
        let plain = decimal(text.as_bytes()).unwrap();
        prop_assert!(plain.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
        let (a, b): (f64, f64) = (plain.parse().unwrap(), text.parse().unwrap());
        prop_assert_eq!(a, b, "{} {}", plain, text);
    }
}

#[test]
fn edges() {
    assert_eq!(integer(b"18446744073709551615"), Some(u64::MAX));
    assert_eq!(integer(b"18446744073709551616"), None);
    assert_eq!(integer(b"0e99999999999999999999"), Some(0));
    for bad in [
        "1e99999999999999999999",
        "1e-1",
        "-0",
        "",
        "1 ",
        "0x1",
        "+1",
        "1.",
        "\"1\"",
    ] {
        assert_eq!(integer(bad.as_bytes()), None, "{bad}");
    }
    for bad in [
        "1e65",
        "1e-66",
        "1e99999999999999999999",
        "-1",
        "",
        " 1",
        "1,5",
        "NaN",
    ] {
        assert_eq!(decimal(bad.as_bytes()), None, "{bad}");
    }
    assert_eq!(decimal(b"0").as_deref(), Some("0"));
    assert_eq!(decimal(b"12.5e1").as_deref(), Some("125"));
    assert_eq!(decimal(b"0.5e1").as_deref(), Some("5"));
}
