"""Labeled real answers, where a copy is at hand: set ``THREADS_ERROR_CORPUS`` to the file ``errors.jsonl``."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from treadle_diagnosis import Diagnosis, diagnose

CORPUS = os.environ.get("THREADS_ERROR_CORPUS", "")
FOLD = {"later": "again", "new_container": "again", "verify_first": "check"}
SAME = {"recreate_container": "retry_later"}

pytestmark = pytest.mark.skipif(not CORPUS, reason="THREADS_ERROR_CORPUS does not name a labeled errors.jsonl")


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    """Rows with the same code, subcode and message template may have each other's labels."""
    body = row["body"]
    error = body.get("error", body) if isinstance(body, dict) else {}
    code = error.get("code") or error.get("error_code") if isinstance(error, dict) else None
    if code:
        message = str(error.get("message") or error.get("error_message") or "")
        return (code, error.get("error_subcode"), re.sub(r"\d+", "0", message)[:60])
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return ("text", re.sub(r"\d+", "0", text)[:80])


def _step(action: str, retry: str) -> tuple[str, str]:
    return SAME.get(action, action), FOLD.get(retry, "no")


def test_nearly_all_labelled_answers_get_their_next_step() -> None:
    rows = [json.loads(line) for line in Path(CORPUS).read_text("utf-8").splitlines() if line.strip()]
    accepted: dict[tuple[Any, ...], set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        accepted[_key(row)].add(_step(row["expected"]["action"], row["expected"]["retry"]))
    wrong = []
    for row in rows:
        given: dict[str, Any] = {key: row.get(key) for key in ("surface", "stage", "http_status", "headers", "body")}
        d: Diagnosis = diagnose(**given)
        if _step(d.action, d.retry.kind) not in accepted[_key(row)]:
            wrong.append((row["id"], d.pattern))
    assert len(wrong) <= 0.03 * len(rows), wrong
