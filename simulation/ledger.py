"""What really happened, as the simulated Threads and its surroundings know it. The product never reads it.

Times are epoch seconds. Everything here is plain data, so that the checker needs nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Operation = Literal["create", "publish", "status", "list", "read", "limit", "me"]


@dataclass(frozen=True, slots=True)
class Content:
    """What a part says: its kind (``TEXT``, ``IMAGE``, ``VIDEO``, ``CAROUSEL``), text, kinds of its items, options."""

    kind: str
    text: str
    items: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Live:
    """A post that is, or was, on Threads. ``arrival``: when the request that published it came; ``effect``: when it
    was published. ``status_from`` and ``list_from``: from when on its container and its account's lists show it.
    ``container`` is empty for what the owner posted by hand. ``wrong``: how it is live otherwise than it was asked for
    (detached, cut, dropped, story), though ``content`` and ``parent`` are what was asked. ``deleted``: when its owner
    deleted it."""

    id: str
    account: str
    container: str
    content: Content
    parent: str | None
    arrival: float
    effect: float
    status_from: float
    list_from: float
    wrong: str = ""
    deleted: float = float("inf")

    def shown_after(self) -> float:
        """Seconds from the request until something shows the effect."""
        return min(self.status_from, self.list_from) - self.arrival


@dataclass(slots=True)
class Sent:
    """One request as it arrived. ``n`` is its number and stands in the answer's trace id. ``clear``: its answer says
    plainly that nothing was published (of a publish). ``limit_until``: before then nothing may be created or published
    for the account; ``token_dead``: it was refused for its token; ``standing``: as everything is that the account
    publishes."""

    n: int
    at: float
    account: str
    worker: str
    run: str
    run_began: float
    operation: Operation
    target: str = ""  # the container of a publish or a status, the content of a create
    until: float | None = None
    answer: str = ""
    clear: bool = False
    effect: bool = False
    faulted: bool = False
    limit_until: float | None = None
    token_dead: bool = False
    refused_content: bool = False
    standing: bool = False
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class Disturbance:
    """``kind``: crash, pause, step (a clock), disk, database, outage. ``whom``: a worker, or empty for everybody."""

    kind: str
    begin: float
    end: float
    whom: str = ""


@dataclass(slots=True)
class PartAsked:
    content: Content
    reply_to: str | None = None


@dataclass(slots=True)
class Version:
    """A post as somebody asked for it from ``at`` on. ``due``: its time, or when it was asked for."""

    at: float
    parts: list[PartAsked]
    due: float


@dataclass(slots=True)
class Act:
    """Something a person did: edit, cancel, retry, confirm, resolve, reconnect, lift. ``done``: it was accepted."""

    at: float
    kind: str
    post: str
    account: str
    done: bool


@dataclass(slots=True)
class Asked:
    """A post that was accepted. ``hopeful``: nothing about it keeps it from being published in the end."""

    post: str
    account: str
    max_lateness: float
    versions: list[Version]
    calm: bool = False  # of an account that no fault strikes


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the product's change feed. ``at``: when it was committed; ``claimed``: when it says that it was, by
    the clock of the worker."""

    at: float
    claimed: float
    kind: str
    subject: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class Ledger:
    begin: float
    end: float
    settle_s: float
    lease_s: float
    live: list[Live] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    disturbances: list[Disturbance] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    asked: dict[str, Asked] = field(default_factory=dict)
    reconnected: dict[str, list[float]] = field(default_factory=dict)
    apps: dict[str, str] = field(default_factory=dict)
    quotas: dict[str, tuple[int, int]] = field(default_factory=dict)  # of an account: posts and replies a day
    status_answers: list[tuple[int, float, str, str]] = field(default_factory=list)  # (number, at, container, status)
    made: dict[str, tuple[str, Content, str | None, float]] = field(default_factory=dict)  # by container
