"""OAuth: authorization window, code exchange, long-lived exchange, refresh, app token, debug_token."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from treadle_sandbox.access import check_token, find_token, for_testers_only, refuse
from treadle_sandbox.answers import Reply, ok, window_error
from treadle_sandbox.model import ALL_SCOPES, Account, App, Code, Token
from treadle_sandbox.wire import Call
from treadle_sandbox.world import DAY, World

_REFUSED = urlencode(
    {
        "error": "access_denied",
        "error_reason": "user_denied",
        "error_description": "The user denied your request",
    }
)


def scopes_of(text: str) -> tuple[str, ...]:
    """Comma or space separated."""
    return tuple(dict.fromkeys(part for part in text.replace(",", " ").split() if part))


def judge_window(world: World, call: Call) -> App | Reply:
    """The app of an authorize request, or the raw JSON the window prints when the request is wrong."""
    client_id = call.reference("client_id")
    app = world.tables.apps.get(client_id)
    if app is None and client_id:
        return window_error(
            "No application data was given: There was a problem getting data for an application", 1349026
        )  # seen; the words after the colon end elsewhere
    if app is None:
        return window_error("No app ID was provided in the request.", 4476002)
    redirect = call.text("redirect_uri")
    listed = not app.redirect_uris or redirect in app.redirect_uris
    if not listed or "://" not in redirect or not redirect.isprintable():
        return window_error(
            "URL Blocked: This redirect failed because the redirect URI is not whitelisted in the app’s Client OAuth"
            " Settings. Make sure Client and Web OAuth Login are on and add all your app domains as Valid OAuth"
            " Redirect URIs.",
            1349168,
        )
    scopes = scopes_of(call.text("scope"))
    wrong_type = call.has("response_type") and call.text("response_type") != "code"
    if "threads_basic" not in scopes or not set(scopes) <= set(ALL_SCOPES) or wrong_type:
        return window_error("An unknown error has occurred.", 1)  # code seen, words for this cause not
    return app


def decide(world: World, call: Call, app: App, account: Account, allowed: bool, scopes: tuple[str, ...]) -> Reply:
    """The redirect back to the app after a person's yes or no; ``#_`` at the end, as Threads has it."""
    redirect = call.text("redirect_uri")
    state = call.text("state")
    if not allowed:
        return redirect_to(redirect, _REFUSED + (f"&state={quote(state, safe='')}" if state else ""))
    if not account.has_threads_profile:
        return window_error("Error: User does not have a threads profile", 1)
    if account.tester != "accepted" and for_testers_only(app):
        return window_error("Invalid Request: The user has not accepted the invite to test the app", 1349245)
    code = Code(world.ids.code(), account.id, app.id, redirect, scopes, world.now())
    world.tables.codes[code.value] = code
    world.changed = True
    query = {"code": code.value, **({"state": state} if state else {})}
    return redirect_to(redirect, urlencode(query) + "#_")


def redirect_to(address: str, query: str) -> Reply:
    joined = f"{address}{'&' if '?' in address else '?'}{query}"
    return Reply(302, b"", {"Location": joined}, "text/html; charset=utf-8")


# Token endpoints -----------------------------------------------------------------------------------------------------


def _app_of(world: World, call: Call) -> App | Reply:
    app = world.tables.apps.get(call.reference("client_id"))
    if app is None:
        return refuse(world, call, "app_invalid")
    if call.text("client_secret") != app.secret:
        return refuse(world, call, "secret_wrong")
    return app


def access_token(world: World, call: Call) -> Reply:
    """``/oauth/access_token``, POST or GET: code exchange, or an app token by ``client_credentials``."""
    app = _app_of(world, call)
    if isinstance(app, Reply):
        return app
    if call.text("grant_type") == "client_credentials":
        token = world.issue_token(None, app, kind="app", scopes=(), lifetime_s=10 * 365 * DAY)
        del world.tables.tokens[token.value]
        token.value = f"TH|{app.id}|{world.ids.token()[:27]}"
        world.tables.tokens[token.value] = token
        return ok({"access_token": token.value, "token_type": "bearer"})
    if call.text("grant_type") not in ("authorization_code", ""):
        return refuse(world, call, "param_invalid", name="grant_type")
    value = call.text("code").removesuffix("#_")
    code = world.tables.codes.get(value)
    if code is None or code.app_id != app.id:
        return _code_refused(world, call, "invalid_authorization_code")
    if code.used:
        return _code_refused(world, call, "used_authorization_code")
    if call.now - code.issued_at >= world.options.code_s:
        return _code_refused(world, call, "expired_authorization_code")
    if call.text("redirect_uri") != code.redirect_uri:
        return refuse(world, call, "redirect_mismatch")
    account = world.tables.accounts.get(code.account_id)
    if account is None:
        return _code_refused(world, call, "invalid_authorization_code")
    code.used = True
    token = world.issue_token(account, app, kind="short", scopes=code.scopes)
    number: Any = int(account.id) if world.options.user_id_type == "number" and account.id.isdigit() else account.id
    answer: dict[str, Any] = {"access_token": token.value, "user_id": number}
    if world.options.token_type:
        answer["token_type"] = "bearer"
    return ok(answer)


def _code_refused(world: World, call: Call, reason: str) -> Reply:
    if world.options.rejected_code == "flat":
        return refuse(world, call, "code_flat")
    return refuse(world, call, "code_invalid", reason=reason)


def _presented(world: World, call: Call, grant: str) -> Token | Reply:
    """The token that is to be traded for another one, if it is alive."""
    if call.text("grant_type") != grant:
        return refuse(world, call, "param_invalid", name="grant_type")
    find_token(world, call)
    refused = check_token(world, call)
    if refused is not None:
        return refused
    token: Token = call.token
    return token


def exchange(world: World, call: Call) -> Reply:
    """``GET /access_token``: a short-lived token becomes a long-lived one."""
    token = _presented(world, call, "th_exchange_token")
    if isinstance(token, Reply):
        return token
    app = world.tables.apps.get(token.app_id)
    if app is None or call.text("client_secret") != app.secret:
        return refuse(world, call, "secret_wrong")
    if token.kind != "short":
        return refuse(world, call, "session_key_invalid")
    made = world.issue_token(
        call.account, app, kind="long", scopes=token.scopes, granted_at=token.granted_at, lifetime_s=None
    )
    return _long_lived(world, made)


def refresh(world: World, call: Call) -> Reply:
    """``GET /refresh_access_token``: at least a day old, not expired, ``threads_basic`` granted."""
    token = _presented(world, call, "th_refresh_token")
    if isinstance(token, Reply):
        return token
    if token.kind != "long" or "threads_basic" not in token.scopes:
        return refuse(world, call, "session_key_invalid")
    if call.account.private and not world.options.private_refresh:
        return refuse(world, call, "permission_missing")
    if world.options.refresh == "strict" and call.now - token.issued_at < DAY:
        return refuse(world, call, "token_too_young")
    made = world.issue_token(
        call.account,
        world.tables.apps[token.app_id],
        kind="long",
        scopes=token.scopes,
        granted_at=call.now,
    )
    return _long_lived(world, made)


def _long_lived(world: World, token: Token) -> Reply:
    left = int(token.expires_at - world.now())
    return ok({"access_token": token.value, "token_type": "bearer", "expires_in": left})


def debug_token(world: World, call: Call) -> Reply:
    """``GET /debug_token``: what is known of ``input_token``, for whoever holds a good token of the same app."""
    app_token = _literal_app_token(world, call.text("access_token") or call.query_token)
    if app_token is None:
        find_token(world, call)
        refused = check_token(world, call)
        if refused is not None:
            return refused
        asks = world.tables.apps.get(call.token.app_id)
        outsider = call.account is not None and call.account.tester != "accepted"
        if outsider and asks is not None and asks.mode == "live" and not world.options.debug_token_open:
            return refuse(world, call, "not_a_tester")  # the rule is documented, the form of the refusal is not
    shown = world.tables.tokens.get(call.text("input_token"))
    if shown is None:
        return ok(
            {
                "data": {
                    "is_valid": False,
                    "error": {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"},
                    "scopes": [],
                }
            }
        )
    app = world.tables.apps.get(shown.app_id)
    return ok(
        {
            "data": {
                "type": "APP" if shown.kind == "app" else "USER",
                "application": app.name if app else "",
                "data_access_expires_at": int(shown.granted_at + world.options.grant_s),
                "expires_at": int(shown.expires_at),
                "is_valid": shown.dead is None and shown.expires_at > call.now,
                "issued_at": int(shown.issued_at),
                "scopes": list(shown.scopes),
                "user_id": shown.account_id or "",
            }
        }
    )


def _literal_app_token(world: World, text: str) -> App | None:
    """``TH|id|secret`` written out is an app token too."""
    parts = text.split("|")
    if len(parts) != 3 or parts[0] != "TH":
        return None
    app = world.tables.apps.get(parts[1])
    return app if app is not None and app.secret == parts[2] else None
