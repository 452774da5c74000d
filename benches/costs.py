#!/usr/bin/env python3
"""What a call costs: runs the benches, and keeps what they print in README.md and benches/README.md.

    python3 benches/costs.py                     runs all of them, some fifteen minutes; wants a machine with nothing else on it
    python3 benches/costs.py overhead memory     runs these
    python3 benches/costs.py year                asks a year of 36 million rows: 12 GB of disk for SQLite, and where SWITCHTOWER_POSTGRES_URL
                                                 says so as well some 40 GB there; the others leave the tables of the year as they are
    python3 benches/costs.py --check             runs none: does README.md tell what benches/README.md does?

A table is known by the first cell of its head. What stands around the tables is written by hand.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
YEAR = "36000000"
BENCHES = ["overhead", "proxy", "memory", "ledger"]
TABLE = re.compile(r"^\|.*\n\|[-:|]+\|\n(?:\|.*\n)*", re.MULTILINE)
README, FIGURES = ROOT / "README.md", ROOT / "benches" / "README.md"


def rows(table):
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()]


def name(table):
    return re.sub(r"\d(?:[\d,.]*\d)?", "#", rows(table)[0][0])


def replaced(text, tables):
    """The text with these tables in the places of those that were there."""
    return TABLE.sub(lambda old: tables.pop(name(old[0]), old[0]), text)


def of_year(name):
    return name.startswith("a year")


class Figures:
    """The tables of benches/README.md: a figure by the table, the row, and the column's place."""

    def __init__(self, text):
        self.tables = {name(table): rows(table)[2:] for table in TABLE.findall(text)}

    def rows(self, table):
        return {row[0].strip(): row[1:] for row in self.tables[table]}

    def of(self, table, row, column):
        cell = self.rows(table)[row][column]
        return None if cell == "–" else float(re.match(r"-?[\d.]+", cell)[0])


def told(value, form, scale=1):
    return "–" if value is None else form.format(value * scale)


def allocations(value):
    return "no allocation" if value < 0.5 else "one allocation" if value < 1.5 else f"{value:.0f} allocations"


def summary(figures):
    read, plan, call, event = "# KB, read once", "a plan of ten endpoints", "a call", "an event of a stream"
    fast, first, idle = "as fast as it goes", "first token at # calls a second", "idle streams"
    of, us = figures.of, lambda *at: told(figures.of(*at), "{:.1f} µs", 1e-3)
    worst = max(figures.rows(read), key=lambda row: of(read, row, 4) or of(read, row, 6))
    streams = "stream of 100 events, {}"
    small, large = "JSON, 1 KB asked, {}", "JSON, 100 KB asked, {}"
    soak = [float(row[0].split()[0]) for row in figures.rows("calls").values()]
    process = [row for row in figures.tables["SQLite"] if row[0] == "Process"]
    many = list(figures.rows(idle))[2]
    yield "100 KB read once, mixed text", us(read, "`View::read`, mixed", 2), \
        f"{told(of(read, '`View::read`, mixed', 4), '{:.2f}')} × one borrowed serde_json pass over it, {of(read, '`View::read`, mixed', 6):.2f} × its instructions"
    yield f"the worst of seven kinds of text, {worst.split(', ')[1]}", us(read, worst, 2), \
        f"{told(of(read, worst, 4), '{:.2f}')} × the same, {of(read, worst, 6):.2f} × the instructions"
    for body in ("1 KB", "100 KB"):
        row = f"whole stack, {body}"
        yield f"the whole stack, {body}, four candidates", \
            f"{us(call, row, 0)}, {allocations(of(call, row, 4))}", \
            f"{told(of(call, row, 1), '{:.1f}')} × one such pass, {of(call, row, 3):.2f} × its instructions"
    plans = [f"plan, {models} models" for models in (5, 5000)]
    yield "a plan of ten endpoints, in a catalogue of 5 models or 5,000", \
        " or ".join(us(plan, row, 0) for row in plans), f"{of(plan, plans[0], 3):.2f} × the instructions of a pass over 1 KB"
    for what, row in (("an event through the stack", "whole stack, an event there"), ("an event retold by the gateway", "gateway, an event there")):
        yield what, f"{told(of(event, row, 0), '{:.0f}')} ns, {allocations(of(event, row, 4))}", \
            f"{told(of(event, row, 1), '{:.2f}')} × a serde_json pass over it, {of(event, row, 3):.2f} × its instructions"
    for what, row in (("a stream of 100 events", streams), ("a call with JSON, 1 KB", small), ("a call with JSON, 100 KB", large)):
        gateway, stack = row.format("gateway `/api/v1`"), row.format("stack `/v1`")
        yield what, f"{of(fast, gateway, 2):.0f} µs of CPU", \
            f"{of(fast, gateway, 1):.2f} × a bare hyper proxy's, {of(fast, gateway, 0):.2f} × its throughput; the stack alone {of(fast, stack, 1):.2f} and {of(fast, stack, 0):.2f} ×"
    reader = large.format("reader `/v1`")
    yield "the same by a proxy that collects and reads it with serde_json", f"{of(fast, reader, 2):.0f} µs of CPU", f"{of(fast, reader, 1):.2f} ×"
    row = "stream of 5 events, gateway `/api/v1`"
    yield "the first token, at 1,000 calls a second", f"{of(first, row, 4):.2f} ms later at p99", "than through the bare proxy"
    yield f"an idle stream through the gateway, one of {many.split(',')[0]}", f"{of(idle, many, 1) / 1000:.0f} KB of heap", \
        f"{of(idle, many, 2) / 1000:+.0f} KB beside the bare proxy"
    yield "a million calls", f"{max(soak) - min(soak):.0f} KiB up and down", f"of {soak[0]:.0f} KiB of heap"
    yield "a hold and its settlement, in memory", f"{of('memory ledger', 'hold and settle', 0):.0f} ns", "without the stack around them"
    books = "books in SQLite, at # calls a second"
    ends = [of(books, f"stream of 5 events, {end}, sqlite `/api/v1`", 4) for end in ("first frame", "end")]
    yield "books in SQLite, at 1,000 calls a second", f"{ends[0]:.2f} ms to the first frame, {ends[1]:.2f} ms to the last, at p99", "than with the books in memory"
    holds = next(row for row in process if row[1] == "1000")
    yield "a hold in SQLite, at 1,000 calls a second", f"{float(holds[4]):.1f} ms at p99", \
        f"{float(holds[3]):.2f} ms at p50; the last frame waits {float(holds[6]):.1f} ms at p99"
    at_once = next(row for row in process if "at once" in row[1])
    yield "calls settled in SQLite, of 512 callers at once", f"{int(at_once[2]):,} a second", "each answer outlives `kill -9`"


def table(figures):
    lines = [f"| {' | '.join(row)} |" for row in summary(figures)]
    return "\n".join(["| what | cost | beside |", "|---|--:|---|", *lines, ""])


def run(bench, *flags):
    command = ["cargo", "bench", "--locked", "--bench", bench, "--", *flags]
    print("$", *command, flush=True)
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout, flush=True)
    return {name(table): table for table in TABLE.findall(done.stdout + "\n")}


def main(args):
    if args != ["--check"]:
        tables = {}
        for bench in [bench for bench in args if bench != "year"] if args else BENCHES:
            tables |= run(bench)
        tables = {name: table for name, table in tables.items() if not of_year(name)}
        if "year" in args:
            tables |= {name: table for name, table in run("ledger", YEAR).items() if of_year(name)}
        if not args or "proxy" in args:
            tables |= run("proxy", "--instructions")
        if not args or "memory" in args:
            tables |= run("memory", "1000000")
        FIGURES.write_text(replaced(FIGURES.read_text(), tables))
        for left in tables:
            print(f"benches/README.md has no table of this name: {left}")
    now = README.read_text()
    new = replaced(now, {"what": table(Figures(FIGURES.read_text()))})
    if args == ["--check"]:
        return 0 if new == now else "README.md does not tell what benches/README.md does: python3 benches/costs.py writes both"
    README.write_text(new)
    print(table(Figures(FIGURES.read_text())))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
