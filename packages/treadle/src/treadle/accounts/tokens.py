"""Getting to know a token: whose it is, what it may do, how long it lives, and making it last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from treadle.accounts.service import Accounts
from treadle.domain.cause import diagnose_failure
from treadle_diagnosis.types import Diagnosis
from treadle_threads import oauth
from treadle_threads.results import Failure, Ok, Result
from treadle_threads.secret import Secret
from treadle_threads.values import Profile

T = TypeVar("T")

TRIES = 3
PAUSE_S = 0.5
AGAIN = "Nothing was connected, and Treadle won't retry. Try again in a while."
TRIED = "Asked Threads, then stopped. Nothing was stored."
SHORT_S = 2 * 3600.0  # tokens that live no longer than this are those of a code's exchange


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token and what is known of it. Times: epoch seconds.

    ``scopes`` empty: Threads did not say, and they were not asked for here. ``scopes_confirmed`` false: they were asked
    for, and Threads does not say which were granted: it tells only testers of the app. ``expiry_assumed``: nor does it
    say when the token ends. ``short_lived``: it ends within hours, and there is no app to exchange it with.
    """

    token: Secret
    profile: Profile
    scopes: tuple[str, ...]
    issued_at: float
    expires_at: float | None
    grant_expires_at: float | None
    scopes_confirmed: bool = True
    expiry_assumed: bool = False
    short_lived: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why a token or a code could not be used; ``step`` is the call that failed."""

    diagnosis: Diagnosis
    step: str


async def persist(call: Callable[[], Awaitable[Result[T]]], scale: float) -> Result[T]:
    """Repeat a call that is free to repeat while nothing but the way to Threads is in the way."""
    result = await call()
    for turn in range(1, TRIES):
        if isinstance(result, Ok) or diagnose_failure(result, "oauth").retry.kind != "later":
            break
        await asyncio.sleep(PAUSE_S * 2**turn * scale)
        result = await call()
    return result


async def from_code(service: Accounts, code: str, *, asked: tuple[str, ...]) -> KnownToken | Unknown:
    """Exchange a code and make the token last. The exchange of the code itself is never repeated: it works once."""
    app = service.app
    if app is None:
        return _app_missing()
    short = await oauth.exchange_code(
        service.client, app_id=app.id, app_secret=app.secret, code=code, redirect_uri=app.redirect_uri
    )
    if not isinstance(short, Ok):
        return _unknown(short, "exchange_code")
    return await from_token(service, short.value.secret, asked=asked, short=True)


async def from_token(
    service: Accounts, token: Secret, *, asked: tuple[str, ...] = (), short: bool | None = None
) -> KnownToken | Unknown:
    """Whose token this is, made long-lived when it is not. ``short``: known to be one of an hour."""
    scale = service.settings.time_scale
    now = service.now()
    facts = await persist(lambda: oauth.debug_token(service.client, token=token, using=token), scale)
    life: float | None = None
    assumed = False
    issued, expires, grant, scopes, confirmed = now, None, None, asked, not asked
    if isinstance(facts, Ok) and facts.value.is_valid:
        known = facts.value
        issued, expires, grant = known.issued_at or now, known.expires_at, known.grant_expires_at
        scopes, confirmed = known.scopes or asked, bool(known.scopes) or not asked
        life = expires - issued if expires else None
    brief = short if short is not None else (life is not None and life <= SHORT_S)
    app = service.app
    if app is not None and (brief or life is None):
        secret = app.secret
        long = await persist(lambda: oauth.exchange_long_lived(service.client, app_secret=secret, token=token), scale)
        if isinstance(long, Ok):
            token = long.value.secret
            issued, expires = now, now + (long.value.expires_in_s or oauth.LONG_LIFE_S)
            assumed = not long.value.expires_in_s
        elif diagnose_failure(long, "oauth").pattern != "exchange_not_needed" and brief:
            return _unknown(long, "exchange_long_lived")
    elif brief and expires is None:
        expires, assumed = now + oauth.SHORT_LIFE_S, True
    mine = service.client.with_token(token)
    me = await persist(mine.me, scale)
    if not isinstance(me, Ok):
        return _unknown(me, "me", stage="read")
    brief = brief and app is None
    return KnownToken(token, me.value, scopes, issued, expires, grant, confirmed, assumed, brief)


def _unknown(failure: Failure, step: str, *, stage: str = "oauth") -> Unknown:
    found = diagnose_failure(failure, stage)
    if found.retry.kind == "later":
        # The catalogue speaks of posts, which go on by themselves; here somebody stands and waits.
        found = replace(found, next_step=AGAIN, treadle_does=TRIED, plan=(), decides=())
    return Unknown(found, step)


def _app_missing() -> Unknown:
    from treadle.domain.cause import from_pattern

    return Unknown(from_pattern("app_not_configured"), "settings")
