"""Every function of the package that makes something of a text from outside, and texts that are hard to read.

Functions that need nothing but a text are found in the modules. Those that need more are named in `MORE`, with how to
call them; `PURE` lists the packages in which none may be forgotten.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from pydantic import SecretStr

import treadle
from tests.support.growth import Shape
from treadle.accounts import from_meta, links
from treadle.domain import rules, rules_text
from treadle.domain.collecting import Findings
from treadle.domain.poll_budget import busiest
from treadle.domain.times import parse_when
from treadle.notify.delivering import retry_after
from treadle.web import draft_options, labels, text_ranges
from treadle_diagnosis import Evidence, diagnose, diagnose_evidence
from treadle_diagnosis.engine import from_pattern, rule_book
from treadle_diagnosis.facts import Facts
from treadle_diagnosis.guide import render
from treadle_diagnosis.objects import read_object
from treadle_diagnosis.redact import redact, redact_headers
from treadle_diagnosis.retry import hinted_wait_s
from treadle_diagnosis.shape import report, shape_of
from treadle_diagnosis.texts import read_text, read_www_authenticate
from treadle_sandbox.fields import parse_fields
from treadle_sandbox.moments import read_moment
from treadle_threads.options import OPTIONS, Text
from treadle_threads.text import COUNT_MODES, count_text

Reader = Callable[[str], object]
TEXT_OPTIONS = [option for option in OPTIONS.values() if isinstance(option.kind, Text)]
TEXTS = ("str", "bytes", "str | None", "bytes | str", "str | IPAddress", "Any")
PURE = ("treadle_diagnosis.", "treadle_threads.text", "treadle.domain.poll_budget", "treadle.domain.times",
        "treadle.domain.rules_text", "treadle.web.text_ranges", "treadle_sandbox.moments")  # fmt: skip
# Not readers: they reach for files, processes or keys, or are given only what Treadle made.
NOT_READERS = frozenset(
    (
        "treadle_threads.media.probe.probe_file", "treadle_threads.media.worker.warm.up",
        "treadle_diagnosis.guide.static.build", "treadle_sandbox.render.render", "treadle.store.database._make",
        "treadle_threads.media.worker.inspect._reorders", "treadle_threads.media.worker.lanes._reorders",
        "treadle.store.visible_blockers.visible_blockers", "treadle.store.visible_blockers._open_here",
        "treadle.store.blockers._proven", "treadle.store.feed._of",
        "treadle.observe.tracing.resource_of", "treadle.media.samples.picture",
    )
)  # fmt: skip


def _facts() -> Facts:
    return Facts("threads", "unknown", None, {})


def _headers(text: str) -> dict[str, str]:
    names = ("retry-after", "date", "x-app-usage", "x-business-use-case-usage", "x-ad-account-usage", "location")
    return dict.fromkeys(names, text)


def _post(text: str) -> dict[str, Any]:
    medium = {"url": f"https://cdn.example/{text}", "alt_text": text, "kind": text}
    options = {"topic_tag": text, "link_attachment": text, "allowlisted_country_codes": [text], "reply_control": text,
               "text_attachment": {"plaintext": text}, "poll_attachment": {"option_a": text}}  # fmt: skip
    return {"account_id": text, "text": text, "media": [medium], "options": options, "publish_at": text, "zone": text,
            "labels": [text], "metadata": {"a": text, text: "b"}, "max_lateness": text,
            "replies": [{"text": text}]}  # fmt: skip


def _every_text_option(text: str) -> None:
    for option in TEXT_OPTIONS:
        rules_text.check_words(Findings(), "options", text, option)


MORE: dict[str, Reader] = {
    "treadle_diagnosis.engine.diagnose": lambda t: diagnose(t),
    "treadle_diagnosis.engine.diagnose (exception, headers)": lambda t: diagnose(exception=t, headers=_headers(t)),
    "treadle_diagnosis.engine.diagnose (Meta's message)": lambda t: diagnose({"error": {"message": t, "code": 1}}),
    "treadle_diagnosis.engine.diagnose (JSON in JSON)": lambda t: diagnose({"body": json.dumps({"error": t}), "x": t}),
    "treadle_diagnosis.engine.diagnose_evidence": lambda t: diagnose_evidence(Evidence(body=t, context={"a": t})),
    "treadle_diagnosis.engine.from_pattern": lambda t: from_pattern("token_expired", Evidence(body=t)),
    "treadle_diagnosis.engine.as_evidence": lambda t: diagnose({"body": t, "headers": _headers(t), "stage": t}),
    "treadle_diagnosis.objects.read_object": lambda t: read_object({"data": [t, {"message": t, "code": t}]}, _facts()),
    "treadle_diagnosis.redact.redact": lambda t: redact({"a": [t], "message": t, t: t}),
    "treadle_diagnosis.redact.redact_headers": lambda t: redact_headers({"a": t}),
    "treadle_diagnosis.retry.hinted_wait_s": lambda t: hinted_wait_s(_headers(t)),
    "treadle_diagnosis.shape.shape_of": shape_of,
    "treadle_diagnosis.shape.report": report,
    "treadle_diagnosis.texts.read_text": lambda t: read_text(t, _facts(), rule_book().known),
    "treadle_diagnosis.texts.read_www_authenticate": lambda t: read_www_authenticate(t, _facts()),
    "treadle_threads.text.count_text": lambda t: [count_text(t + "🚀", mode) for mode in COUNT_MODES],
    "treadle.domain.poll_budget.busiest": lambda t: busiest(_headers(t)),
    "treadle.notify.delivering.retry_after": lambda t: retry_after(t, now=0.0),
    "treadle.domain.times.parse_when": lambda t: parse_when("2026-12-01T09:00", t),
    "treadle.domain.rules.check_post": lambda t: rules.check_post(_post(t)),
    "treadle.domain.rules_text.check_text": lambda t: rules_text.check_text(Findings(), "text", t),
    "treadle.domain.rules_text.check_links": lambda t: rules_text.check_links(Findings(), "text", t, (t,)),
    "treadle.domain.rules_text.check_words": lambda t: _every_text_option(t),
    "treadle_sandbox.fields.parse_fields": parse_fields,
    "treadle_sandbox.moments.read_moment": lambda t: read_moment(t, 0.0),
    "treadle.accounts.from_meta.read_signed_request": lambda t: from_meta.read_signed_request(t, SecretStr("x")),
    "treadle.accounts.links return address": lambda t: links._return_address(f"https://a.example/{t}", ["https://b"]),
    "treadle.web.text_ranges.read_spoilers": lambda t: text_ranges.read_spoilers(t[:2000], t[:10_000]),
    "treadle.web.text_ranges.read_styles": lambda t: text_ranges.read_styles("bold: " + t[:2000], t[:10_000]),
    "treadle.web.text_ranges.say_spoilers": lambda t: text_ranges.say_spoilers(
        [{"offset": 9, "length": 3}], t[:10_000]
    ),
    "treadle.web.text_ranges.say_styles": lambda t: text_ranges.say_styles(
        [{"offset": 9, "length": 3}], t[:10_000]
    ),
    "treadle.web.labels.spoiled": lambda t: labels.spoiled(t, [{"offset": 9, "length": 3}]),
    "treadle.web.labels.styled": lambda t: labels.styled(t, t),
    "treadle.web.labels.key_names": lambda t: labels.key_names(t, {}),
    "treadle.web.draft_options.read_metadata": draft_options.read_metadata,
    "the guide's box": lambda t: render("/guide/diagnose", {"error": t}),
    "the guide's search": lambda t: render("/guide/search", {"q": t}),
    "the guide's address": lambda t: render(f"/guide/{t}?{t}"),
    "the guide's query": lambda t: render(f"/guide/diagnose?error={t}&q={t}"),
}  # fmt: skip


def _modules() -> Iterator[Any]:
    for module in pkgutil.walk_packages(treadle.__path__, "treadle."):
        if module.name.endswith("__main__") or ".migrations" in module.name or ".cli" in module.name:
            continue
        yield importlib.import_module(module.name)


def _functions() -> Iterator[tuple[str, FunctionType]]:
    for module in _modules():
        for name, made in vars(module).items():
            if (
                inspect.isfunction(made)
                and made.__module__ == module.__name__
                and not inspect.iscoroutinefunction(made)
            ):
                yield f"{module.__name__}.{name}", made


def _needed(made: FunctionType) -> list[inspect.Parameter]:
    found = inspect.signature(made).parameters.values()
    return [p for p in found if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def _called(made: FunctionType, kind: str) -> Reader:
    takes: Callable[[Any], object] = made
    return (lambda t: takes(t.encode("utf-8", "replace"))) if kind.startswith("bytes") else takes


def readers() -> dict[str, Reader]:
    """Every reader by name."""
    found: dict[str, Reader] = {}
    for name, made in _functions():
        needed = _needed(made)
        if len(needed) == 1 and needed[0].annotation in TEXTS and name not in NOT_READERS:
            found[name] = _called(made, needed[0].annotation)
    return {**found, **MORE}


def forgotten() -> list[str]:
    """Public functions of the pure packages that take a text and are called in no way above."""
    known = readers()
    return [
        name
        for name, made in _functions()
        if name.startswith(PURE)
        and not name.rpartition(".")[2].startswith("_")
        and name not in known
        and any("str" in str(p.annotation).split("[")[0] for p in inspect.signature(made).parameters.values())
        and any(p.name in ("text", "value", "body", "lines", "line", "evidence", "headers") for p in _needed(made))
    ]


_UNITS = (
    "TH-", "a-", "_-", "A1-", "EAA", "IGQ-", "TH|", "/", "//", "http://", "https://a/", "www.", "?", "/?", "&",
    "=", "a=", "access_token=", "token:", "secret", "code=", "code ", "bearer ", "Bearer\t", "authorization:", "#",
    "(#1", "(#", "@", "@a", "a@a", "a@a.", "+", ".", ",", ";", ":", "'", '"', "\\", '\\"', '\\\\"', "{", "{'",
    '{"', '{"a":', '{"error":', "[", "[{", "]", "}", "{}", '{"a":"', "\\u0000", "&#", "&amp;", "&#x41;", "%25",
    "%", "<", "<a", "<a ", "<script>", "<script", "<style>", "</script", "<!--", "<html>", "]]>", "\n", "\r\n",
    "\t", " ", " \n", "\n\n", "a\n", "* \n", "< \n", "HTTP/1.1 500 x\n", "a: b\n", "GET /", "POST ", "/me", "/me/",
    "/me works", "1", "1/", "1234567", "1234567 ", "-1", "0.", "9" * 50, "status ", "status: ERROR ", "error 500 ",
    "failed ", "subcode", "a_", "A_", "A__", "FAILED_", "é", "🚀", "👨‍👩‍👧", "🇩🇪", "\u0301", "\u200d", "«", "“", "»",
    "a«", "mon, ", "1 jan", "2026-01-01", "P1D", "1D", "(", ")", "a(", "!", "*", "`", "~", "|", "^", "$", "\x00",
    "\ud800", "İ", "timeout ", "fields{", "a{", "a.limit(", "a,", "[a](", "=?utf-8?q?", "x",
)  # fmt: skip
_BEFORE = ("", "https://a", "HTTP/1.1 400 x\n", "{", '{"error":{"message":"', "<html>", "code=", "#", "?error=", "a")
_AFTER = ("", "!", "\x00")


def shapes() -> Iterator[Shape]:
    """Hard texts for any reader: what the code knows, repeated, behind and before what turns its attention."""
    for number, unit in enumerate(_UNITS):
        yield Shape("", unit, _AFTER[number % len(_AFTER)])
        yield Shape(_BEFORE[1 + number % (len(_BEFORE) - 1)], unit, "")
    for before in _BEFORE[1:]:
        for unit in ("-", " ", "\n", '"', "{", ")", "a", "1", "/", "<"):
            yield Shape(before, unit, "\x00")
