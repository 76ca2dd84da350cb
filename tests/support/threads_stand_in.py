"""Threads as far as publishing needs it, in this process and on a clock that a test moves.

Unlike the sandbox it may be late: how long a container's status and the account's lists lag behind a publish is set per
account. Each call can be answered by a fault, before or after its effect. It keeps the ledger of what is live, and
notes every call that came before a limit it had named was over.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from treadle_threads import ThreadsClient
from treadle_threads.options import OPTIONS, READ_TYPES, returned_as
from treadle_threads.results import Answer, Call, Lost, NotSent, Ok, Refused, Result
from treadle_threads.transport import Guard

LIFE_S = 24 * 3600.0
Endpoint = Literal["create", "publish", "status", "list", "read", "limit", "me"]


def meta_error(status: int, code: int, subcode: int | None = None, message: str = "said no", **more: Any) -> Answer:
    """Meta's own JSON error object. Keyword arguments are further members of it, or ``retry_after``."""
    headers = {"retry-after": str(more.pop("retry_after"))} if "retry_after" in more else {}
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Aabc", **more}
    if subcode is not None:
        error["error_subcode"] = subcode
    return Answer(status, headers, {"error": error})


NO_PERMISSION = meta_error(
    500, 10, message="Application does not have permission for this action", type="THApiException", is_transient=False
)


def page(status: int, retry_after: int | None = None) -> Answer:
    """A gateway's web page."""
    headers = {"retry-after": str(retry_after)} if retry_after is not None else {}
    return Answer(status, headers, f"<!DOCTYPE html><html><body><h1>{status}</h1></body></html>")


NOT_FOUND = meta_error(400, 24, 4279009, "The requested resource does not exist", is_transient=False)
UNKNOWN_ID = meta_error(400, 100, 33, "Unsupported get request. Object with ID '1' does not exist")


@dataclass(slots=True)
class Fault:
    """``answer``: what comes instead; ``"lost"``: nothing does; ``"unreachable"``: the request is never written.

    ``after``: the call has its effect all the same. ``skip``: so many calls are answered well first. ``times``: how
    often it strikes, ``None`` without end. ``ended`` stops it.
    """

    endpoint: Endpoint
    answer: Answer | Literal["lost", "unreachable"]
    after: bool = False
    times: int | None = 1
    skip: int = 0
    fired: int = 0
    ended: bool = False
    only_media: bool = False  # only containers of media

    def strikes(self) -> bool:
        if self.ended or (self.times is not None and self.fired >= self.times):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.fired += 1
        return True


@dataclass(slots=True)
class Container:
    id: str
    owner: str
    params: Mapping[str, str]
    made_at: float
    published_at: float | None = None
    media_id: str = ""
    shown: Mapping[str, str] = field(default_factory=dict)  # what of it is live
    state: str = "FINISHED"  # or ERROR, IN_PROGRESS: what it is as long as it is not published

    def status(self, now: float, lag_s: float) -> str:
        if self.published_at is not None and now >= self.published_at + lag_s:
            return "PUBLISHED"
        if self.published_at is None and now - self.made_at > LIFE_S:
            return "EXPIRED"
        return self.state


@dataclass(slots=True)
class Profile:
    """One Threads user. Lags in seconds.

    ``publishes`` says what of a container becomes live, from its parameters and its age in seconds. ``shows`` says what
    a read of a live post answers, from the fields asked for and the post's age: by default all of them.
    """

    id: str
    status_lag_s: float = 0.0
    list_lag_s: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    limited_until: float = 0.0
    instead: Callable[[Endpoint, str, Mapping[str, str]], Answer | None] = lambda endpoint, what, params: None
    publishes: Callable[[Mapping[str, str], float], Mapping[str, str]] = lambda params, age_s: params
    shows: Callable[[dict[str, Any], float], dict[str, Any] | Answer] = lambda found, age_s: found
    calls: list[tuple[float, Endpoint, str]] = field(default_factory=list)


@dataclass(slots=True)
class StandIn:
    """``chaos``, when set, is asked for a fault at every call that no planned one meets."""

    now: Callable[[], float]
    profiles: dict[str, Profile] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)
    in_a_limit: list[str] = field(default_factory=list)
    chaos: Callable[[Profile, Endpoint], Fault | None] = lambda profile, endpoint: None
    struck: Callable[[str], None] = lambda where: None  # called around each effect; may raise to kill the worker
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(17_900_000_000_000_001))

    def profile(self, **facts: Any) -> Profile:
        made = Profile(f"9{len(self.profiles):09d}", **facts)
        self.profiles[made.id] = made
        return made

    def live(self, profile: Profile) -> list[str]:
        """The texts of what is live, in the order of publishing."""
        mine = [c for c in self.containers.values() if c.owner == profile.id and c.published_at is not None]
        return [c.params.get("text", "") for c in sorted(mine, key=lambda c: c.published_at or 0.0)]

    def published(self, profile: Profile) -> list[str]:
        """Ids of the containers named in publish calls, in order."""
        return [what for _, endpoint, what in profile.calls if endpoint == "publish"]

    def answer(
        self, user: str, method: str, path: str, params: Mapping[str, str], guard: Guard | None
    ) -> Answer | Literal["lost", "unreachable", "guard"]:
        profile = self.profiles[user]
        endpoint = _endpoint(method, path, self.containers)
        self.struck(f"before {endpoint}")
        if guard is not None and not guard():
            return "guard"
        fault = self._fault(profile, endpoint, has_media=bool({"image_url", "video_url"} & params.keys()))
        if fault is not None and fault.answer == "unreachable":
            return "unreachable"
        if self.now() < profile.limited_until:
            self.in_a_limit.append(f"{endpoint} of {profile.id} {profile.limited_until - self.now():.1f} s early")
        what = params.get("creation_id") or path.rsplit("/", 1)[-1]
        profile.calls.append((self.now(), endpoint, what))
        if fault is None and (other := profile.instead(endpoint, what, params)) is not None:
            return other
        if fault is None or fault.after:
            good = self._effect(profile, endpoint, path, params)
            self.struck(f"after {endpoint}")
        if fault is None:
            return good
        if isinstance(fault.answer, Answer) and (asked := fault.answer.headers.get("retry-after")):
            profile.limited_until = max(profile.limited_until, self.now() + float(asked))
        return fault.answer  # type: ignore[return-value]

    def _fault(self, profile: Profile, endpoint: Endpoint, *, has_media: bool) -> Fault | None:
        for fault in profile.faults:
            if fault.endpoint == endpoint and (has_media or not fault.only_media) and fault.strikes():
                return fault
        return self.chaos(profile, endpoint)

    def _effect(self, profile: Profile, endpoint: Endpoint, path: str, params: Mapping[str, str]) -> Answer:
        now = self.now()
        if endpoint == "create":
            made = Container(str(next(self._ids)), profile.id, dict(params), now)
            self.containers[made.id] = made
            return Answer(200, {}, {"id": made.id})
        if endpoint == "publish":
            found = self.containers.get(params["creation_id"])
            if found is None or found.published_at is not None or found.status(now, 0.0) != "FINISHED":
                return NOT_FOUND
            found.published_at, found.media_id = now, str(next(self._ids))
            found.shown = dict(profile.publishes(found.params, now - found.made_at))
            said = {"crossreshare_to_ig_status": found.shown["story"]} if "story" in found.shown else {}
            return Answer(200, {}, {"id": found.media_id, **said})
        if endpoint == "status":
            container = self.containers[path.strip("/")]
            return Answer(200, {}, {"id": container.id, "status": container.status(now, profile.status_lag_s)})
        if endpoint == "list":
            return Answer(200, {}, {"data": self._listed(profile, replies="replies" in path), "paging": {}})
        if endpoint == "limit":
            config = {"quota_total": 250, "quota_duration": 86_400}
            return Answer(200, {}, {"data": [{"quota_usage": 0, "config": config}]})
        if endpoint == "me":
            return Answer(200, {}, {"id": profile.id, "username": profile.id})
        media = path.strip("/")
        known = self._posted(media)
        if known is None or known.published_at is None:
            return UNKNOWN_ID
        answered = profile.shows(self._read(known, split_fields(params.get("fields", "id"))), now - known.published_at)
        return answered if isinstance(answered, Answer) else Answer(200, {}, {"id": media, **answered})

    def _posted(self, media_id: str | None) -> Container | None:
        return next((c for c in self.containers.values() if c.media_id == media_id), None) if media_id else None

    def _read(self, post: Container, names: list[str]) -> dict[str, Any]:
        above = post.shown.get("reply_to_id")
        top = above
        while (higher := self._posted(top)) is not None and "reply_to_id" in higher.shown:
            top = higher.shown["reply_to_id"]
        children = [self.containers[one] for one in post.shown.get("children", "").split(",") if one]
        kinds: Any = READ_TYPES
        found: dict[str, Any] = {
            "permalink": f"https://t.example/{post.media_id}",
            "media_type": kinds[post.shown.get("media_type", "TEXT")],
            "text": post.shown.get("text"),
            "is_reply": above is not None,
            "replied_to": {"id": above} if above else None,
            "root_post": {"id": top} if top else None,
            "children": {"data": [{"id": c.id, "media_type": c.params["media_type"]} for c in children]}
            if children
            else None,
        }
        for name, option in OPTIONS.items():
            if option.reads and option.reads not in found and name in post.shown:
                found[option.reads] = returned_as(option, post.shown[name])
        return {name: found[name] for name in names if found.get(name) is not None}

    def _listed(self, profile: Profile, *, replies: bool) -> list[dict[str, Any]]:
        shown = [
            c
            for c in self.containers.values()
            if c.owner == profile.id
            and c.published_at is not None
            and self.now() >= c.published_at + profile.list_lag_s
            and bool(c.shown.get("reply_to_id")) == replies
        ]
        return [
            {
                "id": c.media_id,
                "media_type": "TEXT_POST",
                "text": c.shown.get("text", ""),
                "timestamp": datetime.fromtimestamp(c.published_at or 0.0, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
                **({"replied_to": {"id": c.shown["reply_to_id"]}} if replies else {}),
            }
            for c in sorted(shown, key=lambda c: c.published_at or 0.0, reverse=True)
        ]


def split_fields(fields: str) -> list[str]:
    """The plain names of ``a,b{c,d}``."""
    return re.sub(r"\{[^}]*\}", "", fields).split(",")


def _endpoint(method: str, path: str, containers: Mapping[str, Container]) -> Endpoint:
    if method == "POST":
        return "publish" if path.endswith("threads_publish") else "create"
    last = path.strip("/").rsplit("/", 1)[-1]
    if last == "threads_publishing_limit":
        return "limit"
    if last in ("threads", "replies", "ghost_posts"):
        return "list"
    if last == "me":
        return "me"
    return "status" if last in containers else "read"


class StandInClient(ThreadsClient):
    """The real client over a stand-in instead of a socket."""

    def __init__(self, threads: StandIn, user: str) -> None:
        super().__init__("token")
        self._threads, self._user = threads, user
        self.calls: dict[str, int] = defaultdict(int)

    async def call(  # type: ignore[override]
        self, method: str, path: str, params: Any, read: Any, *, guard: Guard | None = None, **_: Any
    ) -> Result[Any]:
        answer = self._threads.answer(self._user, method, path, params, guard)
        call = Call(method, path, dict(params))
        if answer == "guard":
            return NotSent("guard", "", call)
        if answer == "unreachable":
            return NotSent("connect", "refused", call)
        if answer == "lost":
            return Lost("timeout", "no answer", call)
        body = answer.body
        if answer.status == 200 and isinstance(body, dict) and "error" not in body:
            value = read(body)
            if value is not None:
                return Ok(value, answer, call)
        return Refused(answer, call)
