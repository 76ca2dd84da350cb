"""Taking secrets out of anything that is going to be stored, shown or sent.

What goes: access tokens, app secrets, authorization codes, signed requests, passwords, cookies, ``Authorization``
headers, whole query strings of addresses (signatures of storage hosts sit there), and Threads/Graph/Instagram tokens
wherever they stand in text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from treadle_diagnosis.late import LateExpression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MARK = "[removed]"


_SURROGATES = LateExpression("[\ud800-\udfff]")
_SECRET_KEYS = frozenset(
    (
        "access_token", "accesstoken", "client_secret", "clientsecret", "app_secret", "appsecret", "appsecret_proof",
        "signed_request", "input_token", "fb_exchange_token", "refresh_token", "id_token", "token", "password",
        "passwd", "secret", "api_key", "apikey", "authorization", "proxy-authorization", "cookie", "set-cookie",
        "x-api-key", "code_verifier", "client_assertion", "session_key", "threads_app_secret", "x-hub-signature",
        "x-hub-signature-256", "sentry_block_data", "auth", "bearer", "private_key",
    )
)  # fmt: skip
# Fields of Meta's envelope: no secrets by name, though their text is searched; and those that never hold one.
_PLAIN_KEYS = frozenset(
    (
        "error", "message", "error_user_msg", "error_message", "error_type", "status", "status_code", "id", "body",
        "error_data",
    )
)  # fmt: skip
_HARMLESS_KEYS = frozenset(("type", "fbtrace_id", "error_user_title"))
# Secrets are written in ASCII: words of other scripts do not make a run.
_TWELVE = LateExpression("[!-~]{12}")
_LONG_RUN = LateExpression("[!-~]{18,}")
_SIXTEEN = LateExpression(r"\S{16}")
# Short texts without a secret: the same few sentences come over and over. None that held one is kept.
_MOST_HARMLESS = 2048
_harmless: set[str] = set()
_BEARER_WORDS = ("earer", "EARER", "Auth ", "auth ", "AUTH ", "asic ")
# A run that may hold an address; _clean_address judges it, because "a path, then a question mark" as an expression is
# tried again at every slash.
_ADDRESS = LateExpression(r"[^\s\"'<>\\]+")
_PUBLIC_FIELDS = frozenset(
    (
        "error", "error_code", "error_reason", "error_message", "error_description", "error_type", "fields",
        "media_type", "status", "limit", "metric", "grant_type", "response_type", "scope", "is_carousel_item",
        "since", "until",
    )
)  # fmt: skip
# One of these stands in every pair below: looking for them first is what makes ordinary messages cheap.
_PAIR_MARKS = ("token", "secret", "signed_request", "password", "key", "cookie", "code_verifier")
_COLON_MARKS = ("_token", "secret", "signed_request", "password", "key", "cookie", "code_verifier", "authorization")
_PAIRS = LateExpression(
    r"(?i)([\"'\\]{0,2}\b(?:access_token|client_secret|app_secret|appsecret_proof|signed_request|input_token"
    r"|fb_exchange_token|refresh_token|id_token|password|secret|api_key|apikey|session_key|code_verifier|cookie"
    r"|set-cookie)\b[\"'\\]{0,3}\s{0,3}[:=]\s{0,3}[\"'\\]{0,3})([^\s\"'&,;<>\\}]{4,})"
    # "token: Session has expired" is a sentence; only something as long as a token counts after the bare word.
    r"|(\btoken[\"'\\]{0,3}\s{0,3}[:=]\s{0,3}[\"'\\]{0,3})([^\s\"'&,;<>\\}]{16,})"
)
_BEARER = LateExpression(r"(?i)\b(bearer|oauth|basic)\s+([A-Za-z0-9_\-.=+/|%]{12,})")
_AUTHORIZATION = LateExpression(
    r"(?i)(authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?)(?!bearer|oauth|basic)([^\s\"',}]{6,})"
)
_BEARER_MARK = LateExpression(r"[Bb]earer|BEARER|OAuth |oauth |[Bb]asic ")
_APP_TOKEN = LateExpression(r"\bTH\|[^\s\"'&]{6,}")
# Runs as long as the shortest token, each read once; _clean_run judges them. One expression for all of it would look
# for the digit again from every hyphen of a long run.
_RUN = LateExpression(r"[A-Za-z0-9_\-]{19,}")
_LONGEST_NAME = 79  # what is longer and has a digit is no name of anything
_DIGIT = LateExpression("[0-9]")
_LETTER_TOKEN = r"\b(?:EAA[A-Za-z0-9]{16,}|IG[QA][A-Za-z0-9_\-]{16,})"
_LETTER_TOKENS = LateExpression(_LETTER_TOKEN)
_TOKENS = LateExpression(rf"\bTH(?=[A-Za-z0-9_\-]{{0,79}}[0-9])[A-Za-z0-9_\-]{{24,}}|{_LETTER_TOKEN}")
_DIGITLESS = LateExpression(r"[A-Za-z_.,;'()/-]{1,79}")
_CODE_PARAM = LateExpression(r"(?i)(?<![a-z_])(code=)(?!-?\d{1,8}(?![A-Za-z0-9_\-]))([A-Za-z0-9_\-.#%]{10,})")


def redact(value: Any, *, max_chars: int | None = None) -> Any:
    """``value`` without secrets; objects keep their shape.

    ``max_chars`` caps every string and, roughly, the whole: beyond it strings are cut and containers shortened, each
    cut marked with an ellipsis.
    """
    if type(value) is dict and (quick := _quick(value, 0)) is not None and (max_chars is None or max_chars >= 10_000):
        return quick
    budget = [max_chars] if max_chars is not None else None
    return _walk(value, 0, budget)


def _is_harmless(text: str) -> bool:
    """Whether no secret is in ``text``; remembered of those in which none is."""
    if text in _harmless:
        return True
    if _suspect(text) and redact_text(text) != text:
        return False
    if len(_harmless) >= _MOST_HARMLESS:
        _harmless.clear()
    _harmless.add(text)
    return True


def _suspect(text: str) -> bool:
    """Whether a secret could be in ``text``: a pair, a query, a run of characters that is long enough for one."""
    if "=" in text or "?" in text or "|" in text or _unwritable(text):
        return True
    if ":" in text:
        # A sentence with a colon. What follows a bare "token:" counts from 16 characters on, see _PAIRS.
        if _SIXTEEN.compiled.search(text):
            return True
        lower = text.lower()
        for mark in _COLON_MARKS:
            if mark in lower:
                return True
    if _TWELVE.compiled.search(text) is None:
        return False  # most messages of Meta's
    for mark in _BEARER_WORDS:
        if mark in text:
            return True
    # Meta's constants and permissions are long words too; without a digit only two kinds of token look like them.
    runs = _LONG_RUN.compiled.findall(text)
    return bool(runs) and ("EAA" in text or "IG" in text or any(not _DIGITLESS.compiled.fullmatch(run) for run in runs))


def _unwritable(text: str) -> bool:
    """Whether there are lone surrogates in ``text``, which :func:`plain` takes out."""
    return not text.isascii() and _SURROGATES.compiled.search(text) is not None


def _quick(node: dict[Any, Any], depth: int) -> dict[str, Any] | None:
    """A copy of an ordinary small answer in which nothing can be a secret; ``None`` sends it the thorough way."""
    if len(node) > 16:
        return None
    out: dict[str, Any] = {}
    for key, inner in node.items():
        kind = type(inner)
        if kind is str:
            if key in _HARMLESS_KEYS:
                if len(inner) > 200 or _unwritable(inner):
                    return None
            elif (
                (key not in _PLAIN_KEYS and (key != "code" or not inner.startswith("THREADS_API__")))
                or len(inner) > 500
                or not _is_harmless(inner)
            ):
                return None
        elif kind is dict and not depth:
            if (inner := _quick(inner, 1)) is None or key not in _PLAIN_KEYS:
                return None
        elif not (kind is int or kind is bool or inner is None) or type(key) is not str:
            return None
        out[key] = inner
    return out


def plain(text: str) -> str:
    """``text`` without lone surrogates, which JSON can carry in and nothing can write out."""
    return text.encode("utf-8", "replace").decode() if _unwritable(text) else text


def redact_text(text: str) -> str:
    """Text without secrets; error codes and everything a diagnosis needs stay.

    Every expression is tried only where its least condition holds, so that an ordinary message costs next to nothing:
    a pair needs ``=`` or ``:``, a bare token needs a long run without a blank.
    """
    text = plain(text)
    if len(text) < 12:
        return text
    equals = "=" in text
    if "?" in text and (equals or "&" in text):
        text = _ADDRESS.compiled.sub(_clean_address, text)
    if equals or ":" in text:
        lower = text.lower()
        if any(mark in lower for mark in _PAIR_MARKS):
            text = _PAIRS.compiled.sub(lambda m: f"{m.group(1) or m.group(3)}{MARK}", text)
        if "authorization" in lower:
            text = _AUTHORIZATION.compiled.sub(rf"\1{MARK}", text)
        if equals and "code=" in lower:
            text = _CODE_PARAM.compiled.sub(rf"\1{MARK}", text)
    longest = max(map(len, text.split()), default=0)
    if longest >= 12 and _BEARER_MARK.compiled.search(text):
        text = _BEARER.compiled.sub(rf"\1 {MARK}", text)
    if longest >= 9 and "TH|" in text:
        text = _APP_TOKEN.compiled.sub(MARK, text)
    if longest >= 19:
        text = _RUN.compiled.sub(_clean_run, text)
    return text


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with secret ones marked."""
    return {k: MARK if str(k).lower() in _SECRET_KEYS else redact_text(str(v)) for k, v in headers.items()}


def _clean_run(match: re.Match[str]) -> str:
    run = match.group()
    if not _DIGIT.compiled.search(run):
        return _LETTER_TOKENS.compiled.sub(MARK, run)
    inner = run.lstrip("-")
    if len(inner) > _LONGEST_NAME:
        return f"{run[: len(run) - len(inner)]}{MARK}"
    return _TOKENS.compiled.sub(MARK, run)


def _clean_address(match: re.Match[str]) -> str:
    """A run of characters with its query cleaned, if it holds a path (a slash and something) and a query."""
    run = match.group()
    if "?" not in run:
        return run
    pieces = run.split("?")
    for number, piece in enumerate(pieces[:-1], 1):
        if "/" in piece[:-1]:
            query = "?".join(pieces[number:])
            return f"{'?'.join(pieces[:number])}?{_clean_query(query)}" if query else run
    return run


def _clean_query(query: str) -> str:
    kept = []
    for part in query.split("&"):
        key, sep, value = part.partition("=")
        if key.lower() in _PUBLIC_FIELDS:
            kept.append(part)
        elif sep:
            kept.append(f"{key[:60]}={MARK}" if value else part)
        else:
            kept.append(MARK)
    return "&".join(kept)


def _is_secret(key: str, value: Any) -> bool:
    lower = key.lower()
    if lower in _SECRET_KEYS:
        return True
    # An authorization code is a long string; an error code is a short number.
    return lower == "code" and isinstance(value, str) and len(value) > 20 and not value.startswith("THREADS_API__")


def _walk(value: Any, depth: int, budget: list[int] | None) -> Any:
    if isinstance(value, str):
        if len(value) < 80 and value.isdigit():
            return value if budget is None else _spend(value, budget)  # an id; a token of digits alone is longer
        # Long enough to search, short enough to stay quick: nobody reads the middle of a megabyte.
        if budget is not None and len(value) > max(budget[0], 0) + 2000:
            # The margin keeps a secret at the edge whole until it is found; the cut below takes the margin away.
            return _spend(redact_text(value[: max(budget[0], 0) + 2000]), budget, cut=True)
        text = value if len(value) <= 60_000 else f"{value[:45_000]}…{value[-12_000:]}"
        text = redact_text(text)
        return text if budget is None else _spend(text, budget)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    if value is None or isinstance(value, (int, float)):
        return value
    if depth > 12:
        return "…"
    if type(value) is dict or isinstance(value, Mapping):
        out: dict[str, Any] = {}
        for key, inner in value.items():
            if budget is not None and budget[0] <= 0:
                out["…"] = "…"
                break
            kind = type(inner)
            if (kind is int or kind is bool or inner is None) or (
                kind is str and key in _HARMLESS_KEYS and len(inner) < 200
            ):
                out[plain(key) if type(key) is str else str(key)] = plain(inner) if kind is str else inner
                if budget is not None:
                    budget[0] -= 12
                continue
            name = plain(key if isinstance(key, str) else str(key))
            if budget is not None:
                budget[0] -= len(name)
            secret = name not in _PLAIN_KEYS and inner and _is_secret(name, inner)
            out[name] = MARK if secret else _walk(inner, depth + 1, budget)
        return out
    if isinstance(value, (list, tuple)):
        items = []
        for inner in value:
            if budget is not None and budget[0] <= 0:
                items.append("…")
                break
            items.append(_walk(inner, depth + 1, budget))
        return items
    if isinstance(value, (bytes, bytearray)):
        return _walk(bytes(value[:60_000]).decode("utf-8", "replace"), depth, budget)
    return _walk(str(value), depth, budget)


def _spend(text: str, budget: list[int], cut: bool = False) -> str:
    left = max(budget[0], 0)
    budget[0] -= len(text)
    return text if len(text) <= left and not cut else text[:left] + "…"
