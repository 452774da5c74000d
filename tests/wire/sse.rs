use futures_util::{FutureExt, StreamExt, stream};
use proptest::prelude::*;
use sse_stream::SseByteStream;
use switchtower::wire::sse::{Oversize, Scanner};

type Seen = (Option<Vec<u8>>, Option<Vec<u8>>);

fn line() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "",
        "",
        "data: a",
        "data:b",
        "data:  c ",
        "data",
        "data:",
        "data: 世界",
        "event: x",
        "event:",
        "event",
        ": note",
        ":",
        "id: 1",
        "retry: 5",
        "nonsense",
        "datax: no",
        " data: no",
        "\u{feff}data: no",
    ])
}

fn text() -> impl Strategy<Value = String> {
    let ending = prop::sample::select(vec!["\n", "\r", "\r\n"]);
    let lines = prop::collection::vec((line(), ending), 0..14);
    (any::<bool>(), lines).prop_map(|(bom, lines)| {
        let bom = if bom { "\u{feff}" } else { "" };
        let lines = lines.into_iter().flat_map(|(line, end)| [line, end]);
        std::iter::once(bom).chain(lines).collect()
    })
}

proptest! {
    #[test]
    fn splits_change_nothing(text in text()) {
        let text = text.as_bytes();
        let whole = scan(&[text]);
        for i in 0..=text.len() {
            prop_assert_eq!(&scan(&[&text[..i], &text[i..]]), &whole, "split at {}", i);
        }
        let single: Vec<_> = text.chunks(1).collect();
        prop_assert_eq!(scan(&single), whole);
    }

    #[test]
    fn yields_what_another_parser_yields(text in text()) {
        // The other parser drops an event that is not terminated.
        let text = format!("{text}\n\n");
        let theirs = SseByteStream::new(stream::iter([Ok::<_, std::io::Error>(text.as_bytes())]));
        let theirs: Vec<_> = theirs.map(Result::unwrap).collect().now_or_never().unwrap();
        let theirs: Vec<Seen> = theirs
            .into_iter()
            .filter(|sse| sse.data.is_some())
            .map(|sse| (
                sse.data.map(String::into_bytes),
                sse.event.filter(|e| !e.is_empty()).map(String::into_bytes),
            ))
            .collect();
        prop_assert_eq!(scan(&[text.as_bytes()]), theirs);
    }

    #[test]
    fn survives_noise(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 1usize..20) {
        let pieces: Vec<_> = bytes.chunks(cut).collect();
        scan(&pieces);
    }
}

#[test]
fn reads_the_fields() {
    let text = b"event: delta\nid: 7\ndata: one\ndata:two\ndata\n\ndata: [DONE]\n\n";
    assert_eq!(
        scan(&[text]),
        [seen("one\ntwo\n", Some("delta")), seen("[DONE]", None)],
    );
}

#[test]
fn a_keep_alive_is_not_held_back() {
    let mut scanner = Scanner::default();
    let event = scanner.next(b": OPENROUTER PROCESSING\n").unwrap().unwrap();
    assert_eq!((event.len, event.data), (24, None));
    // Within a block a comment waits like any other line.
    assert_eq!(scanner.next(b"data: a\n: note\n").unwrap(), None);
    let event = scanner.next(b"data: a\n: note\n\nrest").unwrap().unwrap();
    assert_eq!(event.len, 16);
    assert_eq!(event.data.unwrap(), &b"a"[..]);
}

#[test]
fn a_line_feed_that_comes_late_belongs_to_the_next_block() {
    let mut scanner = Scanner::default();
    assert_eq!(scanner.next(b"data: a\r\n\r").unwrap().unwrap().len, 10);
    assert_eq!(scanner.next(b"\n").unwrap(), None);
    let event = scanner.next(b"\ndata: b\n\n").unwrap().unwrap();
    assert_eq!(event.len, 10);
    assert_eq!(event.data.unwrap(), &b"b"[..]);
}

#[test]
fn the_last_event_counts_even_without_its_end() {
    for end in ["", "\n", "\r", "\r\n"] {
        let rest = format!("event: e\ndata: x{end}");
        let mut scanner = Scanner::default();
        assert_eq!(scanner.next(rest.as_bytes()).unwrap(), None);
        let event = scanner.finish(rest.as_bytes()).unwrap();
        assert_eq!(event.len, rest.len());
        assert_eq!(event.data.unwrap(), &b"x"[..]);
        assert_eq!(event.name, Some(&b"e"[..]));
        assert_eq!(scanner.finish(b""), None);
    }
    for nothing in ["", "\n", ": note", "event: e", "\u{feff}"] {
        assert_eq!(scan(&[nothing.as_bytes()]), [], "{nothing:?}");
    }
    assert_eq!(Scanner::default().finish(b"\xef\xbb"), None);
}

#[test]
fn a_block_has_its_limit() {
    let exact = b"data: 890\n\n";
    assert!(Scanner::new(11).next(exact).unwrap().is_some());
    assert_eq!(Scanner::new(10).next(exact), Err(Oversize { limit: 10 }));
    let mut scanner = Scanner::new(10);
    assert_eq!(scanner.next(&exact[..10]), Ok(None));
    assert_eq!(scanner.next(exact), Err(Oversize { limit: 10 }));
    assert_eq!(
        Scanner::new(10).next(b"data: 890abc"),
        Err(Oversize { limit: 10 })
    );
}

#[test]
fn a_long_line_in_small_pieces_is_looked_at_once() {
    let long = [b"data: ".to_vec(), vec![b'x'; 8 << 20], b"\n\n".to_vec()].concat();
    let mut scanner = Scanner::new(16 << 20);
    // A scan from the front each time would take hours.
    for end in (0..long.len()).step_by(64) {
        assert_eq!(scanner.next(&long[..end]).unwrap(), None);
    }
    assert_eq!(scanner.next(&long).unwrap().unwrap().len, long.len());
}

fn seen(data: &str, name: Option<&str>) -> Seen {
    (Some(data.into()), name.map(|name| name.as_bytes().to_vec()))
}

/// All events with data, of a stream that comes in these pieces. Every byte must be accounted for.
fn scan(pieces: &[&[u8]]) -> Vec<Seen> {
    let mut scanner = Scanner::default();
    let (mut buf, mut all) = (Vec::new(), Vec::new());
    let mut note = |data: Option<Vec<u8>>, name: Option<&[u8]>| {
        if data.is_some() {
            all.push((data, name.map(<[u8]>::to_vec)));
        }
    };
    for piece in pieces {
        buf.extend_from_slice(piece);
        while let Some(event) = scanner.next(&buf).unwrap() {
            let len = event.len;
            assert!(len > 0);
            note(event.data.map(|d| d.into_owned()), event.name);
            buf.drain(..len);
        }
    }
    if let Some(event) = scanner.finish(&buf) {
        assert_eq!(event.len, buf.len());
        note(event.data.map(|d| d.into_owned()), event.name);
    }
    all
}
