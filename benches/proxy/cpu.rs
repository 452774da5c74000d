//! The CPU time of one thread, from `/proc`.

/// A thread whose CPU time can be asked from another.
#[derive(Clone, Debug)]
pub(crate) struct Cpu(String);

impl Cpu {
    /// Of the thread that calls.
    pub(crate) fn here() -> Self {
        let link = std::fs::read_link("/proc/thread-self").expect("this bench needs Linux");
        Self(format!("/proc/{}/schedstat", link.display()))
    }

    /// Nanoseconds on a CPU so far.
    pub(crate) fn nanos(&self) -> u64 {
        let text = std::fs::read_to_string(&self.0).expect("the thread is alive");
        text.split_whitespace()
            .next()
            .and_then(|nanos| nanos.parse().ok())
            .unwrap_or(0)
    }
}
