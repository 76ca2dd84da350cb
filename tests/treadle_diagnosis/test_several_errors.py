"""Several errors in one paste: the one that stops the work decides, and the answer says that there were several."""

from __future__ import annotations

import json
from typing import Any

import pytest

from treadle_diagnosis import NOTHING, Diagnosis, diagnose

BUSY = {"error": {"message": "The requested resource does not exist", "code": 24, "error_subcode": 4279009}}
DEAD = {"error": {"message": "The session was ended", "type": "OAuthException", "code": 190, "error_subcode": 460}}
EXPIRED = {"error": {"message": "Session has expired", "type": "OAuthException", "code": 190, "error_subcode": 463}}
LIMIT = {"error": {"message": "Application request limit reached", "type": "OAuthException", "code": 4}}
INVALID = {"error": {"message": "Invalid parameter", "type": "OAuthException", "code": 100}}
WORKING = {"status": "IN_PROGRESS"}
BAD_FRAMES = {"status": "ERROR", "error_message": "INVALID_FRAME_RATE"}
MADE = {"id": "17900000000000001"}


def lines(*answers: dict[str, Any]) -> str:
    return "\n".join(f"2026-10-05T10:00:0{n}Z answer {json.dumps(a)}" for n, a in enumerate(answers))


FORMS: dict[str, Any] = {
    "log": lines,
    "list": lambda *answers: list(answers),
    "JSON list": lambda *answers: json.dumps(answers),
    "JSON lines": lambda *answers: "\n".join(map(json.dumps, answers)),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize(
    ("answers", "pattern"),
    [
        ((BUSY, BUSY, DEAD), "password_changed"),
        ((DEAD, BUSY), "password_changed"),
        ((EXPIRED, LIMIT, LIMIT), "token_expired"),
        ((INVALID, EXPIRED), "token_expired"),
        ((WORKING, WORKING, BAD_FRAMES), "video_frame_rate"),
        ((BAD_FRAMES, WORKING), "video_frame_rate"),
        ((LIMIT, BUSY), "container_not_found"),
    ],
)
def test_the_one_that_stops_the_work_decides(answers: tuple[dict[str, Any], ...], pattern: str, form: Any) -> None:
    d = diagnose(form(*answers))
    assert d.pattern == pattern
    assert any(fact.startswith("errors=") for fact in d.matched)
    assert "different errors here" in d.what_happened


def test_after_a_success_the_errors_are_over() -> None:
    d = diagnose(f"{json.dumps(BUSY)}\n{json.dumps(MADE)}")
    assert d.pattern == NOTHING
    assert "over" in d.what_happened


def test_an_error_after_a_success_counts() -> None:
    assert diagnose(f"{json.dumps(MADE)}\n{json.dumps(EXPIRED)}").pattern == "token_expired"


def test_a_success_that_is_a_part_of_the_dump_ends_nothing() -> None:
    text = f'{json.dumps(EXPIRED)} request: {{"id":"17900000000000001"}}'
    assert diagnose(text).pattern == "token_expired"


def test_lines_without_json() -> None:
    text = "try 1 (#24) code=24 subcode=4279009\ntry 2 code=24 subcode=4279009\nOAuthException code=190 subcode=463"
    assert diagnose(text).pattern == "token_expired"


def alone(d: Diagnosis) -> bool:
    return not any(fact.startswith("errors=") for fact in d.matched)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("HTTP 400\ntype: OAuthException\ncode: 190\nerror_subcode: 463\nprocess exited with code 1", "token_expired"),
        (f"Threads error (#24) 24/4279009\n{json.dumps(BUSY, indent=2)}", "container_not_found"),
        (f"{json.dumps(BUSY)}\n{json.dumps(BUSY)}\n{json.dumps(BUSY)}", "container_not_found"),
        ("code 24 subcode 4279009 OAuthException\nGET /me status code 200\nexit code 1", "container_not_found"),
    ],
)
def test_one_error_on_several_lines_is_one(text: str, pattern: str) -> None:
    d = diagnose(text)
    assert d.pattern == pattern
    assert alone(d)


def test_the_whole_paste_stays_the_raw_answer_and_its_stage_counts_for_each() -> None:
    text = (
        f"POST https://graph.threads.net/v1.0/me/threads_publish\n{lines(BUSY, {'error': {'message': 'x', 'code': 2}})}"
    )
    d = diagnose(text)
    assert d.action == "verify_first"
    assert "4279009" in str(d.raw)


@pytest.mark.parametrize(
    ("line", "pattern", "errors"),
    [
        ("190/463 and 24/4279009", "token_expired", 2),
        ("24/4279009, then 190/463", "token_expired", 2),
        ("retry got 24/4279009 (again 24/4279009)", "container_not_found", 0),
        ("100/4279004; 100/4279004; 24.4279009", "container_not_found", 2),
        ("OAuthException 190/463 at 2026-11-30T10:00:00Z", "token_expired", 0),
    ],
)
def test_pairs_on_one_line_are_counted(line: str, pattern: str, errors: int) -> None:
    found = diagnose(line)
    assert found.pattern == pattern
    assert (f"errors={errors}" in found.matched) is bool(errors)


@pytest.mark.parametrize(
    ("lone", "pattern"),
    [("190", "token_is_invalid"), (" 190\n", "token_is_invalid"), ("429", "http_too_many_requests"), ("77", "unknown")],
)
def test_a_lone_number_is_a_code_or_a_status(lone: str, pattern: str) -> None:
    assert diagnose(lone).pattern == pattern


def test_a_number_among_words_is_no_code() -> None:
    assert diagnose("190 posts were sent").pattern == "unknown"
