"""Accounts as the control API makes, changes and hurts them, and posts made without the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from treadle_sandbox.model import ALL_SCOPES, Account, Container, Post, Token
from treadle_sandbox.publish import put_out
from treadle_sandbox.refusal import ControlRefusal, need_bool, need_number, need_text, need_texts, only
from treadle_sandbox.replies import remove as remove_from_lists
from treadle_sandbox.world import DAY, World

_TEXTS = ("name", "biography", "lang")
_FLAGS = (
    "is_verified",
    "private",
    "restricted",
    "activity_restricted",
    "checkpoint",
    "linked_instagram",
    "geo_gating",
    "has_threads_profile",
)
_NUMBERS = ("followers", "list_lag_s")
_TESTER = ("accepted", "invited", "none")
_TOKEN = ("kind", "scopes", "lifetime_s", "age_s", "app_id", "value")
_USERNAME = re.compile(r"[A-Za-z0-9._]{1,30}\Z")


def find(world: World, key: str) -> Account | ControlRefusal:
    account = world.find_account(key)
    return account or ControlRefusal(404, f"There is no account {key!r}. GET /_sandbox/accounts lists them.")


def add(world: World, body: Mapping[str, Any]) -> dict[str, Any] | ControlRefusal:
    """A new account with a ready long-lived token; the token is in the answer."""
    known = ("id", "username", "access_token", "scopes", "tester", *_TEXTS, *_FLAGS, *_NUMBERS)
    wrong = only(body, known, "account") or _check(body)
    if wrong is not None:
        return wrong
    username = body.get("username", "")
    taken = _check_username(world, body, None)
    if taken is not None:
        return taken
    account_id = body.get("id")
    if account_id is not None and (not str(account_id).isdigit() or str(account_id) in world.tables.accounts):
        return ControlRefusal(400, "'id' must be digits, and not taken.")
    value = body.get("access_token")
    if value is not None and (not isinstance(value, str) or not value or value in world.tables.tokens):
        return ControlRefusal(400, "'access_token' must be text, not empty, and not taken.")
    scopes = _scopes(body)
    if isinstance(scopes, ControlRefusal):
        return scopes
    facts = {k: v for k, v in body.items() if k not in ("access_token", "scopes", "username")}
    if "followers" in facts:
        facts["followers"] = int(facts["followers"])
    account = world.add_account(username, **facts)
    token = world.issue_token(account, scopes=scopes, value=value)
    return {**token_json(token), "id": account.id, "username": account.username, "name": account.name}


def _check_username(world: World, body: Mapping[str, Any], own: str | None) -> ControlRefusal | None:
    """What is wrong with a new ``username``; ``own``: the id of the account that it is for, if there is one."""
    if "username" not in body:
        return None
    username = body["username"]
    if not isinstance(username, str) or not _USERNAME.match(username):
        return ControlRefusal(400, "'username' must be 1 to 30 letters, digits, dots or underscores.")
    if world.usernames.get(username.lower(), own) != own:
        return ControlRefusal(409, f"There is an account '{username}' already.")
    return None


def _check(body: Mapping[str, Any]) -> ControlRefusal | None:
    for name in _TEXTS:
        if name in body and isinstance(value := need_text(body, name, empty=True), ControlRefusal):
            return value
    for name in _FLAGS:
        if name in body and isinstance(flag := need_bool(body, name), ControlRefusal):
            return flag
    for name in _NUMBERS:
        optional = name == "list_lag_s" and body.get(name) is None
        if name in body and not optional and isinstance(number := need_number(body, name, 0, 1e12), ControlRefusal):
            return number
    if "tester" in body and body["tester"] not in _TESTER:
        return ControlRefusal(400, f"'tester' is one of {', '.join(_TESTER)}, not {body['tester']!r}.")
    return None


def _scopes(body: Mapping[str, Any]) -> tuple[str, ...] | ControlRefusal:
    if "scopes" not in body:
        return ALL_SCOPES
    scopes = need_texts(body, "scopes")
    if isinstance(scopes, ControlRefusal):
        return scopes
    unknown = [scope for scope in scopes if scope not in ALL_SCOPES]
    if unknown:
        return ControlRefusal(400, f"There is no scope {unknown[0]!r}. There are: {', '.join(ALL_SCOPES)}.")
    return tuple(scopes)


def change(world: World, account: Account, body: Mapping[str, Any]) -> ControlRefusal | None:
    """Facts of the account; ``scopes`` changes what its live tokens may do, ``username`` renames it."""
    known = ("scopes", "tester", "username", *_TEXTS, *_FLAGS, *_NUMBERS)
    wrong = only(body, known, "account") or _check(body) or _check_username(world, body, account.id)
    if wrong is not None:
        return wrong
    scopes = _scopes(body)
    if isinstance(scopes, ControlRefusal):
        return scopes
    if "username" in body:
        world.usernames.pop(account.username.lower(), None)
        world.usernames[body["username"].lower()] = account.id
    for name, value in body.items():
        if name != "scopes":
            setattr(account, name, int(value) if name == "followers" else value)
    if "scopes" in body:
        for token in _tokens(world, account):
            token.scopes = scopes
    world.changed = True
    return None


def remove(world: World, account: Account) -> None:
    """The profile is gone: its tokens are unknown, its posts are deleted."""
    for token in list(_tokens(world, account)):
        del world.tables.tokens[token.value]
    for post in world.tables.posts.values():
        if post.account_id == account.id and post.deleted_at is None:
            post.deleted_at = world.now()
    # The record stays for posts that mention it; nobody finds it by name, and no token leads to it.
    world.usernames.pop(account.username.lower(), None)
    account.has_threads_profile = False
    account.threads.clear()
    account.replies.clear()
    account.ghosts.clear()
    world.changed = True


def _tokens(world: World, account: Account) -> list[Token]:
    return [token for token in world.tables.tokens.values() if token.account_id == account.id]


def token_json(token: Token) -> dict[str, Any]:
    return {
        "access_token": token.value,
        "token_type": "bearer",
        "kind": token.kind,
        "scopes": list(token.scopes),
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
        "app_id": token.app_id,
    }


def act(world: World, account: Account, what: str, body: Mapping[str, Any]) -> tuple[int, Any] | ControlRefusal:
    """What happens to an account: ``revoke``, ``expire``, ``password``, ``token``, ``deauthorize``, ``delete-data``."""
    if what == "token":
        return _new_token(world, account, body)
    wrong = only(body, (), what)
    if wrong is not None:
        return wrong
    if what in ("revoke", "deauthorize", "password"):
        dead = "token_password_changed" if what == "password" else "token_revoked"
        for token in _tokens(world, account):
            token.dead = token.dead or dead
    elif what == "expire":
        for token in _tokens(world, account):
            token.expires_at = min(token.expires_at, world.now())
    elif what != "delete-data":
        known = "token, revoke, expire, password, deauthorize, delete-data"
        return ControlRefusal(404, f"Nothing called '{what}' can happen to an account. There are: {known}.")
    if what in ("deauthorize", "delete-data"):
        world.call_back(account, what)
    world.changed = True
    return 200, {"ok": True}


def _new_token(world: World, account: Account, body: Mapping[str, Any]) -> tuple[int, Any] | ControlRefusal:
    wrong = only(body, _TOKEN, "token")
    if wrong is not None:
        return wrong
    scopes = _scopes(body)
    if isinstance(scopes, ControlRefusal):
        return scopes
    kind = body.get("kind", "long")
    if kind not in ("long", "short"):
        return ControlRefusal(400, f"'kind' is 'long' or 'short', not {kind!r}.")
    numbers: dict[str, float | None] = {"lifetime_s": None, "age_s": 0.0}
    for name in numbers:
        if body.get(name) is not None:
            number = need_number(body, name, 0, 400 * DAY)
            if isinstance(number, ControlRefusal):
                return number
            numbers[name] = number
    app = world.tables.apps.get(str(body.get("app_id", world.app.id)))
    if app is None:
        return ControlRefusal(404, f"There is no app {body['app_id']!r}.")
    value = body.get("value")
    if value is not None and (not isinstance(value, str) or not value or value in world.tables.tokens):
        return ControlRefusal(400, "'value' must be text, not empty, and not taken.")
    token = world.issue_token(
        account,
        app,
        kind=kind,
        scopes=scopes,
        lifetime_s=numbers["lifetime_s"],
        age_s=numbers["age_s"] or 0.0,
        value=value,
    )
    return 201, {**token_json(token), "id": account.id, "username": account.username}


# Posts without the API -----------------------------------------------------------------------------------------


def add_post(world: World, body: Mapping[str, Any]) -> Post | ControlRefusal:
    """A post made as a person makes it in the app: ``account``, ``text``, ``reply_to_id``, ``age_s``."""
    wrong = only(body, ("account", "text", "reply_to_id", "quote_post_id", "topic_tag", "age_s"), "post")
    if wrong is not None:
        return wrong
    key = need_text(body, "account")
    if isinstance(key, ControlRefusal):
        return key
    account = find(world, key)
    if isinstance(account, ControlRefusal):
        return account
    text = need_text(body, "text")
    if isinstance(text, ControlRefusal):
        return text
    params: dict[str, Any] = {"text": text}
    for name in ("reply_to_id", "quote_post_id"):
        if body.get(name) is not None:
            if world.post(str(body[name])) is None:
                return ControlRefusal(404, f"There is no post {body[name]!r} for '{name}'.")
            params[name] = str(body[name])
    if body.get("topic_tag"):
        params["topic_tag"] = str(body["topic_tag"])
    age = need_number(body, "age_s", 0, 4000 * DAY) if "age_s" in body else 0.0
    if isinstance(age, ControlRefusal):
        return age
    now = world.now() - age
    container = Container(world.ids.object_id(), account.id, "TEXT", params, now, now)
    post = put_out(world, account, container, now)
    post.container_id = None
    post.visible_at = now
    account.used["replies" if post.reply_to else "posts"].pop()  # only posts of the API count
    return post


def change_post(world: World, post_id: str, body: Mapping[str, Any]) -> tuple[int, Any] | ControlRefusal:
    """``likes``, ``views``, ``votes`` (four numbers)."""
    post = world.tables.posts.get(post_id)
    if post is None:
        return ControlRefusal(404, f"There is no post {post_id!r}.")
    wrong = only(body, ("likes", "views", "votes"), "post")
    if wrong is not None:
        return wrong
    for name in ("likes", "views"):
        if name in body and isinstance(number := need_number(body, name, 0, 1e12), ControlRefusal):
            return number
    votes = body.get("votes")
    if votes is not None and (
        not isinstance(votes, list) or len(votes) != 4 or not all(type(v) is int and v >= 0 for v in votes)
    ):
        return ControlRefusal(400, "'votes' must be four whole numbers, one for each option.")
    for name in ("likes", "views"):
        if name in body:
            setattr(post, name, int(body[name]))
    if votes is not None:
        post.votes = list(votes)
    world.changed = True
    return 200, {"ok": True}


def remove_post(world: World, post_id: str) -> tuple[int, Any] | ControlRefusal:
    """Its author deletes it in the app."""
    post = world.post(post_id)
    if post is None:
        return ControlRefusal(404, f"There is no post {post_id!r}.")
    remove_from_lists(world, post, world.now())
    return 200, {"ok": True}
