"""What people wait for and what an idle server costs: starts of the command line, start-up and memory of the server."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

from bench.measure import Bench, Outcome, Row, Samples, Unavailable, interleave, seconds
from bench.processes import environment
from bench.serving import COMMAND, serving, tree_memory

ANSWER = '{"error": {"message": "Error validating access token", "code": 190, "error_subcode": 463}}'
WAIT_LIMIT_S = 0.3
ALONE = (sys.executable, "-m", "treadle_diagnosis")  # as treadle-diagnose, which is a distribution of its own
TIMES_PYTHON = 4.0  # the wall of treadle-diagnose
SERVER_START_S = 3.0
SERVER_MEMORY_MB = 200.0
IDLE_S = 5.0


def run(bench: Bench) -> Outcome:
    found = interleave(
        {
            "Treadle": lambda: _command("diagnose", "--json", ANSWER, proof=b'"pattern"'),
            "alone": lambda: _command("--json", ANSWER, proof=b'"pattern"', program=ALONE),
            "version": lambda: _command("--version", proof=b"treadle"),
            "bare Python": lambda: seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)),
        },
        max(5, bench.rounds),
        "s",
    )
    diagnose, python = found["Treadle"], found["bare Python"]
    outcome = Outcome(
        rows=[
            Row(
                "treadle diagnose, wall",
                diagnose,
                python,
                f"under {WAIT_LIMIT_S} s",
                diagnose.median < WAIT_LIMIT_S,
                for_scale=True,
            ),
            Row(
                "treadle-diagnose, wall",
                found["alone"],
                python,
                f"under {TIMES_PYTHON:.0f} times bare Python",
                found["alone"].median < TIMES_PYTHON * python.median,
                for_scale=True,
            ),
            Row("treadle --version, wall", found["version"], python, "", None, for_scale=True),
        ]
    )
    started, memory = [], []
    try:
        for number in range(bench.pick(3, 1)):
            with serving({"TREADLE_DATA_DIR": str(bench.folder / f"idle-{number}")}) as server:
                started.append(server.started_s)
                time.sleep(IDLE_S)
                memory.append(server.memory_mb())
    except Unavailable as why:
        outcome.notes.append(f"the server was not measured: {why}")
        return outcome
    start = Samples("Treadle", "s", tuple(started))
    mb = Samples("Treadle", "MB", tuple(memory))
    python_mb = Samples("bare Python", "MB", tuple(_bare_memory() for _ in memory))
    quick_enough, small_enough = start.median < SERVER_START_S, mb.median < SERVER_MEMORY_MB
    outcome.rows += [
        Row("treadle serve, start to ready", start, None, f"under {SERVER_START_S:.0f} s", quick_enough),
        Row(
            "treadle serve, memory idle",
            mb,
            python_mb,
            f"under {SERVER_MEMORY_MB:.0f} MB",
            small_enough,
            for_scale=True,
        ),
    ]
    return outcome


def _command(*arguments: str, proof: bytes, program: Sequence[str] = COMMAND) -> float:
    def work() -> None:
        done = subprocess.run([*program, *arguments], capture_output=True, check=False, env=environment())
        if proof not in done.stdout:
            raise Unavailable(
                f"{program[-1]} {arguments[0]} ended with {done.returncode}: {done.stderr.decode()[-300:]}"
            )

    return seconds(work)


def _bare_memory() -> float:
    process = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    used = tree_memory(process.pid)
    process.communicate(b"\n")
    return used
