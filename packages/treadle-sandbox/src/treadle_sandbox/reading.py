"""Objects as they are read: a post, a container, a profile, each by the fields asked for.

A field without a value is left out, an unknown one fails the whole request; ``id`` always comes along.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from treadle_sandbox.access import refuse
from treadle_sandbox.answers import Reply, ok
from treadle_sandbox.clock import graph_time
from treadle_sandbox.fields import FieldSyntaxError, Selection, parse_fields
from treadle_sandbox.hosts import ANSWERED, host_of, is_own
from treadle_sandbox.ids import shortcode
from treadle_sandbox.model import Account, Container, Post
from treadle_sandbox.places import place
from treadle_sandbox.wire import Call
from treadle_sandbox.world import DAY, World
from treadle_threads.options import (
    OPTIONS,
    Address,
    Choice,
    Id,
    Option,
    OptionTable,
    Poll,
    Spoilers,
    Switch,
    returned_as,
)

Sub = Selection | None
PostField = Callable[[World, Call, Post, Sub], Any]
GHOST_LIFE_S = DAY
_AUTHORITY = re.compile(r"[A-Za-z0-9._:\[\]-]{1,260}")
POLL_LIFE_S = DAY  # invented: the duration is not documented


class UnknownField(Exception):
    """A field that does not exist was asked for deep inside a selection."""


def permalink(world: World, post: Post) -> str:
    author = world.tables.accounts[post.account_id].username
    return f"https://{world.options.permalink_host}/@{author}/post/{shortcode(post.id)}"


def _here(world: World, call: Call) -> str:
    """Where this client reaches the sandbox: at the address that it used. Meta's hosts lead here by TLS only."""
    scheme, _, authority = call.came_to.partition("://")
    host = host_of(authority)
    if world.options.public_url or not _AUTHORITY.fullmatch(authority):
        return world.base_url
    here = scheme == "https" if host in ANSWERED else is_own(host, world.base_url.partition("://")[2])
    return call.came_to if here else world.base_url


def _media_url(world: World, call: Call, post: Post) -> str | None:
    return f"{_here(world, call)}/_sandbox/media/{post.media}" if post.media else post.address or None


def _thumbnail(world: World, call: Call, post: Post) -> str | None:
    """A still picture, as on the real one; which frame it shows is not imitated."""
    return f"{_here(world, call)}/_sandbox/thumbnail/{post.id}.jpg" if post.media_type == "VIDEO" else None


def _author(world: World, post: Post) -> Account:
    return world.tables.accounts[post.account_id]


def _children(world: World, call: Call, post: Post, sub: Sub) -> Any:
    if not post.children:
        return None
    return {"data": [view(world, call, world.tables.posts[child], sub or ()) for child in post.children]}


def _one(world: World, call: Call, post_id: str | None, sub: Sub) -> Any:
    post = world.post(post_id) if post_id else None
    return view(world, call, post, sub or ()) if post is not None else None


def _poll(post: Post, choices: Mapping[str, str] | None, names: tuple[str, ...], sub: Sub) -> Any:
    if not choices:
        return None
    if sub is None:
        return {name: choices[name] for name in names[:2] if name in choices}
    total = sum(post.votes)
    out: dict[str, Any] = {}
    for name, _ in sub:
        choice = name.removesuffix("_votes_percentage")
        if choice in names:
            if choice in choices:
                votes = post.votes[names.index(choice)]
                out[name] = choices[name] if name == choice else round(votes / total, 2) if total else 0
        elif name == "total_votes":
            out[name] = total
        elif name == "expiration_timestamp":
            out[name] = graph_time(post.created_at + POLL_LIFE_S)
        else:
            raise UnknownField(name)
    return out


def _location(world: World, call: Call, post: Post, sub: Sub) -> Any:
    location_id = post.params.get("location_id")
    if location_id is None:
        return None
    if sub is None:
        raise UnknownField("")  # seen: "An unknown error occurred"
    return _pick(place(location_id), sub)


def _pick(value: Mapping[str, Any], sub: Sub) -> dict[str, Any]:
    if sub is None:
        return dict(value)
    for name, _ in sub:
        if name not in value:
            raise UnknownField(name)
    return {name: value[name] for name, _ in sub if value[name] is not None}


def _is_archived(call: Call, post: Post) -> bool:
    return call.now >= post.created_at + GHOST_LIFE_S


def _ghost(call: Call, post: Post) -> str:
    return "ARCHIVED" if _is_archived(call, post) else "ACTIVE"


def _owner(call: Call, post: Post) -> dict[str, str] | None:
    """Documented: only of top-level posts of one's own."""
    own = call.account is not None and post.account_id == call.account.id
    return {"id": post.account_id} if own and post.reply_to is None else None


def _reply_owner(world: World, call: Call, post: Post) -> bool | None:
    return None if post.reply_to is None else call.account is not None and post.account_id == call.account.id


def _reader(option: Option) -> PostField:
    """How a post returns an option."""

    def value(world: World, call: Call, post: Post, sub: Sub) -> Any:
        given = post.params.get(option.name)
        match option.kind:
            case Poll():
                return _poll(post, given, option.kind.names, sub)
            case Address():
                return given or _first_link(post)
            case Id(post=True):
                return _one(world, call, given, sub)
            case Choice(_, default):
                return returned_as(option, given or default)
        if option.returned == "status":
            return _ghost(call, post) if given else None
        if isinstance(option.kind, Switch):
            return bool(given) if post.media_type != "TEXT_POST" or "TEXT" in option.applies_to else None
        if isinstance(option.kind, Spoilers) and given and world.options.text_entities == "data":
            return {"data": returned_as(option, given)}
        return returned_as(option, given) if given else None

    return value


@cache
def post_fields(table: OptionTable) -> Mapping[str, PostField]:
    """Every field of a post: those that every post has, and those that return the options of ``table``."""
    returned = [option for option in table.values() if option.reads and option.read_from == "media"]
    return {**_POST_FIELDS, **{option.reads: _reader(option) for option in returned}}


def not_of_a_post(selection: Selection) -> UnknownField | None:
    """The first field of ``selection`` that no post has."""
    known = post_fields(OPTIONS)
    return next((UnknownField(name) for name, _ in selection if name not in known), None)


_POST_FIELDS: Mapping[str, PostField] = {
    "id": lambda w, c, p, s: p.id,
    "media_product_type": lambda w, c, p, s: "THREADS",
    "media_type": lambda w, c, p, s: p.media_type,
    "media_url": lambda w, c, p, s: _media_url(w, c, p),
    "permalink": lambda w, c, p, s: permalink(w, p),
    "owner": lambda w, c, p, s: _owner(c, p),
    "username": lambda w, c, p, s: _author(w, p).username,
    "text": lambda w, c, p, s: p.params.get("text"),
    "timestamp": lambda w, c, p, s: graph_time(p.created_at),
    "shortcode": lambda w, c, p, s: shortcode(p.id),
    "thumbnail_url": lambda w, c, p, s: _thumbnail(w, c, p),
    "children": _children,
    "is_quote_post": lambda w, c, p, s: "quote_post_id" in p.params,
    "reposted_post": lambda w, c, p, s: _one(w, c, p.reposted, s),
    "location": _location,
    "has_replies": lambda w, c, p, s: any(w.post(r) is not None for r in p.replies),
    "is_reply": lambda w, c, p, s: p.reply_to is not None,
    "is_reply_owned_by_me": lambda w, c, p, s: _reply_owner(w, c, p),
    "root_post": lambda w, c, p, s: _one(w, c, p.root, s),
    "hide_status": lambda w, c, p, s: p.hide_status if p.reply_to is not None else None,
    "ghost_post_expiration_timestamp": lambda w, c, p, s: (
        graph_time(p.created_at + GHOST_LIFE_S) if p.params.get("is_ghost_post") else None
    ),
    "is_verified": lambda w, c, p, s: _author(w, p).is_verified,
    "profile_picture_url": lambda w, c, p, s: picture(w, c, _author(w, p)),
    "reply_approval_status": lambda w, c, p, s: p.approval,
}


def _first_link(post: Post) -> str | None:
    """Without an attached link the first link of the text is shown as a card."""
    text = post.params.get("text", "")
    if post.media_type != "TEXT_POST" or ("://" not in text and "www." not in text):
        return None
    from treadle_threads.text import links

    return next(iter(links(text)), None)


def picture(world: World, call: Call, account: Account) -> str:
    return f"{_here(world, call)}/_sandbox/avatar/{account.id}.svg"


def view(world: World, call: Call, post: Post, selection: Selection) -> dict[str, Any]:
    """``post`` by ``selection``; raises :class:`UnknownField`."""
    out: dict[str, Any] = {}
    fields = post_fields(OPTIONS)
    for name, sub in selection:
        field = fields.get(name)
        if field is None:
            raise UnknownField(name)
        value = field(world, call, post, sub)
        if value is not None:
            out[name] = value
    out.setdefault("id", post.id)
    return out


PROFILE_FIELDS: dict[str, Callable[[World, Call, Account], Any]] = {
    "id": lambda w, c, a: a.id,
    "username": lambda w, c, a: a.username,
    "name": lambda w, c, a: a.name,
    "threads_profile_picture_url": picture,
    "threads_biography": lambda w, c, a: a.biography or None,
    "is_verified": lambda w, c, a: a.is_verified,
    "recently_searched_keywords": lambda w, c, a: a.searched[-10:][::-1] or None,
    "is_eligible_for_geo_gating": lambda w, c, a: a.geo_gating,
}


def selection_of(world: World, call: Call) -> Selection | Reply:
    """The fields a call asks for."""
    try:
        return parse_fields(call.text("fields"))
    except FieldSyntaxError as wrong:
        got = wrong.text[wrong.at : wrong.at + 1]
        return refuse(world, call, "syntax_error", got=got, at=wrong.at, text=wrong.text)


def read_profile(world: World, call: Call, account: Account) -> Reply:
    selection = selection_of(world, call)
    if isinstance(selection, Reply):
        return selection
    out: dict[str, Any] = {}
    for name, _ in selection:
        field = PROFILE_FIELDS.get(name)
        if field is None:
            return refuse(world, call, "nonexisting_field", name=name)
        value = field(world, call, account)
        if value is not None:
            out[name] = value
    out.setdefault("id", account.id)
    return ok(out)


def read_container(world: World, call: Call, container: Container) -> Reply:
    """HTTP 200 even when the status is ERROR; only ``id``, ``status`` and ``error_message`` exist."""
    status = container.status(call.now, world.options.container_lifetime_s)
    if status == "PUBLISHED" and call.now < (container.published_at or 0) + world.options.status_lag_s:
        status = "FINISHED"
    return container_answer(world, call, container.id, status, container.error)


def container_answer(world: World, call: Call, container_id: str, status: str, error: str | None) -> Reply:
    selection = selection_of(world, call)
    if isinstance(selection, Reply):
        return selection
    out: dict[str, Any] = {}
    for name, _ in selection or (("id", None), ("status", None), ("error_message", None)):
        if name == "status":
            out["status"] = status
        elif name == "error_message":
            if status == "ERROR" and error:
                out["error_message"] = error
        elif name != "id":
            return refuse(world, call, "nonexisting_field", name=name)
    out["id"] = container_id
    return ok(out)


def read_post(world: World, call: Call, post: Post) -> Reply:
    selection = selection_of(world, call)
    if isinstance(selection, Reply):
        return selection
    try:
        return ok(view(world, call, post, selection))
    except UnknownField as wrong:
        return unknown_field(world, call, wrong)


def unknown_field(world: World, call: Call, wrong: UnknownField) -> Reply:
    name = str(wrong)
    return refuse(world, call, "nonexisting_field", name=name) if name else refuse(world, call, "unknown_error")
