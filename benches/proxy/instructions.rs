//! Instructions a call, which repeat where microseconds do not: of each server's thread, counted by Valgrind.
//!
//! What the kernel does is not among them. Two further runs of this program ask each server, one of them more often: the
//! difference is what calls cost, without what a server does once.

use std::path::Path;
use std::process::{Command, Stdio};

/// What a further run is told, before how often to ask.
pub(crate) const ARGUMENT: &str = "--asks=";

// Multiples of the callers.
const FEW: u32 = 160;
const MANY: u32 = 640;

/// Of each of so many threads, in the order in which they were started, or why nobody knows. What is asked has a name.
pub(crate) fn of_threads(count: usize, named: &str) -> Result<Vec<f64>, String> {
    let (few, many) = (run(count, named, FEW)?, run(count, named, MANY)?);
    let more = f64::from(MANY - FEW);
    let each = few.into_iter().zip(many);
    Ok(each.map(|(few, many)| (many - few) / more).collect())
}

fn run(count: usize, named: &str, asks: u32) -> Result<Vec<f64>, String> {
    let folder = std::env::temp_dir().join(format!("switchtower-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let counts = counted(&folder, count, named, asks);
    let _ = std::fs::remove_dir_all(&folder);
    counts
}

fn counted(folder: &Path, count: usize, named: &str, asks: u32) -> Result<Vec<f64>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let out = folder.join("out");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--separate-threads=yes"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args([&format!("{ARGUMENT}{asks}"), named])
        .stdout(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind, which counts instructions, did not start: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("valgrind: {}\n{said}", output.status));
    }
    // The first is the main thread.
    (2..2 + count)
        .map(|thread| {
            let path = folder.join(format!("out-{thread:02}"));
            let text = std::fs::read_to_string(&path);
            let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
            let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
            let total = total.and_then(|total| total.trim().parse().ok());
            total.ok_or_else(|| format!("{} has no totals", path.display()))
        })
        .collect()
}
