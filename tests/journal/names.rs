//! Two processes under one name.

use std::future::poll_fn;

use switchtower::settle::store::{Store, StoreError};
use switchtower::settle::{Journal, Slot};

use crate::support::{Shaky, claim, open, record, settings, slot};

/// The second took the first one's requests for abandoned ones, and their charges were lost in conflicts.
#[tokio::test]
async fn a_second_journal_of_a_name_is_refused_and_disturbs_nobody() {
    let store = Shaky::new();
    let journal = open(&store, settings());
    let mut under_way = slot(&journal).await;
    under_way.hold(&claim(1)).unwrap();
    poll_fn(|cx| under_way.poll_held(cx)).await.unwrap();

    let second = Journal::open(store.store(), settings()).unwrap_err();
    assert!(matches!(second, StoreError::Taken(_)), "{second}");
    for word in ["`local`", "a name of its own", "end the other one"] {
        assert!(second.to_string().contains(word), "{second}");
    }
    assert_eq!(store.inner().holds().unwrap().len(), 1, "it is under way");
    let other = open(&store, settings().replica("other"));
    assert_eq!(other.abandoned(), []);

    under_way.write(record(1));
    poll_fn(|cx| under_way.poll_written(cx)).await.unwrap();
    assert_eq!(store.rows()[0].end, "complete");
    drop((under_way, journal));
    assert_eq!(open(&store, settings()).abandoned(), []);
}

/// Whatever is refused at the start leaves the name to the next.
#[test]
fn a_journal_that_does_not_open_has_no_name() {
    let store = Shaky::new();
    store.break_holds(true);
    Journal::open(store.store(), settings()).unwrap_err();
    store.break_holds(false);
    drop(open(&store, settings()));
}
