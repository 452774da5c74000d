//! A Markdown table.

use std::fmt;

use crate::measure::Cost;

/// Rows under a title, each beside its yardstick.
pub(crate) struct Table {
    title: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// One cost, and the yardstick from the same run.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) cost: Cost,
    yardstick: Cost,
    // How much was scanned; 0 where speed is not a question of length.
    bytes: usize,
}

/// A figure that may not have been measured.
struct Figure(f64, usize);

impl Table {
    pub(crate) fn new(title: &'static str) -> Self {
        let rows = Vec::new();
        Self { title, rows }
    }

    pub(crate) fn row(&mut self, what: impl Into<String>, cost: Cost, yardstick: Cost) {
        self.scan(what, 0, cost, yardstick);
    }

    pub(crate) fn scan(
        &mut self,
        what: impl Into<String>,
        bytes: usize,
        cost: Cost,
        yardstick: Cost,
    ) {
        self.rows.push(Row {
            what: what.into(),
            cost,
            yardstick,
            bytes,
        });
    }
}

impl Row {
    /// Instructions, as a multiple of the yardstick's.
    pub(crate) fn instructions(&self) -> f64 {
        self.cost.instructions / self.yardstick.instructions
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let speed = self.rows.iter().any(|row| row.bytes > 0);
        let (more, rules) = match speed {
            true => (
                " the yardstick: ns | GB/s | ns | GB/s |",
                "--:|--:|--:|--:|",
            ),
            false => (" ns |", "--:|"),
        };
        writeln!(
            f,
            "| {} |{more} × | instructions | × | allocations |",
            self.title
        )?;
        writeln!(f, "|---|{rules}--:|--:|--:|--:|")?;
        for row in &self.rows {
            let Row { what, cost, .. } = row;
            write!(f, "| {what} |")?;
            let nanos = [row.yardstick.nanos, cost.nanos];
            for nanos in &nanos[usize::from(!speed)..] {
                write!(f, " {} |", Figure(*nanos, 0))?;
                if speed {
                    write!(f, " {} |", Figure(row.bytes as f64 / nanos, 1))?;
                }
            }
            let time = Figure(cost.nanos / row.yardstick.nanos, 2);
            let instructions = Figure(cost.instructions, 0);
            let ratio = Figure(row.instructions(), 2);
            let allocations = Figure(cost.allocations, 1);
            writeln!(f, " {time} | {instructions} | {ratio} | {allocations} |")?;
        }
        Ok(())
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(figure, digits) = *self;
        match figure.is_nan() {
            true => f.write_str("–"),
            // What is a rounding error below zero is zero.
            false => write!(
                f,
                "{:.digits$}",
                if figure.abs() < 0.005 { 0.0 } else { figure }
            ),
        }
    }
}
