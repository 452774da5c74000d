//! The keys that may come in, by themselves.

use std::num::NonZeroU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use switchtower::keys::{
    ApiKey, Class, KeyChange, KeyRing, KeySettings, NotAdmitted, Rates, RingKey,
};
use switchtower::{KeyId, Money, Period};

fn at(micros: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(micros)
}

fn key(random: u8, version: u64, settings: KeySettings) -> RingKey {
    RingKey::new(ApiKey::from_bytes([random; 32]).id(), version, settings)
}

fn named(name: &str) -> KeySettings {
    KeySettings::named(name, "sk-or-v1-abc...123", at(1))
}

#[test]
fn a_key_is_never_printed() {
    let key = ApiKey::from_bytes(std::array::from_fn(|place| place as u8));
    let text = key.as_str();
    assert_eq!(text.len(), "sk-or-v1-".len() + 64);
    assert_eq!(format!("{key:?}"), "sk-or-v1-000...e1f");
    assert_eq!(key.id(), KeyId::of(text));
    for short in [
        "",
        "sk-or-v1-",
        "sk-or-v1-0123456789",
        "sk-or-v1-ünïcödeünïcödeünïcöde",
    ] {
        let label = ApiKey::label_of(short);
        assert!(label.ends_with("...") && label.len() <= 12, "{label}");
    }
}

#[test]
fn what_is_loaded_takes_the_place_of_what_was_loaded_before() {
    let ring = KeyRing::of(["sk-configured"]);
    ring.load([key(1, 1, named("one")), key(2, 1, named("two"))]);
    assert_eq!(ring.len(), 3);
    let kept = ring.get(ApiKey::from_bytes([1; 32]).id()).unwrap();

    let changed = KeySettings {
        disabled: true,
        ..named("two")
    };
    ring.load([
        key(1, 1, named("one")),
        key(2, 2, changed),
        key(3, 1, named("three")),
    ]);
    let same = ring.get(kept.id()).unwrap();
    assert!(
        std::sync::Arc::ptr_eq(&kept, &same),
        "nothing of it has changed"
    );
    let two = ApiKey::from_bytes([2; 32]).id();
    assert_eq!(ring.admit(two, at(2)).unwrap_err(), NotAdmitted::Disabled);

    ring.load([]);
    assert_eq!(ring.admit(two, at(2)).unwrap_err(), NotAdmitted::Unknown);
    assert!(ring.admit(KeyId::of("sk-configured"), at(2)).is_ok());
    assert_eq!(ring.len(), 1);
}

#[test]
fn no_store_takes_a_configured_key_away() {
    let ring = KeyRing::of([ApiKey::from_bytes([1; 32]).as_str()]);
    let off = KeySettings {
        disabled: true,
        ..named("one")
    };
    ring.load([key(1, 7, off)]);
    assert!(ring.admit(ApiKey::from_bytes([1; 32]).id(), at(2)).is_ok());
}

#[test]
fn what_a_newer_version_has_written_is_not_half_understood() {
    let json = named("one").to_json();
    let json = json.replacen('{', r#"{"only_on_sundays":true,"#, 1);
    assert!(KeySettings::from_json(&json).is_err());
}

fn times() -> impl Strategy<Value = SystemTime> {
    (0..4_000_000_000_000_000_u64).prop_map(at)
}

fn settings() -> impl Strategy<Value = KeySettings> {
    let period = [Period::Daily, Period::Weekly, Period::Monthly].map(Some);
    let period = prop::sample::select([&period[..], &[None]].concat());
    let names = || prop::option::of(prop::collection::vec(".{0,8}", 0..3));
    let rate = || prop::option::of(1..u64::MAX);
    let money = prop::option::of(0..i64::MAX);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let all = (
        ".*",
        money,
        period,
        flags,
        names(),
        names(),
        (rate(), rate(), rate(), rate()),
    );
    let times = (
        times(),
        prop::option::of(times()),
        prop::option::of(times()),
    );
    (all, times, prop::option::of(".{0,8}")).prop_map(|(all, times, creator)| {
        let (name, money, reset, flags, models, providers, rates) = all;
        KeySettings {
            limit: money.map(Money::from_picodollars),
            reset,
            class: if flags.0 {
                Class::Management
            } else {
                Class::Inference
            },
            include_byok: flags.1,
            disabled: flags.2,
            models,
            providers,
            rates: Rates {
                requests_per_minute: rates.0.and_then(NonZeroU64::new),
                requests_per_day: rates.1.and_then(NonZeroU64::new),
                tokens_per_minute: rates.2.and_then(NonZeroU64::new),
                tokens_per_day: rates.3.and_then(NonZeroU64::new),
            },
            expires: times.1,
            updated: times.2,
            creator,
            ..KeySettings::named(name, "sk-or-v1-...", times.0)
        }
    })
}

proptest! {
    #[test]
    fn a_document_says_what_is_set(settings in settings()) {
        prop_assert_eq!(KeySettings::from_json(&settings.to_json()).unwrap(), settings);
    }

    #[test]
    fn a_change_of_nothing_changes_nothing(settings in settings(), now in times()) {
        let changed = KeyChange::default().of(&settings, now);
        prop_assert_eq!(changed.updated, Some(now));
        let before = KeySettings { updated: Some(now), ..settings };
        prop_assert_eq!(changed, before);
    }

    #[test]
    fn a_key_is_admitted_until_it_expires(settings in settings(), now in times()) {
        let key = key(1, 1, settings.clone());
        let expected = match (settings.disabled, settings.expires) {
            (true, _) => Some(NotAdmitted::Disabled),
            (false, Some(end)) if end <= now => Some(NotAdmitted::Expired),
            _ => None,
        };
        prop_assert_eq!(key.admit(now).err(), expected);
    }

    #[test]
    fn pages_are_the_list_in_pieces(
        created in proptest::collection::vec((any::<u8>(), 0..5_u64, any::<bool>()), 0..40),
        (skip, take) in (0..45_usize, 0..45_usize),
    ) {
        let ring = KeyRing::default();
        for (random, micros, disabled) in created {
            ring.put(key(random, 1, KeySettings { created: at(micros), disabled, ..named("a") }));
        }
        let shown = |key: &RingKey| !key.settings().disabled;
        let all = ring.list().into_iter().filter(|key| shown(key)).map(|key| key.id());
        let page = ring.page(shown, skip, take).into_iter().map(|key| key.id());
        prop_assert!(page.eq(all.skip(skip).take(take)));
    }

    #[test]
    fn any_text_has_a_label_that_gives_little_away(text in ".*", hex in "[0-9a-f]{32,64}") {
        let text = format!("sk-or-v1-{text}");
        prop_assert!(ApiKey::label_of(&text).len() <= "sk-or-v1-".len() + 9);
        let label = ApiKey::label_of(&format!("sk-or-v1-{hex}"));
        prop_assert_eq!(label, format!("sk-or-v1-{}...{}", &hex[..3], &hex[hex.len() - 3..]));
    }
}
