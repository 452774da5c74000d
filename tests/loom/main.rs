//! Every word that threads race for, under every interleaving that the memory model allows.
//!
//! The files that own the words are compiled here once more, with loom's words in place of the real
//! ones, so that the library itself carries neither loom nor a switch for it.
#![cfg(switchtower_loom)]
#![allow(unreachable_pub, reason = "what the library exports is private here")]

mod ejection;
#[path = "limits.rs"]
mod limits_told;
mod orders;
#[path = "queue.rs"]
mod queue_told;
mod retry_budget;
mod rules;
mod standing;
#[path = "sticky.rs"]
mod sticky_table;
mod sync;
mod wake_up;

#[path = "../../src/standing/breaker.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod breaker;
#[path = "../../src/dispatch/retry/budget.rs"]
mod budget;
#[path = "../../src/standing/circuit.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod circuit;
#[path = "../../src/standing/condition.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod condition;
#[path = "../../src/standing/limits/counts.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod counts;
#[path = "../../src/standing/figures.rs"]
mod figures;
#[path = "../../src/standing/limits/gauge.rs"]
mod gauge;
#[path = "../../src/standing/limits/headroom.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod headroom;
#[path = "../../src/standing/latest.rs"]
mod latest;
#[path = "../../src/standing/limits/ledger.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod ledger;
#[path = "../../src/settle/journal/line.rs"]
mod line;
#[path = "../../src/standing/load.rs"]
mod load;
#[path = "../../src/standing/limits/need.rs"]
mod need;
#[path = "../../src/standing/limits/pace.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod pace;
#[path = "../../src/settle/journal/queue.rs"]
#[allow(dead_code, reason = "the models take what threads race for")]
mod queue;
#[path = "../../src/standing/slot.rs"]
mod slot;
#[allow(dead_code, reason = "keys are made by hand here")]
#[path = "../../src/standing/sticky.rs"]
mod sticky;
#[path = "../../src/settle/journal/ticket.rs"]
mod ticket;
#[path = "../../src/settle/journal/turn.rs"]
mod turn;
#[path = "../../src/standing/window.rs"]
mod window;
#[path = "../../src/testing/probe/woken.rs"]
mod woken;

/// What those files know of the library as it is.
mod calendar {
    pub(crate) use switchtower::{Day, Period};
}
mod call {
    pub(crate) use switchtower::Call;
}
mod caller {
    pub(crate) use switchtower::{Caller, KeyId};
}
mod money {
    pub(crate) use switchtower::{Money, Total};
}
mod short {
    pub(crate) use switchtower::Short;
}
mod telemetry {
    pub(crate) fn near_limit(_: &crate::rules::Level, _: &str, _: u8) {}
    pub(crate) fn lost(_: &crate::settle::store::StoreError, _: &crate::settle::store::Entry) {}
}
mod catalog {
    pub(crate) use switchtower::catalog::{Endpoint, Pace, Pattern};
}
mod limits {
    #[derive(Debug)]
    pub(crate) struct Unwritten;
}
mod leasing {
    #[derive(Debug)]
    pub(crate) struct Wish;
}
mod settle {
    pub(crate) mod limited {
        pub(crate) type Shares = Option<()>;
    }
    pub(crate) mod store {
        pub(crate) use switchtower::settle::store::Entry;

        #[derive(Debug)]
        pub(crate) enum StoreError {
            Away(switchtower::BoxError),
        }

        impl StoreError {
            pub(crate) fn again(&self) -> Self {
                let Self::Away(source) = self;
                Self::Away(source.to_string().into())
            }
        }
    }
}
mod wire {
    pub(crate) mod limits {
        pub(crate) use switchtower::wire::limits::Allowance;
    }
}
