"""What the page shows, gathered from the world: posts with their media, requests, failures, accounts."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from treadle_sandbox.answers import CONTAINER_NAMES, EFFECT_NAMES, MEDIA_ERRORS, NAMED
from treadle_sandbox.clock import graph_time
from treadle_sandbox.faults import ENDPOINTS, Fault
from treadle_sandbox.ids import shortcode
from treadle_sandbox.inspect import account_json, app_json, holds
from treadle_sandbox.model import Container, Post
from treadle_sandbox.record import Entry
from treadle_sandbox.scenarios import SCENARIOS
from treadle_sandbox.world import World
from treadle_threads.options import OPTIONS, Id, Poll, Spoilers, in_words

SHOWN_POSTS, SHOWN_REQUESTS, SHOWN_CONTAINERS = 50, 40, 8


def facts(world: World, account_id: str | None, query: Mapping[str, str]) -> dict[str, Any]:
    """Everything ``feed.html`` needs. ``query``: ``tab`` is ``feed`` (default) or ``requests``; ``post`` is the id of
    the one post to show."""
    account = world.tables.accounts.get(account_id) if account_id else None
    here = f"/_sandbox/@{account.username}" if account else "/_sandbox"
    tab = "requests" if query.get("tab") == "requests" else "feed"
    posts = [
        post
        for post in reversed(world.tables.posts.values())
        if not post.is_child
        and post.deleted_at is None
        and (account is None or post.account_id == account.id)
        and query.get("post", post.id) == post.id
    ]
    containers = [
        container
        for container in reversed(world.tables.containers.values())
        if (account is None or container.account_id == account.id) and container.published_id is None
    ]
    asked, before = query.get("text", ""), query.get("before", "")
    entries = [
        e
        for e in reversed(world.recorder.entries)
        if (account is None or e.account_id == account.id)
        and (not asked or holds(e, asked))
        and (not before.isdigit() or e.n < int(before))
    ]
    return {
        "account": account_json(world, account) if account else None,
        "accounts": list(world.tables.accounts.values()),
        "app": app_json(world),
        "back": here + (f"?{urlencode({'tab': tab})}" if tab != "feed" else ""),
        "here": here,
        "tab": tab,
        "now": graph_time(world.now()),
        "offset_s": round(world.clock.offset),
        "posts": [_post(world, post) for post in posts[:SHOWN_POSTS]],
        "post_count": len(posts),
        "containers": [_container(world, container) for container in containers[:SHOWN_CONTAINERS]],
        "container_count": len(containers),
        "requests": [_entry(world, entry) for entry in entries[:SHOWN_REQUESTS]],
        "request_count": len(entries),
        "asked": asked,
        "older": entries[SHOWN_REQUESTS - 1].n if len(entries) > SHOWN_REQUESTS else None,
        "faults": [_fault(world, fault) for fault in world.faults.all()],
        "endpoints": ENDPOINTS,
        "answers": _answers(),
        "media_errors": MEDIA_ERRORS,
        "scenarios": SCENARIOS,
    }


def _answers() -> list[tuple[str, str]]:
    """What a failure can answer, each with the words that a search finds it by."""
    rows = [("drop", "close without an answer"), ("truncate", "half an answer"), ("delay", "only be slow")]
    for name, answer in NAMED.items():
        code = f"{answer.code}/{answer.subcode}" if answer.subcode else answer.code
        rows.append((name, f"HTTP {answer.status}, code {code}, {answer.source}"))
    rows += [(name, "status of a container") for name in CONTAINER_NAMES]
    return rows + [(name, "what a creation leaves behind") for name in EFFECT_NAMES]


def _post(world: World, post: Post) -> dict[str, Any]:
    author = world.tables.accounts[post.account_id]
    params = post.params
    parent = world.post(post.reply_to) if post.reply_to else None
    reposted = world.post(post.reposted) if post.reposted else None
    return {
        "id": post.id,
        "code": shortcode(post.id),
        "author": author,
        "time": graph_time(post.created_at),
        "type": post.media_type,
        "text": params.get("text", ""),
        "parts": _spoilers(params.get("text", ""), _ranges(params), world.options.entity_offsets),
        "media": _media(world, post),
        "children": [_media(world, world.tables.posts[child]) for child in post.children],
        "options": _options(world, post),
        "is_reply": post.reply_to is not None,
        "parent": _brief(world, parent) if parent else None,
        "reposted": _brief(world, reposted) if reposted else None,
        "replies": [_brief(world, reply) for reply_id in post.replies if (reply := world.post(reply_id)) is not None],
        "hidden": post.hide_status == "HIDDEN",
        "approval": post.approval or "",
        "late": post.visible_at > world.now(),
        "likes": post.likes,
    }


def _options(world: World, post: Post) -> list[dict[str, Any]]:
    """The options of a post, each with what the page needs for its kind. Replies are shown by their parent, spoilers in
    the text."""
    shown = []
    for name, option in OPTIONS.items():
        value = post.params.get(name)
        if not value or name == "reply_to_id" or isinstance(option.kind, Spoilers):
            continue
        entry = {"kind": option.kind_name, "noun": option.noun, "words": in_words(option, value), "value": value}
        if isinstance(option.kind, Poll):
            entry["value"] = list(zip(value.values(), post.votes, strict=False))
        elif isinstance(option.kind, Id) and option.kind.post:
            quoted = world.post(value)
            entry |= {"kind": "Post", "value": _brief(world, quoted) if quoted else None}
        shown.append(entry)
    return shown


def _ranges(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    named = [name for name, option in OPTIONS.items() if isinstance(option.kind, Spoilers)]
    return [item for name in named for item in params.get(name) or []]


def _media(world: World, post: Post) -> dict[str, Any] | None:
    if post.media_type not in ("IMAGE", "VIDEO"):
        return None
    return {
        "kind": post.media_type,
        "url": f"/_sandbox/media/{post.media}" if post.media else "",
        "alt": post.params.get("alt_text", ""),
    }


def _brief(world: World, post: Post) -> dict[str, str]:
    text = post.params.get("text", "") or post.media_type
    return {
        "id": post.id,
        "username": world.tables.accounts[post.account_id].username,
        "text": text if len(text) <= 140 else text[:139] + "…",
    }


def _spoilers(text: str, entities: list[dict[str, Any]], unit: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is a spoiler."""
    if not entities:
        return [(text, False)]
    encoding, width = {"utf16": ("utf-16-le", 2), "bytes": ("utf-8", 1), "codepoints": ("utf-32-le", 4)}[unit]
    raw, at, pieces = text.encode(encoding, "surrogatepass"), 0, []
    for entity in sorted(entities, key=lambda e: int(e["offset"])):
        start, end = entity["offset"] * width, (entity["offset"] + entity["length"]) * width
        pieces += [
            (raw[at:start].decode(encoding, "replace"), False),
            (raw[start:end].decode(encoding, "replace"), True),
        ]
        at = end
    return [*pieces, (raw[at:].decode(encoding, "replace"), False)]


def _container(world: World, container: Container) -> dict[str, Any]:
    return {
        "id": container.id,
        "username": world.tables.accounts[container.account_id].username,
        "type": container.media_type,
        "status": container.status(world.now(), world.options.container_lifetime_s),
        "error": container.error or "",
        "item": container.carousel_item,
        "text": str(container.params.get("text", ""))[:80],
    }


def _entry(world: World, entry: Entry) -> dict[str, Any]:
    shown = entry.as_json()
    account = world.tables.accounts.get(entry.account_id or "")
    shown["username"] = account.username if account else ""
    shown["asked"] = json.dumps(shown["params"], ensure_ascii=False, indent=1) if shown["params"] else ""
    shown["bad"] = entry.status is None or entry.status >= 400
    shown["curl"] = entry.as_curl(world.base_url)
    with contextlib.suppress(ValueError):
        shown["answer"] = json.dumps(json.loads(shown["answer"]), ensure_ascii=False, indent=1)
    return shown


def _fault(world: World, fault: Fault) -> dict[str, Any]:
    account = world.tables.accounts.get(fault.account or "")
    wanted = fault.answer
    words = [str(wanted["name"])] if "name" in wanted else []
    words += [f"HTTP {wanted['status']}"] if "status" in wanted else []
    words += [f"after {wanted['delay_s']} s"] if wanted.get("delay_s") else []
    words += ["no answer"] if wanted.get("drop") else []
    words += ["half an answer"] if wanted.get("truncate") else []
    return {
        "id": fault.id,
        "endpoint": "every call" if fault.endpoint == "*" else fault.endpoint,
        "username": account.username if account else "",
        "answer": ", ".join(words),
        "when": fault.when,
        "left": "always" if fault.times is None else f"{max(0, fault.times - fault.fired)} more",
        "fired": fault.fired,
        "spent": fault.spent,
        "percent": round(fault.probability * 100),
        "nth": fault.nth,
    }
