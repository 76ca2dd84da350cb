"""A publish is clear only when it plainly did not happen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_diagnosis.catalog import load
from treadle_diagnosis.catalog.checking import check_refusals
from treadle_diagnosis.clarity import Codes, clear_refusal
from treadle_threads.evidence import clarity_of
from treadle_threads.results import Answer, Call, Failure, Lost, NotSent, Refused

CALL = Call("POST", "/v1.0/me/threads_publish")


def refused(status: int, code: int | None = None, subcode: int | None = None, **error: Any) -> Refused:
    body: Any = "<html>Bad gateway</html>"
    if code is not None:
        body = {"error": {"message": "said no", "type": "OAuthException", "code": code, **error}}
        if subcode is not None:
            body["error"]["error_subcode"] = subcode
    return Refused(Answer(status, {}, body), CALL)


def clarity(failure: Failure, *, unclear_before: bool = False) -> str:
    return clarity_of(failure, unclear_before=unclear_before)


PLAIN_REFUSALS = [
    refused(400, 190),
    refused(401, 190, 463),
    refused(400, 190, 460),
    refused(400, 190, 9_999_999),
    refused(400, 102),
    refused(400, 100, 33, message="Unsupported post request."),
    refused(400, 100, message="The parameter creation_id is required"),
    refused(400, 100, message="Param text must be at most 500 characters long."),
    refused(400, 613),
    refused(429, 613),
    refused(400, 613, 4279002),
    refused(400, 4, message="Application request limit reached"),
    refused(400, 17),
    refused(400, 32),
    refused(400, 341),
    refused(400, 9, 2207042),
    refused(400, 25, 2207050),
    refused(400, 10, 4279067),
    refused(403, 200),
    refused(403, 299),
    refused(400, 368),
    refused(400, 24, 4279009, message="The requested resource does not exist"),
    refused(400, 100, 4279004),
    refused(400, 100, 4279047),
    refused(400, -1, 4279047, message="Fatal"),
    refused(400, 100, 10, message="This action requires the threads_basic permission."),
]
UNCLEAR_ANSWERS = [
    refused(500, 1, message="An unknown error occurred"),
    refused(500, 2, message="An unexpected error has occurred. Please retry your request later."),
    refused(400, 1),
    refused(400, 2),
    refused(400, -1),
    refused(400, -2),
    refused(500, 10, message="Application does not have permission for this action"),
    refused(400, 10, message="Application does not have permission for this action"),
    refused(400, 4, 2207051, message="We restrict certain activity to protect our community"),
    refused(400, 506, message="Duplicate Post"),
    refused(400, 20, 1772107),
    refused(400, 100, message="Invalid parameter"),
    refused(400, 100, message="The parameter is wrong"),
    refused(400, 100, 9_999_999, message="The parameter creation_id is required"),
    refused(400, 4, 9_999_999),
    refused(400, 613, 9_999_999),
    refused(400, 200, 9_999_999),
    refused(400, 368, 9_999_999),
    refused(400, 24),
    refused(400, 24, 9_999_999),
    refused(400, 300),
    refused(400, 80_002),
    refused(429),
    refused(403),
    refused(404),
    refused(502),
    refused(500),
    refused(504),
    refused(408),
    refused(408, 190),
    refused(409, 190),
    refused(400),  # HTML with a 400: whose answer is that?
    refused(200),  # a success without an id
    refused(200, 190),
    refused(302),
    refused(500, 190),  # Meta's status lies: what looks like a refusal may come from a gateway
    refused(500, -1, 4279047),
    Refused(Answer(200, {}, {"success": True}), CALL),
    Refused(Answer(400, {}, {"error": {"message": "never seen before", "code": 987654}}), CALL),
    Refused(Answer(400, {}, {"error": "190"}), CALL),
    Refused(Answer(400, {}, {"code": 190, "error_subcode": 463}), CALL),  # not Meta's envelope
    Refused(Answer(400, {}, '{"error": {"code": 190'), CALL),
    Refused(Answer(400, {}, None), CALL),
    Refused(Answer(429, {"retry-after": "60"}, "Too many requests"), CALL),
    Lost("timeout", "no answer", CALL),
    Lost("reset", "gone", CALL),
    Lost("truncated", "half", CALL, answer=Answer(200, {}, None)),
    Lost("protocol", "what?", CALL),
]


@pytest.mark.parametrize("failure", PLAIN_REFUSALS, ids=repr)
def test_plain_refusals_are_clear(failure: Failure) -> None:
    assert clarity(failure) == "clear"


@pytest.mark.parametrize("failure", UNCLEAR_ANSWERS, ids=repr)
def test_everything_else_is_unclear(failure: Failure) -> None:
    assert clarity(failure) == "unclear"


@pytest.mark.parametrize("kind", ["dns", "connect", "tls", "guard", "invalid"])
def test_what_was_not_sent_did_not_happen(kind: Any) -> None:
    assert clarity(NotSent(kind, "", CALL)) == "clear"


@pytest.mark.parametrize("failure", [*PLAIN_REFUSALS, NotSent("connect", "", CALL)], ids=repr)
def test_after_one_unclear_send_no_refusal_is_clear(failure: Failure) -> None:
    assert clarity(failure, unclear_before=True) == "unclear"


BODIES = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), max_size=3),
    st.fixed_dictionaries(
        {
            "error": st.fixed_dictionaries(
                {},
                optional={
                    "code": st.integers(-5, 2600) | st.text(max_size=5) | st.none(),
                    "error_subcode": st.integers() | st.none(),
                    "message": st.text(max_size=30),
                },
            )
        }
    ),
)


@given(st.integers(200, 599), BODIES)
def test_any_answer_is_judged_and_server_errors_are_never_clear(status: int, body: Any) -> None:
    failure = Refused(Answer(status, {}, body), CALL)
    judged = clarity(failure)
    assert judged in ("clear", "unclear")
    if status >= 500 or status < 400 or status in (408, 409):
        assert judged == "unclear"
    assert clarity(failure, unclear_before=True) == "unclear"


def test_every_clear_refusal_has_a_source() -> None:
    catalog = load()
    assert catalog.clear_refusals
    for entry in catalog.clear_refusals:
        assert entry.sources, entry
        assert all(key in catalog.references for key in entry.sources), entry
    refusal = {"code": [1], "subcode": ["none"], "why": "said so"}
    assert check_refusals([refusal], {}) == ["clear refusal [1]/['none']: has no source"]
    assert check_refusals([{**refusal, "sources": ["nowhere"]}], {}) == [
        "clear refusal [1]/['none']: no reference 'nowhere'"
    ]


@given(st.integers(-5, 3000), st.none() | st.integers(1, 5_000_000), st.text(max_size=20))
def test_what_the_table_does_not_name_is_unclear(code: int, subcode: int | None, message: str) -> None:
    failure = refused(400, code, subcode, message=message)
    named = any(
        code in entry.code or (entry.code_range is not None and entry.code_range[0] <= code <= entry.code_range[1])
        for entry in load().clear_refusals
    )
    if not named:
        assert clarity(failure) == "unclear"


def test_what_is_clear_of_a_first_send_only_is_clear_after_no_open_answer() -> None:
    first_only = [entry for entry in load().clear_refusals if entry.first_send_only]
    assert len(first_only) >= 2
    for entry in first_only:
        codes = Codes(entry.code[0], next((each for each in entry.subcode if isinstance(each, int)), None))
        assert clear_refusal(codes, unclear_before=False) is entry
        assert clear_refusal(codes, unclear_before=True) is None
