"""Diagnoses a second, from a structured answer to an object, on one core.

The answers are the catalogue's own examples, real in shape, every pattern of them. What parsing their JSON
alone takes is given for scale.
"""

from __future__ import annotations

import json
import time

from bench.measure import Bench, Outcome, Row, Samples, interleave
from treadle_diagnosis import diagnose
from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.types import Evidence

REACH = 50_000


def run(bench: Bench) -> Outcome:
    answers = [
        Evidence(
            surface=example.surface,
            stage=example.stage,
            http_status=example.http_status,
            headers=example.headers,
            body=example.body,
            exception=example.exception,
            context=example.context,
        )
        for pattern in load().patterns
        for example in pattern.examples
        if isinstance(example.body, dict)
    ]
    texts = [json.dumps(answer.body) for answer in answers]
    turns = max(1, bench.pick(100_000, 30_000) // len(answers))

    def ours() -> float:
        began = time.process_time()
        for _ in range(turns):
            for answer in answers:
                diagnose(answer)
        return turns * len(answers) / (time.process_time() - began)

    def parsing() -> float:
        began = time.process_time()
        for _ in range(turns):
            for text in texts:
                json.loads(text)
        return turns * len(answers) / (time.process_time() - began)

    def to_json() -> float:
        began = time.process_time()
        for _ in range(turns):
            for answer in answers:
                diagnose(answer).to_json()
        return turns * len(answers) / (time.process_time() - began)

    found = interleave({"Treadle": ours, "to JSON": to_json, "json.loads alone": parsing}, bench.rounds, "a second")
    mine = found["Treadle"]
    as_json = Samples("Treadle", "a second", found["to JSON"].values)
    met = mine.median >= REACH
    return Outcome(
        rows=[
            Row(f"diagnosis, {len(answers)} answers", mine, None, f"{REACH:,} a second", met, "higher"),
            Row("  and written as JSON's shape", as_json, None, "", None, "higher"),
        ],
        notes=[f"for scale: json.loads alone reads {found['json.loads alone'].median:,.0f} of them a second"],
    )
