"""What must hold for every answer, known or not."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_diagnosis import NOTHING, UNKNOWN, Diagnosis, Evidence, diagnose, engine
from treadle_diagnosis.catalog import load

STAGES = st.sampled_from(
    ["oauth", "create_container", "container_status", "publish", "verify", "read", "unknown", "odd"]
)
SURFACES = st.sampled_from(["threads", "instagram", "facebook", "mars"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.binary(max_size=20)
KEYS = st.sampled_from(
    [
        "error",
        "code",
        "error_subcode",
        "message",
        "type",
        "status",
        "status_code",
        "error_message",
        "error_code",
        "body",
    ]
) | st.text(max_size=12)
JSONISH = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=20
)
STRUCTURED = [
    (pattern.id, example)
    for pattern in load()
    for example in pattern.examples
    if isinstance(example.body, dict) and not example.context.get("finding")
]
WORDS_OF_OTHER_LANGUAGES = st.sampled_from(
    [
        "Không tìm thấy",
        "찾을 수 없습니다",
        "ไม่พบสื่อ",
        "No se encontró",
        "Сессия истекла",
        "有効期限が切れました",
        "expired",
        "too many",
    ]
)


def check_sane(d: Diagnosis) -> None:
    assert isinstance(d, Diagnosis)
    assert d.what_happened
    assert d.next_step
    if d.pattern in (UNKNOWN, NOTHING):
        assert d.retry.kind == "never"
        assert d.retry.after_s is None
        assert d.retry.max_attempts == 0
    else:
        assert load().get(d.pattern) is not None
    json.dumps(d.to_json(), default=str)


@given(body=JSONISH, stage=STAGES, surface=SURFACES, status=st.none() | st.integers(0, 700))
@settings(max_examples=300, deadline=None)
def test_any_object_gives_a_diagnosis(body: Any, stage: str, surface: str, status: int | None) -> None:
    check_sane(diagnose(body=body, stage=stage, surface=surface, http_status=status))


@given(text=st.text(max_size=400), stage=STAGES)
@settings(max_examples=200, deadline=None)
def test_any_text_gives_a_diagnosis(text: str, stage: str) -> None:
    check_sane(diagnose(text, stage=stage))


@given(data=st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_a_diagnosis(data: bytes) -> None:
    check_sane(diagnose(data))


@given(evidence=JSONISH, context=st.dictionaries(st.text(max_size=20), SCALARS, max_size=4), headers=JSONISH)
@settings(max_examples=200, deadline=None)
def test_any_argument_gives_a_diagnosis(evidence: Any, context: dict[str, Any], headers: Any) -> None:
    check_sane(diagnose(evidence, context=context, headers=headers))


FRAGMENTS = st.lists(
    st.sampled_from(
        ['{"error":', '"code":190', "HTTP/1.1 500 x\n", "error_subcode=", "4279009", "}", '\\"', "{'", "<html>",
         "?error=", "access_denied", "timed out", "status: ERROR", "(#", "\n\n", "a" * 50, "code=1/2207052",
         "🚀", "\x1b[31m"]
    ),
    max_size=30,
)  # fmt: skip


@given(parts=FRAGMENTS)
@settings(max_examples=300, deadline=None)
def test_any_patchwork_of_telling_pieces_gives_a_diagnosis(parts: list[str]) -> None:
    check_sane(diagnose("".join(parts)))


def test_huge_and_nested_input_gives_a_diagnosis() -> None:
    deep: Any = {"code": 1}
    for _ in range(900):
        deep = {"data": deep}
    inputs: tuple[Any, ...] = (
        "{" * 100_000,
        "x" * 3_000_000,
        '{"error":' * 20_000,
        "code=" * 300_000,
        "{'a':" * 50_000,
        deep,
        [deep] * 50,
    )
    for huge in inputs:
        check_sane(diagnose(huge))
    assert diagnose("x" * 500_000 + ' {"error":{"code":190,"error_subcode":463}}').pattern == "token_expired"


class _Hostile(dict[str, Any]):
    def get(self, *_: Any) -> Any:
        raise RuntimeError("no")


def test_a_hostile_object_gives_a_diagnosis() -> None:
    check_sane(diagnose(_Hostile(error=1)))
    check_sane(diagnose(Evidence(body=_Hostile(error=1))))


def _diagnose(example: Any, body: Any) -> Diagnosis:
    return diagnose(**{**example.evidence, "body": body})


def _error_of(body: dict[str, Any]) -> dict[str, Any]:
    inner = body.get("error")
    return inner if isinstance(inner, dict) else body


def _shuffled(value: Any, draw: Any) -> Any:
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: _shuffled(value[key], draw) for key in keys}
    return value


@given(data=st.data(), case=st.sampled_from(STRUCTURED))
@settings(max_examples=300, deadline=None)
def test_the_order_of_keys_does_not_matter(data: st.DataObject, case: Any) -> None:
    pattern, example = case
    assert _diagnose(example, _shuffled(example.body, data.draw)).pattern == pattern


@given(case=st.sampled_from(STRUCTURED), title=WORDS_OF_OTHER_LANGUAGES, text=WORDS_OF_OTHER_LANGUAGES)
@settings(max_examples=400, deadline=None)
def test_translated_user_texts_do_not_matter(case: Any, title: str, text: str) -> None:
    pattern, example = case
    body = copy.deepcopy(example.body)
    _error_of(body).update(error_user_title=title, error_user_msg=text)
    assert _diagnose(example, body).pattern == pattern


@given(case=st.sampled_from(STRUCTURED), trace=st.text("AZaz09_-", min_size=11, max_size=23), extra=st.integers())
@settings(max_examples=300, deadline=None)
def test_added_keys_do_not_matter(case: Any, trace: str, extra: int) -> None:
    pattern, example = case
    body = copy.deepcopy(example.body)
    _error_of(body).update(fbtrace_id=trace, is_transient=bool(extra % 2), error_data={"blame": [extra]}, later=extra)
    assert _diagnose(example, body).pattern == pattern


@given(case=st.sampled_from(STRUCTURED))
@settings(max_examples=300, deadline=None)
def test_codes_as_text_are_codes(case: Any) -> None:
    pattern, example = case
    body = copy.deepcopy(example.body)
    error = _error_of(body)
    for key in ("code", "error_subcode", "error_code", "subcode"):
        if key in error:
            error[key] = str(error[key])
    assert _diagnose(example, body).pattern == pattern


@given(case=st.sampled_from(STRUCTURED), number=st.integers(10**14, 10**18 - 1), day=st.integers(1, 28))
@settings(max_examples=300, deadline=None)
def test_other_ids_and_dates_do_not_matter(case: Any, number: int, day: int) -> None:
    import re

    pattern, example = case
    text = json.dumps(example.body)
    text = re.sub(r"\d{14,18}", str(number), text)
    text = re.sub(r"\b\d{2}-(?=[A-Z][a-z]{2}-)", f"{day:02}-", text)
    assert _diagnose(example, json.loads(text)).pattern == pattern


@given(code=st.integers(100_000, 899_999), message=st.sampled_from(["", "Etwas ging schief", "qwertz", "Zonk"]))
@settings(max_examples=100, deadline=None)
def test_a_code_nobody_knows_is_not_retried(code: int, message: str) -> None:
    d = diagnose({"error": {"code": code, "message": message, "type": "OAuthException"}}, http_status=500)
    assert d.pattern == UNKNOWN
    assert d.retry.kind == "never"


HELD = {"meta_token", "permission_app_review", "account_restricted", "media_validation", "content", "request_bug"}


def test_what_cannot_pass_unchanged_is_never_retried_unchanged() -> None:
    held = [pattern for pattern in load() if pattern.lane in HELD]
    assert {pattern.lane for pattern in held} == HELD
    for pattern in held:
        assert pattern.retry.kind in ("never", "when_repaired", "verify_first"), pattern.id


@given(
    case=st.sampled_from(STRUCTURED), wait=st.integers(1, 10_000), seen=st.integers(0, 50), size=st.integers(0, 10**9)
)
@settings(max_examples=300, deadline=None)
def test_no_header_or_count_turns_a_never_into_a_retry(case: Any, wait: int, seen: int, size: int) -> None:
    _, example = case
    d = diagnose(
        **{
            **example.evidence,
            "headers": {"Retry-After": str(wait)},
            "context": {**example.context, "seen_on_container": seen, "media_bytes": size},
        }
    )
    if d.lane in HELD:
        assert d.retry.kind in ("never", "when_repaired", "verify_first")


def test_an_answer_met_before_is_diagnosed_as_the_first_time() -> None:
    """Ordinary answers are remembered by what was read of them; each diagnosis keeps the bytes of its own answer."""
    for pattern, example in STRUCTURED:
        engine._met.clear()
        first = _diagnose(example, copy.deepcopy(example.body))
        again = copy.deepcopy(example.body)
        _error_of(again)["fbtrace_id"] = "A-later"
        second = _diagnose(example, again)
        assert second.pattern == pattern
        assert "A-later" in json.dumps(second.raw)
        assert "A-later" not in json.dumps(first.raw)
        assert first._fields == second._fields
        for name in first._fields:
            assert name == "raw" or getattr(first, name) == getattr(second, name), name


def test_what_is_remembered_of_answers_stays_small() -> None:
    for n in range(engine.MOST_MET + 500):
        diagnose({"error": {"message": f"no {n}", "type": "OAuthException", "code": 100}})
        diagnose({"error": {"message": "x" * 5000 + str(n), "type": "OAuthException", "code": 100}})
    assert 0 < len(engine._met) <= engine.MOST_MET
    assert all(len(str(key)) < 600 for key in engine._met)


def test_what_is_remembered_tells_networks_and_hints_apart() -> None:
    body = {"message": "Invalid access token", "status": 401}
    assert diagnose({**body, "serviceErrorCode": 65600}).pattern == "other_platform"
    assert diagnose(body).pattern == diagnose(dict(body)).pattern != "other_platform"
    assert diagnose({**body, "serviceErrorCode": 65600}).pattern == "other_platform"
    limit = {"error": {"message": "x", "type": "OAuthException", "code": 4}}
    plain, hinted = diagnose(limit, http_status=400), diagnose(limit, http_status=400, headers={"Retry-After": "7200"})
    assert (plain.retry.hinted, hinted.retry.hinted) == (False, True)
    assert not diagnose(limit, http_status=400).retry.hinted
