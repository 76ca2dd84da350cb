"""A publish is clear only when it plainly did not happen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.publishing.clarity import clarity_of
from treadle.threads.evidence import diagnose_failure
from treadle.threads.results import Answer, Call, Failure, Lost, NotSent, Refused

CALL = Call("POST", "/v1.0/me/threads_publish")


def refused(status: int, code: int | None = None, subcode: int | None = None, **error: Any) -> Refused:
    body: Any = "<html>Bad gateway</html>"
    if code is not None:
        body = {"error": {"message": "said no", "type": "OAuthException", "code": code, **error}}
        if subcode is not None:
            body["error"]["error_subcode"] = subcode
    return Refused(Answer(status, {}, body), CALL)


def clarity(failure: Failure, *, unclear_before: bool = False) -> str:
    return clarity_of(failure, diagnose_failure(failure, "publish", {}), unclear_before=unclear_before)


PLAIN_REFUSALS = [
    refused(400, 190),
    refused(401, 190, 463),
    refused(400, 190, 460),
    refused(400, 100, 33, message="Unsupported post request."),
    refused(400, 613, 4279002),
    refused(400, 24, 4279009, message="The requested resource does not exist"),
    refused(400, 100, 4279004),
    refused(400, -1, 4279047, message="Fatal"),
    refused(400, 100, 10, message="This action requires the threads_basic permission."),
]
UNCLEAR_ANSWERS = [
    refused(500, 1, message="An unknown error occurred"),
    refused(500, 2, message="An unexpected error has occurred. Please retry your request later."),
    refused(400, 1),
    refused(400, 2),
    refused(500, 10, message="Application does not have permission for this action"),
    refused(400, 10, message="Application does not have permission for this action"),
    refused(400, 4, 2207051, message="We restrict certain activity to protect our community"),
    refused(502),
    refused(500),
    refused(504),
    refused(408),
    refused(400),  # HTML with a 400: whose answer is that?
    refused(200),  # a success without an id
    refused(302),
    refused(500, 190),  # Meta's status lies: what looks like a refusal may come from a gateway
    Refused(Answer(200, {}, {"success": True}), CALL),
    Refused(Answer(400, {}, {"error": {"message": "never seen before", "code": 987654}}), CALL),
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
    link_card = isinstance(body, dict) and str((body.get("error") or {}).get("error_subcode")) == "4279047"
    if (status >= 500 or status < 400) and not link_card:
        assert judged == "unclear"
    assert clarity(failure, unclear_before=True) == "unclear"
