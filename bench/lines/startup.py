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
LIBRARIES = "fastapi, sqlalchemy, dbos, aiohttp"  # what the server stands on: importing them is the floor
TIMES_LIBRARIES = 1.25
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
    started, cpu, memory = [], [], []
    try:
        for number in range(bench.pick(3, 1)):
            with serving({"TREADLE_DATA_DIR": str(bench.folder / f"idle-{number}")}) as server:
                started.append(server.started_s)
                cpu.append(server.started_cpu_s)
                time.sleep(IDLE_S)
                memory.append(server.memory_mb())
    except Unavailable as why:
        outcome.notes.append(f"the server was not measured: {why}")
        return outcome
    start = Samples("Treadle", "s", tuple(started))
    mb = Samples("Treadle", "MB", tuple(memory))
    floor = [_libraries() for _ in memory]
    alone, alone_mb = f"importing {LIBRARIES}", Samples("importing them", "MB", tuple(mb for _, mb in floor))
    start_cpu, alone_cpu = Samples("Treadle", "s", tuple(cpu)), Samples(alone, "s", tuple(s for s, _ in floor))
    limit = f"at most {TIMES_LIBRARIES:g} times"
    outcome.rows += [
        Row("treadle serve, start to ready", start, None, "", None),
        Row(
            "treadle serve, CPU until ready",
            start_cpu, alone_cpu, limit, start_cpu.median <= TIMES_LIBRARIES * alone_cpu.median, for_scale=True,
        ),
        Row(
            "treadle serve, memory idle",
            mb, alone_mb, limit, mb.median <= TIMES_LIBRARIES * alone_mb.median, for_scale=True,
        ),
    ]  # fmt: skip
    return outcome


def _libraries() -> tuple[float, float]:
    """(seconds of CPU, megabytes) of a process that does nothing but import what the server stands on."""
    program = f"import {LIBRARIES}, sys, time; print(time.process_time(), flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        spent = float(process.stdout.readline())
        return spent, tree_memory(process.pid)
    finally:
        process.stdin.close()
        process.wait()


def _command(*arguments: str, proof: bytes, program: Sequence[str] = COMMAND) -> float:
    def work() -> None:
        done = subprocess.run([*program, *arguments], capture_output=True, check=False, env=environment())
        if proof not in done.stdout:
            raise Unavailable(
                f"{program[-1]} {arguments[0]} ended with {done.returncode}: {done.stderr.decode()[-300:]}"
            )

    return seconds(work)
