"""What the sandbox keeps: apps, accounts, tokens, codes, containers, posts. Plain data; times are epoch seconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

ALL_SCOPES = (
    "threads_basic",
    "threads_content_publish",
    "threads_read_replies",
    "threads_manage_replies",
    "threads_manage_insights",
    "threads_delete",
    "threads_location_tagging",
    "threads_keyword_search",
    "threads_manage_mentions",
    "threads_profile_discovery",
    "threads_share_to_instagram",
)
MEDIA_TYPES = ("TEXT", "IMAGE", "VIDEO", "CAROUSEL")
CALLS_KEPT = 100_000  # times of calls remembered for each account; no call limit can be higher


@dataclass(slots=True)
class App:
    """A Meta app's Threads side. ``mode`` development lets testers in only; ``access`` standard limits the look-ups.

    ``redirect_uris`` empty accepts any address; otherwise the match is exact, to the byte."""

    id: str
    secret: str
    name: str = "Sandbox app"
    mode: str = "live"
    access: str = "advanced"
    permissions: list[str] = field(default_factory=lambda: list(ALL_SCOPES))
    redirect_uris: list[str] = field(default_factory=list)
    deauthorize_url: str = ""
    delete_data_url: str = ""
    webhook_url: str = ""
    webhook_verify_token: str = ""
    webhook_fields: list[str] = field(default_factory=list)
    webhook_verified: bool = False


@dataclass(slots=True)
class Account:
    """One Threads profile. ``tester`` (``accepted``, ``invited``, ``none``) matters while the app is in development."""

    id: str
    username: str
    name: str
    biography: str = ""
    lang: str = "en"
    tester: str = "accepted"
    is_verified: bool = False
    private: bool = False
    restricted: bool = False
    activity_restricted: bool = False
    checkpoint: bool = False
    linked_instagram: bool = True
    geo_gating: bool = False
    has_threads_profile: bool = True
    followers: int = 1_234
    list_lag_s: float | None = None
    threads: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    ghosts: list[str] = field(default_factory=list)
    searched: list[dict[str, Any]] = field(default_factory=list)
    used: dict[str, deque[float]] = field(default_factory=dict)
    calls: deque[float] = field(default_factory=lambda: deque(maxlen=CALLS_KEPT))


@dataclass(slots=True)
class Token:
    value: str
    account_id: str | None
    app_id: str
    kind: str  # short, long, app
    scopes: tuple[str, ...]
    issued_at: float
    expires_at: float
    granted_at: float
    dead: str | None = None  # the named answer it gets: token_revoked, token_password_changed, ...
    tester: str = "accepted"  # the account's standing when it was issued


@dataclass(slots=True)
class Code:
    value: str
    account_id: str
    app_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    issued_at: float
    used: bool = False


@dataclass(slots=True)
class Container:
    """``ready_at`` is unknown while the file is being fetched; ``error`` is the ``error_message`` it will end with."""

    id: str
    account_id: str
    media_type: str
    params: dict[str, Any]
    created_at: float
    ready_at: float | None = None
    error: str | None = None
    expired: bool = False
    lost: bool = False
    carousel_item: bool = False
    children: tuple[str, ...] = ()
    media: str | None = None  # name of the kept file
    media_content_type: str = ""
    address: str = ""  # where the medium was said to be
    stuck: bool = False
    magic: list[list[Any]] = field(default_factory=list)  # words of its text, each with how often it acts
    published_id: str | None = None
    published_at: float | None = None

    def status(self, now: float, lifetime: float) -> str:
        if self.published_id is not None:
            return "PUBLISHED"
        if self.expired or now - self.created_at >= lifetime:
            return "EXPIRED"
        if self.stuck or self.ready_at is None or now < self.ready_at:
            return "IN_PROGRESS"
        return "ERROR" if self.error else "FINISHED"


@dataclass(slots=True)
class Post:
    """A published media object. ``seq`` orders lists; ``visible_at`` is when lists begin to show it."""

    id: str
    seq: int
    account_id: str
    media_type: str  # as Threads reads it back: TEXT_POST, IMAGE, VIDEO, CAROUSEL_ALBUM, REPOST_FACADE
    created_at: float
    visible_at: float
    params: dict[str, Any]
    container_id: str | None = None
    children: tuple[str, ...] = ()
    media: str | None = None
    media_content_type: str = ""
    address: str = ""
    reply_to: str | None = None
    root: str | None = None
    reposted: str | None = None
    is_child: bool = False
    deleted_at: float | None = None
    hide_status: str = "NOT_HUSHED"
    approval: str | None = None  # pending, approved, ignored
    replies: list[str] = field(default_factory=list)
    reposts: int = 0
    quotes: int = 0
    likes: int = 0
    views: int = 0
    votes: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
