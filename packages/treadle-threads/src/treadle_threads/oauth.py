"""Tokens: the authorization window, exchanging a code, making a token last, keeping it alive, looking at it.

The answers of these calls hold tokens. The typed value carries them as secrets; the answer that goes with the result,
which ends up in timelines, has them removed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from treadle_diagnosis.redact import redact
from treadle_threads.client import ThreadsClient
from treadle_threads.results import Answer, Result
from treadle_threads.secret import Secret, SecretText
from treadle_threads.values import id_text, number

AUTHORIZE_URL = "https://threads.net/oauth/authorize"
SHORT_LIFE_S = 3600.0
LONG_LIFE_S = 5_184_000.0  # 60 days

BASIC, PUBLISH = "threads_basic", "threads_content_publish"
SCOPES: Mapping[str, str] = {
    BASIC: "Read the profile and its posts. Always needed.",
    PUBLISH: "Publish posts.",
    "threads_read_replies": "Read replies, and check whether a reply was published.",
    "threads_manage_replies": "Reply, hide and approve replies, and choose who can reply.",
    "threads_manage_insights": "Read insights.",
    "threads_delete": "Delete a post.",
    "threads_location_tagging": "Search places and tag them.",
    "threads_keyword_search": "Search public posts.",
    "threads_manage_mentions": "Read mentions.",
    "threads_profile_discovery": "Look up public profiles.",
    "threads_share_to_instagram": "Share a post to an Instagram story.",
}
"""Every permission Threads knows (eleven, as of 25 March 2026) and what it is for."""

DEFAULT_SCOPES = (BASIC, PUBLISH, "threads_read_replies", "threads_manage_replies")


@dataclass(frozen=True, slots=True)
class Token:
    """``expires_in_s`` is ``None`` when the answer did not say; ``user_id`` comes with a code's exchange only.

    Meta sends ``user_id`` as a number beyond 2^53: other programs may have rounded it, so ``/me`` is the one to trust.
    """

    secret: Secret
    expires_in_s: float | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What ``/debug_token`` says. Times are epoch seconds, ``None`` where Meta says 0 or nothing."""

    is_valid: bool
    user_id: str | None = None
    application: str = ""
    kind: str = ""
    scopes: tuple[str, ...] = ()
    issued_at: float | None = None
    expires_at: float | None = None
    grant_expires_at: float | None = None


def authorize_url(
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    scopes: Iterable[str] = DEFAULT_SCOPES,
    base: str = AUTHORIZE_URL,
) -> str:
    """Where a person is sent to give permission. ``redirect_uri`` must be listed at Meta byte for byte."""
    wanted = list(dict.fromkeys([BASIC, *scopes]))
    query = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": ",".join(wanted),
        "response_type": "code",
        "state": state,
    }
    return f"{base}?{urlencode(query, quote_via=quote)}"


def clean_code(code: str) -> str:
    """The code without the ``#_`` that Meta puts behind it."""
    return code.strip().removesuffix("#_")


async def exchange_code(
    client: ThreadsClient, *, app_id: str, app_secret: Secret, code: str, redirect_uri: str
) -> Result[Token]:
    """``POST /oauth/access_token``: a code (one hour, once) becomes a token of one hour."""
    params = {
        "client_id": app_id,
        "client_secret": app_secret.get_secret_value(),
        "grant_type": "authorization_code",
        "redirect_uri": redirect_uri,
        "code": clean_code(code),
    }
    return await client.call(
        "POST", "/oauth/access_token", params, _token, versioned=False, with_token=False, clean=_clean
    )


async def exchange_long_lived(client: ThreadsClient, *, app_secret: Secret, token: Secret) -> Result[Token]:
    """``GET /access_token``: a living token of one hour becomes one of 60 days. One that is long-lived already is
    refused with code 452, subcode 4279019."""
    params = {
        "grant_type": "th_exchange_token",
        "client_secret": app_secret.get_secret_value(),
        "access_token": token.get_secret_value(),
    }
    return await client.call("GET", "/access_token", params, _token, versioned=False, with_token=False, clean=_clean)


async def refresh(client: ThreadsClient, *, token: Secret) -> Result[Token]:
    """``GET /refresh_access_token``: 60 days more, for a token at least 24 hours old and not expired."""
    params = {"grant_type": "th_refresh_token", "access_token": token.get_secret_value()}
    return await client.call(
        "GET", "/refresh_access_token", params, _token, versioned=False, with_token=False, clean=_clean
    )


async def app_token(client: ThreadsClient, *, app_id: str, app_secret: Secret) -> Result[Token]:
    """``GET /oauth/access_token`` as the app itself: proves that id and secret belong together."""
    params = {"client_id": app_id, "client_secret": app_secret.get_secret_value(), "grant_type": "client_credentials"}
    return await client.call(
        "GET", "/oauth/access_token", params, _token, versioned=False, with_token=False, clean=_clean
    )


async def debug_token(client: ThreadsClient, *, token: Secret, using: Secret) -> Result[TokenFacts]:
    """``GET /debug_token``: what Meta knows of ``token``; ``using`` is any good token of the same app."""
    params = {"input_token": token.get_secret_value(), "access_token": using.get_secret_value()}
    return await client.call("GET", "/debug_token", params, _facts, versioned=False, with_token=False, clean=_clean)


def _clean(answer: Answer) -> Answer:
    return dataclasses.replace(answer, body=redact(answer.body))


def _token(body: Mapping[str, Any]) -> Token | None:
    secret = body.get("access_token")
    if not isinstance(secret, str) or not secret:
        return None
    life = number(body.get("expires_in"))
    return Token(SecretText(secret), float(life) if life and life > 0 else None, id_text(body.get("user_id")))


def _facts(body: Mapping[str, Any]) -> TokenFacts | None:
    data = body.get("data")
    if not isinstance(data, Mapping) or not isinstance(data.get("is_valid"), bool):
        return None
    scopes = data.get("scopes")

    def time(name: str) -> float | None:
        return float(found) if (found := number(data.get(name))) else None

    return TokenFacts(
        is_valid=data["is_valid"],
        user_id=id_text(data.get("user_id")),
        application=str(data.get("application") or ""),
        kind=str(data.get("type") or ""),
        scopes=tuple(str(scope) for scope in scopes) if isinstance(scopes, list) else (),
        issued_at=time("issued_at"),
        expires_at=time("expires_at"),
        grant_expires_at=time("data_access_expires_at"),
    )
