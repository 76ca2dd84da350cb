"""Labels of states and lanes, and how pages format times, lengths of time, sizes and keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from treadle.domain.clocks import clock, time_of_day
from treadle.domain.states import STATE_WORDS
from treadle.domain.zones import time_of_day as read_time
from treadle.domain.zones import zone_named
from treadle.plural import plural
from treadle.store.release import REPAIRED
from treadle.web.draft_options import summary
from treadle.web.icons import STATE_ICONS, TONE_ICONS, icon
from treadle.web.preview import option_label, options_shown

KEY_ID = re.compile(r"\bkey_[0-9a-z]{20,32}\b")
TONES = ("plain", "go", "plan", "wait", "doubt", "act", "stop")
# The only use of colour: what a state asks of the reader.
STATE_TONES: Mapping[str, str] = {
    "draft": "plain",
    "scheduled": "plan",
    "publishing": "wait",
    "waiting": "wait",
    "retrying": "wait",
    "checking": "doubt",
    "blocked": "act",
    "held": "act",
    "published": "go",
    "failed": "stop",
    "canceled": "plain",
}
# A part of a thread, beside its text.
PART_WORDS: Mapping[str, str] = {
    "pending": "not sent yet",
    "preparing": "preparing media",
    "creating": "sending to Threads",
    "waiting": "Threads is preparing it",
    "ready": "ready to publish",
    "publishing": "publishing",
    "checking": "checking whether it was published",
    "published": "published",
    "failed": "failed",
    "canceled": "canceled",
}
OUTCOME_TONES: Mapping[str | None, str] = {
    "ok": "go",
    "refused": "stop",
    "not_sent": "act",
    "lost": "act",
    "interrupted": "act",
    None: "wait",
}
OUTCOME_WORDS: Mapping[str | None, str] = {
    "ok": "Done",
    "refused": "Refused",
    "not_sent": "Not sent",
    "lost": "No answer",
    "interrupted": "Interrupted",
    None: "In progress",
}
STAGE_WORDS: Mapping[str, str] = {
    "oauth": "Connecting",
    "token_refresh": "Renewing the access token",
    "preflight": "Checking the post",
    "media": "Preparing media",
    "create_container": "Creating the container",
    "container_status": "Waiting for Threads",
    "publish": "Publishing",
    "verify": "Verifying",
    "read": "Reading",
    "done": "Done",
    "unknown": "Unknown",
}
LANE_WORDS: Mapping[str, str] = {
    "meta_token": "Access token",
    "linked_instagram_account": "Linked Instagram account",
    "account_restricted": "Account restricted",
    "permission_app_review": "Permissions and app review",
    "media_fetch": "Media fetch",
    "media_processing": "Media processing",
    "media_validation": "Media rules",
    "content": "Content",
    "rate_limit": "Rate limit",
    "platform_temporary": "Threads problems",
    "request_bug": "Invalid request",
    "resource_gone": "Deleted or missing",
    "unknown": "Unknown",
}
WHO_WORDS: Mapping[str, str] = {
    "nobody": "No action needed",
    "owner": "The account's owner",
    "developer": "The Meta app developer",
    "operator": "The Treadle administrator",
    "meta": "Meta",
}
RETRY_WORDS: Mapping[str, str] = {
    "never": "Not without a change",
    "later": "Yes, after a wait",
    "new_container": "Yes, with a new container",
    "verify_first": "Only after checking whether it was published",
    "when_repaired": "Once this is fixed",
}
# What the button says that leads to the post itself: the act, not its kind.
ACTION_BUTTONS: Mapping[str, str] = {"fix_media": "Repair or replace file", "fix_content": "Edit post"}
HEALTH_WORDS: Mapping[str, tuple[str, str]] = {
    "active": ("go", "Connected"),
    "expiring": ("act", "Expires soon"),
    "reconnect": ("act", "Reconnect needed"),
    "checkpoint": ("act", "Login check by Meta"),
    "restricted": ("act", "Restricted by Meta"),
    "limited": ("wait", "Limited"),
    "linked_account": ("act", "Linked account needs attention"),
    "app": ("act", "Meta app needs attention"),
    "disconnected": ("plain", "Disconnected"),
}
# Permissions of an account, as the pages name them.
PERMISSION_WORDS: Mapping[str, str] = {
    "threads_basic": "Read profile",
    "threads_content_publish": "Publish",
    "threads_read_replies": "Read replies",
    "threads_manage_replies": "Manage replies",
    "threads_manage_insights": "Insights",
    "threads_delete": "Delete",
    "threads_location_tagging": "Location",
}
# What an API key may do, by the widest of its scopes: each contains those after it.
KEY_WORDS: Mapping[str, str] = {
    "admin": "Full access",
    "write": "Read and publish",
    "read": "Read only",
}
SCOPE_WORDS: Mapping[str, str] = {
    "post": "this post",
    "account": "one account",
    "app": "the Meta app",
    "media_host": "a media host",
    "platform": "Threads itself",
}


def zone_of(name: str) -> ZoneInfo:
    """The zone of this name; UTC for a name nobody knows."""
    return zone_named(name) or ZoneInfo("UTC")


def epoch(at: float | str | None) -> float | None:
    """Epoch seconds of what the store (float) or the JSON of a post (ISO text) calls a time."""
    if at is None or isinstance(at, float | int):
        return at
    return datetime.fromisoformat(at).timestamp()


def span(seconds: float | None) -> str:
    """A length of time as people say it: ``0.3 s``, ``42 s``, ``3 min``, ``2 h 5 min``, ``4 days``."""
    if seconds is None:
        return ""
    seconds = max(0.0, seconds)
    if seconds < 0.0005:
        return "0 s"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        hours, rest = divmod(round(seconds / 60), 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{seconds / 86400:.0f} days"


# What Threads counts of a post, each with its icon.
METRIC_ICONS = {
    "views": "eye",
    "likes": "heart",
    "replies": "message-circle",
    "reposts": "repeat-2",
    "quotes": "quote",
    "shares": "send",
}


def ago(at: float, now: float) -> str:
    """How far a time is from now: ``in 5 min``, ``3 h ago``, ``just now``."""
    gap = at - now
    if abs(gap) < 5:
        return "just now" if gap <= 0 else "in a moment"
    length = f"{abs(gap):.0f} s" if abs(gap) < 10 else span(abs(gap))
    return f"in {length}" if gap > 0 else f"{length} ago"


def few(n: int) -> str:
    """A count in few characters: ``950``, ``1.2K``, ``38K``, ``4.1M``."""
    for most, unit in ((1_000_000, "M"), (1_000, "K")):
        if n >= most:
            tenths = n * 10 // most
            return f"{tenths // 10}.{tenths % 10}{unit}" if tenths < 100 and tenths % 10 else f"{tenths // 10}{unit}"
    return str(n)


def size(n: float | None) -> str:
    """Bytes as people say them."""
    if n is None:
        return ""
    for unit in ("bytes", "KB", "MB"):
        if n < 1000:
            return f"{n:.0f} {unit}" if unit == "bytes" or n >= 10 else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:.1f} GB"


def pretty(value: Any) -> str:
    """JSON for reading."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


@pass_context
def _time(context: Context, at: float | str | None, *, relative: bool = True, seconds: bool = False) -> Markup:
    """A ``<time>`` in the reader's zone; the exact time is its title."""
    moment = epoch(at)
    if moment is None:
        return Markup("")
    zone, now = context["zone"], context["now"]
    there = datetime.fromtimestamp(moment, UTC).astimezone(zone)
    shown = clock(moment, zone, now, seconds=seconds)
    if relative and abs(moment - now) < 36 * 3600:
        shown = f"{shown} ({ago(moment, now)})"
    exact = f"{there:%Y-%m-%d %H:%M:%S} {there.tzname()}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(there.isoformat(), exact, shown)


def _state(state: str, label: str | None = None) -> Markup:
    """A state as a badge: an icon and a word, with color beside them."""
    shown = icon(STATE_ICONS.get(state, "circle-dashed"), 14)
    return _badge(STATE_TONES.get(state, "plain"), shown, label or STATE_WORDS.get(state, state))


def _chip(tone: str, label: str, name: str = "") -> Markup:
    """A badge of a tone, with the icon ``name`` or that of the tone."""
    return _badge(tone, icon(name or TONE_ICONS.get(tone, "circle-dashed"), 14), label)


def _badge(tone: str, shown: Markup, label: str) -> Markup:
    return Markup('<span class="state state-{}">{}{}</span>').format(tone, shown, label)


def _breaks(text: str) -> Markup:
    """Text with its line ends kept."""
    return Markup("<br>").join(escape(line) for line in text.split("\n"))


def ranges_of(value: Any, text: str, measure: Callable[[str], int]) -> list[tuple[int, int, Mapping[str, Any]]]:
    """Ranges as (begin, end, range) in characters of ``text``, in order; what cannot be placed is left out."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    if not isinstance(value, list | tuple):
        return []
    index, here = {0: 0}, 0
    for n, char in enumerate(text):
        here += measure(char)
        index[here] = n + 1
    found = []
    for item in value:
        if not isinstance(item, Mapping):
            continue
        numbers = [str(item.get(name, "")) for name in ("offset", "length")]
        if not all(n.isascii() and n.isdigit() and len(n) < 10 for n in numbers):
            continue
        start, length = map(int, numbers)
        begin, end = index.get(start), index.get(start + length)
        if begin is not None and end is not None:
            found.append((begin, end, item))
    return sorted(found, key=lambda place: place[0])


def _marked(text: str, places: list[tuple[int, int, Mapping[str, Any]]], wrap: Callable[[str, Any], Markup]) -> Markup:
    pieces, here = [], 0
    for begin, end, item in places:
        if begin < here:
            continue
        pieces += [_breaks(text[here:begin]), wrap(text[begin:end], item)]
        here = end
    return Markup("").join([*pieces, _breaks(text[here:])])


def spoiled(text: str, entities: Any) -> Markup:
    """A post's text with its spoilers covered, as Threads shows it."""
    cover = Markup('<span class="spoiler" title="Spoiler: hidden until tapped">{}</span>')
    places = ranges_of(entities, text, lambda part: len(part.encode("utf-16-le", "surrogatepass")) // 2)
    return _marked(text, places, lambda part, _: cover.format(_breaks(part)))


def styled(text: str, ranges: Any) -> Markup:
    """A longer text with its styles."""
    shape = Markup('<span class="{}">{}</span>')

    def wrap(part: str, item: Any) -> Markup:
        names = [str(name) for name in item.get("styling_info") or () if str(name).isalpha()]
        return shape.format(" ".join(f"style-{name}" for name in names), _breaks(part))

    return _marked(text, ranges_of(ranges, text, len), wrap)


def key_names(text: str, names: Mapping[str, str]) -> str:
    """Keys by the names people gave them: ``Accepted from the key “The shop”``."""
    return KEY_ID.sub(lambda found: f"the key “{names[found[0]]}”" if found[0] in names else "a key", text)


def clock_time(text: str) -> str:
    """A stored time of day, such as ``22:00``, as the pages write times: ``10:00 PM``."""
    found = read_time(text)
    return time_of_day(found) if found else str(text)


def key_scopes(scopes: Sequence[str]) -> str:
    """What a key with these scopes may do."""
    return next((words for scope, words in KEY_WORDS.items() if scope in scopes), ", ".join(scopes))


def step_of(cause: Any) -> str:
    """What whoever looks at a page does about a cause: the words for the owner of the profile, else the plain step."""
    given = cause if isinstance(cause, Mapping) else {"owner_step": cause.owner_step, "next_step": cause.next_step}
    return str(given.get("owner_step") or given.get("next_step") or "")


def _capitalize_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def install(templates: Environment) -> None:
    """Give the templates these filters and labels."""
    templates.filters.update(
        few=few,
        span=span,
        size=size,
        pretty=pretty,
        breaks=_breaks,
        time=_time,
        epoch=epoch,
        tojson_text=pretty,
        spoiled=spoiled,
        styled=styled,
        capitalize_first=_capitalize_first,
        options_shown=options_shown,
        option_label=option_label,
        options_summary=summary,
        step=step_of,
        key_words=key_scopes,
        clock_time=clock_time,
    )
    templates.globals.update(
        icon=icon,
        state_chip=_state,
        chip=_chip,
        plural=plural,
        ago=ago,
        STATE_WORDS=STATE_WORDS,
        STATE_TONES=STATE_TONES,
        STATE_ICONS=STATE_ICONS,
        PART_WORDS=PART_WORDS,
        OUTCOME_TONES=OUTCOME_TONES,
        OUTCOME_WORDS=OUTCOME_WORDS,
        STAGE_WORDS=STAGE_WORDS,
        LANE_WORDS=LANE_WORDS,
        WHO_WORDS=WHO_WORDS,
        ACTION_BUTTONS=ACTION_BUTTONS,
        RETRY_WORDS=RETRY_WORDS,
        HEALTH_WORDS=HEALTH_WORDS,
        SCOPE_WORDS=SCOPE_WORDS,
        METRIC_ICONS=METRIC_ICONS,
        SCOPES=PERMISSION_WORDS,
        REPAIR_WORDS=REPAIRED,
    )
