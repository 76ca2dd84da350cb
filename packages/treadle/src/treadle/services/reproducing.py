"""A post's failure as a scenario for the sandbox: the answers that were kept, and a post of the same shape.

It is safe to attach to an issue: texts, names, ids, addresses and traces stay behind.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from treadle import __version__
from treadle.domain.cause import diagnose
from treadle.services.post_output import EventOut, PartOut, PostOut
from treadle_diagnosis.catalog import load
from treadle_diagnosis.redact import redact, redact_text

FORMAT: Final = "treadle-scenario-1"
MAX_BODY: Final = 6_000  # characters of an answer that is no JSON
KEPT_HEADERS: Final = frozenset({"content-type", "retry-after", "www-authenticate", "x-app-usage"})
ENDED: Final = frozenset({"ERROR", "EXPIRED"})
NO_BODY: Final = {"data", "paging", "access_token", "fbtrace_id"}  # keys of answers that tell of a person, or nothing
FOR_PEOPLE: Final = frozenset({"error_user_title", "error_user_msg"})
CODES: Final = frozenset({"code", "error_code", "error_subcode", "status", "api_error_code"})
SHORT_NUMBER: Final = 5  # digits of a number that may be an id; no limit in Meta's words has as many
_LONG_NUMBER: Final = re.compile(rf"\d{{{SHORT_NUMBER},}}")
MIN_WRITTEN: Final = 4  # characters of an option: a shorter one is in too many words
_WRITTEN: Final = (
    "topic_tag", "alt_text", "poll_attachment", "text_attachment", "link_attachment", "location_id", "extra"
)  # fmt: skip
SANDBOX: Final = "SANDBOX"  # stands for its address in the post's media
_EDGES: Final = {
    ("POST", "threads"): "create",
    ("POST", "threads_publish"): "publish",
    ("POST", "repost"): "repost",
    ("GET", "threads"): "list",
    ("GET", "replies"): "list",
    ("GET", "threads_publishing_limit"): "limit",
    ("GET", "refresh_access_token"): "token",
    ("GET", "access_token"): "token",
}


class ScenarioRule(BaseModel):
    """A failure as the sandbox's control API takes it; ``nth`` counts calls of the endpoint from 1."""

    endpoint: str
    nth: int
    times: int | None
    when: Literal["before", "after"] = "before"
    answer: dict[str, Any]


class FailureScenario(BaseModel):
    """What ``treadle sandbox --scenario FILE`` reads, and the post that then ends as the first one did."""

    format: str = FORMAT
    treadle: str = __version__
    pattern: str | None = Field(description="The cause's pattern that it ends in; null: none.")
    state: str
    post: dict[str, Any] = Field(description="For POST /v1/posts, without an account. SANDBOX is its address.")
    faults: list[ScenarioRule]
    how: list[str] = [
        "treadle sandbox --scenario THIS_FILE, and a fresh server against it (docs/start.md)",
        "create the post: its fields are under 'post', with an account of the sandbox",
        "it ends in this state and pattern",
    ]


def scenario_of(post: PostOut, events: Sequence[EventOut]) -> FailureScenario | None:
    """The scenario; ``None`` when no answer of Threads, and no lost one, stands in the timeline."""
    secret = _names(post)
    met: Counter[str] = Counter()
    rules: list[ScenarioRule] = []
    for event in events:
        request = event.request if isinstance(event.request, Mapping) else None
        if event.kind != "call" or request is None or (endpoint := _endpoint(request)) is None:
            continue
        met[endpoint] += 1
        answer = _answer(event, secret)
        if answer is None:
            continue
        live = post.state == "published" and endpoint == "publish" and not _sent_again(events, event)
        when: Literal["before", "after"] = "after" if live else "before"
        rules.append(ScenarioRule(endpoint=endpoint, nth=met[endpoint], times=1, when=when, answer=answer))
    if not rules:
        return None
    if post.state != "published":  # what came last would come again
        for endpoint in {rule.endpoint for rule in rules}:
            last = [rule for rule in rules if rule.endpoint == endpoint][-1]
            last.times = None if last.nth == met[endpoint] else 1
    pattern = post.cause.pattern if post.cause else None
    return FailureScenario(pattern=pattern, state=post.state, post=_shape(post.parts), faults=rules)


def _endpoint(request: Mapping[str, Any]) -> str | None:
    """The sandbox's name for what was called; ``None`` for what it does not fail by itself."""
    method = str(request.get("method", "GET"))
    path = urlsplit(str(request.get("path", ""))).path
    segments = [part for part in path.split("/") if part and not re.fullmatch(r"v\d+(\.\d+)?", part)]
    if not segments:
        return None
    if found := _EDGES.get((method, segments[-1])):
        return found
    if method == "DELETE":
        return "delete"
    if method != "GET" or len(segments) != 1:
        return None
    params = request.get("params")
    fields = str(params.get("fields", "")) if isinstance(params, Mapping) else ""
    return "status" if "status" in fields.split(",") else "read"


def _answer(event: EventOut, secret: Sequence[str]) -> dict[str, Any] | None:
    """What the sandbox has to answer; ``None``: the call went well, or nobody saw its end."""
    answer = event.answer if isinstance(event.answer, Mapping) else {}
    status, body = answer.get("status"), answer.get("body")
    ended = isinstance(body, Mapping) and body.get("status") in ENDED
    if event.outcome == "lost" or (event.outcome == "refused" and status is None):
        return {"drop": True}
    if status is None or not (event.outcome == "refused" or ended):
        return None
    headers = answer.get("headers")
    kept = {str(k).lower(): v for k, v in headers.items()} if isinstance(headers, Mapping) else {}
    shown = {k: _plain(str(v), secret) for k, v in kept.items() if k in KEPT_HEADERS}
    plain = _plain(body if body is not None else "", secret)
    return {"status": int(status), "headers": shown, "body": _without_words_for_people(plain, event.stage, int(status))}


def _without_words_for_people(body: Any, stage: str, status: int) -> Any:
    """Without the words of Meta's that are meant for the owner and may name what is theirs, where the rest decides."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return body
    bare = {**body, "error": {k: v for k, v in error.items() if k not in FOR_PEOPLE}}
    same = diagnose(body=bare, stage=stage, http_status=status).pattern
    return bare if same == diagnose(body=body, stage=stage, http_status=status).pattern else body


def _sent_again(events: Sequence[EventOut], lost: EventOut) -> bool:
    later = (e for e in events if e.id > lost.id and e.part == lost.part and isinstance(e.request, Mapping))
    return any(_endpoint(e.request) == "publish" for e in later)


def _names(post: PostOut) -> list[str]:
    """What of this post must not be in the scenario, longest first."""
    names = [post.username or "", post.account_id, post.id]
    for part in post.parts:
        names += [part.text, part.id, part.container_id or "", part.threads_id or "", part.permalink or ""]
        written = [part.options.get(name) for name in _WRITTEN] + [one.get("alt_text") for one in part.media]
        names += [text for text in _texts_in(written) if len(text) >= MIN_WRITTEN]
    return sorted({word for word in names if len(word) >= 2}, key=len, reverse=True)


def _texts_in(value: Any) -> Iterator[str]:
    """Every text in options or media."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts_in(one)


def _plain(value: Any, secret: Sequence[str], name: str = "") -> Any:
    """An answer without what is somebody's; codes, and the words of Meta's that decide, stay. ``name``: its key."""
    if isinstance(value, Mapping):
        return {str(k): _plain(redact({k: v})[k], secret, str(k)) for k, v in value.items() if k not in NO_BODY}
    if isinstance(value, list):
        return [_plain(one, secret, name) for one in value]
    if isinstance(value, bool) or not isinstance(value, int | str):
        return value
    if name == "id" or name.endswith("_id"):
        return type(value)("1" * len(str(value)))
    if isinstance(value, int):
        return value if name in CODES or abs(value) < 10 ** (SHORT_NUMBER - 1) else int("1" * len(str(abs(value))))
    text = value[:MAX_BODY]
    for word in secret:
        text = text.replace(word, "somebody")
    text = redact_text(text)
    text = re.sub(r"(?<![\w.+-])[\w.+-]++@[\w-]+\.[\w.]+", "somebody@example.com", text)
    text = re.sub(r"(?<!\w)@[\w.]+", "@somebody", text)
    text = re.sub(r"https?://[^\s\"'<>\\]+", "https://example.com/", text)
    return _LONG_NUMBER.sub(_one_digit, text)


@cache
def _known_codes() -> frozenset[int]:
    """Every code and subcode that a pattern of the catalogue names."""
    return frozenset(
        code for each in load().patterns for match in each.matches for code in (*match.code, *match.subcode)
    )


def _one_digit(run: re.Match[str]) -> str:
    """A number without its digits, unless it is a code that the catalogue knows."""
    number = run[0]
    return number if len(number) < 9 and int(number) in _known_codes() else "1" * len(number)


def _shape(parts: Sequence[PartOut]) -> dict[str, Any]:
    shaped = [_part(part, number) for number, part in enumerate(parts, 1)]
    return {**shaped[0], **({"replies": shaped[1:]} if shaped[1:] else {})}


def _part(part: PartOut, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {"text": f"Part {number} of a post that is reproduced"}
    picture = {"url": f"{SANDBOX}/_sandbox/samples/good.jpg"}
    film = {"url": f"{SANDBOX}/_sandbox/samples/good.mp4"}
    media = {"IMAGE": [picture], "VIDEO": [film], "CAROUSEL": [picture] * max(2, len(part.media))}
    return {**made, "media": media[part.kind]} if part.kind in media else made
