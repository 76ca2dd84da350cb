"""Secrets never come out of a diagnosis, a shape or a report; error codes always do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from treadle_diagnosis import diagnose
from treadle_diagnosis.redact import _MOST_HARMLESS as MOST_REMEMBERED
from treadle_diagnosis.redact import MARK, redact, redact_headers, redact_text
from treadle_diagnosis.redact import _harmless as remembered
from treadle_diagnosis.shape import report, shape_of

TOKEN = "THQVJYeXY1dkoxUXNwbjhGR0lHX0dBc2QtREtyWHZ"
SECRET = "0123456789abcdef0123456789abcdef"
LEAKS: list[Any] = [
    f"url: /v1.0/me/threads?media_type=TEXT&access_token={TOKEN} (Caused by NewConnectionError(...))",
    f"https://graph.threads.net/access_token?grant_type=th_exchange_token&client_secret={SECRET}&access_token={TOKEN}",
    f"Authorization: Bearer {TOKEN}",
    f"authorization: {SECRET}",
    {"headers": {"Authorization": f"OAuth {TOKEN}"}, "error": {"code": 1}},
    {"access_token": TOKEN, "error": {"code": 190}},
    {"config": {"data": f"client_secret={SECRET}&code=AQB{TOKEN}"}},
    f'{{"access_token": "{TOKEN}", "user_id": 1}}',
    f'{{\\"access_token\\": \\"{TOKEN}\\"}}',
    f"signed_request={SECRET}.{SECRET}",
    f"https://example.org/callback?code={TOKEN}{SECRET}#_",
    f"https://bucket.s3.amazonaws.com/a.mp4?X-Amz-Signature={SECRET}&X-Amz-Credential={SECRET}",
    f"TH|1234567890|{SECRET}",
    f"token {TOKEN} was refused",
    f"EAAG{TOKEN}",
    f"cookie: sessionid={SECRET}",
    {"error": {"message": f"Invalid token {TOKEN}", "code": 190}},
]


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: str(leak)[:40])
def test_a_secret_does_not_come_out(leak: Any) -> None:
    for shown in (
        json.dumps(redact(leak)),
        json.dumps(diagnose(body=leak).to_json(), default=str),
        shape_of({"body": leak}),
        report({"body": leak}),
        report({"body": None, "exception": str(leak)}),
    ):
        assert TOKEN not in shown
        assert SECRET not in shown


TOKENS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", min_size=24, max_size=180)


@given(token=TOKENS, before=st.text(max_size=30), after=st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_a_token_in_a_pair_never_survives(token: str, before: str, after: str) -> None:
    assume(token not in before and token not in after)
    for pair in (f"access_token={token}", f'"access_token":"{token}"', f"client_secret: {token}", f"Bearer {token}"):
        text = f"{before} {pair} {after}"
        assert token not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "code=24 subcode=4279009",
        "HTTP 400 code=190",
        "error_code=1349245&error_message=URL+Blocked",
        "Error validating access token: Session has expired on Sunday, 10-May-26 10:00:00 PDT.",
        "Invalid OAuth access token - Cannot parse access token",
        "THREADS_API__LINK_LIMIT_EXCEEDED",
        "The media with id 11024753405002880 cannot be found.",
    ],
)
def test_what_a_diagnosis_needs_stays(text: str) -> None:
    assert redact(text) == text
    assert diagnose(redact(text)).pattern == diagnose(text).pattern


# Bare tokens and queries as plain expressions say them: right, and quadratic. Each comes with a mark of its own.
PLAIN_TOKENS = re.compile(
    r"\b(?:TH(?=[A-Za-z0-9_\-]*[0-9])[A-Za-z0-9_\-]{24,}|EAA[A-Za-z0-9]{16,}|IG[QA][A-Za-z0-9_\-]{16,}"
    r"|(?=[A-Za-z0-9_\-]*\d)[A-Za-z0-9_\-]{80,})"
)
PLAIN_QUERY = re.compile(r"(?:https?://|/)[^\s\"'<>?\\]{1,2000}\?([^\s\"'<>\\]{1,8000})")
RUN = re.compile(r"[A-Za-z0-9_\-]+")
PIECES = st.sampled_from(
    [
    "TH", "THQV", "EAA", "IGQ", "-", "_", " ", "?", "/", "https://", "a", "b9", "&", "u=", "x" * 30, "7" * 20,
    "A" * 80, "Ab9" * 27, "\n", '"', "<", "\\", ".", "THQVJYeXY1dkoxUXNwbjg", "-a" * 12,
]
)  # fmt: skip


@given(parts=st.lists(PIECES, min_size=1, max_size=14))
@settings(max_examples=400, deadline=None)
def test_every_token_and_query_of_the_plain_expressions_goes_and_nothing_else(parts: list[str]) -> None:
    text = "".join(parts)
    kept = redact_text(text)
    if PLAIN_QUERY.search(text) is None:
        # A run longer than any name goes whole, where the plain expression leaves its end behind a token of letters.
        longest = max((len(run) for run in RUN.findall(text)), default=0)
        if longest < 80:
            assert kept == PLAIN_TOKENS.sub(MARK, text)
        assert RUN.sub("", kept.replace(MARK, "")) == RUN.sub("", text)
    assert PLAIN_TOKENS.search(kept) is None
    for query in PLAIN_QUERY.findall(text):
        assert all(not value or f"u={value}" not in kept for value in re.findall(r"(?:^|&)u=([^&]*)", query))


def test_numeric_codes_and_traces_stay() -> None:
    body = {
        "error": {
            "code": 24,
            "error_subcode": "4279009",
            "fbtrace_id": "A-dTL0qvX1HmG0WDeH8Zvei",
            "type": "OAuthException",
        }
    }
    assert redact(body) == body


def test_a_cap_shortens_and_says_so() -> None:
    big = {"a": "x" * 5000, "b": ["y" * 100] * 500}
    small = redact(big, max_chars=1000)
    assert len(json.dumps(small, ensure_ascii=False)) < 2500
    assert "…" in json.dumps(small, ensure_ascii=False)
    assert redact("short", max_chars=1000) == "short"


def test_headers_lose_their_secrets() -> None:
    kept = redact_headers({"Authorization": f"Bearer {TOKEN}", "Retry-After": "60", "Set-Cookie": "a=b"})
    assert kept == {"Authorization": MARK, "Retry-After": "60", "Set-Cookie": MARK}


def test_what_no_answer_could_be_written_with_is_made_writable() -> None:
    body = {"error": {"code": 7, "message": "x\ud800y", "type": "\udfff", "k\ud800": float("nan"), "n": float("inf")}}
    d = diagnose(body).to_json()
    json.dumps(d, ensure_ascii=False, allow_nan=False).encode("utf-8")
    shape_of(body).encode("utf-8")
    report(body).encode("utf-8")
    diagnose("\ud800 odd").to_json()["raw"].encode("utf-8")


def test_odd_values_are_redacted_without_fuss() -> None:
    assert redact(None) is None
    assert redact({1: b"ok", "deep": [[[[[[[[[[[[[[1]]]]]]]]]]]]]]})["1"] == "ok"
    assert isinstance(redact(object()), str)


BITS = (
    "Session has expired", "token", "EAAB" + "x" * 20, "IGQVJ" + "ab1" * 8, "THQW" + "a1" * 14, "THREADS_API__FEATURE",
    "Bearer", "Authorization", "basic", "oauth", "password", "ü", "メディア", "：", ":", "://", "a" * 30, "a-b_c" * 6,
    "1234567890123456789", "threads_basic", "\ud800", "\u3000", "\x85", "cookie", "secret", "…", "abcdefghij1", "key",
    "TH|123456", "ABCDEFGHIJKL", "x9" * 10, "é" * 20, " ", ". ", "=", "?",
)  # fmt: skip


@given(st.lists(st.sampled_from(BITS), max_size=8), st.sampled_from(["message", "error_user_msg", "error_user_title"]))
def test_the_quick_way_takes_out_what_the_thorough_way_does(pieces: list[str], field: str) -> None:
    body = {"error": {field: "".join(pieces), "code": 1}}
    assert redact(body, max_chars=12_000) == redact(body, max_chars=9_000)  # so small a budget is never the quick way


def test_a_text_is_remembered_as_harmless_only_without_a_secret() -> None:
    fine = {"error": {"message": "Waiting until 10:30. See https://example.org/limits for more.", "code": 4}}
    leak = {"error": {"message": f"Invalid token {TOKEN} until 10:30", "code": 190}}
    first = (redact(fine), redact(leak))
    assert (redact(fine), redact(leak)) == first
    assert first[0] == fine
    assert TOKEN not in str(first[1])
    assert fine["error"]["message"] in remembered
    assert not any(TOKEN in text for text in remembered)


def test_few_harmless_texts_are_remembered() -> None:
    for number in range(MOST_REMEMBERED + 10):
        redact({"error": {"message": f"Container {number} has expired."}})
    assert 0 < len(remembered) <= MOST_REMEMBERED
