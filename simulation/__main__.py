"""``python -m simulation``: play days, print what went wrong, hunt planted bugs."""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulation import mutants
from simulation.seeds import parse as parse_seeds


@dataclass(frozen=True, slots=True)
class Row:
    """What one seed came to."""

    seed: int
    trace: str
    posts: int
    parts: int
    calls: int
    faulted: int
    kills: int
    hidden: int
    hidden_doubles: int
    violations: tuple[tuple[str, str], ...]
    faults: tuple[str, ...]
    cpu_s: float

    @property
    def failed(self) -> bool:
        return bool(self.violations or self.faults)


def play_seed(seed: int, posts: int = 200) -> Row:
    from simulation.plan import plan_day
    from simulation.shrink import play

    began = time.process_time()
    played = play(plan_day(seed, posts=posts))
    record, sent = played.record, played.record.ledger.sent
    return Row(
        seed, record.trace, len(record.history), sum(len(post["parts"]) for post in record.history), len(sent),
        sum(each.faulted for each in sent), len(record.kills), played.verdict.hidden, played.verdict.hidden_doubles,
        tuple((each.kind, f"{each.post or each.account}: {each.words}") for each in played.verdict.violations),
        tuple(repr(each)[:300] for each in record.faults), time.process_time() - began,
    )  # fmt: skip


def one(seed: int, posts: int) -> int:
    """Play a seed; when it fails, cut it down and print its history."""
    from simulation.plan import plan_day
    from simulation.shrink import shrink, story

    row = play_seed(seed, posts)
    print(_line(row))
    for fault in row.faults:
        print(f"  fault of the simulation or of the product: {fault}")
    for kind, words in row.violations:
        print(f"  {kind}: {words}")
    if row.violations:
        print("Cut down to what it takes:", flush=True)
        print(story(shrink(plan_day(seed, posts=posts), row.violations[0][0])))
    return 1 if row.failed else 0


def _line(row: Row) -> str:
    share = row.faulted / max(1, row.calls)
    return (
        f"seed {row.seed}: {row.posts} posts, {row.parts} parts, {row.calls} calls, {share:.0%} of them faulted,"
        f" {row.kills} crashes, {row.hidden} effects not shown in time ({row.hidden_doubles} doubled by it),"
        f" {len(row.violations)} violations, {row.cpu_s:.1f} s CPU, trace {row.trace[:16]}"
    )


def many(asked: Sequence[int], jobs: int, posts: int, within_s: float) -> int:
    """Play many seeds on all cores, and stop when the time is over."""
    end = time.monotonic() + within_s
    rows: list[Row] = []
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        waiting: dict[concurrent.futures.Future[Row], int] = {}
        seeds = iter(asked)
        while True:
            while len(waiting) < jobs and time.monotonic() < end and (seed := next(seeds, None)) is not None:
                waiting[pool.submit(play_seed, seed, posts)] = seed
            if not waiting:
                break
            done, _ = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
            for each in done:
                del waiting[each]
                row = each.result()
                rows.append(row)
                if row.failed:
                    print(_line(row), flush=True)
                    for kind, words in [*row.violations, *(("fault", fault) for fault in row.faults)][:10]:
                        print(f"  {kind}: {words}", flush=True)
    failed = sorted(row.seed for row in rows if row.failed)
    cpu = sum(row.cpu_s for row in rows)
    calls, faulted = sum(row.calls for row in rows), sum(row.faulted for row in rows)
    print(
        f"{len(rows)} days of {len(asked)} seeds from {asked[0]} on: {sum(row.posts for row in rows)} posts,"
        f" {calls} calls, {faulted / max(1, calls):.0%} of them faulted, {sum(row.kills for row in rows)} crashes;"
        f" {cpu:.0f} s CPU, {cpu / max(1, len(rows)):.1f} a day: {3600 * len(rows) / max(cpu, 0.001):.0f} days an hour"
    )
    print(
        f"Shown neither by container nor by lists within the settle time: {sum(row.hidden for row in rows)} posts;"
        f" live twice because of that: {sum(row.hidden_doubles for row in rows)}"
    )
    if failed:
        print(f"failed: seeds {', '.join(map(str, failed))}; make simulate SEED={failed[0]} tells more")
    return 1 if failed or not rows else 0


def hunt(seeds: Sequence[int], posts: int) -> int:
    """In a process with a planted bug: play seeds until one fails; prints the result as one line of JSON."""
    began = time.process_time()
    for day, seed in enumerate(seeds, 1):
        row = play_seed(seed, posts)
        if row.failed:
            kind, words = row.violations[0] if row.violations else ("fault", row.faults[0])
            found = {"seed": seed, "days": day, "kind": kind, "words": words}
            print(json.dumps({**found, "cpu_s": round(time.process_time() - began, 1)}))
            return 1
    print(json.dumps({"seed": None, "days": len(seeds), "cpu_s": round(time.process_time() - began, 1)}))
    return 0


def table(seeds: Sequence[int], jobs: int, posts: int, names: list[str]) -> int:
    """Every planted bug: is it found, on which day, as what?"""
    planted = [mutants.named(name) for name in names] if names else mutants.all_mutants()
    missed = []
    print(f"{'bug':30} {'breaks':10} {'found on day':>12}  as")
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        hunts = {pool.submit(_hunted, each.name, seeds, posts): each for each in planted}
        for hunt_ in concurrent.futures.as_completed(hunts):
            mutant, found = hunts[hunt_], hunt_.result()
            day = str(found["days"]) if found["seed"] is not None else "not found"
            words = f"{found.get('kind', '')}: {found.get('words', '')[:110]}"
            print(f"{mutant.name:30} {mutant.area[:40]:10} {day:>12}  {words}", flush=True)
            if found["seed"] is None:
                missed.append(mutant.name)
    print(
        f"{len(planted) - len(missed)} of {len(planted)} found within {len(seeds)} days"
        + (f"; missed: {', '.join(missed)}" if missed else "")
    )
    return 1 if len(missed) > 1 else 0


def _hunted(name: str, seeds: Sequence[int], posts: int) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "simulation",
        "--mutant",
        name,
        "--seeds",
        ",".join(map(str, seeds)),
        "--posts",
        str(posts),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="play one day; a failing one is cut down and printed")
    parser.add_argument("--seeds", type=parse_seeds, default="sound", help="such as 1-15,76; sound: those of CI")
    parser.add_argument("--posts", type=int, default=200, help="posts of a day")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--within", type=float, default=float("inf"), help="begin no day after so many seconds")
    parser.add_argument("--mutant", help="with this planted bug; ends at the first day that fails")
    parser.add_argument("--mutants", nargs="*", help="the table of planted bugs, of all or of some")
    return parser.parse_args()


def main() -> int:
    asked = _arguments()
    if asked.mutants is not None:
        return table(asked.seeds, asked.jobs, asked.posts, asked.mutants)
    if asked.mutant:
        mutants.plant(asked.mutant)
        if asked.seed is None:
            return hunt(asked.seeds, asked.posts)
    if asked.seed is not None:
        return one(asked.seed, asked.posts)
    return many(asked.seeds, asked.jobs, asked.posts, asked.within)


if __name__ == "__main__":
    sys.exit(main())
