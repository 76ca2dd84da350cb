"""A post as the form of Compose holds it: from a form, from a stored post, to the request of the service. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

MOST_PARTS = 100
SWITCHES = ("is_spoiler_media", "is_ghost_post", "enable_reply_approvals", "crossreshare_to_ig")
WORDS = ("topic_tag", "reply_control", "link_attachment", "quote_post_id", "on_too_long", "reply_to_id", "location_id")
POLL = ("option_a", "option_b", "option_c", "option_d")
OFFERED = frozenset({*SWITCHES, *WORDS, "poll_attachment", "allowlisted_country_codes"})

Get = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class DraftPart:
    """One part. ``media``: ``{"id" or "url", "type", "alt_text", "filename"}``; ``options`` as the API names them."""

    text: str = ""
    media: tuple[Mapping[str, Any], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> str:
        """Options the form has no field for (text attachments, positions, GIFs, ...), as JSON: carried, not lost."""
        more = {name: value for name, value in self.options.items() if name not in OFFERED}
        return json.dumps(more, ensure_ascii=False, separators=(",", ":")) if more else ""

    def to_body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"text": self.text} if self.text else {}
        if self.media:
            known = ("id", "url", "type", "alt_text")
            body["media"] = [{k: item[k] for k in known if item.get(k)} for item in self.media]
        if self.options:
            body["options"] = dict(self.options)
        return body


@dataclass(frozen=True, slots=True)
class Draft:
    """The whole form. ``at`` is a local time as the browser's field gives it (``2026-12-01T09:00``), in ``zone``."""

    account_id: str = ""
    parts: tuple[DraftPart, ...] = (DraftPart(),)
    when: str = "now"
    at: str = ""
    zone: str = "UTC"
    lateness_h: str = "24"
    labels: str = ""
    once: str = ""
    post_id: str = ""
    version: int | None = None

    def to_body(self) -> dict[str, Any]:
        """The request that ``POST /v1/posts`` would take."""
        body: dict[str, Any] = {"account_id": self.account_id, **self.parts[0].to_body()}
        if len(self.parts) > 1:
            body["replies"] = [part.to_body() for part in self.parts[1:]]
        if self.when == "at":
            body["publish_at"], body["zone"] = self.at or "no time", self.zone
        hours = self.lateness_h.strip().replace(",", ".")
        if hours:
            body["max_lateness"] = f"PT{hours}H"
        labels = [label.strip() for label in self.labels.split(",") if label.strip()]
        if labels:
            body["labels"] = labels
        return body

    def to_patch(self) -> dict[str, Any]:
        """The same as a change of a stored post: what is empty now is said, so that it goes away."""
        body = self.to_body()
        empty: dict[str, Any] = {"text": "", "media": [], "options": {}, "replies": [], "labels": []}
        patch = {**empty, **body}
        if self.when != "at":
            patch["publish_at"] = None
        return patch

    def with_part(self, index: int, part: DraftPart) -> Draft:
        return replace(self, parts=tuple(part if i == index else p for i, p in enumerate(self.parts)))

    def without(self, index: int) -> Draft:
        rest = tuple(p for i, p in enumerate(self.parts) if i != index)
        return replace(self, parts=rest or (DraftPart(),))

    def grown(self) -> Draft:
        return replace(self, parts=(*self.parts, DraftPart())) if len(self.parts) < MOST_PARTS else self

    def moved(self, index: int, by: int) -> Draft:
        """One part a place up or down; the first part's own options stay with it."""
        other = index + by
        if not (0 <= index < len(self.parts) and 0 <= other < len(self.parts)):
            return self
        parts = list(self.parts)
        parts[index], parts[other] = parts[other], parts[index]
        return replace(self, parts=tuple(parts))


def read_form(get: Get, many: Callable[[str], Sequence[str]]) -> Draft:
    """The draft in a form. Addresses typed into ``part-N-url`` join the part's media."""
    count = min(MOST_PARTS, max(1, _whole(get("parts"), 1)))
    return Draft(
        account_id=get("account_id"),
        parts=tuple(_part(get, many, n) for n in range(count)),
        when="at" if get("when") == "at" else "now",
        at=get("at"),
        zone=get("zone") or "UTC",
        lateness_h=get("lateness_h"),
        labels=get("labels"),
        once=get("once")[:60],
        post_id=get("post_id"),
        version=_whole(get("version"), 0) or None,
    )


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _part(get: Get, many: Callable[[str], Sequence[str]], n: int) -> DraftPart:
    name = f"part-{n}"
    ids, urls = many(f"{name}-media-id"), many(f"{name}-media-url")
    types, alts, names = (many(f"{name}-media-{what}") for what in ("type", "alt", "name"))

    def nth(values: Sequence[str], index: int) -> str:
        return values[index] if index < len(values) else ""

    items: list[Mapping[str, Any]] = []
    for index in range(max(len(ids), len(urls))):
        item = {
            "id": nth(ids, index),
            "url": nth(urls, index),
            "type": nth(types, index),
            "alt_text": nth(alts, index),
            "filename": nth(names, index),
        }
        if item["id"] or item["url"]:
            items.append({k: v for k, v in item.items() if v})
    items += [{"url": url.strip()} for url in get(f"{name}-url").split() if url.strip()]
    return DraftPart(get(f"{name}-text"), tuple(items), _options(get, name))


def _options(get: Get, name: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for word in WORDS:
        if value := get(f"{name}-{word}").strip():
            options[word] = value
    for switch in SWITCHES:
        if get(f"{name}-{switch}"):
            options[switch] = True
    poll = {choice: text for choice in POLL if (text := get(f"{name}-poll-{choice}").strip())}
    if poll:
        options["poll_attachment"] = poll
    countries = [c.strip().upper() for c in get(f"{name}-countries").split(",") if c.strip()]
    if countries:
        options["allowlisted_country_codes"] = countries
    return {**_carried(get(f"{name}-kept")), **options}


def _carried(text: str) -> dict[str, Any]:
    """Options that came with the post and have no field here; the rules judge them like any other."""
    try:
        more = json.loads(text) if text else {}
    except ValueError:
        return {}
    return {str(k): v for k, v in more.items() if k not in OFFERED} if isinstance(more, dict) else {}


def from_body(body: Mapping[str, Any], zone: ZoneInfo, *, at: float | None, lateness_s: float | None) -> Draft:
    """The form for a stored post. ``body``: what :func:`treadle.posts.rows.body_of` gives; ``at``: epoch seconds."""
    parts = [body, *(body.get("replies") or [])]
    local = datetime.fromtimestamp(at, UTC).astimezone(zone) if at is not None else None
    hours = f"{lateness_s / 3600:g}" if lateness_s is not None else "24"
    return Draft(
        account_id=str(body.get("account_id") or ""),
        parts=tuple(
            DraftPart(str(p.get("text") or ""), tuple(p.get("media") or ()), dict(p.get("options") or {}))
            for p in parts
        ),
        when="at" if local else "now",
        at=f"{local:%Y-%m-%dT%H:%M}" if local else "",
        zone=str(zone),
        lateness_h=hours,
        labels=", ".join(body.get("labels") or ()),
    )


def part_of(field_path: str) -> int | None:
    """Which part a finding's field is about; ``None``: the post as a whole."""
    if field_path.startswith("replies["):
        number = field_path[8:].split("]", 1)[0]
        return int(number) + 1 if number.isdigit() else None
    head = field_path.split(".", 1)[0].split("[", 1)[0]
    return 0 if head in ("text", "media", "options") else None
