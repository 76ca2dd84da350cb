"""A post as the form of Compose holds it: from a form, from a stored post, to the request of the service. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from treadle.domain.findings import Finding
from treadle.domain.splitting import split_text
from treadle.web.clock_changes import question
from treadle.web.draft_options import (
    fields_of,
    is_begun,
    is_offered,
    normal,
    read_metadata,
    read_options,
    say_metadata,
    say_options,
    troubles,
)

MOST_PARTS = 100
MOST_ACCOUNTS = 50
# Fields of the whole post -> where the form shows what is found about them.
WHOLE = {
    "account_id": "account",
    "publish_at": "at",
    "zone": "at",
    "max_lateness": "at",
    "labels": "labels",
    "metadata": "metadata",
    "approval": "approval",
}
Get = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class DraftPart:
    """One part. ``media``: ``{"id" or "url", "type", "alt_text", "filename"}``; ``options`` as the API names them."""

    text: str = ""
    media: tuple[Mapping[str, Any], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    # What stands in the fields that are more than one parameter: phrases, a longer text, a GIF.
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> str:
        """Options newer than this form, as JSON: carried, not lost."""
        more = {name: value for name, value in self.options.items() if not is_offered(name)}
        return json.dumps(more, ensure_ascii=False, separators=(",", ":")) if more else ""

    @property
    def begun(self) -> bool:
        """Whether any of its options is filled in."""
        return is_begun(self.options, self.typed)

    def to_body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"text": self.text} if self.text else {}
        if self.media:
            known = ("id", "url", "type", "alt_text", "spoiler")
            body["media"] = [{k: item[k] for k in known if item.get(k)} for item in self.media]
        if self.options:
            body["options"] = dict(self.options)
        return body


@dataclass(frozen=True, slots=True)
class Draft:
    """The whole form. ``at`` is a local time as the browser's field gives it (``2026-12-01T09:00``), in ``zone``."""

    account_id: str = ""
    # Further accounts that publish, too, each a post of its own.
    also: tuple[str, ...] = ()
    # Whether each account publishes what is its own: ``parts`` is what ``tab`` publishes, ``own`` what the others do,
    # by account; under "" what all of them began with.
    each: bool = False
    tab: str = ""
    own: Mapping[str, tuple[DraftPart, ...]] = field(default_factory=dict)
    parts: tuple[DraftPart, ...] = (DraftPart(),)
    # Whose profile the preview shows while all accounts publish the same.
    preview_as: str = ""
    when: str = "now"
    at: str = ""
    zone: str = "UTC"
    # One of the two times that a local time skipped or doubled by a clock change can mean, with its offset.
    meant: str = ""
    lateness_h: str = "24"
    labels: str = ""
    metadata: str = ""
    approval: bool = False
    once: str = ""
    post_id: str = ""
    version: int | None = None

    @property
    def accounts(self) -> tuple[str, ...]:
        """Every account that publishes, in order."""
        return (self.account_id, *self.also)

    @property
    def shown(self) -> str:
        """The account whose post the form shows."""
        return self.tab if self.each and self.tab in self.accounts else self.account_id

    @property
    def previewed(self) -> str:
        """The account whose profile the preview shows."""
        return self.preview_as if not self.each and self.preview_as in self.accounts else self.shown

    def parts_of(self, account_id: str) -> tuple[DraftPart, ...]:
        """What one of the accounts publishes."""
        if not self.each or account_id in ("", self.tab):
            return self.parts
        return self.own.get(account_id, self.own.get("", self.parts))

    def of(self, account_id: str) -> Draft:
        """The post of one of the accounts, as a draft of that alone."""
        parts = self.parts_of(account_id)
        return replace(self, account_id=account_id, also=(), parts=parts, each=False, tab="", own={})

    def adjusted(self) -> Draft:
        """Each account with a copy of its own of what all of them publish so far."""
        if self.each or not self.also:
            return self
        return replace(self, each=True, tab=self.account_id, own={"": self.parts})

    def adjusted_again(self, tab: str, own: Mapping[str, tuple[DraftPart, ...]]) -> Draft:
        """What :meth:`same` took away; ``tab``: the account whose post the form shows."""
        return replace(self, each=True, tab=tab, own=own).settled() if self.also and tab else self

    def same(self) -> Draft:
        """What the form shows, for every account."""
        return replace(self, each=False, tab="", own={})

    def turned(self, account_id: str) -> Draft:
        """The form with the post of another account; what it showed is kept as that account's own."""
        if not self.each or account_id not in self.accounts or account_id == self.tab:
            return self
        own = {**self.own, self.tab: self.parts}
        parts = self.parts_of(account_id)
        own.pop(account_id, None)
        return replace(self, tab=account_id, parts=parts, own=own)

    def settled(self) -> Draft:
        """With a tab that is one of the accounts: one may have been taken out since the form was made."""
        return self if self.tab in self.accounts or not self.account_id else self.turned(self.account_id)

    def to_body(self) -> dict[str, Any]:
        """The request that ``POST /v1/posts`` would take; of several accounts the first one's (see :meth:`of`)."""
        body: dict[str, Any] = {"account_id": self.account_id, **self.parts[0].to_body()}
        if len(self.parts) > 1:
            body["replies"] = [part.to_body() for part in self.parts[1:]]
        if self.when == "queue" and not self.post_id:
            body["queue"] = True
        if self.when == "at":
            asked = question(self.at, self.zone)
            chosen = self.meant if asked and asked.takes(self.meant) else self.at
            body["publish_at"], body["zone"] = chosen or "no time", self.zone
        hours = self.lateness_h.strip().replace(",", ".")
        if hours:
            body["max_lateness"] = f"PT{hours}H"
        labels = [label.strip() for label in self.labels.split(",") if label.strip()]
        if labels:
            body["labels"] = labels
        metadata = read_metadata(self.metadata)
        if metadata and not isinstance(metadata, Finding):
            body["metadata"] = metadata
        if self.approval and not self.post_id:
            body["approval"] = True
        return body

    def troubles(self) -> list[Finding]:
        """What the form cannot make a request of."""
        found = []
        for n, part in enumerate(self.parts):
            path = "options." if n == 0 else f"replies[{n - 1}].options."
            found += troubles(part.typed, part.text, path)
        metadata = read_metadata(self.metadata)
        return [*found, metadata] if isinstance(metadata, Finding) else found

    def to_patch(self) -> dict[str, Any]:
        """The same as a change of a stored post: what is empty now is sent, too, so that it is removed."""
        body = self.to_body()
        empty: dict[str, Any] = {"text": "", "media": [], "options": {}, "replies": [], "labels": [], "metadata": {}}
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

    def split(self, index: int, *, numbered: bool) -> Draft:
        """A part whose text is too long, as a thread of its own; its media and options stay with the first piece."""
        part = self.parts[index]
        pieces = split_text(part.text, numbered=numbered)
        made = (replace(part, text=pieces[0]), *(DraftPart(piece) for piece in pieces[1:]))
        parts = (*self.parts[:index], *made, *self.parts[index + 1 :])
        return replace(self, parts=parts) if len(parts) <= MOST_PARTS else self

    def joined(self, index: int, count: int, text: str) -> Draft:
        """The ``count`` parts from ``index`` on as one with this text; files that were added meanwhile stay with it."""
        pieces = self.parts[index : index + count]
        if len(pieces) < count or count < 2:
            return self
        media = tuple(item for piece in pieces for item in piece.media)
        whole = replace(pieces[0], text=text, media=media)
        return replace(self, parts=(*self.parts[:index], whole, *self.parts[index + count :]))

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
    chosen = list(dict.fromkeys(one for one in many("account_id") if one))
    tab = get("tab") if not get("post_id") else ""
    return Draft(
        account_id=chosen[0] if chosen else "",
        also=tuple(chosen[1:MOST_ACCOUNTS]),
        parts=_parts(get, many),
        each=bool(tab),
        tab=tab,
        own=read_own(many("own")) if tab else {},
        preview_as=get("preview-as"),
        when=get("when") if get("when") in ("at", "queue") else "now",
        at=get("at"),
        zone=get("zone") or "UTC",
        meant=get("meant")[:40],
        lateness_h=get("lateness_h"),
        labels=get("labels"),
        metadata=get("metadata"),
        approval=bool(get("approval")),
        once=get("once")[:60],
        post_id=get("post_id"),
        version=_whole(get("version"), 0) or None,
    ).settled()


def read_own(kept: Sequence[str]) -> dict[str, tuple[DraftPart, ...]]:
    """What accounts publish whose post the form does not show, as :func:`say_own` says it; nonsense is left out."""
    made = {}
    for text in kept[: 2 * MOST_ACCOUNTS]:
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if not isinstance(fields, dict) or not all(isinstance(values, list) for values in fields.values()):
            continue
        clean = {name: [_clean(value) for value in values] for name, values in fields.items()}

        def many(name: str, among: Mapping[str, Sequence[str]] = clean) -> Sequence[str]:
            return among.get(name, ())

        def get(name: str, among: Mapping[str, Sequence[str]] = clean) -> str:
            return next(iter(among.get(name, ())), "")

        made[get("account")] = _parts(get, many)
    return made


def _clean(value: object) -> str:
    """A text as a form field brings it: no NUL, and nothing that is no character."""
    return str(value).replace("\0", "").encode("utf-8", "ignore").decode()


def say_own(account_id: str, parts: Sequence[DraftPart]) -> str:
    """What an account publishes, as the fields of a form would bring it, in one field."""
    fields = {"account": [account_id], "parts": [str(len(parts))]}
    for n, part in enumerate(parts):
        name = f"part-{n}"
        single = {"text": part.text, "kept": part.kept, **fields_of(part.options, part.typed)}
        fields |= {f"{name}-{key}": [value] for key, value in single.items() if value}
        media = [{**item, "url": "" if item.get("id") else item.get("url", "")} for item in part.media]
        for field_, key in _MEDIA_FIELDS.items():
            if any(item.get(key) for item in media):
                values = [item.get(key) for item in media]
                fields[f"{name}-media-{field_}"] = ["1" if value is True else str(value or "") for value in values]
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


_MEDIA_FIELDS: Mapping[str, str] = {
    "id": "id", "url": "url", "type": "type", "alt": "alt_text", "name": "filename", "spoiler": "spoiler",
}  # fmt: skip


def _parts(get: Get, many: Callable[[str], Sequence[str]]) -> tuple[DraftPart, ...]:
    count = min(MOST_PARTS, max(1, _whole(get("parts"), 1)))
    return tuple(_part(get, many, n) for n in range(count))


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _part(get: Get, many: Callable[[str], Sequence[str]], n: int) -> DraftPart:
    name = f"part-{n}"
    ids, urls = many(f"{name}-media-id"), many(f"{name}-media-url")
    types, alts, names, hidden = (many(f"{name}-media-{what}") for what in ("type", "alt", "name", "spoiler"))

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
            kept: dict[str, Any] = {k: v for k, v in item.items() if v}
            items.append({**kept, "spoiler": True} if nth(hidden, index) else kept)
    items += [{"url": url.strip()} for url in get(f"{name}-url").split() if url.strip()]
    text = get(f"{name}-text")
    filled = read_options(get, name, text)
    return DraftPart(text, tuple(items), filled.options, filled.typed)


def from_body(body: Mapping[str, Any], zone: ZoneInfo, *, at: float | None, lateness_s: float | None) -> Draft:
    """The form for a stored post. ``body``: what :func:`treadle.store.rows.body_of` gives; ``at``: epoch seconds."""
    parts = [body, *(body.get("replies") or [])]
    local = datetime.fromtimestamp(at, UTC).astimezone(zone) if at is not None else None
    hours = f"{lateness_s / 3600:g}" if lateness_s is not None else "24"
    return Draft(
        account_id=str(body.get("account_id") or ""),
        parts=tuple(_stored_part(p) for p in parts),
        when="at" if local else "now",
        at=f"{local:%Y-%m-%dT%H:%M}" if local else "",
        zone=str(zone),
        meant=local.isoformat() if local and question(f"{local:%Y-%m-%dT%H:%M}", str(zone)) else "",
        lateness_h=hours,
        labels=", ".join(body.get("labels") or ()),
        metadata=say_metadata(body.get("metadata") or {}),
    )


def _stored_part(part: Mapping[str, Any]) -> DraftPart:
    text, media = str(part.get("text") or ""), tuple(part.get("media") or ())
    options = normal(part.get("options") or {})
    if len(media) == 1 and options.get("alt_text") and not media[0].get("alt_text"):
        media = ({**media[0], "alt_text": options.pop("alt_text")},)
    return DraftPart(text, media, options, say_options(options, text))


def next_full_hour(now: float, zone: ZoneInfo) -> str:
    """What the field for a time begins with: ``2026-12-01T09:00``, in the zone."""
    local = datetime.fromtimestamp((now // 3600 + 1) * 3600, UTC).astimezone(zone)
    if local.minute:  # a zone whose offset is no whole hour
        local = (local.astimezone(UTC) + timedelta(minutes=60 - local.minute)).astimezone(zone)
    return f"{local:%Y-%m-%dT%H:%M}"


def place_of(field_path: str) -> tuple[int | None, str]:
    """Which part (``None``: the post as a whole) and which field of the form a finding is about."""
    part: int | None = 0
    if field_path.startswith("replies["):
        number, _, rest = field_path[8:].partition("]")
        if not number.isdigit():
            return None, ""
        part, field_path = int(number) + 1, rest.removeprefix(".")
    head = field_path.split(".", 1)[0].split("[", 1)[0]
    if head == "options":
        option = field_path[len("options") :].lstrip(".").split(".", 1)[0].split("[", 1)[0]
        return part, option if is_offered(option) else "text"
    if head in ("text", "media", ""):
        return (part, "text") if head or part else (None, "")
    return None, WHOLE.get(head, "")
