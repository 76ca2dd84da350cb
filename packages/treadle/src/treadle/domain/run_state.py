"""A post as a run sees it, and what a run changes of it. Pure.

The views are plain frozen values read from the tables, changed only by writing them back; the updates say what is to be
written, and ``store/runs.py`` writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, Self, TypeAlias, TypeVar, dataclass_transform
from urllib.parse import urlsplit

from treadle.domain.cause import Cause
from treadle.domain.part_files import ChildContainer, PreparedFile
from treadle.domain.progress import PartProgress
from treadle.domain.quota import Quota
from treadle.domain.scope import Reach

# Media are made ready and containers made this long before a post's time, so that it is out on the dot.
LEAD_S: Mapping[str, float] = {"VIDEO": 180.0, "CAROUSEL": 120.0, "IMAGE": 20.0, "TEXT": 0.0}
LEAD_SHARE = 0.5  # of the time between acceptance and the post's time, at most
CONTAINER_LIFE_S = 24 * 3600  # an unpublished container expires after 24 hours (Threads, "Troubleshooting")


def start_of(publish_at: float, kind: str, accepted_at: float) -> float:
    """When the first container of a scheduled post is made: ``kind`` is that of its first part."""
    return publish_at - min(LEAD_S.get(kind, 0.0), max(0.0, publish_at - accepted_at) * LEAD_SHARE)


class View:
    """A frozen value, and a quick way to one that differs in a few fields.

    ``dataclasses.replace`` sets every field again. With thirty fields, fifty times a post, that is a tenth of a run.
    """

    def but(self, **changes: Any) -> Self:
        """This with other values in the fields that ``changes`` names."""
        assert changes.keys() <= self.__dict__.keys(), changes.keys() - self.__dict__.keys()
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, **changes)
        return other


@dataclass(frozen=True)
class PartView(View):
    """One Threads media object to be: its content, its container, its fence."""

    id: str
    post_id: str
    workspace_id: str
    account_id: str
    threads_user_id: str
    position: int
    state: str
    kind: str
    is_reply: bool
    body: Mapping[str, Any]
    media_urls: list[PreparedFile] | None
    children: list[ChildContainer]
    container_id: str | None
    container_made_at: float | None
    container_status: str | None
    polls: int
    intent: str
    intent_first_at: float | None
    intent_at: float | None
    intent_worker: str | None
    sends: int
    unclear: bool
    unclear_cause: Cause | None
    seen_before: list[str] | None
    progress: PartProgress
    tries: Mapping[str, int]
    threads_id: str | None
    permalink: str | None
    published_at: float | None
    cause: Cause | None

    @property
    def text(self) -> str:
        return str(self.body.get("text") or "")

    @property
    def media(self) -> list[dict[str, Any]]:
        return list(self.body.get("media") or [])

    @property
    def options(self) -> Mapping[str, Any]:
        options: Mapping[str, Any] = self.body.get("options") or {}
        return options

    def container_expired(self, now: float) -> bool:
        """Whether the container is too old to be relied on (23 h: an hour's margin to its 24 h)."""
        return self.container_made_at is not None and now - self.container_made_at > CONTAINER_LIFE_S - 3600


@dataclass(frozen=True)
class AccountView(View):
    id: str
    workspace_id: str
    threads_user_id: str
    username: str
    app_id: str
    token_enc: bytes | None
    token_expires_at: float | None
    scopes: list[str]
    health: str
    paused: bool
    quota: Quota
    quota_until: float | None
    learned: Mapping[str, Any]
    disconnected_at: float | None


@dataclass(frozen=True)
class PostView(View):
    id: str
    workspace_id: str
    account_id: str
    state: str
    stage: str
    publish_at: float | None
    due_at: float
    max_lateness: float
    options: Mapping[str, Any]
    metadata: Mapping[str, Any]
    cause: Cause | None
    next_what: str | None
    next_at: float | None
    seq: int
    claim: int
    attempt: int
    confirmed_at: float | None
    approval: str | None
    version: int
    created_at: float
    published_at: float | None
    parts: list[PartView] = field(default_factory=list)

    @property
    def checking(self) -> bool:
        """Whether a publish of one of its parts was sent and is not settled."""
        return any(p.intent == "sent" and p.published_at is None for p in self.parts)


@dataclass(frozen=True, slots=True)
class OpenBlocker:
    """An open cause that concerns a post. ``probe_post_id``: the post that goes first to test it."""

    id: str
    scope: str
    key: str
    lane: str
    pattern: str
    cause: Cause | None
    probe_post_id: str | None


@dataclass(frozen=True, slots=True)
class Asking:
    """What is being asked since ``at`` (epoch seconds); it is an entry of the timeline once it has ended."""

    stage: str
    what: str
    part: int | None
    at: float


@dataclass(frozen=True)
class Run(View):
    """A claimed post: what one worker may work on until somebody else claims it."""

    post: PostView
    account: AccountView
    workspace_paused: bool
    lease_token: str
    worker: str
    blockers: tuple[OpenBlocker, ...] = ()
    published_lately: int = 0  # by the account in 24 hours, of the kind (posts or replies) that the next part is
    stored_claim: int | None = None  # what the row says as long as this claim is not written; None: it is
    asking: Asking | None = None

    def part(self, position: int) -> PartView:
        return self.post.parts[position]

    @property
    def reach(self) -> Reach:
        """What the post depends on."""
        return reach_of(self.post, self.account)


def reach_of(post: PostView, account: AccountView) -> Reach:
    """What the post depends on."""
    hosts = frozenset(media_hosts(post.parts))
    return Reach(post.id, account.id, account.app_id, post.workspace_id, hosts, fetches(post.parts))


def fetches(post_parts: Iterable[PartView]) -> bool:
    """Whether Threads still has to fetch a file: for a part with media that has no container yet."""
    return any(part.published_at is None and part.container_id is None and part.kind != "TEXT" for part in post_parts)


def media_hosts(post_parts: Iterable[PartView]) -> list[str]:
    """Hosts that Threads will have to fetch from for parts that have no container yet."""
    hosts: set[str] = set()
    for part in post_parts:
        if part.published_at is None and part.container_id is None:
            for item in part.media_urls or part.media:
                if host := urlsplit(str(item.get("url") or "")).hostname:
                    hosts.add(host.lower())
    return sorted(hosts)


def _take(cls: type[Any], row: Mapping[Any, Any], **more: Any) -> Any:
    names = cls.__dataclass_fields__
    return cls(**{name: row[name] for name in names if name in row and name not in more}, **more)


def part_view(row: Mapping[Any, Any]) -> PartView:
    view: PartView = _take(
        PartView,
        row,
        progress=PartProgress.from_json(row["checks"]),
        unclear_cause=Cause.from_json(row["unclear_cause"]),
        cause=Cause.from_json(row["cause"]),
    )
    return view


def account_view(row: Mapping[Any, Any]) -> AccountView:
    view: AccountView = _take(AccountView, row, quota=Quota.from_json(row["quota"]))
    return view


def post_view(row: Mapping[Any, Any], parts: list[PartView]) -> PostView:
    view: PostView = _take(PostView, row, cause=Cause.from_json(row["cause"]), parts=parts)
    return view


# ---------------------------------------------------------------- what a run changes

T = TypeVar("T")


class Unset(Enum):
    """The value of a field that stays as it is."""

    UNSET = "unset"


UNSET: Literal[Unset.UNSET] = Unset.UNSET
Maybe: TypeAlias = T | Literal[Unset.UNSET]


@dataclass_transform(kw_only_default=True)
class Update:
    """Fields that change; the others are :data:`UNSET`. An update holds only what was set: it has up to two dozen
    fields, and a run makes some thirty of them of which each sets two or three."""

    def __init__(self, **changes: Any) -> None:
        assert all(hasattr(type(self), name) for name in changes), changes
        self.__dict__.update(changes)

    def changes(self) -> dict[str, Any]:
        """The fields that change, by name."""
        return {name: value for name, value in self.__dict__.items() if value is not UNSET}

    def merge(self, other: Self) -> Self:
        """Change also what ``other`` changes; where both do, as ``other`` does."""
        for name, value in other.changes().items():
            setattr(self, name, value)
        return self


class PostUpdate(Update):
    """Of a post. The cause is set by :meth:`met` and :meth:`calm`, so that cause and reason go together."""

    state: Maybe[str] = UNSET
    stage: Maybe[str] = UNSET
    cause: Maybe[Cause | None] = UNSET
    why: Maybe[str | None] = UNSET
    next_what: Maybe[str | None] = UNSET
    next_at: Maybe[float | None] = UNSET
    seq: Maybe[int] = UNSET
    published_at: Maybe[float | None] = UNSET

    def met(self, cause: Cause | None, why: str) -> Self:
        """Why the post is not published, and in one sentence what follows."""
        self.cause, self.why = cause, why
        return self

    def calm(self) -> Self:
        """Nothing is wrong any more: the last failure's cause is history."""
        self.cause = self.why = None
        return self

    @property
    def met_now(self) -> Cause | None:
        """The cause that this update sets, if it sets one."""
        return None if self.cause is UNSET else self.cause


class PartUpdate(Update):
    """Of a part."""

    state: Maybe[str] = UNSET
    kind: Maybe[str] = UNSET
    is_reply: Maybe[bool] = UNSET
    body: Maybe[Mapping[str, Any]] = UNSET
    media_urls: Maybe[list[PreparedFile] | None] = UNSET
    children: Maybe[list[ChildContainer]] = UNSET
    container_id: Maybe[str | None] = UNSET
    container_made_at: Maybe[float | None] = UNSET
    container_status: Maybe[str | None] = UNSET
    polls: Maybe[int] = UNSET
    intent: Maybe[Literal["none", "sent"]] = UNSET
    intent_first_at: Maybe[float | None] = UNSET
    intent_at: Maybe[float | None] = UNSET
    intent_worker: Maybe[str | None] = UNSET
    sends: Maybe[int] = UNSET
    unclear: Maybe[bool] = UNSET
    unclear_cause: Maybe[Cause | None] = UNSET
    seen_before: Maybe[list[str] | None] = UNSET
    progress: Maybe[PartProgress] = UNSET
    tries: Maybe[Mapping[str, int]] = UNSET
    threads_id: Maybe[str | None] = UNSET
    permalink: Maybe[str | None] = UNSET
    published_at: Maybe[float | None] = UNSET
    cause: Maybe[Cause | None] = UNSET


class AccountUpdate(Update):
    """Of the account. ``quota_until``: nothing is asked for it before then (epoch seconds)."""

    quota: Maybe[Quota] = UNSET
    quota_until: Maybe[float | None] = UNSET
    learned: Maybe[Mapping[str, Any]] = UNSET
