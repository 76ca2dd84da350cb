"""Who asks: a bearer key, its workspace and what it may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from treadle.http.problems import Problem
from treadle.people import keys
from treadle.services.context import App

bearer = HTTPBearer(
    scheme_name="key", auto_error=False, description="A key of this workspace: 'treadle keys create' prints one."
)


KEY_IS_GOOD = "treadle.key_is_good"
"""Set in a request's scope once its key was looked up and found."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The key that a request came with."""

    key_id: str
    workspace_id: str
    scopes: tuple[str, ...]

    def may(self, scope: keys.Scope) -> bool:
        return keys.Principal(self.key_id, self.workspace_id, self.scopes).may(scope)


def app_of(request: Request) -> App:
    """What this server works with."""
    app: App = request.app.state.treadle
    return app


async def caller_of(request: Request) -> Caller:
    """The caller of any scope; refuses missing and wrong keys with 401."""
    header = request.headers.get("authorization", "")
    scheme, _, secret = header.partition(" ")
    challenge = {"WWW-Authenticate": 'Bearer realm="treadle"'}
    if not header or scheme.lower() != "bearer" or not secret.strip():
        raise Problem("key_missing", headers=challenge)
    app = app_of(request)
    now = app.now()
    key = await key_of(request)
    if key is None:
        raise Problem("key_wrong", headers={"WWW-Authenticate": 'Bearer realm="treadle", error="invalid_token"'})
    request.scope[KEY_IS_GOOD] = True
    noted: dict[str, float] = request.app.state.key_uses
    if now - noted.get(key.id, 0.0) > keys.USE_NOTED_EVERY_S:
        # Looking costs a read; that it was used is written once a minute, not with every request.
        noted[key.id] = now
        await app.db.run(keys.note_use, key.id, now=now)
    return Caller(key.id, key.workspace_id, tuple(key.scopes))


async def key_of(request: Request) -> keys.Principal | None:
    """Whoever the key of a request belongs to; ``None``: there is no key, or it is not good."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip() or not _sane(secret):
        return None
    app = app_of(request)
    return await app.db.query(keys.who, secret.strip(), now=app.now())


def _sane(secret: str) -> bool:
    return len(secret) <= 200 and secret.isascii() and secret.isprintable()


def needs(scope: keys.Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller, if its key has ``scope``."""

    async def check(request: Request, _: Annotated[object, Security(bearer)]) -> Caller:
        caller = await caller_of(request)
        if not caller.may(scope):
            raise Problem("scope_too_small", f"This needs a key with the scope '{scope}'.", extra={"needs": scope})
        return caller

    return check


Reader = Annotated[Caller, Depends(needs("read"))]
Writer = Annotated[Caller, Depends(needs("write"))]
Admin = Annotated[Caller, Depends(needs("admin"))]
CurrentApp = Annotated[App, Depends(app_of)]
