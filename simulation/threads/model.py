"""Threads: accounts, containers, publishing, lists, limits, tokens, at the times and with the faults that are known.

It decides by chance of its own for each call, keyed by what the call is about, and keeps the ledger of what is live.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from simulation.chance import Dice
from simulation.ledger import Content, Disturbance, Ledger, Live, Operation, Sent
from simulation.threads import answers
from simulation.threads.answers import Answer
from simulation.weather import CLEAR, Weather

LIFE_S = 86_400.0
LONGEST_LAG_S = 900.0
TYPE_OF = {"TEXT": "TEXT_POST", "IMAGE": "IMAGE", "VIDEO": "VIDEO", "CAROUSEL": "CAROUSEL_ALBUM"}
ITEM = ("image_url", "video_url")
BARE = frozenset({"id", "timestamp"})  # fields of an entry that is not whole yet
NOT_CONTENT = frozenset({"access_token", "media_type", "text", "children", "reply_to_id", "is_carousel_item", *ITEM})
PUBLISHING: frozenset[Operation] = frozenset({"create", "publish"})
# Refusals that hold for everything an account publishes, until somebody does something or hours have passed.
STANDING = (answers.RESTRICTED, answers.BLOCKED, answers.CHECKPOINT, answers.NO_TIER, answers.WITHDRAWN)
ERRORS = ("FAILED_DOWNLOADING_VIDEO", "FAILED_PROCESSING_VIDEO", "UNKNOWN")


@dataclass(slots=True)
class Container:
    id: str
    account: str
    content: Content
    parent: str | None
    made: float
    known_from: float
    ready: float | None  # None: it never will be
    error: str
    children: tuple[str, ...]
    live: Live | None = None


@dataclass(slots=True)
class Profile:
    """One account over there. Times are epoch seconds."""

    id: str
    app: str
    calm: bool
    tokens: dict[str, float] = field(default_factory=dict)  # when each dies
    checkpoint: tuple[float, float] = (0.0, 0.0)
    restriction: tuple[float, float] = (0.0, 0.0)
    blocks: bool = False
    untiered: tuple[float, float] = (0.0, 0.0)
    withdrawn: dict[str, float] = field(default_factory=dict)  # from when on a token may not publish any more
    renamed: float = float("inf")
    brittle: bool = False
    unreadable: tuple[float, float] = (0.0, 0.0)
    lists_closed: bool = False
    page: int = 100
    oldest_first: bool = False
    last_cursor: bool = False
    quota: int = 250
    replies: int = 1000
    limited_until: float = 0.0
    hint: bool = True
    posts: list[Live] = field(default_factory=list)
    made: int = 0
    counted: dict[str, int] = field(default_factory=dict)

    def turn(self, key: str) -> int:
        """How often this was asked before."""
        self.counted[key] = turn = self.counted.get(key, 0) + 1
        return turn


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and the seconds it takes; with a timeout the connection just stays open."""

    answer: Answer
    delay: float
    sent: Sent


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, for the ledger."""

    worker: str
    run: str
    run_began: float


class Threads:
    def __init__(
        self, seed: int, weather: Weather, ledger: Ledger, now: Callable[[], float], accounts: int, calm: int
    ) -> None:
        self.seed, self.weather, self.ledger, self.now = seed, weather, ledger, now
        self.profiles: dict[str, Profile] = {}
        self.containers: dict[str, Container] = {}
        self.by_token: dict[str, Profile] = {}
        self.live: dict[str, Live] = {}
        self.places: dict[str, str] = {}
        self.outages: list[tuple[float, float, float]] = []
        self.limited_apps: dict[str, float] = {}
        self.hosts: dict[str, tuple[float, float]] = {}
        self.expires: dict[str, float] = {}  # by host and folder: from when on nothing of it can be fetched
        self.calm_from = ledger.end
        self.clock_off = Dice(seed, "clock").between(-weather.skew, weather.skew)  # of the times that it names
        for number in range(accounts):
            self._profile(number, calm=number >= accounts - calm)
        self._plan_outages()
        for app in sorted({profile.app for profile in self.profiles.values()}):
            self._untier(app)
            begins = sorted(p.untiered[0] for p in self.profiles.values() if p.app == app and p.untiered[0])
            if len(begins) > 1:  # what two accounts of an app meet holds the app, until somebody has looked after it
                ledger.disturbances.append(Disturbance("app", begins[0], ledger.end))

    # ------------------------------------------------------------------------------------------ the day's plan

    def _profile(self, number: int, *, calm: bool) -> None:
        dice, w = Dice(self.seed, "profile", number), CLEAR if calm else self.weather
        begin, end = self.ledger.begin, self.ledger.end
        length = end - begin

        def window(probability: float, low: float, high: float) -> tuple[float, float]:
            start = begin + dice() * length * 0.9
            stop = start + dice.between(low, high)
            return (start, stop) if dice.happens(probability) else (0.0, 0.0)

        profile = Profile(f"{1000 + number}", f"app_{number % 2}", calm)
        profile.restriction = window(w.restricted, 1800.0, 4 * 3600.0)
        profile.blocks = dice.happens(0.5)
        profile.checkpoint = window(w.restricted * 0.6, 1800.0, 3 * 3600.0)
        profile.unreadable = window(w.unreadable, 4 * 3600.0, 14 * 3600.0)
        profile.untiered = window(w.untiered, 1800.0, 4 * 3600.0)
        profile.lists_closed = dice.happens(w.closed_lists)
        profile.page = dice.whole(2, 9) if dice.happens(w.partial) else 100
        profile.oldest_first = dice.happens(w.oldest_first)
        profile.quota = dice.whole(4, 8) if dice.happens(w.quota) else 250
        more = Dice(self.seed, "profile", number, "more")
        profile.last_cursor = more.happens(w.last_cursor)
        profile.replies = more.whole(4, 8) if more.happens(w.replies) else 1000
        latest = Dice(self.seed, "profile", number, "latest")
        profile.brittle = latest.happens(w.brittle)
        taken_back = begin + latest() * length if latest.happens(w.withdrawn) else float("inf")
        profile.renamed = begin + latest() * length if latest.happens(w.renamed) else float("inf")
        dies = begin + dice() * length if dice.happens(w.tokens) else float("inf")
        self.profiles[profile.id] = profile
        self.ledger.apps[profile.id] = profile.app
        self.ledger.quotas[profile.id] = (profile.quota, profile.replies)
        profile.withdrawn[self.new_token(profile.id, dies=dies)] = taken_back
        for place in range(dice.whole(3, 30)):
            at = begin - (30 - place) * 7200.0 - dice() * 3600.0
            self.by_hand(profile.id, Content("TEXT", f"Earlier {place} of {profile.id}"), None, at)

    def _untier(self, app: str) -> None:
        """The whole app is without its access tier for some hours."""
        dice = Dice(self.seed, "app", app)
        if not dice.happens(self.weather.apps):
            return
        start = self.ledger.begin + dice() * (self.ledger.end - self.ledger.begin) * 0.8
        end = start + dice.between(1800.0, 4 * 3600.0)
        for profile in self.profiles.values():
            if profile.app == app:
                profile.untiered = (start, end)

    def _plan_outages(self) -> None:
        dice, begin = Dice(self.seed, "outages"), self.ledger.begin
        for _ in range(round(self.weather.outages * (0.5 + dice()))):
            start = begin + dice() * (self.ledger.end - begin) * 0.95
            stop = start + dice.between(120.0, 1500.0)
            self.outages.append((start, stop, dice.between(0.4, 0.95)))
            self.ledger.disturbances.append(Disturbance("outage", start, stop))
        for host in range(4):
            start = begin + dice() * (self.ledger.end - begin)
            stop = start + dice.between(600.0, 5400.0)
            bad = self.weather.media > 0 and dice.happens(0.5)
            self.hosts[f"cdn{host}.example.com"] = (start, stop) if bad else (0.0, 0.0)

    def new_token(self, account: str, *, dies: float = float("inf")) -> str:
        """Somebody gives the app leave, for the first time or again."""
        profile = self.profiles[account]
        token = f"TH{account}n{len(profile.tokens)}"
        profile.tokens[token] = dies
        self.by_token[token] = profile
        return token

    def by_hand(self, account: str, content: Content, parent: str | None, at: float) -> Live:
        """The owner posts something in the app."""
        profile = self.profiles[account]
        return self._post(profile, "", content, parent, arrival=at, effect=at, lags=(0.0, 0.0))

    def without_ids(self, words: str, id_: str) -> str:
        """Words that name a post, as chance is keyed by them: by its place in its account, not by its number."""
        return words.replace(id_, self.places[id_]) if id_ in self.places else words

    def may_not_publish(self, account: str, at: float) -> bool:
        """Whether its owner took the permission back and did not give it again: what connecting again repairs."""
        profile = self.profiles[account]
        return at >= profile.withdrawn.get(list(profile.tokens)[-1], float("inf"))

    def sound(self, account: str, at: float) -> bool:
        """Whether nothing about the account itself keeps it from publishing; what a person sees who looks."""
        profile = self.profiles[account]
        if self._calm(at):
            return True
        newest = list(profile.tokens)[-1]
        if at >= profile.withdrawn.get(newest, float("inf")):
            return False
        windows = (profile.checkpoint, profile.restriction, profile.untiered)
        return not any(start <= at < stop for start, stop in windows)

    # ------------------------------------------------------------------------------------------------- one call

    def call(self, caller: Caller, method: str, path: str, params: Mapping[str, str]) -> Reply:
        """A whole request has arrived."""
        now = self.now()
        steps = [step for step in path.split("/") if step and step != "v1.0"]
        profile = self.by_token.get(params.get("access_token", ""))
        operation = _operation(method, steps)
        sent = Sent(
            len(self.ledger.sent), now, profile.id if profile else "", caller.worker, caller.run, caller.run_began,
            operation, target=_target(operation, steps, params),
        )  # fmt: skip
        self.ledger.sent.append(sent)
        if profile is None:
            return self._end(sent, answers.dead_token(3), 0.1)
        about = self.without_ids(sent.target, steps[-1] if operation == "read" else params.get("reply_to_id", ""))
        dice = Dice(self.seed, profile.id, operation, about, profile.turn(f"{operation}|{sent.target}"))
        delay = dice.skewed(0.05, 3.0)
        if not profile.calm and not self._calm(now) and dice.happens(0.02):
            delay = dice.between(10.0, 58.0)
        answer = self._refused(profile, sent, params, now, dice)
        if answer is None:
            match operation:
                case "create":
                    answer = self._create(profile, sent, params, now, dice)
                case "publish":
                    answer = self._publish(profile, sent, params, now, dice)
                case "status":
                    answer = self._status(profile, sent, now, dice)
                case "list":
                    answer = self._list(profile, sent, steps[-1], params, now, dice)
                case "read":
                    answer = self._read(profile, sent, params, now, dice)
                case "limit":
                    answer = self._limit(profile, now)
                case "me":
                    answer = Answer("ok", body={"id": profile.id, "username": self._name(profile.id)})
        return self._end(sent, answer, delay)

    def _end(self, sent: Sent, answer: Answer, delay: float) -> Reply:
        sent.answer, sent.clear = answer.name, answer.clear
        # A tier that one account of an app alone lacks comes and goes with whose post is tried.
        sent.standing = answer in STANDING and (answer != answers.NO_TIER or bool(self.weather.apps))
        sent.until = sent.at + delay
        if answer.name != "ok":
            sent.faulted = True
        return Reply(answer, delay, sent)

    def _calm(self, now: float) -> bool:
        return now >= self.calm_from

    def _weather(self, profile: Profile, now: float) -> Weather:
        return CLEAR if profile.calm or self._calm(now) else self.weather

    def _refused(
        self, profile: Profile, sent: Sent, params: Mapping[str, str], now: float, dice: Dice
    ) -> Answer | None:
        """What is refused before anybody looks at it; and what an outage or a bad line does to any call."""
        dies = profile.tokens[params["access_token"]]
        if now >= dies:
            sent.token_dead = True
            return answers.dead_token(int(profile.id))
        if profile.checkpoint[0] <= now < profile.checkpoint[1] and not self._calm(now):
            sent.token_dead = True
            return answers.CHECKPOINT
        if sent.operation in PUBLISHING and now < profile.limited_until:
            return self._limit_answer(profile, sent, now, dice)
        restricted = profile.restriction[0] <= now < profile.restriction[1] and not self._calm(now)
        if sent.operation == "publish" and restricted:
            return answers.BLOCKED if profile.blocks else answers.RESTRICTED
        if sent.operation in PUBLISHING and now >= profile.withdrawn.get(params["access_token"], float("inf")):
            return answers.WITHDRAWN
        if sent.operation in PUBLISHING and profile.untiered[0] <= now < profile.untiered[1] and not self._calm(now):
            return answers.NO_TIER
        weather = self._weather(profile, now)
        out = next((hard for start, stop, hard in self.outages if start <= now < stop), 0.0)
        bad = out if not self._calm(now) and self.weather.outages else 0.0
        if sent.operation == "publish":
            if dice.happens(bad * 0.6):
                return dice.weighted(answers.INFRASTRUCTURE)
            return None
        page = sent.operation == "list" and profile.brittle and not self._calm(now)
        if page and Dice(self.seed, "brittle", profile.id, profile.turn("brittle")).happens(0.5):
            return answers.web_page(502)
        if dice.happens(max(bad, weather.infrastructure)):
            return dice.weighted(answers.INFRASTRUCTURE)
        if sent.operation == "create" and dice.happens(weather.limits):
            return self._meet_limit(profile, sent, now, dice)
        return None

    def _meet_limit(self, profile: Profile, sent: Sent, now: float, dice: Dice) -> Answer:
        until, hint = now + dice.skewed(30.0, 3600.0), dice.happens(0.7)
        whole_app = dice.happens(0.1)
        for other in self.profiles.values() if whole_app else (profile,):
            if other.app == profile.app and other.limited_until < until:
                other.limited_until, other.hint = until, hint
        if whole_app:
            self.limited_apps[profile.app] = until
            self.ledger.disturbances.append(Disturbance("app limit", now, until, profile.app))
        return self._limit_answer(profile, sent, now, dice)

    def _limit_answer(self, profile: Profile, sent: Sent, now: float, dice: Dice) -> Answer:
        sent.limit_until = profile.limited_until if profile.hint else now
        of_app = self.limited_apps.get(profile.app, 0.0) == profile.limited_until
        name = "4" if of_app else dice.one_of(("613", "17"))
        return answers.limited(name, profile.limited_until - now, hinted=profile.hint)

    # ------------------------------------------------------------------------------------------------ containers

    def _create(self, profile: Profile, sent: Sent, params: Mapping[str, str], now: float, dice: Dice) -> Answer:
        weather = self._weather(profile, now)
        text, kind = params.get("text", ""), params.get("media_type", "TEXT")
        if "bad.example" in text:
            sent.refused_content = True
            return answers.BAD_LINK
        parent = params.get("reply_to_id") or None
        if parent is not None and (refusal := self._parent_refused(profile, parent, now, weather)) is not None:
            return refusal
        children = tuple(child for child in params.get("children", "").split(",") if child)
        if kind == "CAROUSEL" and not all(self._child_ready(child, now) for child in children):
            return answers.bad_children(params.get("children", ""))
        url = next((params[name] for name in ITEM if params.get(name)), "")
        if url:
            host = url.split("/")[2]
            start, stop = self.hosts.get(host, (0.0, 0.0))
            down = start <= now < stop and not self._calm(now) and not profile.calm
            if (
                down
                or now >= self.expires.get("/".join(url.split("/")[2:4]), float("inf"))
                or dice.happens(weather.media * 0.5)
            ):
                return answers.NO_FETCH
        items = tuple(self.containers[child].content.kind for child in children) or ((kind,) if url else ())
        options = tuple(sorted((name, value) for name, value in params.items() if name not in NOT_CONTENT))
        profile.made += 1
        id_ = f"17{profile.id}{profile.made:010d}"
        took = {"IMAGE": (1.0, 25.0), "VIDEO": (6.0, 150.0)}.get(kind, (0.05, 4.0))
        ready: float | None = now + dice.skewed(*took)
        error = ""
        if url and dice.happens(weather.media * 0.7):
            error = dice.one_of(ERRORS)
        elif dice.happens(weather.early * 0.1):
            ready = None
        known = now + (dice.skewed(0.5, 20.0) if dice.happens(weather.early) else 0.0)
        content = Content(kind, text, items, options)
        self.containers[id_] = Container(id_, profile.id, content, parent, now, known, ready, error, children)
        self.ledger.made[id_] = (profile.id, content, parent, now)
        sent.effect = True
        if dice.happens(weather.infrastructure * 0.5):
            return dice.weighted(answers.SLOW)
        made = Answer("ok", body={"id": id_})
        if dice.happens(weather.limits * 0.5) and now >= profile.limited_until:
            # This call still worked, and its headers say that the next one will not.
            profile.limited_until, profile.hint = now + dice.skewed(60.0, 1800.0), True
            sent.limit_until = profile.limited_until
            return made.with_headers(answers.usage(profile.limited_until - now))
        return made

    def _parent_refused(self, profile: Profile, parent: str, now: float, weather: Weather) -> Answer | None:
        found = self.live.get(parent)
        if found is not None and found.deleted <= now:
            return answers.not_found(parent)
        if found is None:
            return answers.error(
                "100 reply_to_id", 500, 100, "Param reply_to_id is not a valid threads_media ID",
                answers.Details(kind=answers.THREADS),
            )  # fmt: skip
        dice = Dice(self.seed, "parent", self.without_ids(parent, parent))
        known = found.effect + (dice.skewed(2.0, 270.0) if dice.happens(weather.early * 4) else 0.0)
        return answers.not_found(parent) if now < known else None

    def _child_ready(self, child: str, now: float) -> bool:
        found = self.containers.get(child)
        return found is not None and self._state(found, now) == "FINISHED"

    def _state(self, container: Container, now: float) -> str:
        if container.live is not None and now >= container.live.status_from:
            return "PUBLISHED"
        if container.live is None and now - container.made > LIFE_S:
            return "EXPIRED"
        if container.error and container.ready is not None and now >= container.ready:
            return "ERROR"
        return "FINISHED" if container.ready is not None and now >= container.ready else "IN_PROGRESS"

    def _status(self, profile: Profile, sent: Sent, now: float, dice: Dice) -> Answer:
        container = self.containers.get(sent.target)
        if container is None or container.account != profile.id:
            return answers.unknown_id(sent.target)
        if now < container.known_from:
            return answers.not_found(sent.target) if dice.happens(0.6) else answers.unknown_id(sent.target)
        hidden = profile.unreadable[0] <= now < profile.unreadable[1] and not self._calm(now)
        if hidden and container.live is not None:
            return answers.unknown_id(sent.target)
        state = self._state(container, now)
        if container.live is not None and state != "PUBLISHED":
            sent.faulted = True
        body = {"id": container.id, "status": state}
        if state == "ERROR":
            body["error_message"] = container.error
        self.ledger.status_answers.append((sent.n, now, container.id, state))
        return Answer("ok", body=body)

    # ------------------------------------------------------------------------------------------------ publishing

    def _publish(self, profile: Profile, sent: Sent, params: Mapping[str, str], now: float, dice: Dice) -> Answer:
        weather = self._weather(profile, now)
        container = self.containers.get(sent.target)
        if container is None or container.account != profile.id:
            return answers.not_found(sent.target)
        if container.live is not None:
            return self._published_before(container, dice)
        state = self._state(container, now)
        if state == "IN_PROGRESS":
            return answers.not_found(sent.target) if dice.happens(0.7) else answers.NOT_READY
        if state != "FINISHED":
            return answers.not_found(sent.target)
        if self._used(profile, reply=container.parent is not None, now=now) >= self._quota(profile, container.parent):
            return answers.DAY_FULL
        if dice.happens(weather.limits):
            return self._meet_limit(profile, sent, now, dice)
        if dice.happens(weather.before):
            if dice.happens(0.45):
                return answers.not_found(sent.target)
            if dice.happens(0.15):
                return answers.SPAM
            return self._unclear(weather, sent, dice)
        late = dice.skewed(2.0, 240.0) if dice.happens(weather.slow) else 0.0
        live = self._post(
            profile, container.id, container.content, container.parent,
            arrival=now, effect=now + late, lags=self._lags(profile, weather, container.id),
        )  # fmt: skip
        container.live = live
        live.wrong = self._wrong(profile, weather, container)
        if live.wrong in ("detached", "cut"):
            live.status_from = min(live.status_from, live.effect + self.ledger.settle_s - 260.0)
        gone = Dice(self.seed, "deleted", container.id)
        if gone.happens(weather.deleted):
            # Once something has shown that it was live: what is deleted before that, nobody can know of.
            shown = 1200.0 if profile.unreadable[0] > 0.0 else max(60.0, live.status_from - live.effect)
            live.deleted = live.effect + shown + gone.skewed(30.0, 4 * 3600.0)
        sent.effect = True
        if late:
            return dice.weighted(answers.SLOW)
        if dice.happens(weather.after):
            return answers.not_found(sent.target) if dice.happens(0.12) else self._unclear(weather, sent, dice)
        return Answer("ok", body={"id": live.id, **self._story(live)})

    @staticmethod
    def _story(live: Live) -> dict[str, str]:
        """What the answer to a publish says of sharing the post."""
        if not any(name == "crossreshare_to_ig" for name, _ in live.content.options):
            return {}
        return {"crossreshare_to_ig_status": "FAILED" if live.wrong == "story" else "SUCCESS"}

    def _wrong(self, profile: Profile, weather: Weather, container: Container) -> str:
        """How it goes live otherwise than asked. Only where the container shows in time that it is live: the lists hold
        nothing then that is as it was asked."""
        dice, content = Dice(self.seed, "wrong", container.id), container.content
        if profile.unreadable[0] > 0.0:
            return ""
        if container.parent is not None and dice.happens(weather.detached):
            return "detached"
        if len(content.text.split()) > 2 and dice.happens(weather.cut):
            return "cut"
        if len(content.items) > 1 and dice.happens(weather.dropped):
            return "dropped"
        shared = any(name == "crossreshare_to_ig" for name, _ in content.options)
        return "story" if shared and dice.happens(0.5) else ""

    def _unclear(self, weather: Weather, sent: Sent, dice: Dice) -> Answer:
        """An answer that leaves open whether the post is live."""
        if weather.contrary:
            contrary = Dice(
                self.seed, "contrary", sent.target, self.profiles[sent.account].turn(f"contrary|{sent.target}")
            )
            if contrary.happens(weather.contrary):
                return contrary.one_of(answers.CONTRARY)
        return dice.weighted(answers.UNCLEAR)

    def _published_before(self, container: Container, dice: Dice) -> Answer:
        """Nobody has seen what a second publish is answered: the id again, or as for a container that is not there."""
        assert container.live is not None
        if dice.happens(0.2):
            return Answer("ok", body={"id": container.live.id})
        return answers.not_found(container.id)

    def _lags(self, profile: Profile, weather: Weather, container: str) -> tuple[float, float]:
        """How long status and lists lag behind; one of them shows it within the settle time, unless it is hidden."""
        dice = Dice(self.seed, "lags", container)
        status = dice.skewed(1.0, LONGEST_LAG_S) if dice.happens(weather.lag * 0.6) else 0.0
        listed = dice.skewed(1.0, LONGEST_LAG_S) if dice.happens(weather.lag) else dice.between(0.0, 3.0)
        longest = self.ledger.settle_s - 260.0  # a slow effect comes on top of it, and nothing may be that late
        if dice.happens(weather.hidden):
            return LONGEST_LAG_S * dice.between(0.8, 1.0), LONGEST_LAG_S * dice.between(0.8, 1.0)
        late = Dice(self.seed, "late container", container)
        if not profile.lists_closed and late.happens(weather.late_containers):
            return late.between(self.ledger.settle_s + 30.0, LONGEST_LAG_S), min(listed, longest)
        closed = profile.lists_closed
        hidden = profile.unreadable[0] > 0.0
        if closed or hidden or dice.happens(0.5):
            status = status if not closed else min(status, longest)
            listed = listed if not hidden else min(listed, longest)
        if min(status, listed) > longest:
            status = min(status, longest)
        return status, listed

    def _post(
        self, profile: Profile, container: str, content: Content, parent: str | None, *,
        arrival: float, effect: float, lags: tuple[float, float],
    ) -> Live:  # fmt: skip
        # Which of two ids is the greater says nothing about which came first.
        place = len(profile.posts)
        number = Dice(self.seed, "media id", profile.id, place).whole(0, 999_999)
        id_ = f"18{number:06d}{profile.id}{place:05d}"
        self.places[id_] = f"18{profile.id}{place:010d}"
        live = Live(id_, profile.id, container, content, parent, arrival, effect, effect + lags[0], effect + lags[1])
        profile.posts.append(live)
        self.live[id_] = live
        self.ledger.live.append(live)
        return live

    def _used(self, profile: Profile, *, reply: bool, now: float) -> int:
        since = now - LIFE_S
        return sum(
            1 for post in profile.posts if post.container and (post.parent is not None) == reply and post.effect > since
        )

    def _quota(self, profile: Profile, parent: str | None) -> int:
        if self._calm(self.now()):
            return 250 if parent is None else 1000
        return profile.replies if parent is not None else profile.quota

    def _limit(self, profile: Profile, now: float) -> Answer:
        row = {
            "quota_usage": self._used(profile, reply=False, now=now),
            "config": {"quota_total": self._quota(profile, None), "quota_duration": 86400},
            "reply_quota_usage": self._used(profile, reply=True, now=now),
            "reply_config": {"quota_total": self._quota(profile, ""), "quota_duration": 86400},
        }
        return Answer("ok", body={"data": [row]})

    # --------------------------------------------------------------------------------------------------- reading

    def _list(
        self, profile: Profile, sent: Sent, name: str, params: Mapping[str, str], now: float, dice: Dice
    ) -> Answer:
        if profile.lists_closed and not self._calm(now):
            return answers.NO_PERMISSION
        replies = name == "replies"
        mine = [post for post in profile.posts if _hangs(post) == replies and post.effect <= now < post.deleted]
        if any(now < post.list_from for post in mine):
            sent.faulted = True
        glimpses = self._weather(profile, now).glimpses
        shown = [
            post for post in mine
            if post.list_from <= now or Dice(self.seed, "glimpse", post.id).happens(glimpses)
        ]  # fmt: skip
        shown.sort(key=lambda post: post.effect, reverse=not profile.oldest_first)
        start = int(params.get("after") or 0)
        size = min(int(params.get("limit") or 25), profile.page)
        if profile.page < 100 and len(shown) > size:
            sent.faulted = True
        fields = params.get("fields", "id").split(",")
        rows = [
            self._fields(post, fields if post.list_from <= now else [name for name in fields if name in BARE])
            for post in shown[start : start + size]
        ]
        body: dict[str, object] = {"data": rows}
        if rows:
            last = start + size >= len(shown) and not profile.last_cursor
            body["paging"] = {"cursors": {"before": str(start), **({} if last else {"after": str(start + size)})}}
        return Answer("ok", body=body)

    def _read(self, profile: Profile, sent: Sent, params: Mapping[str, str], now: float, dice: Dice) -> Answer:
        post = self.live.get(sent.target)
        weather = self._weather(profile, now)
        if post is None or not post.effect <= now < post.deleted:
            return answers.unknown_id(sent.target)
        fields = params.get("fields", "id").split(",")
        if "status" in fields:
            return answers.BAD_FIELD
        if now < post.list_from and dice.happens(0.3 if weather.lag else 0.0):
            return answers.unknown_id(sent.target)
        if now - post.effect < 60.0 and dice.happens(weather.early):
            fields = [name for name in fields if name != "permalink"]
            sent.faulted = True
        return Answer("ok", body=self._fields(post, fields))

    def _fields(self, post: Live, wanted: list[str]) -> dict[str, object]:
        """What a post says of itself; a field without a value is left out."""
        known: dict[str, object] = {
            "id": post.id,
            "media_product_type": "THREADS",
            "media_type": TYPE_OF[post.content.kind],
            "permalink": f"https://www.threads.com/@{self._name(post.account)}/post/{post.id}",
            "owner": {"id": post.account},
            "username": self._name(post.account),
            "text": post.content.text if post.wrong != "cut" else post.content.text.rsplit(" ", 2)[0],
            "timestamp": datetime.fromtimestamp(post.effect + self.clock_off, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "shortcode": post.id,
            "is_reply": _hangs(post),
        }
        if _hangs(post):
            known["replied_to"] = {"id": post.parent}
            known["root_post"] = {"id": self._root(post)}
        if len(post.content.items) > 1:
            kinds = post.content.items[:-1] if post.wrong == "dropped" else post.content.items
            known["children"] = {
                "data": [{"id": f"{post.id}{place}", "media_type": kind} for place, kind in enumerate(kinds)]
            }
        names = (name.split("{")[0] for name in wanted)
        shown = {name: known[name] for name in names if name == "id" or known.get(name) not in (None, "", False)}
        if post.wrong == "detached" and "is_reply" in wanted and Dice(self.seed, "says", post.container).happens(0.5):
            shown["is_reply"] = False
        return shown

    def _name(self, account: str) -> str:
        return f"renamed{account}" if self.now() >= self.profiles[account].renamed else f"user{account}"

    def _root(self, post: Live) -> str:
        while post.parent is not None and post.parent in self.live:
            post = self.live[post.parent]
        return post.id


def _hangs(post: Live) -> bool:
    """Whether it is live as a reply."""
    return post.parent is not None and post.wrong != "detached"


def _operation(method: str, steps: list[str]) -> Operation:
    last = steps[-1] if steps else ""
    if method == "POST":
        return "publish" if last == "threads_publish" else "create"
    lists: Mapping[str, Operation] = {
        "threads": "list", "replies": "list", "ghost_posts": "list", "threads_publishing_limit": "limit", "me": "me",
    }  # fmt: skip
    if last in lists:
        return lists[last]
    return "status" if last.startswith("17") else "read"


def _target(operation: Operation, steps: list[str], params: Mapping[str, str]) -> str:
    match operation:
        case "publish":
            return params.get("creation_id", "")
        case "create":
            named = {name: value for name, value in sorted(params.items()) if name != "access_token"}
            return json.dumps(named, ensure_ascii=False)
        case "status" | "read":
            return steps[-1]
        case "list":
            return f"{steps[-1]} {params.get('after', '')}".rstrip()
        case _:
            return steps[-1] if steps else ""


Bucket = Literal["posts", "replies"]
