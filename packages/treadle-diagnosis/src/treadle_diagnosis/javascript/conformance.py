"""Inputs with the answers that every implementation has to give: pattern, action, retry and confidence.

Made of the catalogue's own examples and near misses, and of variants of them in the forms people paste: other stages,
text instead of JSON, pairs, wrappers, unlisted subcodes, several errors at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from treadle_diagnosis.catalog.circumstances import STAGES
from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.catalog.model import Example
from treadle_diagnosis.engine import as_evidence, diagnose_evidence

UNLISTED_SUBCODE = 9_876_543
FORMS = (
    "", " ", "{", "[]", "null", "190/463", "24.4279009", "24-4279009", "100,33", "error 190", "order #190", "#10",
    "(#4)", "code 2I90", "subcode 42790O9", "failed processing (EXPIRED)", "ERROR", "container never FINISHED",
    "exit code 1", "media not found", "session has expired", "Your account has been restricted", "socket hang up",
    "getaddrinfo ENOTFOUND", "TypeError: fetch failed", "publishing to Threads failed: read ECONNRESET", "HTTP 502",
    "HTTP/1.1 429 Too Many Requests", "twitter api error 187",
    "{'error': {'message': 'x', 'code': 190, 'error_subcode': 463, 'ok': True, 'n': None}}",
    "https://example.com/cb?error=access_denied&error_reason=user_denied&error_description=Permissions+error#_",
    "https://example.com/cb?error_code=1349168&error_message=App%20not%20active%3A%20%C3%BCber",
    "<html><head><title>502 Bad Gateway</title><script>code=190</script></head></html>",
    'HTTP/2 400\r\nretry-after: 90\r\n\r\n{"error":{"code":4,"message":"limit"}}', "\u9519\u8bef4279009\u9519\u8bef",
    "\u9519\u8bef 4279009", "\u0000\u0000\u0000\u0001", '{"success": false}', '{"id": "17900000000000001"}',
    "\U0001f9f5 (#190) \U0001f9f5", '{"error":{"code":190}}\n{"error":{"code":4}}',
    "190,463", "190,463 followers", "(#190) 463", "err=190 sub=463", '"code": 19O', "Err0r validating access t0ken",
    "vaIidating access token", "status=ERROR error_message=FAILED_DOWNLOADING_VIDEO", "no tester invite accepted",
    '{"ok":false,"error_code":429,"description":"Too Many Requests"}', '{"code":50001,"message":"Missing Access"}',
    '{"errors":[{"code":187,"message":"Status is a duplicate."}]}', '{"error":"ExpiredToken","message":"expired"}',
    '{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}', '{"code":36003,"message":"x"}',
    "190/463 and 24/4279009", "24/4279009, then 190/463, then 24/4279009", "190", " 429\n", "7",
    '{"error":{"code":2}}\n{"success":true}', "code=1\ncode: 4 (#4)",
    "map[error:map[code:24 error_subcode:4.279009e+06 message:gone]]", "1.5e+03 rows, 1.2345678e+06, 4e+01",
    "/cb?answer=%7B%22error%22%3A%7B%22code%22%3A190%2C%22error_subcode%22%3A463%7D%7D&x=%C3%A9%FF%E2%82",
    '{"error":{"code":24,"error subcode":4279009}}', "network: http_503",
    '{"success":false,"error":{"message":"x","details":{"code":190,"error_subcode":463}}}',
    '{"error":{"message":"Invalid parameter","code":100,"error_user_msg":"The Text is too long"}}',
    '{"error":{"message":"Invalid parameter","code":100,"error_user_title":"\u00dcber","error_user_msg":"too long"}}',
    "a=%7B%22error%22%3A+%7B%22message%22%3A+%22Session+has+expired%22%2C+%22code%22%3A+190%7D%7D",
    "a=%257B%2522error%2522%253A%257B%2522code%2522%253A190%257D%257D%2B",
    "<pre>{&quot;error&quot;: {&quot;code&quot;: 190, &quot;message&quot;: &quot;it&#039;s &amp;lt;gone&quot;}}</pre>",
    "{&amp;quot;error&amp;quot;:{&amp;quot;code&amp;quot;:24}}", "R&quot;D &amp; code 4",
    r'"{\\"error\\":{\\"code\\":190,\\"error_subcode\\":463}}"',
    "{\u201cerror\u201d: {\u201ccode\u201d: 190, \u201cmessage\u201d: \u201cx\u201d}}",
    "the \u201ccode\u201d 190 of conduct",
    'array(1) {\n  ["code"]=>\n  int(190)\n  ["error_subcode"]=>\n  int(463)\n}',
    "GraphError { code: 190, error_subcode: Some(463) }", "code=Optional[190], subCode=Optional(463)",
    "C\u00f3digo do erro: 190 Subc\u00f3digo: 463", "Fehler 190 (Untercode 463)", "Erro 404", "Fehlercode 12345",
    "\u30a8\u30e9\u30fc\u30b3\u30fc\u30c9\uff1a190\u3001\u30b5\u30d6\u30b3\u30fc\u30c9\uff1a463\u300cx\u300d",
    "\u9519\u8bef\u7801 190 \u5b50\u4ee3\u7801 463",
    "\uc624\ub958 \ucf54\ub4dc: 24, \ud558\uc704 \ucf54\ub4dc: 4279009",
    "\u041a\u043e\u0434 \u043e\u0448\u0438\u0431\u043a\u0438: 190",
    "<?xml version='1.0'?><error_response><error_code>190</error_code><error_msg>Session has expired</error_msg>"
    "</error_response>",
    "<response><code>24</code><error_subcode>4279009</error_subcode><message>gone</message></response>",
    "<html><code>190</code></html>",
)  # fmt: skip


def rows() -> Iterator[dict[str, Any]]:
    """Every row: ``id``, ``input`` (text, or evidence with its fields) and ``expected``; equal inputs come once."""
    seen: set[str] = set()
    for name, given in _inputs():
        key = json.dumps(given, ensure_ascii=False, sort_keys=True)
        if key not in seen:
            seen.add(key)
            yield {"id": name, "input": given, "expected": expected(given)}


def expected(given: Any) -> dict[str, Any]:
    """What has to be answered to an input."""
    found = diagnose_evidence(as_evidence(given)).to_json()
    names = (
        "pattern", "lane", "action", "who", "retry", "confidence", "surface", "what_happened", "next_step",
        "owner_step", "matched", "raw",
    )  # fmt: skip
    return {name: found[name] for name in names}


def _inputs() -> Iterator[tuple[str, Any]]:
    for pattern in load():
        for kind, examples in (("example", pattern.examples), ("near_miss", pattern.near_misses)):
            for number, example in enumerate(examples):
                name = f"{pattern.id}/{kind}/{number}"
                row = _row(example)
                yield name, row
                if kind == "example":
                    yield from ((f"{name}/{word}", variant) for word, variant in _variants(row, number))
    yield from ((f"form/{number}", {"body": form}) for number, form in enumerate(FORMS))
    yield from ((f"form/{number}/publish", {"body": form, "stage": "publish"}) for number, form in enumerate(FORMS))


def _row(example: Example) -> dict[str, Any]:
    """The fields of an example that say something."""
    return {name: value for name, value in example.evidence.items() if value not in (None, {}, "unknown", "threads")}


def _variants(row: Mapping[str, Any], number: int) -> Iterator[tuple[str, Any]]:
    stage = STAGES[number % len(STAGES)]
    yield f"at_{stage}", {**row, "stage": stage}
    yield "at_publish", {**row, "stage": "publish"}
    yield "no_stage", {key: value for key, value in row.items() if key != "stage"}
    yield "used_up", {**row, "context": {**row.get("context", {}), "seen_on_container": 99}}
    body = row.get("body")
    if isinstance(body, str):
        yield "in_a_log", {**row, "body": f"2026-01-05T10:00:00Z worker[3]: {body}"}
    if not isinstance(body, dict):
        return
    text = json.dumps(body, ensure_ascii=False)
    yield "as_text", {**row, "body": f"Request failed: {text}"}
    yield "as_repr", {**row, "body": repr(body)}
    yield "quoted", {**row, "body": {"data": json.dumps(text)}}
    yield "among_headers", {"body": f"HTTP/1.1 {row.get('http_status', 400)} Bad Request\nRetry-After: 120\n\n{text}"}
    yield "after_another", {**row, "body": f'{{"error":{{"code":190,"error_subcode":463}}}}\n{text}'}
    yield "then_good", {**row, "body": f'{text}\n{{"id":"17900000000000001"}}'}
    error = body.get("error")
    if isinstance(error, dict) and "code" in error:
        yield "unlisted", {**row, "body": {"error": {**error, "error_subcode": UNLISTED_SUBCODE}}}
        words = f"{error.get('message', '')} (code {error['code']}, subcode {error.get('error_subcode', '')})"
        yield "in_words", {**row, "body": words}
        yield "pair", {"body": f"{error['code']}/{error.get('error_subcode', '')}"}


def written() -> str:
    """All rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows())
