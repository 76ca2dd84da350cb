"""Reading an answer that is an object: Meta's envelopes, and the ways other programs wrap them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import islice

from treadle_diagnosis.facts import HTTP_LIKE, TOKEN_SUBCODES, VAGUE_CODES, Facts, number
from treadle_diagnosis.limits import MESSAGE_CHARS
from treadle_diagnosis.transport import classify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONTAINER_STATES = frozenset({"IN_PROGRESS", "FINISHED", "PUBLISHED", "ERROR", "EXPIRED"})
_SUBCODE_KEYS = (
    "error_subcode", "subcode", "errorSubcode", "error_sub_code", "sub_code", "subCode", "errorSubCode",
    "error subcode",
)  # fmt: skip
_SUBCODE_NAMES = frozenset(_SUBCODE_KEYS)
_CODE_KEYS = ("code", "error_code", "errorCode")
_MESSAGE_KEYS = (
    "message", "error_message", "errorMessage", "error_description", "msg", "detail", "description", "reason",
)  # fmt: skip
_TYPE_KEYS = ("type", "error_type", "errorType")
_MARKS = frozenset({*_SUBCODE_KEYS, "fbtrace_id", "error_message", "error_code", "error_type", "is_transient"})
_WRAPPERS = (
    "error", "body", "data", "response", "details", "detail", "meta_error", "metaError", "cause", "raw", "errors",
    "result", "payload", "responseBody", "response_body", "err", "json", "content", "output", "context", "message",
    "text",
)  # fmt: skip
CONSTANT = re.compile(
    r"\b([A-Z]+(?:_[A-Z]+)*__[A-Z_]+|REVOKED_ACCESS_TOKEN|(?:FAILED|INVALID|UNSUPPORTED)(?:_[A-Z]+){1,4})\b"
)
_IN_WORDS = re.compile(r"(?:error code|code|subcode)\W{0,3}(\d{7})\b")
_PREFIX = re.compile(r"^\s*\(#(-?\d{1,7})\)")
_PAIR = re.compile(r"^\s*(-?\d{1,7})\s*/\s*(\d{1,7})\s*$")
_DEPTH = 7
NOT_DONE = "success: false"  # the message of an answer that says no more than that


def read_object(body: Mapping[str, Any], facts: Facts) -> bool:
    """Fill ``facts`` from ``body``; false when nothing in it looks like an answer of Meta's."""
    error = body.get("error")
    if (type(error) is dict or isinstance(error, Mapping)) and ("code" in error or _says_all(error)):
        _take_error(error, facts)
        return True
    found = _find(body, 0)
    if found is None:
        if _is_success(body):
            facts.structured = facts.success = True
            return True
        return _says_not_done(body, facts)
    if found is body and _says_not_done(body, facts):
        return True
    if "status" in found or "status_code" in found:
        state = _container_state(found)
        if state and not _has_code(found):
            _take_container(found, state, facts)
            return True
    _take_error(found, facts)
    return True


def _says_all(error: Mapping[str, Any]) -> bool:
    """Whether an error without a code has a message, and nothing inside that could hold the code."""
    return "message" in error and not any(_may_hold(inner) for inner in error.values())


def _is_success(body: Mapping[str, Any]) -> bool:
    if not body or "error" in body:
        return False
    return "id" in body or body.get("success") is True or "access_token" in body or isinstance(body.get("data"), list)


def _says_not_done(body: Mapping[str, Any], facts: Facts) -> bool:
    """Whether ``body`` says that the call failed, and nothing more."""
    if body.get("success") is not False or any(_first(body, k) for k in (_CODE_KEYS, _SUBCODE_KEYS, _MESSAGE_KEYS)):
        return False
    facts.structured, facts.message = True, NOT_DONE
    return True


def _container_state(node: Mapping[str, Any]) -> str:
    for key in ("status_code", "status"):
        value = node.get(key)
        if isinstance(value, str) and value:
            upper = value.strip().upper()
            if upper in CONTAINER_STATES:
                return upper
            if upper.startswith("ERROR"):
                return "ERROR"
            if upper.startswith("IN PROGRESS"):
                return "IN_PROGRESS"
            if upper.startswith(("EXPIRED", "FINISHED", "PUBLISHED")):
                return upper.split(":")[0].split()[0]
    return ""


def _has_code(node: Mapping[str, Any]) -> bool:
    """Whether it is an error with a status word of its own, as other services write them, and no container."""
    return "code" in node or "error_code" in node


def _find(node: Any, depth: int) -> Mapping[str, Any] | None:
    """The innermost mapping that is an error or a container's status, breadth kept small."""
    if depth > _DEPTH:
        return None
    if isinstance(node, str):
        start = node.find("{")
        if start < 0 or len(node) > 200_000:
            return None
        parsed = parse_json(node[start:])
        return _find(parsed, depth + 1) if parsed is not None else None
    if isinstance(node, (list, tuple)):
        for item in node[:10]:
            if (hit := _find(item, depth + 1)) is not None:
                return hit
        return None
    if type(node) is not dict and not isinstance(node, Mapping):
        return None
    if len(node) > 40 or any(_may_hold(inner) for inner in node.values()):
        for key in _WRAPPERS:
            inner = node.get(key)
            if _may_hold(inner) and (hit := _find(inner, depth + 1)) is not None:
                return hit
    if _container_state(node) and not _has_code(node):
        return node
    if isinstance(node.get("error"), str) or any(key in node for key in _MARKS):
        return node
    has_code = any(key in node for key in _CODE_KEYS)
    if "message" in node and (has_code or "type" in node or "status" in node or depth):
        return node
    if has_code and len(node) <= 4:
        return node
    if depth < 3:
        for key, inner in islice(node.items(), 20):
            if key not in _WRAPPERS and isinstance(inner, (Mapping, list)) and (hit := _find(inner, depth + 1)):
                return hit
    return None


def _may_hold(value: Any) -> bool:
    """Whether an answer could lie inside ``value``."""
    kind = type(value)
    if kind is str:
        return "{" in value
    if kind is int or kind is bool or value is None:
        return False
    return isinstance(value, (Mapping, list, tuple)) or (isinstance(value, str) and "{" in value)


def parse_json(text: str) -> Any:
    """The JSON value at the start of ``text``, also when its quotes are escaped; ``None`` when there is none."""
    if text[:12_000].count("{") > 300:
        return None  # nothing of Meta's is nested like that; only time would be lost
    for candidate in (text, text.replace('\\"', '"')) if '\\"' in text else (text,):
        try:
            return json.JSONDecoder().raw_decode(candidate)[0]
        except (ValueError, RecursionError):
            continue
    return None


def _first(node: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    for key in keys:
        if key in node and (value := node[key]) is not None and value != "":
            return value
    return None


def _take_container(node: Mapping[str, Any], state: str, facts: Facts) -> None:
    facts.structured = True
    facts.container = state
    reason = node.get("error_message")
    status_text = node.get("status")
    words = [str(x) for x in (reason, status_text) if isinstance(x, str) and x]
    facts.message = " ".join(words).lower()
    if facts.stage == "unknown":
        facts.stage = "container_status"
    if isinstance(reason, str) and reason:
        facts.constant = reason.strip().upper() if re.fullmatch(r"\s*[A-Za-z_]{3,60}\s*", reason) else ""
    for text in words:
        if hit := _IN_WORDS.search(text.lower()):
            facts.subcode = int(hit.group(1))
            break
    if facts.subcode is None:
        facts.subcode = number(_first(node, _SUBCODE_KEYS))


def _add_words_for_people(error: Mapping[str, Any], facts: Facts) -> None:
    """Beside a subcode they say no more than it. Translated ones never decide, nor any where it may be live."""
    texts = (error.get(key) for key in ("error_user_title", "error_user_msg"))
    words = " ".join(text for text in texts if isinstance(text, str))
    if words.isascii() and facts.stage != "publish" and not facts.context:
        facts.message = f"{facts.message} {words.lower()}"[:MESSAGE_CHARS]


def _take_error(error: Mapping[str, Any], facts: Facts) -> None:
    facts.structured = True
    message = error.get("message")
    code = error.get("code")
    subcode = error.get("error_subcode")
    kind = error.get("type")
    if message is None or message == "":
        message = _first(error, _MESSAGE_KEYS)
    if code is None or code == "":
        code = _first(error, _CODE_KEYS)
    if subcode is None and not _SUBCODE_NAMES.isdisjoint(error):
        subcode = _first(error, _SUBCODE_KEYS)
    if kind is None:
        kind = _first(error, _TYPE_KEYS)
    facts.type = kind if isinstance(kind, str) else ""
    if isinstance(message, str):
        message = message[:MESSAGE_CHARS]
        facts.message = message.lower()
    elif message is not None:
        facts.message = str(message)[:400].lower()
        message = facts.message
    facts.subcode = sub = number(subcode) or None
    number_ = code if type(code) is int else number(code)
    if number_ is None and isinstance(code, str):
        if pair := _PAIR.match(code):
            number_, sub = int(pair.group(1)), sub or int(pair.group(2))
            facts.subcode = sub
        else:
            hit = CONSTANT.search(code.upper())
            facts.constant = hit.group(1) if hit else ""
    if number_ is not None and number_ in HTTP_LIKE and sub is None:
        facts.http_status = facts.http_status or number_
        number_ = None
    if isinstance(message, str) and message:
        if number_ is None and (prefix := _PREFIX.match(message)):
            number_ = int(prefix.group(1))
        if not facts.constant and "_" in message and (hit := CONSTANT.search(message)):
            facts.constant = hit.group(1)
        if sub is None and "code" in facts.message and (inside := _IN_WORDS.search(facts.message)):
            facts.subcode = int(inside.group(1))
    if number_ in TOKEN_SUBCODES and number_ != 452 and facts.subcode is None:
        facts.subcode, number_ = number_, 190
    # A seven-digit "code" is a subcode or an OAuth-window code; both are looked up in the same table.
    if number_ is not None and number_ > 999_999 and facts.subcode is None:
        facts.subcode = number_
    facts.code = number_
    if "error_user_msg" in error and facts.subcode is None and number_ is not None and number_ in VAGUE_CODES:
        _add_words_for_people(error, facts)
    if number_ is None and facts.subcode is None and not facts.constant:
        # Other programs put their own transport errors into an object: {"error": {"code": "ECONNRESET", …}}.
        facts.transport = classify(f"{message} {code}"[:4000])
    reason = error.get("error_reason") or error.get("error")
    if isinstance(reason, str):
        facts.oauth = reason.lower()
        if not facts.message:
            facts.message = facts.oauth
