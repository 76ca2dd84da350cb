"""What people want of a day: posts, and what they do about them. Everything follows from the seed and the number."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from simulation.chance import Dice
from simulation.ledger import Content, PartAsked
from simulation.weather import Weather, weather_of

DAY_S = 86_400.0
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "isle", "juniper", "kelp", "lark")


@dataclass(frozen=True, slots=True)
class ActPlanned:
    """``after``: seconds after the post was asked for."""

    kind: str
    after: float


@dataclass(frozen=True, slots=True)
class PostPlanned:
    """``at``: seconds into the day; ``delay``: seconds until its time, ``None`` for at once."""

    number: int
    account: int
    at: float
    delay: float | None
    lateness: float
    parts: tuple[PartAsked, ...]
    acts: tuple[ActPlanned, ...]
    lookalike: str  # how what the owner posts by hand differs; before: it is older; empty: nothing is posted
    bad: bool


@dataclass(frozen=True, slots=True)
class Plan:
    seed: int
    weather: Weather
    posts: tuple[PostPlanned, ...]
    accounts: int = 20
    calm: int = 2
    workers: int = 3
    length_s: float = DAY_S

    def with_posts(self, posts: tuple[PostPlanned, ...]) -> Plan:
        return Plan(self.seed, self.weather, posts, self.accounts, self.calm, self.workers, self.length_s)

    def with_weather(self, weather: Weather) -> Plan:
        return Plan(self.seed, weather, self.posts, self.accounts, self.calm, self.workers, self.length_s)


def plan_day(
    seed: int, weather: Weather | None = None, *, posts: int = 200, accounts: int = 20, length_s: float = DAY_S
) -> Plan:
    weather = weather or weather_of(seed)
    planned: list[PostPlanned] = []
    for number in range(posts):
        planned.append(_post(seed, number, weather, accounts, length_s, planned))
    # Of two that say the same nobody could tell which of them an earlier one by hand is older than.
    texts = Counter(post.parts[0].content.text for post in planned)
    planned = [
        replace(post, lookalike="") if post.lookalike == "before" and texts[post.parts[0].content.text] > 1 else post
        for post in planned
    ]
    return Plan(seed, weather, tuple(planned), accounts, min(2, accounts - 1), 3, length_s)


def _post(
    seed: int, number: int, weather: Weather, accounts: int, length_s: float, before: list[PostPlanned]
) -> PostPlanned:
    dice = Dice(seed, "post", number)
    account = number % accounts
    at = dice() * (length_s - 3600.0)
    burst = dice.happens(0.3)
    if burst:
        at = dice.whole(0, 5) * (length_s - 3600.0) / 6 + dice() * 120.0
    calm = account >= accounts - 2
    parts = _parts(dice, number)
    mine = [post for post in before if post.account == account]
    if mine and not calm and dice.happens(weather.twins):
        twin = mine[-1]
        parts, at = twin.parts, min(length_s - 3600.0, twin.at + dice.skewed(1.0, 2000.0))
    bad = not calm and dice.happens(weather.bad_content)
    if bad:
        first = parts[0]
        text = f"{first.content.text} https://bad.example/{number}"
        parts = (PartAsked(Content(first.content.kind, text, first.content.items, first.content.options)), *parts[1:])
    bad = any("bad.example" in part.content.text for part in parts)
    delay = dice.skewed(30.0, 4 * 3600.0) if dice.happens(0.35) else None
    lateness = dice.weighted(((3600.0, 2), (3 * 3600.0, 3), (12 * 3600.0, 3), (86_400.0, 2)))
    acts: list[ActPlanned] = []
    if not calm and dice.happens(weather.acts):
        for _ in range(dice.whole(1, 2)):
            kind = dice.weighted((("edit", 5.0), ("cancel", 1.5), ("retry", 3.0), ("retime", 1.5)))
            acts.append(ActPlanned(kind, dice.skewed(0.5, 3 * 3600.0)))
    lookalike = (
        dice.one_of(("kind", "longer", "parent", "shorter", "before")) if dice.happens(weather.lookalikes) else ""
    )
    more = Dice(seed, "post", number, "more")
    if not calm and more.happens(weather.stories):
        said = parts[0].content
        shared = replace(said, options=tuple(sorted({*said.options, ("crossreshare_to_ig", "true")})))
        parts = (PartAsked(shared), *parts[1:])
    return PostPlanned(number, account, at, delay, lateness, parts, tuple(acts), "" if calm else lookalike, bad)


def _parts(dice: Dice, number: int) -> tuple[PartAsked, ...]:
    count = dice.whole(2, 5) if dice.happens(0.36) else 1
    media = dice.happens(0.36)
    parts = []
    for place in range(count):
        with_media = media and (place == 0 or dice.happens(0.3))
        kind = dice.weighted((("IMAGE", 5.0), ("VIDEO", 3.0), ("CAROUSEL", 2.0))) if with_media else "TEXT"
        items: tuple[str, ...] = ()
        if kind == "CAROUSEL":
            items = tuple(dice.one_of(("IMAGE", "VIDEO")) for _ in range(dice.whole(2, 4)))
        elif kind != "TEXT":
            items = (kind,)
        options: tuple[tuple[str, str], ...] = ()
        if place == 0 and dice.happens(0.2):
            options = (("reply_control", "mentioned_only"),)
        text = f"{dice.one_of(WORDS)} {dice.one_of(WORDS)} number {number} part {place + 1}"
        parts.append(PartAsked(Content(kind, text, items, options)))
    return tuple(parts)
