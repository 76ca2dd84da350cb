"""What each page needs: the action of :mod:`treadle.domain.roles` that its viewer's role must allow.

A page that is missing here is not served (:func:`check_complete`). Where the last part of an address is a verb, each
verb has a line of its own. What depends on the post (authors work on their own) is decided in the services.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final, Literal
from urllib.parse import urlsplit

from treadle.domain.roles import Action

Needs = Action | Literal["public", "self"]  # self: whoever is logged in, about themselves
_PARAMETER = re.compile(r"\{[^{}]+\}")
_VERB = re.compile(r"\{(?:do|act)(?::path)?\}$")

NEEDS: Final[Mapping[str, Needs]] = {
    "GET /static/{name}": "public",
    "GET /login": "public",
    "POST /login": "public",
    "POST /logout": "self",
    "POST /setup/first": "public",
    "GET /join/{token}": "public",
    "POST /join/{token}": "public",
    "GET /reset/{token}": "public",
    "POST /reset/{token}": "public",
    "GET /robots.txt": "public",
    "GET /favicon.ico": "public",
    "GET /llms.txt": "public",
    "GET /guide": "public",
    "GET /guide/{place:path}": "public",
    "POST /guide/diagnose": "public",
    "GET /me": "self",
    "POST /me": "self",
    "POST /workspace": "self",
    "GET /": "view",
    "GET /live": "view",
    "GET /posts": "view",
    "GET /posts/{post_id}": "view",
    "GET /calendar": "view",
    "GET /queue": "view",
    "POST /queue/slots": "publish",
    "POST /queue/fill": "publish",
    "POST /queue/pause": "publish",
    "POST /queue/add": "publish",
    "POST /posts/{post_id}/time": "publish",
    "POST /undo/{undo_id}": "write",
    "GET /components": "view",
    "GET /library": "view",
    "POST /library": "write",
    "GET /library/{media_id}": "view",
    "POST /library/{media_id}/repair": "write",
    "POST /library/{media_id}/delete": "publish",
    "GET /accounts": "view",
    "GET /causes": "view",
    "GET /insights": "view",
    "GET /unknown": "view",
    "GET /setup": "public",  # it sends whoever is not logged in to the login, and shows strangers nothing
    "GET /compose": "write",
    "POST /compose": "write",
    "POST /compose/check": "write",
    "POST /compose/count": "write",
    "POST /compose/upload": "write",
    "GET /compose/progress/{media_id}": "write",
    "POST /posts/bulk": "write",
    "POST /posts/{post_id}/retry": "write",
    "POST /posts/{post_id}/cancel": "write",
    "POST /posts/{post_id}/delete": "write",
    "POST /posts/{post_id}/submit": "write",
    "POST /posts/{post_id}/insights": "write",
    "GET /posts/{post_id}/replies": "view",
    "POST /posts/{post_id}/replies": "write",
    "POST /posts/{post_id}/replies/{reply_id}/hide": "publish",
    "POST /posts/{post_id}/replies/{reply_id}/show": "publish",
    "POST /posts/{post_id}/comment": "comment",
    "POST /posts/{post_id}/return": "approve",
    "POST /posts/{post_id}/confirm": "publish",
    "POST /posts/{post_id}/resolve": "publish",
    "POST /posts/{post_id}/detached": "publish",
    "POST /posts/{post_id}/unpublish": "publish",
    "GET /posts/replace": "publish",
    "POST /posts/replace": "publish",
    "GET /import": "publish",
    "POST /import": "publish",
    "POST /import/{import_id}/confirm": "publish",
    "GET /import/posts.csv": "view",
    "POST /pause": "publish",
    "POST /blockers/{blocker_id}/recheck": "publish",
    "POST /accounts/connect": "accounts",
    "POST /accounts/token": "accounts",
    "POST /accounts/{account_id}/reconnect": "accounts",
    "POST /accounts/{account_id}/recheck": "accounts",
    "POST /accounts/{account_id}/pause": "accounts",
    "POST /accounts/{account_id}/resume": "accounts",
    "POST /accounts/{account_id}/disconnect": "accounts",
    "GET /webhooks": "integrations",
    "GET /webhooks/{hook_id}": "integrations",
    "POST /webhooks": "integrations",
    "POST /webhooks/{hook_id}/pause": "integrations",
    "POST /webhooks/{hook_id}/start": "integrations",
    "POST /webhooks/{hook_id}/ping": "integrations",
    "POST /webhooks/{hook_id}/secret": "integrations",
    "POST /webhooks/{hook_id}/remove": "integrations",
    "POST /webhooks/{hook_id}/redeliver": "integrations",
    "GET /alerts": "integrations",
    "POST /alerts": "integrations",
    "POST /alerts/test": "integrations",
    "POST /alerts/digest": "integrations",
    "GET /keys": "integrations",
    "POST /keys": "integrations",
    "POST /keys/{key_id}/revoke": "integrations",
    "GET /people": "view",
    "POST /people": "people",
    "POST /people/invite": "people",
    "POST /people/invites/{invite_id}/revoke": "people",
    "POST /people/{user_id}/role": "people",
    "POST /people/{user_id}/disable": "people",
    "POST /people/{user_id}/enable": "people",
    "POST /people/{user_id}/logout": "people",
    "POST /people/{user_id}/reset": "people",
    "POST /people/{user_id}/remove": "people",
    "GET /audit": "audit",
    "POST /setup": "workspace",
}


def needed(method: str, template: str, verb: str = "") -> Needs | None:
    """What a request to a route needs; ``None``: there is no such page. ``verb``: the last part of its address."""
    method = "GET" if method == "HEAD" else method
    return NEEDS.get(f"{method} {_VERB.sub(verb, template)}")


@cache
def _patterns() -> Sequence[tuple[re.Pattern[str], Needs]]:
    """Every line of the table as an expression, the literal before those with a parameter."""
    lines = sorted(NEEDS.items(), key=lambda line: line[0].count("{"))
    return [(re.compile(_PARAMETER.sub(_wildcard, line)), needs) for line, needs in lines]


def _wildcard(parameter: re.Match[str]) -> str:
    return ".+" if parameter[0].endswith(":path}") else "[^/]+"


def needed_at(method: str, address: str) -> Needs | None:
    """What a link or a form on a page leads to needs; ``address``: a path of these pages, with or without a query."""
    asked = f"{method.upper()} {urlsplit(address).path}"
    return next((needs for pattern, needs in _patterns() if pattern.fullmatch(asked)), None)


def unnamed(routes: Iterable[tuple[str, str]]) -> list[str]:
    """Routes, as method and path, that no line above is about."""
    known = set(NEEDS)
    missing = []
    for method, path in routes:
        here = f"{'GET' if method == 'HEAD' else method} {path}"
        stem = _VERB.sub("", here)
        if here not in known and not (stem != here and any(line.startswith(stem) for line in known)):
            missing.append(here)
    return missing
