"""The kind of a failure reaches the diagnosis as a value; its text is for people."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest

from treadle_diagnosis import Evidence, diagnose
from treadle_threads.evidence import diagnose_failure, evidence_of
from treadle_threads.results import Call, Lost, NotSent

CALL = Call("POST", "/me/threads")
# Another kind's words in each: what the library underneath writes must not decide.
MISLEADING = "getaddrinfo failed: certificate verify failed, connection refused, timed out, connection reset by peer"
LOST = get_args(get_type_hints(Lost)["kind"])
NOT_SENT = get_args(get_type_hints(NotSent)["kind"])


@pytest.mark.parametrize("stage", ["create_container", "container_status", "read", "refresh", "unknown"])
@pytest.mark.parametrize("kind", [kind for kind in (*LOST, *NOT_SENT) if kind not in ("guard", "invalid")])
def test_the_text_of_a_failure_does_not_decide(kind: Any, stage: str) -> None:
    made = Lost if kind in LOST else NotSent
    found, expected = (diagnose_failure(made(kind, detail, CALL), stage) for detail in (MISLEADING, ""))
    assert (found.pattern, found.matched) == (expected.pattern, expected.matched)


def test_our_own_guard_is_no_trouble_of_the_network() -> None:
    assert evidence_of(NotSent("guard", "", CALL), "publish").transport is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("dns", "getaddrinfo failed"),
        ("connect", "connection refused"),
        ("tls", "TLS handshake failed"),
        ("timeout", "timed out"),
        ("reset", "connection reset"),
        ("truncated", "incomplete read"),
        ("protocol", "server disconnected"),
    ],
)
@pytest.mark.parametrize("stage", ["create_container", "publish", "read"])
def test_it_is_diagnosed_like_the_words_for_it(kind: Any, words: str, stage: str) -> None:
    failure = Lost(kind, "x", CALL) if kind in LOST else NotSent(kind, "x", CALL)
    context = {"transport": "lost" if kind in LOST else "not_sent"}
    by_words = diagnose(Evidence(stage=stage, exception=words, context=context))
    found = diagnose_failure(failure, stage)
    assert (found.pattern, found.retry, found.action) == (by_words.pattern, by_words.retry, by_words.action)


def test_a_kind_alone_is_something_to_diagnose_and_an_unknown_one_is_ignored() -> None:
    assert "transport=timeout" in diagnose({"stage": "read", "exception": "oops", "transport": "timeout"}).matched
    assert "transport=tls" in diagnose(Evidence(stage="read", transport="tls")).matched
    assert "transport=reset" in diagnose({"exception": "socket hang up", "transport": "carrier pigeon"}).matched
