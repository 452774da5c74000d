//! What is taken, settled and given back.

use std::num::NonZeroU32;

use switchtower::limits::{Limits, NotARule, Rule, Scope, Subject, Unit, Window};
use switchtower::{Caller, Fault, KeyId, Kind, Money, Period};

use super::*;

#[test]
fn what_is_held_counts_until_it_is_settled_or_dropped() {
    let (limits, clock, caller) = (budget(10, Window::Forever), Clock::new(), caller("a"));
    let take = |amount| limits.take(&of(&caller), &[(Unit::Money, amount)], clock.now());
    let mut first = take(6).unwrap();
    let second = take(4).unwrap();
    let refused = take(1).unwrap_err();
    assert_eq!(
        (refused.level.used, refused.level.held, refused.needed),
        (0, 10, 1)
    );
    assert_eq!(limits.available(&of(&caller), clock.now()), money(0));
    // What is under way may end soon.
    assert_eq!(refused.retry_after, Some(seconds(1)));

    first.settle(Unit::Money, 2, clock.now());
    assert!(first.is_empty());
    drop(first);
    assert_eq!(limits.available(&of(&caller), clock.now()), money(4));
    drop(second);
    assert_eq!(limits.available(&of(&caller), clock.now()), money(8));
    // Never: it is more than the limit allows.
    assert_eq!(take(11).unwrap_err().retry_after, None);
    assert_eq!(take(9).unwrap_err().retry_after, None);
}

#[test]
fn it_is_all_or_nothing() {
    let clock = Clock::new();
    let (a, b) = (caller("a").account("acme"), caller("b").account("acme"));
    let limits = Limits::new([
        rule("account", Scope::Account, Unit::Money, Window::Forever, 10),
        rule("key", Scope::Key, Unit::Money, Window::Forever, 7),
        rule("requests", Scope::Key, Unit::Requests, Window::Forever, 2),
    ]);
    let wanted = [(Unit::Money, 6), (Unit::Requests, 1)];
    let first = limits.take(&of(&a), &wanted, clock.now()).unwrap();
    let refused = limits.take(&of(&b), &wanted, clock.now()).unwrap_err();
    assert_eq!(refused.level.rule.name(), "account");
    // Neither its money nor its request was taken.
    let levels = limits.levels(&of(&b), &[Unit::Money, Unit::Requests], clock.now());
    let left = levels
        .iter()
        .map(|level| (level.rule.name(), level.remaining()));
    let mut left: Vec<_> = left.collect();
    left.sort();
    assert_eq!(left, [("account", 4), ("key", 7), ("requests", 2)]);
    drop(first);
    assert_eq!(limits.available(&of(&b), clock.now()), money(7));
}

#[test]
fn each_scope_counts_by_its_own() {
    let clock = Clock::new();
    let acme = caller("a").account("acme");
    let other = caller("b").account("other");
    let subject = |caller, user| Subject {
        caller: Some(caller),
        model: Some("acme/swift:free"),
        models: &[],
        providers: &[],
        user,
        tag: Some("night"),
    };
    for (scope, counted) in [
        (Scope::Account, [true, false, true]),
        (Scope::Key, [true, false, true]),
        (Scope::Model, [true, true, true]),
        // A user is one of an account; nobody is named in the third.
        (Scope::User, [true, false, false]),
        (Scope::Tag, [true, false, true]),
    ] {
        let limits = Limits::new([rule("one", scope, Unit::Requests, Window::Forever, 1)]);
        let take =
            |subject: &Subject<'_>| limits.take(subject, &[(Unit::Requests, 1)], clock.now());
        let _first = take(&subject(&acme, Some("bob"))).unwrap();
        let others = [
            subject(&acme, Some("bob")),
            subject(&other, Some("bob")),
            subject(&acme, None),
        ];
        let refused = others.map(|subject| take(&subject).is_err());
        assert_eq!(refused, counted, "{scope:?}");
    }
}

#[test]
fn a_rule_may_be_of_one_alone_and_of_some_models_only() {
    let clock = Clock::new();
    let (a, b) = (caller("a"), caller("b"));
    let one = |name| rule(name, Scope::Key, Unit::Requests, Window::Forever, 1);
    let limits = Limits::new([
        one("a").of(&a.key().to_string()).unwrap(),
        rule("free", Scope::Account, Unit::Requests, Window::Forever, 1).models("*:free"),
    ]);
    let take = |caller, model| {
        let subject = Subject {
            model: Some(model),
            ..of(caller)
        };
        let taken = limits.take(&subject, &[(Unit::Requests, 1)], clock.now());
        taken.map(|mut taken| taken.settle(Unit::Requests, 1, clock.now()))
    };
    take(&a, "acme/swift").unwrap();
    assert_eq!(take(&a, "acme/swift").unwrap_err().level.rule.name(), "a");
    take(&b, "acme/swift").unwrap();
    take(&b, "acme/swift:free").unwrap();
    // All free models count together, as OpenRouter's do.
    assert_eq!(
        take(&b, "acme/slow:free").unwrap_err().level.rule.name(),
        "free"
    );
    take(&b, "acme/slow").unwrap();
}

#[test]
fn whoever_answers_is_charged() {
    let clock = Clock::new();
    let limits = Limits::new([rule(
        "provider",
        Scope::Provider,
        Unit::Money,
        Window::Forever,
        10,
    )]);
    let subject = Subject {
        providers: &["acme", "zeta", "acme"],
        ..Subject::default()
    };
    let mut taken = limits
        .take(&subject, &[(Unit::Money, 6)], clock.now())
        .unwrap();
    assert!(
        limits
            .take(&subject, &[(Unit::Money, 6)], clock.now())
            .is_err()
    );
    taken.only(&Subject {
        providers: &["zeta"],
        ..Subject::default()
    });
    taken.settle(Unit::Money, 5, clock.now());
    let left = |provider| {
        let subject = Subject {
            providers: &[provider],
            ..Subject::default()
        };
        limits.available(&subject, clock.now())
    };
    assert_eq!((left("acme"), left("zeta")), (money(10), money(5)));
}

#[test]
fn credit_is_a_limit_that_moves() {
    let (limits, clock, caller) = (Limits::default(), Clock::new(), caller("a"));
    let paid = |picodollars| {
        let credit = Money::from_picodollars(picodollars);
        let rule = Rule::money("credit", Scope::Account, Window::Forever, credit).unwrap();
        limits
            .set_rules(
                (Scope::Account, Caller::ACCOUNT),
                [(rule, vec![])],
                clock.now(),
            )
            .unwrap();
    };
    assert_eq!(limits.available(&of(&caller), clock.now()), None);
    paid(10);
    let mut taken = limits
        .take(&of(&caller), &[(Unit::Money, 8)], clock.now())
        .unwrap();
    paid(15);
    assert_eq!(limits.available(&of(&caller), clock.now()), money(7));
    taken.settle(Unit::Money, 8, clock.now());
    // Less than was spent: something was paid back.
    paid(5);
    assert_eq!(limits.available(&of(&caller), clock.now()), money(0));
    assert!(
        limits
            .take(&of(&caller), &[(Unit::Money, 1)], clock.now())
            .is_err()
    );
    limits
        .set_rules((Scope::Account, Caller::ACCOUNT), [], clock.now())
        .unwrap();
    assert_eq!(limits.available(&of(&caller), clock.now()), None);
}

#[test]
fn what_a_ledger_knows_counts_from_the_start() {
    let clock = Clock::new();
    let caller = caller("a");
    let minute = Window::Rolling(seconds(64));
    for (window, then, left) in [
        (Window::Forever, 1_000_000, 4),
        (Window::Calendar(Period::Daily), 3600, 4),
        (Window::Calendar(Period::Daily), 86_400, 10),
        // The first of the month was a week ago or more.
        (Window::Calendar(Period::Monthly), 86_400, 4),
        (minute, 60, 4),
        (minute, 70, 10),
    ] {
        let limits = budget(10, window);
        let then = clock.wall - seconds(then);
        limits.charge(&of(&caller), Unit::Money, 6, then, clock.now());
        assert_eq!(
            limits.available(&of(&caller), clock.now()),
            money(left),
            "{window:?}"
        );
    }
}

#[test]
fn a_shared_budget_gives_what_was_granted() {
    let mut clock = Clock::new();
    let caller = caller("a");
    let day = Window::Calendar(Period::Daily);
    let limits = Limits::new([rule("day", Scope::Key, Unit::Money, day, 10)]);
    limits.share();
    let take = |amount, now| limits.take(&of(&caller), &[(Unit::Money, amount)], now);
    assert!(take(3, clock.now()).unwrap_err().may_be_leased);
    let share = limits.shares(&of(&caller), clock.now()).remove(0);
    let window = share.counted(clock.now()).window;
    assert_eq!(
        share.name(window),
        format!("day of key {}, daily from 2023-08-31", caller.key())
    );
    share.grant(window, 4, None, clock.now());
    let mut taken = take(3, clock.now()).unwrap();
    assert!(take(3, clock.now()).unwrap_err().may_be_leased);
    // No lease helps here.
    assert!(!take(8, clock.now()).unwrap_err().may_be_leased);
    taken.settle(Unit::Money, 5, clock.now());
    let counted = share.counted(clock.now());
    assert_eq!((counted.used, counted.held, counted.over), (5, 0, 2));
    // What others have is believed for a second.
    share.grant(window, 5, Some((2, 1)), clock.now());
    let refused = take(3, clock.now()).unwrap_err();
    assert!(!refused.may_be_leased);
    assert_eq!((refused.level.used, refused.level.held), (7, 1));
    assert!(take(2, clock.now()).unwrap_err().may_be_leased);
    clock.goes(seconds(1));
    assert!(take(3, clock.now()).unwrap_err().may_be_leased);
    // What was granted was for this day.
    clock.goes(seconds(86_400));
    share.grant(window, 10, None, clock.now());
    assert!(take(1, clock.now()).unwrap_err().may_be_leased);
    assert_ne!(share.counted(clock.now()).window, window);
}

#[test]
fn what_slides_and_what_is_beyond_is_not_shared() {
    let clock = Clock::new();
    let [a, b] = ["a", "b"].map(caller);
    let hour = Window::Rolling(seconds(3600));
    let rules = [
        rule("hour", Scope::Key, Unit::Money, hour, 10),
        rule("requests", Scope::Key, Unit::Requests, Window::Forever, 10),
    ];
    let limits = Limits::new(rules);
    limits.share();
    let wanted = [(Unit::Money, 1), (Unit::Requests, 1)];
    assert!(limits.take(&of(&a), &wanted, clock.now()).is_ok());
    assert!(limits.shares(&of(&a), clock.now()).is_empty());

    let ever = rule("ever", Scope::Key, Unit::Money, Window::Forever, 10);
    let limits = Limits::with_values([ever], 1);
    limits.share();
    let take = |caller| limits.take(&of(caller), &[(Unit::Money, 1)], clock.now());
    assert!(take(&a).unwrap_err().may_be_leased);
    let share = limits.shares(&of(&a), clock.now()).remove(0);
    share.grant(share.counted(clock.now()).window, 1, None, clock.now());
    let _taken = take(&a).unwrap();
    assert!(take(&b).is_ok());
}

#[test]
fn what_is_too_much_for_a_ledger_is_no_rule() {
    let bucket = Window::Bucket {
        period: seconds(60),
        burst: NonZeroU32::MIN,
    };
    let new = |unit, window, limit| Rule::new("r", Scope::Key, unit, window, limit);
    assert_eq!(
        new(Unit::Money, Window::Forever, 1 << 63),
        Err(NotARule::TooLarge)
    );
    assert!(new(Unit::Money, Window::Forever, (1 << 63) - 1).is_ok());
    let below = Rule::money(
        "r",
        Scope::Key,
        Window::Forever,
        Money::from_picodollars(-1),
    );
    assert_eq!(below, Err(NotARule::TooSmall));
    assert_eq!(new(Unit::Requests, bucket, 0), Err(NotARule::TooSmall));
    assert_eq!(
        new(Unit::Requests, bucket, 1 << 32),
        Err(NotARule::TooLarge)
    );
    assert_eq!(new(Unit::Money, bucket, 1), Err(NotARule::NoBucket));
    assert_eq!(
        new(Unit::Concurrency, Window::Calendar(Period::Daily), 1),
        Err(NotARule::NoWindow)
    );
    let endless = Window::Rolling(Duration::MAX);
    assert_eq!(new(Unit::Tokens, endless, 1), Err(NotARule::BadWindow));
    let slow = Window::Bucket {
        period: Window::LONGEST,
        burst: NonZeroU32::MAX,
    };
    assert_eq!(new(Unit::Tokens, slow, 1), Err(NotARule::BadWindow));
    let provider = Rule::new("r", Scope::Provider, Unit::Tokens, Window::Forever, 1);
    assert_eq!(provider, Err(NotARule::NoProvider));
    let rule = new(Unit::Tokens, Window::Forever, 1).unwrap();
    assert_eq!(rule.clone().soft([0]), Err(NotARule::BadThreshold));
    assert_eq!(rule.clone().soft(1..20), Err(NotARule::BadThreshold));
    assert_eq!(rule.clone().of("sk-or-v1-a"), Err(NotARule::BadValue));
    assert_eq!(
        Rule::new("a name", Scope::Key, Unit::Money, Window::Forever, 1),
        Err(NotARule::BadName)
    );
}

/// What a caller may send is not what a counter can hold.
#[test]
fn no_amount_is_too_large_to_be_refused() {
    let clock = Clock::new();
    let caller = caller("a");
    let bucket = Window::Bucket {
        period: seconds(60),
        burst: NonZeroU32::MAX,
    };
    for window in [Window::Forever, Window::Rolling(seconds(60))] {
        let limits = budget(i64::MAX as u64, window);
        let take = |amount| limits.take(&of(&caller), &[(Unit::Money, amount)], clock.now());
        assert!(take(u64::MAX).is_err());
        let _all = take(i64::MAX as u64).unwrap();
        assert!(take(1).is_err());
    }
    let limits = Limits::new([rule("tokens", Scope::Key, Unit::Tokens, bucket, 1000)]);
    let take = |amount| limits.take(&of(&caller), &[(Unit::Tokens, amount)], clock.now());
    let mut huge = take(u64::MAX).unwrap();
    assert!(take(1).is_err());
    huge.settle(Unit::Tokens, u64::MAX, clock.now());
}

#[test]
fn a_refusal_says_what_and_until_when() {
    let clock = Clock::new();
    let caller = caller("a");
    let day = Window::Calendar(Period::Daily);
    let limits = Limits::new([
        rule(
            "key-per-day",
            Scope::Key,
            Unit::Money,
            day,
            5_000_000_000_000,
        ),
        rule(
            "per-minute",
            Scope::Key,
            Unit::Requests,
            Window::Rolling(seconds(64)),
            1,
        ),
    ]);
    let wanted = [(Unit::Money, 4_000_000_000_000), (Unit::Requests, 1)];
    let mut taken = limits.take(&of(&caller), &wanted, clock.now()).unwrap();
    taken.settle(Unit::Money, 4_000_000_000_000, clock.now());
    taken.settle(Unit::Requests, 1, clock.now());

    // The one that takes longer, which is not until midnight.
    let refused = limits.take(&of(&caller), &wanted, clock.now()).unwrap_err();
    assert_eq!(refused.level.rule.name(), "key-per-day");
    assert_eq!(refused.retry_after, Some(seconds(43_200)));
    assert_eq!(refused.resets_at, Some(clock.wall + seconds(43_200)));
    let error = switchtower::Error::from(refused);
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::PaymentRequired, 402)
    );
    let told = "Insufficient credits: this request may cost up to 4 USD, and key-per-day allows 5 USD daily, of which \
                4 USD are spent and 0 USD are held for requests that are under way";
    assert_eq!(error.message(), told);

    let refused = limits
        .take(&of(&caller), &wanted[1..], clock.now())
        .unwrap_err();
    let wait = refused.retry_after.unwrap();
    assert!((seconds(64)..=seconds(68)).contains(&wait), "{wait:?}");
    let error = switchtower::Error::from(refused);
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (Kind::LimitReached, 429)
    );
    assert_eq!(error.kind().rule().fault, Fault::Caller);
    assert!(error.should_retry());
    let told = "Rate limit exceeded: per-minute: 1 request in 64s; used 1, requested 1";
    assert_eq!(error.message(), told);
    assert_eq!(error.exceeded().unwrap().level.rule.name(), "per-minute");
}

/// The first thing that newcomers hit: without `max_tokens`, what a request may cost is what the model may write at the most.
#[test]
fn who_asks_for_more_than_all_is_told_what_helps() {
    let (clock, caller) = (Clock::new(), caller("a"));
    for unit in [Unit::Money, Unit::Tokens, Unit::Requests] {
        let limits = Limits::new([rule("few", Scope::Key, unit, Window::Forever, 5)]);
        let told = |amount| {
            let refused = limits.take(&of(&caller), &[(unit, amount)], clock.now());
            refused.unwrap_err().to_string()
        };
        let helps = told(6).ends_with("; less is needed with a smaller `max_tokens`");
        assert_eq!(helps, unit != Unit::Requests, "{}", told(6));
        let mut taken = limits
            .take(&of(&caller), &[(unit, 5)], clock.now())
            .unwrap();
        taken.settle(unit, 5, clock.now());
        assert!(
            !told(6).contains("max_tokens"),
            "nothing helps: {}",
            told(6)
        );
    }
}

#[test]
fn who_is_too_many_is_counted_with_the_rest() {
    let mut clock = Clock::new();
    let day = Window::Calendar(Period::Daily);
    let one = rule("one", Scope::Key, Unit::Requests, day, 1);
    let limits = Limits::with_values([one], 2);
    let take = |key: &str, now| {
        let caller = Caller::new(KeyId::of(key));
        let taken = limits.take(&of(&caller), &[(Unit::Requests, 1)], now);
        taken.map(|mut taken| taken.settle(Unit::Requests, 1, now))
    };
    let now = clock.now();
    for key in ["a", "b", "c"] {
        assert!(take(key, now).is_ok(), "{key}");
        assert!(take(key, now).is_err(), "{key}");
    }
    // There is one count for the third and the fourth.
    assert!(take("d", now).is_err());
    // Nothing counts any more, so that there is room.
    clock.goes(seconds(86_400));
    let now = clock.now();
    for key in ["e", "f", "g"] {
        assert!(take(key, now).is_ok(), "{key}");
        assert!(take(key, now).is_err(), "{key}");
    }
    assert!(take("a", now).is_err());
}

/// Who asked in the names of random users took all counts there are, and from then on the users of everybody else shared one.
#[test]
fn who_makes_up_users_harms_its_own_account_alone() {
    let (mut clock, day) = (Clock::new(), Window::Calendar(Period::Daily));
    for scope in [Scope::User, Scope::Tag] {
        let limits = Limits::with_values([rule("one", scope, Unit::Requests, day, 1)], 100);
        let take = |account: &str, name: &str, now| {
            let caller = Caller::new(KeyId::of(account)).account(account);
            let subject = Subject {
                user: Some(name),
                tag: Some(name),
                ..of(&caller)
            };
            let taken = limits.take(&subject, &[(Unit::Requests, 1)], now);
            taken
                .map(|mut taken| taken.settle(Unit::Requests, 1, now))
                .is_ok()
        };
        let now = clock.now();
        // Ten of a hundred, and one for the rest.
        let random = |number: usize| format!("random-{number}");
        let let_in = (0..1000).filter(|number| take("hostile", &random(*number), now));
        assert_eq!(let_in.count(), 11);
        for name in ["bob", "eve"] {
            assert!(take("good", name, now));
            assert!(!take("good", name, now));
        }
        // So may nine others, and then there is one count for the rest of each account.
        let others = (0..20).map(|number| format!("other-{number}"));
        let let_in: Vec<_> = others
            .map(|account| {
                (0..20)
                    .filter(|it| take(&account, &random(*it), now))
                    .count()
            })
            .collect();
        let own = let_in.iter().map(|count| count - 1).sum::<usize>();
        assert_eq!(own, 100 - 10 - 2);
        assert!(
            let_in.iter().all(|count| (1..=11).contains(count)),
            "{let_in:?}"
        );

        clock.goes(seconds(86_400));
        assert!(take("good", "bob", clock.now()));
        let let_in = (0..1000).filter(|it| take("hostile", &random(*it), clock.now()));
        assert_eq!(let_in.count(), 11);
    }
}

#[test]
fn rules_are_read_from_a_catalogue_and_errors_name_their_place() {
    let read = |limits: &str| {
        let none = |_: &str| None;
        switchtower::catalog::Catalog::from_toml(limits, "t.toml", none)
    };
    let catalog = read(
        r#"
        [[limits]]
        name = "key-per-day"
        scope = "key"
        unit = "money"
        window = "daily"
        limit = "5"
        soft = [80, 95]

        [[limits]]
        name = "free-models-per-min"
        scope = "account"
        models = "*:free"
        unit = "requests"
        window = { rolling_ms = 60_000 }
        limit = 20

        [[limits]]
        name = "tokens"
        scope = "account"
        of = "acme"
        unit = "tokens"
        window = { bucket_ms = 60_000, burst = 10_000 }
        limit = 60_000
    "#,
    );
    let minute = Window::Rolling(seconds(60));
    let bucket = Window::Bucket {
        period: seconds(60),
        burst: NonZeroU32::new(10_000).unwrap(),
    };
    let day = Window::Calendar(Period::Daily);
    let right = [
        Rule::money("key-per-day", Scope::Key, day, "5".parse().unwrap())
            .and_then(|rule| rule.soft([80, 95]))
            .unwrap(),
        rule(
            "free-models-per-min",
            Scope::Account,
            Unit::Requests,
            minute,
            20,
        )
        .models("*:free"),
        rule("tokens", Scope::Account, Unit::Tokens, bucket, 60_000)
            .of("acme")
            .unwrap(),
    ];
    assert_eq!(catalog.unwrap().limits(), right);

    let line = "[[limits]]\nname = \"a\"\nscope = \"key\"\nunit = \"money\"\nlimit = \"5\"\n";
    for (find, put, error) in [
        (
            "\"5\"",
            "5",
            "t.toml:5:9: limits[0].limit: must be a string, not a whole number",
        ),
        (
            "\"5\"",
            "\"-5\"",
            "t.toml:5:9: limits[0].limit: a limit is not below zero, and that of a bucket is not zero",
        ),
        (
            "\"5\"",
            "\"10000000\"",
            "t.toml:5:9: limits[0].limit: \"10000000\" is too large",
        ),
        (
            "\"key\"",
            "\"keys\"",
            "t.toml:3:9: limits[0].scope: \"keys\" is not one of account, key, model, provider, user, tag",
        ),
        (
            "limit = \"5\"",
            "limit = \"5\"\nwindow = { bucket_ms = 1, burst = 1 }",
            "t.toml:6:1: limits[0].window: only requests and tokens flow through a bucket",
        ),
        (
            "limit = \"5\"",
            "limit = \"5\"\nof = \"sk-or-v1-a\"",
            "t.toml:6:6: limits[0].of: the name of a key has 64 hexadecimal digits, that of a user or a tag is `account/name`",
        ),
    ] {
        let told = read(&line.replace(find, put)).unwrap_err().to_string();
        assert_eq!(told, error);
    }
}

/// An account that owes money is refused also what is free; one that has merely used all up is not.
#[test]
fn who_owes_is_refused_what_is_free() {
    let (limits, clock, caller) = (budget(10, Window::Forever), Clock::new(), caller("a"));
    let take = |amount| limits.take(&of(&caller), &[(Unit::Money, amount)], clock.now());
    let charge = |amount| {
        let now = clock.now();
        limits.charge(&of(&caller), Unit::Money, amount, now.wall, now);
    };
    charge(10);
    assert!(take(1).is_err());
    drop(take(0).unwrap());
    charge(1);
    let refused = take(0).unwrap_err();
    assert_eq!((refused.level.used, refused.needed), (11, 0));
}
