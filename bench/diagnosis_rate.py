"""How many structured answers a second the diagnosis turns into objects, on one core.

The answers are the catalogue's own structured examples, or the structured rows of a labelled corpus, round and round as
a server meets them: what the diagnosis remembers of equal answers counts. Each is read, compared with that, cleaned of
secrets, and built into a ``Diagnosis``.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

from treadle_diagnosis import Evidence, diagnose
from treadle_diagnosis.catalog import load


@dataclass(frozen=True)
class Rate:
    answers: int
    per_second: float
    microseconds: float
    slowest_ms: float


def structured_examples() -> list[Evidence]:
    """Every example of the catalogue whose body is an object."""
    return [
        Evidence(e.surface, e.stage, e.http_status, e.headers, e.body, e.exception, e.context)
        for pattern in load()
        for e in pattern.examples
        if isinstance(e.body, dict)
    ]


def structured_rows(path: Path) -> list[Evidence]:
    """The structured rows of a labelled corpus (``errors.jsonl``)."""
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())
    return [
        Evidence(r["surface"], r["stage"], r["http_status"], r.get("headers") or {}, r["body"])
        for r in rows
        if isinstance(r["body"], dict)
    ]


def measure(evidence: list[Evidence], seconds: float = 2.0) -> Rate:
    """Diagnose ``evidence`` round and round for about ``seconds``: processor time of the best round."""
    for item in evidence:
        diagnose(item)
    best, slowest = float("inf"), 0.0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.process_time()
        for item in evidence:
            diagnose(item)
        best = min(best, (time.process_time() - start) / len(evidence))
    for item in evidence:
        start = time.process_time()
        diagnose(item)
        slowest = max(slowest, time.process_time() - start)
    return Rate(len(evidence), 1 / best, best * 1e6, slowest * 1e3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, help="a labelled errors.jsonl instead of the catalogue's examples")
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    evidence = structured_rows(args.corpus) if args.corpus else structured_examples()
    rate = measure(evidence, args.seconds)
    print(f"{rate.answers} answers: {rate.per_second:,.0f} a second, {rate.microseconds:.1f} us each")


if __name__ == "__main__":
    main()
