"""The sandbox's state as JSON, for the control API and the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle_sandbox import accounts
from treadle_sandbox.answers import CONTAINER_NAMES, EFFECT_NAMES, NAMED
from treadle_sandbox.clock import graph_time
from treadle_sandbox.model import Account, App, Container, Post
from treadle_sandbox.reading import permalink
from treadle_sandbox.record import Entry
from treadle_sandbox.refusal import ControlRefusal, need_count
from treadle_sandbox.scenarios import SCENARIOS
from treadle_sandbox.world import World

Answer = tuple[int, Any]


def account_json(world: World, account: Account) -> dict[str, Any]:
    """One account, without its tokens: those are shown once, when they are made."""
    tokens = [t for t in world.tables.tokens.values() if t.account_id == account.id]
    live = [t for t in tokens if t.dead is None and t.expires_at > world.now()]
    return {
        "id": account.id,
        "username": account.username,
        "name": account.name,
        "biography": account.biography,
        "lang": account.lang,
        "tester": account.tester,
        "is_verified": account.is_verified,
        "private": account.private,
        "restricted": account.restricted,
        "activity_restricted": account.activity_restricted,
        "checkpoint": account.checkpoint,
        "linked_instagram": account.linked_instagram,
        "geo_gating": account.geo_gating,
        "has_threads_profile": account.has_threads_profile,
        "followers": account.followers,
        "list_lag_s": account.list_lag_s,
        "tokens": len(tokens),
        "live_tokens": len(live),
        "posts": len(account.threads),
        "replies": len(account.replies),
        "quota": {
            bucket: {"used": world.used(account, bucket), "total": getattr(world.options, f"quota_{bucket}")}
            for bucket in ("posts", "replies", "deletes", "location_search", "keyword_search", "profile_lookup")
        },
    }


def app_json(world: World, app: App | None = None) -> dict[str, Any]:
    shown = app or world.app
    return {
        "id": shown.id,
        "secret": shown.secret,
        "name": shown.name,
        "mode": shown.mode,
        "access": shown.access,
        "permissions": shown.permissions,
        "redirect_uris": shown.redirect_uris,
        "deauthorize_url": shown.deauthorize_url,
        "delete_data_url": shown.delete_data_url,
        "webhook_url": shown.webhook_url,
        "webhook_fields": shown.webhook_fields,
        "webhook_verified": shown.webhook_verified,
        "authorize_url": f"{world.base_url}/oauth/authorize",
        "api_url": world.base_url,
    }


def answers_json() -> list[dict[str, Any]]:
    """Every answer a fault can name, and where its form comes from."""
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "status": answer.status,
            "code": answer.code,
            "subcode": answer.subcode,
            "message": answer.message,
            "source": answer.source,
        }
        for name, answer in NAMED.items()
    ]
    rows += [{"name": name, "endpoint": "status"} for name in CONTAINER_NAMES]
    rows += [{"name": name, "endpoint": "create"} for name in EFFECT_NAMES]
    return rows


def scenarios_json() -> list[dict[str, str]]:
    return [{"name": name, "what": scenario.what} for name, scenario in SCENARIOS.items()]


def post_json(world: World, post: Post) -> dict[str, Any]:
    account = world.tables.accounts[post.account_id]
    return {
        "id": post.id,
        "account": post.account_id,
        "username": account.username,
        "media_type": post.media_type,
        "text": post.params.get("text"),
        "params": post.params,
        "container_id": post.container_id,
        "permalink": permalink(world, post),
        "published_at": post.created_at,
        "time": graph_time(post.created_at),
        "visible_at": post.visible_at,
        "reply_to": post.reply_to,
        "root": post.root,
        "reposted": post.reposted,
        "children": [post_json(world, world.tables.posts[child]) for child in post.children],
        "media_url": f"{world.base_url}/_sandbox/media/{post.media}" if post.media else None,
        "deleted": post.deleted_at is not None,
        "hide_status": post.hide_status,
        "approval": post.approval,
    }


def posts_json(world: World, query: Mapping[str, Any]) -> Answer | ControlRefusal:
    """Every post that went out, oldest first, without carousel children (they are inside) and deleted ones."""
    asked = _asked(world, query)
    if isinstance(asked, ControlRefusal):
        return asked
    account, limit = asked
    with_deleted = str(query.get("deleted", "")).lower() in ("1", "true", "yes")
    chosen = [
        post
        for post in world.tables.posts.values()
        if not post.is_child
        and (account is None or post.account_id == account.id)
        and (with_deleted or post.deleted_at is None)
    ]
    return 200, {"data": [post_json(world, post) for post in chosen[-limit:]], "total": len(chosen)}


def container_json(world: World, container: Container) -> dict[str, Any]:
    return {
        "id": container.id,
        "account": container.account_id,
        "media_type": container.media_type,
        "status": container.status(world.now(), world.options.container_lifetime_s),
        "error_message": container.error,
        "params": container.params,
        "children": list(container.children),
        "created_at": container.created_at,
        "ready_at": container.ready_at if container.ready_at != float("inf") else None,
        "published_at": container.published_at,
        "published_id": container.published_id,
        "lost": container.lost,
    }


def containers_json(world: World, query: Mapping[str, Any]) -> Answer | ControlRefusal:
    asked = _asked(world, query)
    if isinstance(asked, ControlRefusal):
        return asked
    account, limit = asked
    chosen = [c for c in world.tables.containers.values() if account is None or c.account_id == account.id]
    return 200, {"data": [container_json(world, c) for c in chosen[-limit:]], "total": len(chosen)}


def holds(entry: Entry, text: str) -> bool:
    """Whether a kept request or its answer holds every word of ``text``; ``failed`` is one that went wrong."""
    words = text.lower().split()
    if "failed" in words:
        words.remove("failed")
        if entry.status is not None and entry.status < 400:
            return False
    searched = (
        f"{entry.n} {entry.method} {entry.target or entry.path} {entry.endpoint} {entry.status} {entry.user_agent} "
    )
    searched += f"{entry.fault or ''} {entry.params} {entry.answer[:4000].decode('utf-8', 'replace')}"
    searched = entry.masked(searched).lower()
    return all(word in searched for word in words)


def requests_json(world: World, query: Mapping[str, Any]) -> Answer | ControlRefusal:
    """The last requests, oldest first; ``since`` is a number ``n``: only later ones."""
    chosen = kept_requests(world, query)
    if isinstance(chosen, ControlRefusal):
        return chosen
    return 200, {"data": [entry.as_json() for entry in chosen], "total": world.recorder.total}


def requests_har(world: World, query: Mapping[str, Any]) -> Answer | ControlRefusal:
    """The same requests as a HAR file."""
    from treadle_sandbox import __version__
    from treadle_sandbox.har import har

    chosen = kept_requests(world, query)
    return chosen if isinstance(chosen, ControlRefusal) else (200, har(chosen, world.base_url, __version__))


def kept_requests(world: World, query: Mapping[str, Any]) -> list[Entry] | ControlRefusal:
    asked = _asked(world, query)
    if isinstance(asked, ControlRefusal):
        return asked
    account, limit = asked
    since = int(query["since"]) if str(query.get("since", "")).isdigit() else 0
    chosen = [
        entry
        for entry in world.recorder.entries
        if entry.n > since
        and (account is None or entry.account_id == account.id)
        and ("endpoint" not in query or entry.endpoint == query["endpoint"])
        and ("method" not in query or entry.method == query["method"])
        and ("status" not in query or str(entry.status) == str(query["status"]))
        and ("text" not in query or holds(entry, str(query["text"])))
    ]
    return chosen[-limit:]


def _asked(world: World, query: Mapping[str, Any]) -> tuple[Account | None, int] | ControlRefusal:
    """Whose rows are asked for (``None``: everybody's) and how many of the newest."""
    account = accounts.find(world, str(query["account"])) if query.get("account") else None
    if isinstance(account, ControlRefusal):
        return account
    limit = need_count(query, "limit") if "limit" in query else 1_000_000
    return limit if isinstance(limit, ControlRefusal) else (account, limit)
