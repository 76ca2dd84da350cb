"""``python -m bench``: run the benchmarks and print the table. ``make bench`` sets up what it needs first."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from importlib import import_module
from pathlib import Path

from bench import machine, page, report
from bench.measure import Bench, Outcome, Unavailable

# name -> what it measures (the module of the same name in bench.lines has `run(bench) -> Outcome`),
# and about how long it takes on two quiet cores, seconds: (all of it, quick).
LINES = {
    "drain": ("posts through the complete durable run, against a bare loop making the same calls", 260, 30),
    "waiting": ("how long a ready container lies unnoticed, against fixed polls (simulated)", 5, 1),
    "remote_facts": ("reading a remote video's facts, against ffprobe and against fetching it all", 30, 10),
    "repair": ("making a wrong video right, against transcoding everything; the cost of the cage", 1000, 12),
    "accept": ("accepting posts and finding due ones while the schedule grows", 540, 20),
    "diagnosis": ("diagnoses a second on one core", 20, 6),
    "startup": ("what people wait for: start of commands and server, memory when idle", 35, 10),
    "memory": ("memory of the server after it published thousands of posts", 180, 15),
    "workers": ("1, 2 and 4 workers on PostgreSQL: none doubled, fair shares", 210, 25),
    "held": ("thousands of posts waiting for their containers on one worker", 330, 25),
    "queue": ("the bare queue against procrastinate, on PostgreSQL", 120, 10),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Treadle against the alternatives.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller sizes: under three minutes")
    parser.add_argument("--only", default="", metavar="NAMES", help="comma separated: " + ", ".join(LINES))
    parser.add_argument("--rounds", type=int, default=0, help="rounds of each comparison (5; quick: 3)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="also put each benchmark's table into FILE, between its marks"
    )
    parser.add_argument("--list", action="store_true", help="say what there is to measure, and end")
    options = parser.parse_args()
    if options.list:
        for name, (what, full, quick) in LINES.items():
            print(f"{name:<13} {what}; about {full} s, quick {quick} s")
        return 0
    chosen = [name for name in options.only.split(",") if name] or list(LINES)
    if unknown := set(chosen) - set(LINES):
        parser.error(f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(LINES)}")
    for name in [name for name in os.environ if name.startswith("TREADLE_")]:
        del os.environ[name]  # a person's own settings must not change what is measured
    facts = machine.describe()
    folder = Path(tempfile.mkdtemp(prefix="treadle-bench-"))
    bench = Bench(options.quick, options.rounds or (3 if options.quick else 5), folder)
    if options.write and (missing := page.missing_marks(options.write, chosen)):
        parser.error(f"{options.write} has no marks for {', '.join(missing)}")
    outcomes: dict[str, Outcome] = {}
    versions = machine.versions()
    broken = False
    try:
        for name in chosen:
            began = time.monotonic()
            print(f"{name}: {LINES[name][0]}", file=sys.stderr, flush=True)
            try:
                outcomes[name] = import_module(f"bench.lines.{name}").run(bench)
            except Unavailable as why:
                outcomes[name] = Outcome(notes=[f"not measured: {why}"])
            except Exception as error:  # one benchmark that breaks must not cost the others their figures
                traceback.print_exc()
                outcomes[name] = Outcome(notes=[f"broke: {type(error).__name__}: {error}"])
                broken = True
            versions |= outcomes[name].versions
            print(f"  took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.write:
        page.write(options.write, outcomes, facts, versions, options.quick)
    if options.json:
        print(report.as_json(outcomes, facts, versions))
    else:
        report.table(outcomes, facts, versions)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
