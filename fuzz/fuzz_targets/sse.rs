//! Any split of an event stream is no split.
#![no_main]

use libfuzzer_sys::fuzz_target;
use switchtower::wire::sse::Scanner;

const LIMIT: usize = 1 << 10;

/// The data of all events and the bytes that they took, or none when one was too long.
fn scan(pieces: &[&[u8]]) -> Option<(Vec<Option<Vec<u8>>>, usize)> {
    let (mut scanner, mut buffer) = (Scanner::new(LIMIT), Vec::new());
    let (mut events, mut taken) = (Vec::new(), 0);
    for piece in pieces {
        buffer.extend_from_slice(piece);
        while let Some(event) = scanner.next(&buffer).ok()? {
            events.push(event.data.map(|data| data.into_owned()));
            let len = event.len;
            assert!(len > 0 && len <= buffer.len());
            taken += len;
            buffer.drain(..len);
        }
    }
    events.extend(scanner.finish(&buffer).map(|event| event.data.map(|data| data.into_owned())));
    Some((events, taken))
}

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (stream, cuts) = input;
    let mut pieces = Vec::new();
    let mut rest = &stream[..];
    for cut in cuts {
        let (piece, more) = rest.split_at(usize::from(cut).min(rest.len()));
        pieces.push(piece);
        rest = more;
    }
    pieces.push(rest);
    let data = |scanned: Option<(Vec<Option<Vec<u8>>>, usize)>| {
        // A line end that is cut in two may count with the block before it or with the one after.
        scanned.map(|(events, _)| events.into_iter().flatten().collect::<Vec<_>>())
    };
    assert_eq!(data(scan(&pieces)), data(scan(&[&stream])));
});
