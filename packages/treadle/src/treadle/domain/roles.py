"""Who may do what: one table of roles and actions. Pure.

A person has one role in each workspace. API keys have scopes instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Role = Literal["viewer", "author", "editor", "admin", "owner"]
Action = Literal[
    "view",  # see everything of the workspace but its secrets
    "comment",  # comment on posts
    "write",  # write posts, which wait for approval unless "publish" is allowed too; upload media
    "publish",  # publish, edit, retry and cancel anybody's posts; delete posts from Threads; import; pause
    "approve",  # approve posts of others, or send them back
    "accounts",  # connect, pause and disconnect accounts
    "integrations",  # API keys, webhooks, alerts
    "people",  # invite and remove people, change roles
    "audit",  # read the audit log
    "workspace",  # name, options, setup
    "owners",  # make and remove owners
]
ROLES: Final[tuple[Role, ...]] = get_args(Role)  # from the smallest to the largest
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

_VIEWER: Final[frozenset[Action]] = frozenset({"view", "comment"})
_AUTHOR: Final[frozenset[Action]] = _VIEWER | {"write"}
_EDITOR: Final[frozenset[Action]] = _AUTHOR | {"publish", "approve"}
_ADMIN: Final[frozenset[Action]] = _EDITOR | {"accounts", "integrations", "people", "audit", "workspace"}
_OWNER: Final[frozenset[Action]] = _ADMIN | {"owners"}
ALLOWED: Final[Mapping[Role, frozenset[Action]]] = {
    "viewer": _VIEWER,
    "author": _AUTHOR,
    "editor": _EDITOR,
    "admin": _ADMIN,
    "owner": _OWNER,
}
LABELS: Final[Mapping[Role, str]] = {
    "viewer": "Viewer",
    "author": "Author",
    "editor": "Editor",
    "admin": "Admin",
    "owner": "Owner",
}


def allows(role: Role, action: Action) -> bool:
    return action in ALLOWED[role]


def role_named(name: str) -> Role | None:
    return next((role for role in ROLES if role == name), None)


def may_manage(mine: Role, theirs: Role, becoming: Role | None = None) -> bool:
    """Whether somebody may change, disable or remove a person with the role ``theirs``, or give them ``becoming``.

    Nobody manages or makes a role above their own.
    """
    rank = ROLES.index(mine)
    return allows(mine, "people") and all(ROLES.index(role) <= rank for role in (theirs, becoming) if role)


def outranks(role: Role, other: Role) -> bool:
    return ROLES.index(role) > ROLES.index(other)


def may_approve(role: Role, *, wrote_it: bool, others_can: bool) -> bool:
    """Whether somebody may approve a post that waits for approval: not their own, unless nobody else here could."""
    return allows(role, "approve") and (not wrote_it or not others_can)


def may_touch(role: Role, *, wrote_it: bool) -> bool:
    """Whether somebody may edit, retry, cancel or delete a post: authors only their own."""
    return allows(role, "publish") or (allows(role, "write") and wrote_it)
