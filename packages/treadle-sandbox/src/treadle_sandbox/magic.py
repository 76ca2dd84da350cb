"""Failures asked for by the request itself, so that a test in any language needs no control API.

A text that holds ``#sandbox:WORD``, an address of a medium ``https://sandbox.test/WORD.jpg``, and a token, code or
search ``sandbox:WORD`` each provoke what WORD names. ``*2`` after a word: only for the first two calls it concerns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from treadle_sandbox.answers import CONTAINER_NAMES, EFFECT_NAMES, MEDIA_ERRORS, NAMED, Reply
from treadle_sandbox.faults import ENDPOINTS, Fault
from treadle_sandbox.model import Container
from treadle_sandbox.samples import SAMPLES, name_in
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World

_WORD = re.compile(r"sandbox:([A-Za-z0-9_.]+)(?:\*([1-9][0-9]{0,5}))?")
# What is live is not what was asked: the switches of the same names, for one post.
LIVE_WORDS = ("detach_reply", "drop_item", "cut_text", "story_share_failed")


@dataclass(frozen=True, slots=True)
class Magic:
    """One word: where it acts and what it does there; ``what`` says it to people."""

    endpoint: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    when: str = "before"
    what: str = ""


SHORT: dict[str, Magic] = {
    "create_lost": Magic("create", {"drop": True}, "after", "the container is made, the answer is lost"),
    "create_dropped": Magic("create", {"drop": True}, "before", "the connection is closed, nothing was made"),
    "create_cut": Magic("create", {"truncate": True}, "after", "the container is made, half the answer arrives"),
    "publish_lost": Magic("publish", {"drop": True}, "after", "the post is live, the answer is lost"),
    "publish_dropped": Magic("publish", {"drop": True}, "before", "the connection is closed, nothing is live"),
    "publish_cut": Magic("publish", {"truncate": True}, "after", "the post is live, half the answer arrives"),
    "publish_slow": Magic("publish", {"delay_s": 3}, "before", "the answer takes three seconds"),
    "publish_race": Magic("publish", {"name": "media_not_found"}, "before", "the container is not found at first"),
    "status_dropped": Magic("status", {"drop": True}, "before", "reading the container closes the connection"),
}
_ONCE = frozenset(("create_dropped", "publish_dropped", "publish_slow", "publish_race", "status_dropped"))


class UnknownWord(Exception):
    """A word that means nothing; the message names the nearest one."""


def read_word(word: str) -> Magic | None:
    """What a word does; ``None`` for words that change the container or the post. Raises :class:`UnknownWord`.

    ``NAME`` acts at the creation, ``publish.NAME`` at the publish, ``published.NAME`` there after the effect,
    ``ENDPOINT.NAME`` at any other call, ``pattern.ID`` answers as the catalogue's example does.
    """
    if word in SHORT:
        return SHORT[word]
    if word in LIVE_WORDS or word in EFFECT_NAMES or word in MEDIA_ERRORS or word in CONTAINER_NAMES[:2]:
        return None
    where, dot, name = word.partition(".")
    endpoint, name, when = (where, name, "before") if dot else ("create", word, "before")
    if endpoint == "published":
        endpoint, when = "publish", "after"
    if endpoint == "pattern":
        answer = pattern_answer(name)
        if answer is not None:
            return Magic("create", answer)
    elif endpoint in ENDPOINTS and name.startswith("pattern."):
        answer = pattern_answer(name.removeprefix("pattern."))
        if answer is not None:
            return Magic(endpoint, answer, when)
    elif endpoint in ENDPOINTS and name in NAMED:
        return Magic(endpoint, {"name": name}, when)
    elif endpoint == "status" and name in CONTAINER_NAMES:
        return Magic(endpoint, {"name": name})
    from difflib import get_close_matches

    near = get_close_matches(word, [*SHORT, *LIVE_WORDS, *NAMED, *EFFECT_NAMES, *MEDIA_ERRORS], 1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise UnknownWord(f"This sandbox knows no word 'sandbox:{word}'.{hint} /_sandbox/reference lists them.")


def words_in(text: str) -> list[tuple[str, int | None]]:
    """The words of a text, each with how often it acts (``None``: as often as it is asked)."""
    if "#sandbox:" not in text:
        return []
    return [(m[1], int(m[2]) if m[2] else None) for m in _WORD.finditer(text) if text[m.start() - 1 : m.start()] == "#"]


def leave(call: Call, container: Container) -> None:
    """What the words of a creation do to the container it makes."""
    container.magic = [[word, times] for word, times in words_in(call.text("text"))]
    named = [word for word, _ in words_in(call.text("text"))]
    for name in ("image_url", "video_url"):
        stem = (name_in(call.text(name)) or "").rpartition(".")[0]
        if stem in MEDIA_ERRORS or stem in EFFECT_NAMES or stem in CONTAINER_NAMES[:2]:
            named.append(stem)
    for word in named:
        if word in MEDIA_ERRORS or word == "container_error":
            container.error = word if word in MEDIA_ERRORS else "UNKNOWN"
        container.expired = container.expired or word == "container_expired"
        container.lost = container.lost or word == "container_lost"
        container.stuck = container.stuck or word == "container_stuck"


def asks(container: Container, word: str) -> bool:
    return any(row[0] == word for row in container.magic)


def fault_of(world: World, call: Call, token: str) -> Fault | Reply | None:
    """The failure a call asks for, if it does; a reply when it asks for one that does not exist."""
    try:
        for owner, word, times in _asked(world, call, token):
            made = read_word(word)
            if made is None or made.endpoint != (call.endpoint if owner != "token" else made.endpoint):
                continue
            if times is None and (word in _ONCE or made.when == "after"):
                times = 1
            if times is None or world.magic_used(f"{owner} {word}") <= times:
                return Fault("magic", made.endpoint, made.answer, when=made.when, note=f"sandbox:{word}")
    except UnknownWord as wrong:
        return Reply(400, {"error": {"message": str(wrong), "type": "SandboxException", "code": 100}})
    return None


def _asked(world: World, call: Call, token: str) -> list[tuple[str, str, int | None]]:
    found: list[tuple[str, str, int | None]] = []
    if token.startswith("sandbox:"):
        found += [("token", word, times) for word, times in words_in(f"#{token}")]
    account = call.account.id if call.account is not None else ""
    if call.endpoint == "create":
        text = call.text("text")
        if "#sandbox:" in text:
            found += [(f"{account} {text}", word, times) for word, times in words_in(text)]
        for name in ("image_url", "video_url"):
            sample = name_in(call.text(name)) or ""
            stem = sample.rpartition(".")[0]
            if stem in NAMED and sample not in SAMPLES:
                found.append((f"{account} {name}", stem, None))
        if text and call.flag("auto_publish_text"):
            found = [(o, _at_once(word), t) for o, word, t in found]
    elif call.endpoint in ("publish", "status"):
        container = world.tables.containers.get(call.reference("creation_id") or call.node)
        if container is not None and container.magic:
            found += [(f"{container.id} {call.endpoint}", word, times) for word, times in container.magic]
    else:
        for name in ("code", "q", "input_token"):
            value = call.text(name)
            if value.lstrip("#").startswith("sandbox:"):
                found += [(f"{account} {name}", word, t) for word, t in words_in("#" + value.lstrip("#"))]
        found = [(o, word if "." in word or o == "token" else f"{call.endpoint}.{word}", t) for o, word, t in found]
    return found


def _at_once(word: str) -> str:
    """A text that is created and published by one call: what concerns the publish concerns that call."""
    if word.startswith("publish_") and f"create_{word[8:]}" in SHORT:
        return f"create_{word[8:]}"
    return f"create.{word.partition('.')[2]}" if word.startswith("publish.") else word


# The catalogue's answers ---------------------------------------------------------------------------------------------


@cache
def pattern_answer(pattern_id: str) -> Mapping[str, Any] | None:
    """The first example of a catalogue's pattern that is an answer of HTTP, as a fault says it."""
    from treadle_diagnosis.catalog import load

    pattern = next((p for p in load().patterns if p.id == pattern_id), None)
    for example in pattern.examples if pattern is not None else ():
        if example.body not in (None, "") or example.http_status is not None:
            body = "" if example.body is None else example.body
            return {"status": example.http_status or 400, "body": body, "headers": dict(example.headers)}
    return None
