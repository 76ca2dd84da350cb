"""From evidence, in any form, to facts. Total: whatever comes in, facts come out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from treadle_diagnosis.catalog.circumstances import STAGES, SURFACES, TRANSPORTS
from treadle_diagnosis.facts import Facts, Known
from treadle_diagnosis.objects import read_object
from treadle_diagnosis.types import Evidence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STAGES = frozenset(STAGES)
_SURFACES = frozenset(SURFACES)
_TRANSPORTS = frozenset(TRANSPORTS)
BYTES = 100_000  # of an answer that comes as bytes; of its text still less is looked at
_NO_HEADERS: Mapping[str, str] = {}


def read(evidence: Evidence, known: Known) -> Facts:
    """Everything the matcher looks at, from ``evidence``."""
    surface, stage = evidence.surface, evidence.stage
    facts = Facts(
        surface if surface in _SURFACES else "threads",
        stage if stage in _STAGES else "unknown",
        evidence.http_status,
        evidence.headers or _NO_HEADERS,
    )
    if evidence.context:
        facts.context = evidence.context
    body = evidence.body
    if type(body) is dict or isinstance(body, Mapping):
        if body and read_object(body, facts):
            return facts
        body = _flatten(body) if body else None
    elif isinstance(body, (bytes, bytearray, memoryview)):
        body = decode(bytes(body), facts)
    elif isinstance(body, (list, tuple)):
        if read_object({"errors": body}, facts):
            return facts
        body = _flatten(body)
    if body is not None and not isinstance(body, str):
        body = _flatten(body)
    text = body if isinstance(body, str) and body.strip() else ""
    if evidence.transport in _TRANSPORTS:
        facts.transport = str(evidence.transport)
    elif evidence.exception:
        text = f"{text}\n{evidence.exception}" if text else str(evidence.exception)
    if text and is_binary(text):
        facts.empty, text = "binary", ""
    if text:
        from treadle_diagnosis.texts import read_text

        read_text(text, facts, known)
        if evidence.transport in _TRANSPORTS:
            facts.transport = str(evidence.transport)
        elif "transport" in facts.context:
            facts.transport = _corrected_transport(facts.transport, facts.context["transport"])
    _read_headers(facts)
    if not (text or facts.message or facts.transport or facts.context) and facts.http_status is None:
        facts.empty = facts.empty or "nothing"
    return facts


def _corrected_transport(read_: str, known: Any) -> str:
    """What the caller knows for certain outranks the words: whether the request was written at all."""
    sent = ("timeout", "reset", "truncated")
    if known == "lost" and read_ not in sent:
        return "reset"
    if known == "not_sent" and read_ in sent:
        return "connect"
    return read_


def _read_headers(facts: Facts) -> None:
    if facts.code is not None or facts.subcode is not None or not facts.headers:
        return
    for name, value in facts.headers.items():
        if isinstance(name, str) and name.lower() == "www-authenticate" and isinstance(value, str):
            from treadle_diagnosis.texts import read_www_authenticate

            read_www_authenticate(value[:2000], facts)


def decode(data: bytes, facts: Facts | None = None) -> str:
    """Text from bytes: UTF-8 or UTF-16, with or without mark; else the code page of Windows, 1252.

    Of what is longer than ``BYTES`` the beginning and the end are taken.
    """
    encoding = _encoding(data[:BYTES])
    text = _decoded(data, encoding)
    if encoding == "utf-8" and "\ufffd" in text:
        known = text.replace("\ufffd", "")
        if known.isascii() and not is_binary(known):
            text = _decoded(data, "cp1252")
    if facts is not None and is_binary(text):
        facts.empty = "binary"
    return text.removeprefix("\ufeff")


def _encoding(data: bytes) -> str:
    """The encoding that a mark names, or that NUL in every other byte gives away; UTF-8 else."""
    if data[:2] == b"\xff\xfe":
        return "utf-16-le"
    if data[:2] == b"\xfe\xff":
        return "utf-16-be"
    even, odd = data[:200:2], data[1:200:2]
    if len(odd) > 3 and not even.count(0) and odd.count(0) * 4 > len(odd) * 3:
        return "utf-16-le"
    if len(odd) > 3 and not odd.count(0) and even.count(0) * 4 > len(even) * 3:
        return "utf-16-be"
    return "utf-8"


def _decoded(data: bytes, encoding: str) -> str:
    if len(data) <= BYTES:
        return data.decode(encoding, "replace")
    begin, end = data[: BYTES * 3 // 4], data[len(data) - BYTES // 4 - len(data) % 2 :]
    return f"{begin.decode(encoding, 'replace')}\n{end.decode(encoding, 'replace')}"


def is_binary(text: str) -> bool:
    """Whether this is no text a person could have meant: many control or undecodable characters."""
    head = text[:2000]
    odd = sum(1 for c in head if c == "\ufffd" or (c < " " and c not in "\t\n\r\x1b\x0c\x0b\x08"))
    return odd * 8 > len(head) or "\x00\x00\x00" in head


def _flatten(value: Any) -> str:
    """Text of an object that is no answer of Meta's, so that its words still count."""
    out: list[str] = []

    def walk(node: Any, depth: int) -> None:
        if len(out) > 60 or depth > 6:
            return
        if isinstance(node, Mapping):
            for key, inner in islice(node.items(), 30):
                if isinstance(inner, (Mapping, list, tuple)):
                    walk(inner, depth + 1)
                else:
                    out.append(f"{key}={str(inner)[:2000]}")
        elif isinstance(node, (list, tuple)):
            for inner in node[:30]:
                walk(inner, depth + 1)
        else:
            out.append(str(node)[:2000])

    walk(value, 0)
    return " ".join(out)
