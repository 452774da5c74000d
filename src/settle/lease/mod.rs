//! Leases: a limit that several replicas share, and of which each spends its part by itself.
//!
//! ```text
//!                  ask ┌────────────┐ grant
//!  replica  ──────────▶│  counter   │──────▶ granted: charged ┊ held ┊ free ┊ reserve
//!    │                 │ Σ granted  │                    └ recorded ┘      └ may be spent while
//!    │ record          │  ≤ limit   │                                        the database is away
//!    └────────────────▶└────────────┘
//! ```
//!
//! What a replica is granted is its own until it gives it back, so that nobody else need be asked, and all grants together
//! never exceed the limit. Each claim is recorded before it is spent, together with the hold, in one transaction; but
//! for the **reserve**, which may be spent without a record as long as the database is away, and no more.
//!
//! **Time.** A lease is spent until it expires, on the replica's clock that never goes back, counted from *before* it was
//! asked for. Once it has expired for the database too, and the [skew](LeaseSettings::skew) is over, whoever finds too
//! little left takes back what is free of it. What is recorded stays, and so does the reserve: nobody knows whether a
//! replica that is cut off has spent it. It comes back when that replica does, or when an operator
//! [releases](Lessor::release) it. So the sum is safe whatever clocks say: they only decide how soon something comes back.
//!
//! **Names.** A replica has a name and a [life](Replica::life). Whoever takes a name that is taken ends the life of the one before:
//! it gets no more leases, says so in an event, and refuses claims as when the ledger is away; what it holds stays as abandoned until it is released.
//!
//! | what happens | what it may cost |
//! |---|---|
//! | a counter is locked, or the answer is slow | who needs more than is leased waits, nobody else |
//! | the database is away | after the reserve, or the expiry: claims are refused |
//! | a replica is killed | its holds and its reserves count as spent, until released |
//! | a replica is cut off | its reserve counts as spent, until it is back |
//! | what is left is leased by others | a claim is refused; they give back what they do not need when they ask the next time |
//!
//! A [`Journal`](crate::settle::journal::Journal) that is [told to](crate::settle::JournalSettings::leases) counts budgets by leases: see
//! [several processes](crate::settle::journal#several-processes).
//!
//! **What does not fit.** A claim for which a replica has too little asks for more; where nobody has leased too little is left,
//! it waits for what others do not need, which they hear of and give back, and is refused when what is charged and held by all leaves no
//! room, or when it has [waited](LeaseSettings::wait). Where the limit is lower than before, what is free of it is taken
//! back from whoever asks, and asked back from all others.
//!
//! **The end.** A process that ends gives back all, and what it has charged stays as a sum. Of one that was killed its claims stay, until its
//! life is [released](Lessor::release).
//!
//! In a process claims of a counter are served in the order of their coming, so that a large one is not overtaken: none of them waits for
//! those before it longer than they do. Between processes there is no order.
//!
//! **How many.** A process has leases on [so many counters](LeaseSettings::counters) at once. When there would be more, those that
//! nobody has used for longest are given back and forgotten, and come back when they are used; a claim that needs one more while all are
//! in use is refused alone, as when the ledger is away.
//!
//! **What was spent before.** The first ask of a replica says what the books know, and what it has charged itself that is still to be written; of
//! that what nobody has told was spent before the counter, or by whom it did not count for. What was under way when a rule came, and is over,
//! is told as spent without a grant. So each charge counts once, but for two moments, since nobody knows of another replica's rows whether
//! they are written: what it has told and not written yet, while a third one looks at the books for the first time after it has spent
//! something that it did not count, is missing until somebody looks again; and what it has written and not told yet counts twice until
//! the window is over. Both are what one commit takes.

mod ask;
mod keeper;
mod lessor;
mod local;
mod settings;
mod shared;

pub use self::ask::{Ask, Drawn, Grant, Lapsed, Spent, Told};
pub use self::keeper::{Keeper, Wanting};
pub use self::lessor::{Lessor, Life, Replica};
pub use self::local::{Lease, Limit, Want};
pub use self::settings::LeaseSettings;
pub use self::shared::{Leased, Shared};
