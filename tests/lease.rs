//! Leases: whatever is lost on the way, whoever is killed, cut off or paused, and whatever clocks say, all that is spent is
//! never more than the limit.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use switchtower::settle::lease::{
    Ask, Drawn, Grant, Lapsed, Lease, LeaseSettings, Leased, Limit, Replica, Shared, Spent, Told,
    Want,
};

const LIMIT: u64 = 1_000;
const REPLICAS: usize = 3;

/// What becomes of a message to the database?
#[derive(Clone, Copy, Debug, PartialEq)]
enum Word {
    /// It is done, and the answer comes.
    Heard,
    /// It is done, and the answer is lost.
    Unanswered,
    /// It is lost.
    Lost,
    /// It is on its way, for as long as it takes: what is said meanwhile may be heard before. What is recorded never is.
    Late,
    /// It is known not to be done.
    Busy,
}

#[derive(Clone, Debug)]
enum Step {
    /// Somebody asks for a lease, with so much more at once.
    Ask(usize, u64, Word),
    /// Likewise, and gives back what is free if that is too much.
    Exactly(usize, u64, Word),
    /// Somebody renews, or gives back what is free.
    Renew(usize, bool, Word),
    /// A request that may cost so much.
    Hold(usize, u64, Word),
    /// The limit is lower, or higher.
    Limit(u64),
    /// A request that is under way is over, and has cost so many percent of what was held.
    Settle(usize, u64),
    /// The ask that has been on its way for longest comes, and is answered, or the answer is lost.
    Arrive(usize, bool),
    /// What has changed is recorded, and nothing is added.
    Record(usize, Word),
    /// The process is killed, and starts anew.
    Kill(usize),
    /// So many seconds are over, on the clock of this replica alone.
    Pass(usize, u64),
    /// The database's clock jumps.
    Jump(i64),
}

struct World {
    counter: Shared,
    clock: SystemTime,
    replicas: Vec<Process>,
    /// As replicas know it.
    limit: u64,
    /// What dead processes have charged, or what is under way of theirs: the upstream goes on.
    gone: u64,
    gone_over: u64,
    /// How often something was drawn that was not covered.
    lapsed: usize,
    settings: LeaseSettings,
}

struct Process {
    replica: Replica,
    lease: Lease,
    now: Instant,
    charged: u64,
    over: u64,
    /// What the upstream works on.
    holds: Vec<u64>,
    /// What it has asked, and when, and is on its way.
    late: VecDeque<(Ask, Instant)>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn the_sum_never_exceeds_the_limit(
        steps in proptest::collection::vec(step(), 1..120),
        reserve in 0..=100_u8,
    ) {
        let mut world = World::new(LeaseSettings::default().reserve(reserve));
        for step in steps {
            world.take(step.clone());
            // What was charged beyond what was held was not for a limit to stop.
            let most = LIMIT + world.overrun();
            prop_assert!(world.spent() <= most, "{} after {step:?}", world.spent());
        }
        world.limit = LIMIT;
        // All that can come back does, once everybody is heard and gives back.
        for place in 0..REPLICAS {
            while !world.replicas[place].holds.is_empty() {
                world.take(Step::Settle(place, 50));
            }
        }
        world.jump(3600);
        for place in 0..REPLICAS {
            world.give_back(place);
        }
        let living: Vec<_> = world.replicas.iter().map(|it| it.replica.clone()).collect();
        let dead = |lease: &&Leased| !living.contains(&lease.replica);
        let abandoned: u64 = world.counter.leases.iter().filter(dead).map(|lease| lease.granted).sum();
        let charged: u64 = world.replicas.iter().map(|it| it.charged).sum();
        prop_assert_eq!(world.counter.left(LIMIT), LIMIT.saturating_sub(abandoned + charged));
        // And what nobody knows of comes back by an operator's word.
        let recorded: u64 = world.counter.leases.iter().map(Leased::drawn).sum();
        let all: Vec<_> = world.counter.leases.iter().map(|lease| lease.replica.clone()).collect();
        for replica in all {
            world.counter.release(&replica);
        }
        prop_assert_eq!(world.counter.left(LIMIT), LIMIT.saturating_sub(recorded));
        prop_assert_eq!(world.counter.opening, recorded);
    }

    /// What is on its way is no reason to draw what is not covered: neither as long as nobody has heard of it, nor before its
    /// answer comes.
    #[test]
    fn nothing_lapses_but_what_is_taken_back(
        steps in proptest::collection::vec(step(), 1..120),
        reserve in 0..=100_u8,
    ) {
        let mut world = World::new(LeaseSettings::default().reserve(reserve));
        let takes_back = |step: &Step| {
            matches!(step, Step::Limit(_) | Step::Kill(_) | Step::Pass(..) | Step::Jump(_))
        };
        for step in steps.into_iter().filter(|step| !takes_back(step)) {
            world.take(step.clone());
            prop_assert_eq!(world.lapsed, 0, "by {:?}", step);
        }
    }
}

#[test]
fn equal_holds_are_admitted_until_the_limit_and_no_longer() {
    let mut world = World::new(LeaseSettings::default());
    let mut admitted = 0;
    let mut refused = 0;
    while refused < 3 * REPLICAS {
        for place in 0..REPLICAS {
            let before = world.replicas[place].holds.len();
            world.take(Step::Hold(place, 7, Word::Heard));
            if world.replicas[place].holds.len() > before {
                (admitted, refused) = (admitted + 1, 0);
            } else {
                refused += 1;
            }
        }
    }
    assert_eq!(admitted, LIMIT / 7);
}

#[test]
fn nothing_is_spent_without_the_database_but_the_reserve() {
    for (percent, expected) in [(0, 0), (100, 100)] {
        let mut world = World::new(LeaseSettings::default().reserve(percent));
        world.take(Step::Ask(0, 34, Word::Heard));
        for _ in 0..300 {
            world.take(Step::Hold(0, 1, Word::Lost));
        }
        // A tenth of the limit is leased in advance.
        assert_eq!(world.spent(), expected);
        world.take(Step::Pass(0, 30));
        world.take(Step::Hold(0, 1, Word::Lost));
        assert_eq!(world.spent(), expected, "and nothing once it has expired");
    }
}

#[test]
fn what_a_dead_replica_has_is_taken_back_but_for_what_it_may_have_spent() {
    let mut world = World::new(LeaseSettings::default());
    world.take(Step::Ask(0, 30, Word::Heard));
    world.take(Step::Hold(0, 10, Word::Heard));
    let lease = world.counter.leases[0].clone();
    assert_eq!(
        (lease.granted, lease.reserve, lease.told.spent.held),
        (120, 22, 10)
    );

    let mut want = |seconds: i64, much: u64| {
        world.jump(seconds);
        world.replicas[1].now += Duration::from_secs(1);
        let process = &mut world.replicas[1];
        let want = Want::More {
            least: much,
            all: much,
        };
        let ask = process
            .lease
            .ask(Spent::default(), want, limit(LIMIT), process.now);
        world
            .counter
            .ask(&world.replicas[1].replica, &ask, world.clock)
            .unwrap()
            .granted
    };
    assert!(want(39, 968) < 968, "thirty seconds and ten are not over");
    assert!(
        want(1, 969) < 969,
        "ten are held, and there is a reserve of 22"
    );
    assert_eq!(want(0, 968), 968);
}

#[test]
fn others_give_back_what_somebody_wants() {
    let mut world = World::new(LeaseSettings::default());
    world.take(Step::Ask(0, 40, Word::Heard));
    world.take(Step::Hold(1, 950, Word::Heard));
    assert!(world.replicas[1].holds.is_empty(), "140 are leased");
    world.take(Step::Ask(0, 0, Word::Heard));
    let first = &world.replicas[0];
    assert!(first.lease.is_due(Spent::default(), LIMIT, first.now));
    world.take(Step::Ask(0, 0, Word::Heard));
    world.take(Step::Hold(1, 950, Word::Heard));
    assert_eq!(world.replicas[1].holds, [950]);
}

#[test]
fn what_is_told_twice_counts_once() {
    let replica = Replica {
        name: "one".to_owned(),
        life: 1,
    };
    let drawn = |turn, held| Told {
        turn,
        spent: Spent {
            held,
            ..Spent::default()
        },
        unrecorded: 0,
    };
    let mut lease = Leased {
        replica: replica.clone(),
        granted: 100,
        reserve: 20,
        told: Told::default(),
        expires: UNIX_EPOCH,
    };
    lease.draw(&drawn(2, 80)).unwrap();
    lease.draw(&drawn(2, 80)).unwrap();
    lease.draw(&drawn(1, 10)).unwrap();
    assert_eq!(lease.drawn(), 80, "the last word counts");
    assert_eq!(
        lease.draw(&drawn(3, 81)),
        Err(Lapsed),
        "the reserve is not for this"
    );
}

// === Helpers ===

fn step() -> impl Strategy<Value = Step> {
    let word = || {
        prop_oneof![
            4 => Just(Word::Heard),
            1 => Just(Word::Unanswered),
            2 => Just(Word::Lost),
            3 => Just(Word::Late),
            1 => Just(Word::Busy),
        ]
    };
    let who = || 0..REPLICAS;
    prop_oneof![
        3 => (who(), 0..300_u64, word()).prop_map(|(who, more, word)| Step::Ask(who, more, word)),
        2 => (who(), 0..300_u64, word()).prop_map(|(who, more, word)| Step::Exactly(who, more, word)),
        2 => (who(), any::<bool>(), word()).prop_map(|(who, all, word)| Step::Renew(who, all, word)),
        1 => (LIMIT / 2..=LIMIT).prop_map(Step::Limit),
        8 => (who(), 1..150_u64, word()).prop_map(|(who, much, word)| Step::Hold(who, much, word)),
        4 => (who(), 0..=120_u64).prop_map(|(who, percent)| Step::Settle(who, percent)),
        3 => (who(), any::<bool>()).prop_map(|(who, is_heard)| Step::Arrive(who, is_heard)),
        3 => (who(), word()).prop_map(|(who, word)| Step::Record(who, word)),
        1 => who().prop_map(Step::Kill),
        2 => (who(), 1..40_u64).prop_map(|(who, seconds)| Step::Pass(who, seconds)),
        2 => (-100..200_i64).prop_map(Step::Jump),
    ]
}

// === impl World ===

impl World {
    fn new(settings: LeaseSettings) -> Self {
        let process = |place: usize| Process::new(&format!("{place}"), 1, settings);
        Self {
            counter: Shared::new(0),
            clock: UNIX_EPOCH + Duration::from_secs(1_000_000),
            replicas: (0..REPLICAS).map(process).collect(),
            limit: LIMIT,
            gone: 0,
            gone_over: 0,
            lapsed: 0,
            settings,
        }
    }

    /// What the upstream has billed, or may yet.
    fn spent(&self) -> u64 {
        self.gone + self.replicas.iter().map(|it| it.drawn()).sum::<u64>()
    }

    fn overrun(&self) -> u64 {
        self.gone_over + self.replicas.iter().map(|it| it.over).sum::<u64>()
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Ask(place, more, word) => {
                self.ask(place, more, word);
            }
            Step::Exactly(place, more, word) => {
                self.want(
                    place,
                    Want::Exactly {
                        least: more,
                        all: more,
                    },
                    word,
                );
            }
            Step::Renew(place, all, word) => {
                let want = if all { Want::Renewal } else { Want::Nothing };
                self.want(place, want, word);
            }
            Step::Limit(limit) => self.limit = limit,
            Step::Hold(place, much, word) => self.hold(place, much, word),
            Step::Settle(place, percent) => {
                let process = &mut self.replicas[place];
                let held = process.holds.pop().unwrap_or_default();
                let charged = held * percent / 100;
                process.charged += charged;
                process.over += charged.saturating_sub(held);
            }
            Step::Arrive(place, is_heard) => self.arrive(place, is_heard),
            Step::Record(place, word) => {
                self.record(place, 0, word);
            }
            Step::Kill(place) => {
                let process = &self.replicas[place];
                self.gone += process.drawn();
                self.gone_over += process.over;
                let Replica { name, life } = process.replica.clone();
                // Only who begins a new life is known to the database.
                for lease in &mut self.counter.leases {
                    if lease.replica.name == name {
                        lease.reclaim();
                    }
                }
                self.replicas[place] = Process::new(&name, life + 1, self.settings);
            }
            Step::Pass(place, seconds) => {
                self.replicas[place].now += Duration::from_secs(seconds);
            }
            Step::Jump(seconds) => self.jump(seconds),
        }
    }

    fn jump(&mut self, seconds: i64) {
        let by = Duration::from_secs(seconds.unsigned_abs());
        self.clock = match seconds < 0 {
            true => self.clock - by,
            false => self.clock + by,
        };
    }

    /// As a ledger does it: local first, then asked for, then recorded, then spent.
    fn hold(&mut self, place: usize, much: u64, word: Word) {
        let process = &self.replicas[place];
        if process.drawn() + much > process.lease.ceiling(process.now) {
            self.ask(place, much, word);
        }
        let process = &self.replicas[place];
        let room = process.drawn() + much <= process.lease.ceiling(process.now);
        let spent = match room && self.record(place, much, word) {
            true => word == Word::Heard,
            false => false,
        };
        let process = &mut self.replicas[place];
        let away = word != Word::Heard;
        if spent || (away && process.lease.spend_unrecorded(much, process.now)) {
            process.holds.push(much);
        }
    }

    /// Is it done, as far as the database is concerned?
    fn record(&mut self, place: usize, more: u64, word: Word) -> bool {
        let process = &mut self.replicas[place];
        let mut spent = process.spent();
        spent.held += more;
        let drawn = process.lease.draw(spent, &process.replica);
        if !matches!(word, Word::Heard | Word::Unanswered) {
            return false;
        }
        let mine = |lease: &&mut Leased| lease.replica == process.replica;
        let mut lease = self.counter.leases.iter_mut().find(mine);
        let known = lease.is_some();
        let done = lease.as_mut();
        let done = done.map_or(Err(Lapsed), |lease| lease.record(&drawn));
        self.lapsed += usize::from(known && done.is_err());
        if word == Word::Heard {
            match done {
                Ok(()) => process.lease.recorded(&drawn),
                Err(Lapsed) => {
                    process.lease.lapsed();
                    let drawn = process.lease.draw(process.spent(), &process.replica);
                    let settled = Drawn {
                        is_settled: true,
                        ..drawn
                    };
                    if let Some(lease) = lease {
                        lease.record(&settled).unwrap();
                        process.lease.recorded(&settled);
                    }
                }
            }
        }
        done.is_ok()
    }

    fn ask(&mut self, place: usize, more: u64, word: Word) -> Option<Grant> {
        let want = Want::More {
            least: more,
            all: more,
        };
        self.want(place, want, word)
    }

    fn want(&mut self, place: usize, want: Want, word: Word) -> Option<Grant> {
        let process = &mut self.replicas[place];
        let asked = process.now;
        let ask = process
            .lease
            .ask(process.spent(), want, limit(self.limit), asked);
        self.tell(place, &ask, asked, word)
    }

    fn tell(&mut self, place: usize, ask: &Ask, asked: Instant, word: Word) -> Option<Grant> {
        let process = &mut self.replicas[place];
        match word {
            Word::Heard | Word::Unanswered => {}
            Word::Lost => return None,
            Word::Late => {
                process.late.push_back((ask.clone(), asked));
                return None;
            }
            Word::Busy => {
                process.lease.unasked();
                return None;
            }
        }
        let grant = self.counter.ask(&process.replica, ask, self.clock).ok()?;
        if word == Word::Heard {
            process.lease.granted(ask, grant, asked);
        }
        Some(grant)
    }

    fn arrive(&mut self, place: usize, is_heard: bool) {
        let process = &mut self.replicas[place];
        let Some((ask, asked)) = process.late.pop_front() else {
            return;
        };
        let grant = self.counter.ask(&process.replica, &ask, self.clock);
        // Nobody waits for the answer to what was asked before.
        let is_last = Told::next_ask(process.lease.turn()) == Told::next_ask(ask.told.turn);
        if let (Ok(grant), true) = (grant, is_heard && is_last) {
            process.lease.granted(&ask, grant, asked);
        }
    }

    fn give_back(&mut self, place: usize) {
        let grant = self.want(place, Want::Nothing, Word::Heard).unwrap();
        assert_eq!(grant.granted, self.replicas[place].charged);
    }
}

// === impl Process ===

impl Process {
    fn new(name: &str, life: u64, settings: LeaseSettings) -> Self {
        Self {
            replica: Replica {
                name: name.to_owned(),
                life,
            },
            lease: Lease::new("the limit".to_owned(), settings),
            now: Instant::now(),
            charged: 0,
            over: 0,
            holds: Vec::new(),
            late: VecDeque::new(),
        }
    }

    fn spent(&self) -> Spent {
        Spent {
            charged: self.charged,
            held: self.holds.iter().sum(),
            over: self.over,
        }
    }

    fn drawn(&self) -> u64 {
        self.spent().drawn()
    }
}

fn limit(amount: u64) -> Limit {
    Limit { amount, ends: None }
}
