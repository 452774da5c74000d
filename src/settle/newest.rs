//! The newest records: a ring.

use super::record::Record;
use crate::generation::GenerationId;

/// So many of the newest records. Each takes the place of the oldest.
///
/// Whatever else there is, ten thousand records are more than a cache holds: so a new one lies where the one lay that
/// goes, and the names are found without a map, by the end of each. Mostly the newest is asked for.
#[derive(Debug)]
pub(super) struct Newest {
    capacity: usize,
    // In order, but those before `oldest` are newer than those from there on.
    records: Vec<Record>,
    tails: Vec<u64>,
    oldest: usize,
}

// === impl Newest ===

impl Newest {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            records: Vec::new(),
            tails: Vec::new(),
            oldest: 0,
        }
    }

    /// Takes a record, and leaves the one that makes place for it.
    pub(super) fn push(&mut self, record: &mut Option<Record>) {
        let Some(new) = record else { return };
        let tail = new.id.tail();
        if self.records.len() < self.capacity {
            if self.records.len() == self.records.capacity() {
                // As much again, as a vector would, but never more than there will be.
                let left = self.capacity - self.records.len();
                let more = self.records.len().max(4).min(left);
                self.records.reserve_exact(more);
                self.tails.reserve_exact(more);
            }
            self.records.extend(record.take());
            self.tails.push(tail);
            return;
        }
        let place = self.oldest;
        self.oldest = (place + 1) % self.capacity;
        self.tails[place] = tail;
        std::mem::swap(&mut self.records[place], new);
    }

    /// The record of this name. What it costs is eight bytes to be looked at for each that is newer.
    pub(super) fn find(&self, id: &GenerationId) -> Option<&Record> {
        let tail = id.tail();
        let (newer, older) = self.tails.split_at(self.oldest);
        let newer = newer.iter().zip(&self.records).rev();
        let older = older.iter().zip(&self.records[self.oldest..]).rev();
        let mut alike = newer.chain(older).filter(|(known, _)| **known == tail);
        alike.find_map(|(_, record)| (record.id == *id).then_some(record))
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Record> {
        let (newer, older) = self.records.split_at(self.oldest);
        older.iter().chain(newer)
    }
}
