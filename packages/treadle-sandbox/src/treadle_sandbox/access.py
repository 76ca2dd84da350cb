"""Who may call: the token, the account behind it, the app's standing, the permission."""

from __future__ import annotations

from typing import Any

from treadle_sandbox.answers import Reply, named
from treadle_sandbox.clock import session_time
from treadle_sandbox.model import Account, App, Token
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World


def refuse(world: World, call: Call | None, name: str, /, **parts: Any) -> Reply:
    """The named error in the language of the caller's account."""
    account: Account | None = call.account if call is not None else None
    options = world.options
    return named(
        name,
        world.ids.trace(),
        lang=account.lang if account else "en",
        param_status=options.param_error_status,
        token_status=options.token_error_status,
        account=account.id if account else "0",
        **parts,
    )


def find_token(world: World, call: Call) -> None:
    """Sets ``call.token`` and ``call.account``, if the call carries a token that exists."""
    token = world.tables.tokens.get(token_text(world, call))
    call.token = token
    if token is not None and token.account_id is not None:
        call.account = world.tables.accounts.get(token.account_id)


def token_text(world: World, call: Call) -> str:
    """The token a call carries: query, body or ``Authorization: Bearer``; the query wins unless switched."""
    header = call.authorization
    bearer = header[7:].strip() if world.options.bearer and header[:7].lower() == "bearer " else ""
    if bearer and world.options.token_precedence == "header":
        return bearer
    return call.query_token or call.text("access_token") or bearer


def check_token(world: World, call: Call) -> Reply | None:
    """The answer to a call whose token is missing, unknown, dead or too old; nothing when it is good."""
    token: Token | None = call.token
    if token is None:
        if not token_text(world, call):
            return refuse(world, call, "token_missing")
        return refuse(world, call, "token_garbage")
    now = call.now
    if token.dead is not None:
        return refuse(world, call, token.dead, app=token.app_id)
    if token.expires_at <= now:
        return refuse(world, call, "token_expired", expired=session_time(token.expires_at), now=session_time(now))
    if call.account is None and token.kind != "app":
        return refuse(world, call, "token_garbage")
    if call.account is not None and call.account.checkpoint:
        return refuse(world, call, "token_checkpoint")
    return None


def check_app(world: World, call: Call) -> Reply | None:
    """Before review an app serves testers only, and only with a token younger than their yes."""
    token: Token = call.token
    app: App | None = world.tables.apps.get(token.app_id)
    if app is None:
        return refuse(world, call, "app_invalid")
    account: Account | None = call.account
    if account is None:
        return None
    outsider = account.tester != "accepted" or token.tester != "accepted"
    return refuse(world, call, "not_a_tester") if outsider and for_testers_only(app) else None


def for_testers_only(app: App) -> bool:
    """Outsiders need a live app whose permission went through review (advanced access)."""
    return app.mode == "development" or app.access == "standard" or "threads_basic" not in app.permissions


def check_scope(world: World, call: Call, scope: str) -> Reply | None:
    """A missing permission is HTTP 500, code 10."""
    token: Token = call.token
    if scope in token.scopes and (
        call.account is None
        or call.account.tester == "accepted"
        or scope in world.tables.apps[token.app_id].permissions
    ):
        return None
    return refuse(world, call, "permission_missing")


def admit(world: World, call: Call, scope: str) -> Reply | None:
    """All of the above, and the call limit of the day."""
    refused = check_token(world, call) or check_app(world, call)
    if refused is None:
        refused = check_scope(world, call, "threads_basic")
    if refused is None and scope != "threads_basic":
        refused = check_scope(world, call, scope)
    if refused is None and call.account is not None:
        limit = world.options.call_limit
        calls = world.count_call(call.account, call.now)
        if limit is not None and calls > limit:
            return refuse(world, call, "app_rate_limit")
    return refused


def is_self(call: Call, node: str) -> bool:
    """Whether ``node`` in the path is the account of the token."""
    return call.account is not None and node in ("me", call.account.id)
