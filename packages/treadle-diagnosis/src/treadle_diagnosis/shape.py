"""The shape of an answer: the same for every occurrence of one fault, whatever ids, dates and secrets it carries.

Answers that no pattern knows are counted by their shape, so that the frequent ones can be catalogued first, and can be
reported by one copy and paste.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from treadle_diagnosis.engine import as_evidence, diagnose_evidence, rule_book
from treadle_diagnosis.reading import decode, read
from treadle_diagnosis.redact import plain, redact, redact_headers, redact_text
from treadle_diagnosis.types import Evidence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_WORDS = 160
_URL = re.compile(r"https?://[^\s\"'<>]+")
_QUOTED = re.compile(r"['\"«“][^'\"»”\n]{1,200}+['\"»”]")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++\.[\w.]+")
_HANDLE = re.compile(r"(?<!\w)@\w[\w.]+")
_DAY = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:mon|tue|wed|thu|fri|sat|sun),|"
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b(?=[ -]?\d)|(?<=[\d][ -])"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\b(?:p[ds]t|utc|gmt|a\.?m\.?|p\.?m\.?)\b",
    re.I,
)
_LONG = re.compile(r"[\w-]{12,}")
_NUMBER = re.compile(r"\d+")
_REMOVED = re.compile(r"\[removed\]")


def shape_of(evidence: Evidence | str | bytes | Mapping[str, Any] | None) -> str:
    """A stable key of at most about 300 characters, with ids, dates, addresses, names and secrets taken out.

    Facts that mark the fault itself stay: surface, stage, HTTP status, code, subcode, type, container status, and
    Meta's own message in a normalized form (never the localized user texts).
    """
    given = as_evidence(evidence)
    facts = read(given, rule_book().known)
    parts = [facts.surface, facts.stage]
    for name in ("http_status", "code", "subcode", "type", "constant", "container", "transport"):
        value = getattr(facts, name)
        if value not in (None, ""):
            parts.append(f"{name}={value}")
    words = normalize(facts.message)
    if not words and not facts.structured:
        body = given.body
        text = decode(body) if isinstance(body, bytes) else body if isinstance(body, str) else ""
        words = normalize(text)
    if words:
        parts.append(words)
    return plain(" | ".join(parts))


def normalize(text: str) -> str:
    """Words without what changes from one occurrence to the next; at most 160 characters."""
    text = redact_text(text[:2000])
    text = _URL.sub("<url>", text)
    text = _EMAIL.sub("<mail>", text)
    text = _QUOTED.sub("<text>", text)
    text = _HANDLE.sub("<name>", text)
    text = _REMOVED.sub("<secret>", text)
    text = _LONG.sub(_opaque, text)
    text = _DAY.sub("<date>", text)
    text = _NUMBER.sub("0", text)
    return " ".join(text.lower().split())[:MAX_WORDS]


def _opaque(match: re.Match[str]) -> str:
    """A long run without its inside, when a digit in it says that it is no word."""
    run = match.group()
    inner = run.strip("-")
    if len(inner) < 12 or not any(map(str.isdecimal, inner)):
        return run
    before, _, after = run.partition(inner)
    return f"{before}<id>{after}"


def report(evidence: Evidence | str | bytes | Mapping[str, Any] | None, *, seen: int | None = None) -> str:
    """A ready-to-send report of an answer: everything that helps to catalogue it, and no secret.

    ``seen`` is how often this shape has come up here, when that is known.
    """
    given = as_evidence(evidence)
    diagnosis = diagnose_evidence(given)
    body = given.body
    if isinstance(body, bytes):
        body = decode(body)
    clean = redact(body, max_chars=6000)
    shown = clean if isinstance(clean, str) else json.dumps(clean, ensure_ascii=False, indent=2, default=str)
    lines = [
        "An answer that Treadle's catalogue does not know"
        if diagnosis.pattern == "unknown"
        else f"An answer that Treadle takes for '{diagnosis.pattern}'",
        "",
        f"Shape:   {shape_of(given)}",
        f"Surface: {given.surface}",
        f"Stage:   {given.stage}",
        f"Status:  {given.http_status if given.http_status is not None else 'not known'}",
    ]
    if seen is not None:
        lines.append(f"Seen:    {seen} times")
    if given.headers:
        kept = redact_headers(given.headers)
        lines += ["", "Headers:", *(f"  {key}: {value}" for key, value in sorted(kept.items()))]
    if given.context:
        lines += ["", f"Context: {json.dumps(redact(dict(given.context)), ensure_ascii=False, default=str)}"]
    if given.exception:
        lines += ["", f"Exception: {redact(given.exception, max_chars=2000)}"]
    lines += ["", "Answer (secrets removed):", shown or "(empty)", ""]
    lines += ["What turned out to be the cause, if you know it:", "", "What helped:", ""]
    return plain("\n".join(lines))
