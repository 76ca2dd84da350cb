"""What the cage around hostile files is worth on this machine: tried once by a child process, never guessed."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import lru_cache

from treadle_threads.media.worker.cage import CageState

TIMEOUT_S = 30.0


@lru_cache(maxsize=1)
def here() -> CageState:
    """What is in force in a child of this process. Nothing is, when the child comes to no answer."""
    command = [sys.executable, "-I", "-m", "treadle_threads.media.worker.cage"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=True, stdin=subprocess.DEVNULL)
        return CageState(**json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        return CageState(0, False, False)


WITHOUT = {
    "Landlock": "Landlock is missing: the filter of system calls is the only wall between a hostile file and this "
    "server's files.",
    "seccomp": "the filter of system calls (seccomp) is missing: a hostile file may signal, trace and change limits of "
    "processes of this user.",
    "limits": "the cage could not be tried.",
}


def weaker(state: CageState) -> str:
    """What the missing parts mean, in one sentence or two; empty when nothing is missing."""
    if {"Landlock", "seccomp"} <= set(state.missing):
        return (
            "Landlock and the filter of system calls (seccomp) are missing: a hostile file that takes a decoder over "
            "can do what this user can, and read the key file."
        )
    text = " ".join(WITHOUT[name] for name in state.missing)
    return text[:1].upper() + text[1:]
