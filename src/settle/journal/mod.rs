//! A ledger over a [`Store`](super::store::Store): what it has taken outlives the process.
//!
//! ```text
//! poll_slot ── a place in the queue; none left is back-pressure
//! hold ─────── Entry::Hold ─┐                       ┌▶ poll_held: the upstream is asked
//! write ────── Entry::Row ──┼─▶ queue ─▶ one thread ┴▶ poll_written: the last frame goes out
//! enter ────── any entry ───┘            commit(all that has gathered meanwhile)
//! ```
//!
//! Two moments of a request wait for the store, each for one commit that all callers share: the hold, before anybody is
//! asked, so that after a crash it is known what was under way; and the last frame, so that an answer that a caller has seen
//! whole is in the store. Nothing between them waits, and a response that is dropped is settled without waiting: it has its
//! place in the queue since it was let in.
//!
//! # What it survives
//!
//! | [`Durability`] | who waits | kept after `kill -9` | kept after a power failure |
//! |---|---|---|---|
//! | `Memory` | nobody | what was committed until then, mostly all but the last milliseconds | as the store has it |
//! | `Process`, the default | the hold, the last frame | all that a caller has seen whole | as the store has it: perhaps not the last seconds |
//! | `Power` | likewise | likewise | all that a caller has seen whole, if the store waits for the disk |
//!
//! # When the store fails
//!
//! Nothing that has been taken is dropped: the thread tries the same commit again, after 10 ms, twice as long each time and
//! at most a second. Callers are told [`LedgerAway`](crate::Kind::LedgerAway), a 503 that says when to come back. Meanwhile
//!
//! | | |
//! |---|---|
//! | the store is away | holds and last frames wait, up to the [patience](JournalSettings::patience), and then are told an error |
//! | it is full, damaged or newer | new holds, credits and documents are refused at once; rows, and ends of holds, are kept |
//! | somebody else has the [name](JournalSettings::replica), as the store says once its connection is back | new holds are refused; rows, and ends of holds, are written |
//! | an entry is in [conflict](super::store::StoreError::Conflict) with what is there | it alone fails; whoever waits for it is told, and the event `lost` has its name and charge |
//! | one entry fails in another way, while the store takes the end of a hold that nobody took | whoever waits for it is told; a row, or the end of a hold, is **set aside** |
//! | the queue is full | `poll_slot` waits, and no request is let in; for each place that is free one is woken, in the order of their coming |
//! | the thread ends by a panic | the journal is closed, and whoever waits or comes is told; each entry that was under way is an event |
//!
//! What is set aside is an event, and is tried again by itself, at least each second, until the journal is dropped: then it is
//! an event, `lost`, with its name and charge, and its hold is abandoned at the next start. So many as 1,024 are set aside; one
//! more is waited for, as if the store were away.
//!
//! # The start
//!
//! What an earlier process of the same [name](JournalSettings::replica) held and did not settle is **abandoned**: by the time
//! that a journal is opened nobody is on it any more. Each such hold becomes a row that ends as
//! [`abandoned`](super::store::Row::ABANDONED), charges nothing, and has one attempt of unknown cost, which the hold bounds:
//! the provider may have billed it. [`Journal::abandoned`] lists them, and each is an event.
//!
//! What a process of a name that will not come again has left [`Journal::release`] settles; and where it has come, what those before
//! had claimed of leases.
//!
//! Should somebody be on it all the same, such as a process that was cut off from the database until another took its name, its row takes
//! the place of the abandoned one, once, in all sums: the event `settled late`. No charge is lost by that, and none is doubled. Limits
//! that have begun meanwhile count it from the next start on; those that are leased, at once. Without its name, a process
//! lets nobody in any more, and ends what it has begun.
//!
//! So a name has one owner at a time, in all processes that write to the store: a second journal of it is refused with
//! [`Taken`](super::store::StoreError::Taken), which says what to do, and a name is free again as soon as its process has ended, also
//! by `kill -9`. Processes of several names keep their books together in PostgreSQL; a SQLite file is one process's.
//!
//! What was used before counts by the [limits](JournalSettings::limits): windows of days and those without an end by the sums
//! of days, where a model is the one that answered, whatever the caller called it; so do rolling windows and
//! buckets that reach back for more than 25 hours, as if all of a day had been used at its end: what was used before the start may
//! count for a day longer. All others count by rows. Fees count; where nobody knows the charge, what was held for it counts, as when
//! it is settled; and what an abandoned request cost does not.
//!
//! # Several processes
//!
//! Journals of several processes over one store that keeps leases, each under a [name](JournalSettings::replica) of its own, count budgets
//! together if they are [told to](JournalSettings::leases): rules of money that hold for ever or by the calendar. What all of
//! them charge and hold never exceeds such a limit. Money that slides, requests, tokens and concurrency are counted by each process by
//! itself.
//!
//! ```no_run
//! use std::sync::Arc;
//! use switchtower::limits::Limits;
//! use switchtower::settle::lease::LeaseSettings;
//! use switchtower::settle::{Journal, JournalSettings};
//! # use switchtower::settle::store::{Store, StoreError};
//! # fn open(store: Arc<dyn Store>, limits: Limits) -> Result<Journal, StoreError> {
//! let settings = JournalSettings::default().limits(limits).replica("gateway-0");
//! Journal::open(store, settings.leases(LeaseSettings::default())) // a `PostgresStore`
//! # }
//! ```
//!
//! ```text
//! hold ─▶ charged + held ≤ what is leased ─ no ─▶ the writer leases more, for all who wait ─▶ 402, if there is no more
//!           └ yes ─▶ Entry::Hold and Entry::Drawn, in one commit ─▶ poll_held: the upstream is asked
//! ```
//!
//! As long as what is leased suffices, nobody waits for anything but the one commit. What each has drawn of a counter is written with the
//! holds and the rows that it is of. If the database is away, claims go on as far as the [reserve](super::lease::LeaseSettings::reserve)
//! reaches, until the lease expires; all others wait, as above. If a lease was taken back meanwhile it is asked for anew, and where
//! there is too little, claims are refused; rows are written in any case, each with what it has charged, so that whoever finds it in
//! the books knows that it is counted. Only while its own lease is locked, for 50 ms and longer, a row goes first and is counted
//! by the next ask: whoever asks for the first time just then takes it for what nobody has told, and the limit has less room, never more.
//!
//! Leases are asked for by a thread of their own. Meanwhile what there is is spent, but for what may be given back, and a counter that
//! somebody has locked in the database is asked for again soon, so that only claims wait that need more than is leased, or whose own lease
//! is locked. Whoever finds that its name was taken by another process leases nothing more, tells it once as an event, and refuses claims
//! with [`LedgerAway`](crate::Kind::LedgerAway).
//!
//! A counter begins with what the books say was spent, and whoever uses it first since its start tells what nobody has told: a limit that is
//! set while others run counts what was spent until they hear of it. What a limit refuses, and what
//! [`levels`](crate::limits::Limits::levels) tell, is what all have used and hold, as it was heard when this process asked last.
//! What `GET /key` of the gateway tells is by the books.
//!
//! # Retention and backup
//!
//! Rows are kept for ever, unless there is a time to [keep](JournalSettings::keep) them: then older ones are forgotten, 1,000 at
//! once and whenever there is nothing to write, in steps that are looked for each hour, or as soon as the store is full. Two days are kept in any case, which is more
//! than [limits](JournalSettings::limits) count by rows. Sums, statements, credits, documents and holds stay for ever; what goes is what
//! tells of a single request: `GET /generation`, exports, and what is compared with a provider's invoice. So keep as long as
//! invoices take to come. Of several processes over one database each may do it.
//!
//! For a copy see `store::sqlite`; PostgreSQL is copied by its own tools, `pg_dump` or an archive of its log. Whoever
//! goes back to a copy goes back in time: what was charged since is not in the books, and limits have room for it again.
//!
//! # The end
//!
//! [`Journal::close`] lets nobody in any more, and resolves when all that is under way is settled and stored, or set aside. The last
//! journal or slot that is dropped waits for what is in the queue, up to the patience.

mod aside;
mod gather;
mod leasing;
mod ledger;
mod line;
mod queue;
mod reconcile;
mod release;
mod retention;
mod settings;
mod slot;
mod ticket;
mod turn;
mod writer;

pub use self::ledger::Journal;
pub use self::release::Released;
pub use self::settings::{Durability, JournalSettings};
pub use self::slot::JournalSlot;
