"""The stage decides before the class of answer: after a publish only clear refusals keep their own advice."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_diagnosis import Diagnosis, diagnose
from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.clarity import is_clear_refusal
from treadle_diagnosis.engine import IF_PUBLISHED


def error(code: int, subcode: int | None = None, message: str = "said no", **more: Any) -> dict[str, Any]:
    body = {"message": message, "type": "OAuthException", "code": code, **more}
    return {"error": {**body, "error_subcode": subcode} if subcode is not None else body}


CODE_2 = error(2, None, "An unexpected error has occurred. Please retry your request later.", is_transient=True)


def checks_first(d: Diagnosis) -> bool:
    return (d.action, d.retry.kind) == ("verify_first", "verify_first")


OPEN: list[tuple[Any, dict[str, Any]]] = [
    (CODE_2, {"http_status": 500}),
    (error(1), {"http_status": 500}),
    (error(-1, None, "Fatal"), {"http_status": 400}),
    (error(-2), {"http_status": 400}),
    (error(-1, 9_999_999), {"http_status": 400}),
    (error(10), {"http_status": 400}),
    (error(10, None, "Application does not have permission for this action"), {"http_status": 400}),
    (error(506, None, "Duplicate Post"), {"http_status": 400}),
    (error(100, None, "Invalid parameter"), {"http_status": 400}),
    (error(100, 9_999_999), {"http_status": 400}),
    (error(4, 9_999_999), {"http_status": 400}),
    (error(987_654), {"http_status": 400}),
    (error(190), {"http_status": 500}),
    (error(24, 4279009), {"http_status": 400, "context": {"unclear_before": True}}),
    (error(24, 4279009), {"http_status": 400, "context": {"after_publish": True}}),
    ("<html><body>429</body></html>", {"http_status": 429}),
    ("<html><body>403 Forbidden</body></html>", {"http_status": 403}),
    ("Too many requests", {"http_status": 429}),
    (error(24, 4279009), {"http_status": 500}),
    (error(100, 4279004), {"http_status": 502}),
    (error(9007, 2207027), {"http_status": 503}),
    (error(9007, 2207027), {"http_status": 400, "context": {"unclear_before": True}}),
    (error(-2, 2207003), {"http_status": 400, "context": {"unclear_before": True}}),
    (error(4), {"http_status": 400, "context": {"unclear_before": True}}),
    (error(-1, 2207001), {"http_status": 400}),
    (None, {"exception": "connect ECONNREFUSED 1.2.3.4:443", "context": {"unclear_before": True}}),
    ("", {"http_status": 500}),
    ("", {"http_status": 200}),
    ({"success": True}, {"http_status": 200}),
    ("bad request", {"http_status": 400}),
    (None, {"exception": "socket hang up"}),
]
CLEAR: list[tuple[Any, str]] = [
    (error(190, 463, "Session has expired"), "token_expired"),
    (error(24, 4279009, "The requested resource does not exist"), "container_not_found"),
    (error(613, 4279002), "threads_rate_limit"),
    (error(4, None, "Application request limit reached"), "app_request_limit"),
    (error(-1, 4279047, "Fatal"), "link_attachment_refused"),
    (error(25, 2207050), "account_restricted"),
    (error(368, None, "The action attempted has been deemed abusive"), "policy_block"),
]


@pytest.mark.parametrize(("body", "more"), OPEN)
def test_an_answer_that_leaves_it_open_is_checked_first(body: Any, more: dict[str, Any]) -> None:
    assert checks_first(diagnose(body, stage="publish", **more)), diagnose(body, stage="publish", **more)


@pytest.mark.parametrize(("body", "pattern"), CLEAR)
def test_a_clear_refusal_is_diagnosed_as_what_it_is(body: Any, pattern: str) -> None:
    found = diagnose(body, stage="publish", http_status=400)
    assert (found.pattern, found.retry.kind == "verify_first") == (pattern, False)


def test_text_that_names_a_clear_refusal_is_one() -> None:
    for text in (
        "threads_publish failed: HTTP 400 code=24 subcode=4279009 Media not found",
        "Error: Threads API error (400) code=24: The requested resource does not exist (threads_publish)",
        "threads_publish: Error validating access token: Session has expired on Sunday",
    ):
        assert not checks_first(diagnose(text)), text


A_REFUSAL = json.dumps(error(24, 4279009))


@pytest.mark.parametrize(
    "text",
    [
        f"threads_publish 500 {json.dumps(CODE_2)}\nthreads_publish 400 {A_REFUSAL}",
        f"[{json.dumps(CODE_2)}, {A_REFUSAL}]",
        f"threads_publish: read ECONNRESET\nthreads_publish 400 {A_REFUSAL}",
        f"threads_publish: 504 Gateway Timeout, then {A_REFUSAL}",
        'threads_publish: socket hang up\nthreads_publish HTTP 429 {"error": {"code": 4, "message": "limit"}}',
        "threads_publish: read ECONNRESET\nretrying...\nconnect ECONNREFUSED 1.2.3.4:443",
        "threads_publish, attempt 1: read ETIMEDOUT; attempt 2: getaddrinfo ENOTFOUND graph.threads.net",
        f"threads_publish: read ECONNRESET\n{A_REFUSAL}\n{json.dumps(error(9007, 2207027))}",
    ],
)
def test_after_an_answer_that_was_lost_the_next_refusal_is_not_repeated(text: str) -> None:
    assert checks_first(diagnose(text, stage="publish")), diagnose(text, stage="publish")
    assert checks_first(diagnose(text, stage="publish")), "the same when it was met before"


def test_a_dead_token_outranks_an_answer_that_was_lost() -> None:
    text = f"{json.dumps(CODE_2)}\n{json.dumps(error(190, 463))}"
    assert diagnose(text, stage="publish").pattern == "token_expired"


@pytest.mark.parametrize("key", ["unclear_before", "after_publish", "auto_publish_text"])
def test_the_context_says_that_something_was_being_posted(key: str) -> None:
    assert checks_first(diagnose(CODE_2, stage="create_container", http_status=500, context={key: True}))
    assert not checks_first(diagnose(CODE_2, stage="create_container", http_status=500, context={key: False}))


@pytest.mark.parametrize(
    "text",
    [
        "Threads publish failed: socket hang up",
        "Error: publishing to Threads: read ECONNRESET",
        "publishing failed: socket hang up",
        "Failed to publish the post: Request timed out after 30000ms",
        "could not publish to Threads: read ETIMEDOUT",
        "timeout while publishing: 504 Gateway Timeout",
        "threads_publish timed out after 30s",
        "POST https://graph.threads.net/v1.0/me/threads_publish -> 500 An unexpected error has occurred.",
        "auto_publish_text=true: read ECONNRESET",
        'n8n: {"nodeName": "Publish to Threads", "rawErrorMessage": ["500 - {\\"error\\": {\\"code\\": 2}}"]}',
        "TaskCanceledException: HttpClient.Timeout of 100 seconds elapsing. at ThreadsClient.PublishAsync",
        '{"errors": [{"message": "An unexpected error has occurred.", "code": 2}], "data": {"publishThread": null}}',
        "Task publish_to_threads[9f] raised unexpected: ConnectionResetError(104, 'Connection reset by peer')",
        'File "bot.py", line 9, in publish_post\nrequests.exceptions.ReadTimeout: Read timed out.',
        'Invoke-RestMethod : {"error": {"message": "An unknown error occurred", "code": 1}} At publish.ps1:12',
        '{"step": "publish", "status": 500, "error": "upstream"}',
        'Falha ao publicar: {"error": {"code": 2}}',
        "Error al publicar en Threads: socket hang up",
        '投稿に失敗しました: {"error": {"code": 1}}',
        "发布失败：An unknown error occurred",
        '게시 실패: 500 {"error": {"code": 2}}',
        "Veröffentlichung fehlgeschlagen: read ECONNRESET",
        "Fehler beim Veröffentlichen: 502 Bad Gateway",
        'Yayınlama hatası: {"error": {"code": 2}}',
        "Gagal memposting: timeout",
        "Ошибка публикации: 502 Bad Gateway",
        'Échec de la publication : {"error": {"code": 1}}',
        "Errore durante la pubblicazione: code 2",
        'Lỗi khi đăng bài: {"error": {"code": 2}}',
    ],
)
def test_the_words_of_a_paste_name_the_publish_call(text: str) -> None:
    assert checks_first(diagnose(text)), diagnose(text)


@pytest.mark.parametrize(
    "text",
    [
        "threads_publishing_limit: read ECONNRESET",
        "creating the container failed: read ECONNRESET",
        "failed to read publishing limit: read ECONNRESET",
        'File "publish.py", line 9: 500 Server Error: POST https://graph.threads.net/v1.0/me/threads',
        "unpublish_post: read ECONNRESET",
        "(#10) To use 'Publish Posts' you need a permission",
    ],
)
def test_other_calls_are_not_taken_for_a_publish(text: str) -> None:
    assert not checks_first(diagnose(text)), diagnose(text)


@pytest.mark.parametrize(
    "body", [CODE_2, "Request timed out after 30000ms", "<html><title>502 Bad Gateway</title></html>"]
)
def test_with_the_stage_unknown_the_advice_warns(body: Any) -> None:
    found = diagnose(body)
    assert found.confidence == "guess"
    assert found.next_step.startswith(IF_PUBLISHED)
    assert found.pattern != "outcome_unknown"
    assert not diagnose(body, stage="create_container").next_step.startswith(IF_PUBLISHED)


def test_with_the_stage_unknown_what_is_clear_anyway_needs_no_warning() -> None:
    for body in (error(190, 463), error(24, 4279009), "getaddrinfo ENOTFOUND graph.threads.net", {"status": "ERROR"}):
        assert IF_PUBLISHED not in diagnose(body).next_step, body


def test_what_was_never_written_is_no_send() -> None:
    assert diagnose(exception="connect ECONNREFUSED", stage="publish").pattern == "meta_unreachable"


def test_once_it_is_proven_absent_the_refusal_means_what_it_says() -> None:
    known = {"not_published": True}
    assert diagnose(error(506), stage="publish", http_status=400, context=known).pattern == "duplicate_content"
    assert diagnose(CODE_2, stage="publish", http_status=500, context=known).pattern == "service_unavailable"


NAMED_CODES = [
    (code, int(subcode) if subcode.isdigit() else None)
    for entry in load().clear_refusals
    for code in entry.code
    for subcode in [*map(str, entry.subcode), "none"]
]
CODES = st.sampled_from(NAMED_CODES) | st.tuples(st.integers(-5, 3000), st.none() | st.integers(1, 5_000_000))


@given(st.sampled_from([400, 400, 429, 500]) | st.integers(200, 599), CODES, st.booleans())
def test_at_publish_no_advice_to_repeat_without_a_clear_refusal(
    status: int, codes: tuple[int, int | None], unclear_before: bool
) -> None:
    """Whatever the answer: "try again" is said of a clear refusal, or of one that the catalogue knows by a subcode."""
    code, subcode = codes
    body = error(code, subcode)
    found = diagnose(body, stage="publish", http_status=status, context={"unclear_before": unclear_before})
    if found.retry.kind in ("later", "new_container") and f"subcode={subcode}" not in found.matched:
        assert is_clear_refusal(status, body, unclear_before=False) or status < 400


def in_words(codes: tuple[int, int | None], pattern: str, between: str) -> str:
    code, subcode = codes
    return pattern.format(code=code) + ("" if subcode is None else f"{between}{subcode}")


FORMS: list[Callable[[dict[str, Any], tuple[int, int | None]], str]] = [
    lambda body, _: json.dumps(body),
    lambda body, _: json.dumps(body, indent=2),
    lambda body, _: f"Request failed: {body!r}",
    lambda body, _: json.dumps(json.dumps(json.dumps(body))),
    lambda body, _: f"<html><body><pre>{escape(json.dumps(body))}</pre></body></html>",
    lambda body, _: f"/cb?answer={quote(json.dumps(body))}",
    lambda body, _: f"HTTP/1.1 400 Bad Request\ncontent-type: application/json\n\n{json.dumps(body)}",
    lambda body, _: "\n".join(f"> {line}" for line in json.dumps(body, indent=1).split("\n")),
    lambda body, _: json.dumps(body).replace('"', "”"),
    lambda body, _: " ".join(f"[{key}] => {value}" for key, value in body["error"].items()),
    lambda _, codes: in_words(codes, "said no (code {code}", ", subcode "),
    lambda _, codes: in_words(codes, "(#{code}) said no", " error_subcode="),
    lambda _, codes: in_words(codes, "Error {code}", "/"),
    lambda _, codes: in_words(codes, "Código do erro: {code}", ", subcódigo: "),
    lambda _, codes: in_words(codes, "エラーコード：{code}", "、サブコード："),
]
KNOWN_CODES = sorted({code for pattern in load() for match in pattern.matches for code in match.code})
SUBCODES = sorted({subcode for pattern in load() for match in pattern.matches for subcode in match.subcode})


@given(
    st.tuples(st.sampled_from(KNOWN_CODES), st.none() | st.sampled_from(SUBCODES) | st.integers(1_000_000, 9_999_999)),
    st.sampled_from([None, 400, 403, 429, 500, 502]),
    st.sampled_from(FORMS),
    st.booleans(),
    st.sampled_from(["", "Erro temporário", "미디어를 찾을 수 없음"]),
)
def test_no_form_of_an_answer_is_repeated_that_is_checked_as_an_object(
    codes: tuple[int, int | None], status: int | None, form: Any, transient: bool, title: str
) -> None:
    """Other codes, subcodes, statuses and languages, copied in any way: where it may be live, nothing says "again"."""
    body = error(*codes, is_transient=transient, error_user_title=title)
    as_object = diagnose(body, stage="publish", http_status=status)
    pasted = diagnose(form(body, codes), stage="publish", http_status=status)
    if checks_first(as_object):
        assert pasted.retry.kind not in ("later", "new_container")
    if codes[1] is not None and codes[1] not in SUBCODES and pasted.retry.kind in ("later", "new_container"):
        assert pasted.confidence == "guess"
    if status is not None and status >= 500:
        assert pasted.retry.kind not in ("later", "new_container")


@given(st.sampled_from(KNOWN_CODES), st.integers(1_000_000, 9_999_999), st.sampled_from(["read", "create_container"]))
def test_a_subcode_that_nobody_knows_lowers_the_confidence(code: int, subcode: int, stage: str) -> None:
    if subcode not in SUBCODES:
        assert diagnose(error(code, subcode), stage=stage, http_status=400).confidence == "guess"
