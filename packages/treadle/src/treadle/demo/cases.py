"""What the demo posts, what is done to it, and how each post has to end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LINK = "https://example.com/looms"
# Within Threads' limit of 500 when characters are counted and beyond it when bytes are. The demo's Threads counts
# bytes, so it refuses what nobody could know for certain beforehand.
LONG_TEXT = " ".join(["Ο αργαλειός υφαίνει το νήμα."] * 15)


@dataclass(frozen=True, slots=True)
class Case:
    """One post of the demo. ``expects``: the state it must end in, and the pattern it must be named by on the way.

    ``fault`` is what the sandbox does to it; ``copies`` how often it must stand on Threads in the end; ``most_creates``
    how many containers may be asked for.
    """

    name: str
    account: str
    body: Callable[[Mapping[str, str]], dict[str, Any]]
    state: str = "published"
    pattern: str | None = None
    fault: Mapping[str, Any] | None = None
    copies: int = 1
    most_creates: int | None = None
    tells: str = ""


def text(words: str, **options: Any) -> Callable[[Mapping[str, str]], dict[str, Any]]:
    body: dict[str, Any] = {"text": words}
    if options:
        body["options"] = options
    return lambda urls: body


def media(words: str, *names: str) -> Callable[[Mapping[str, str]], dict[str, Any]]:
    return lambda urls: {"text": words, "media": [{"url": urls[name], "alt_text": f"Demo: {name}"} for name in names]}


def chain(urls: Mapping[str, str]) -> dict[str, Any]:
    replies = [{"text": "Two: the weft goes through."}, {"text": "Three: and beat."}]
    return {"text": "One: open the shed.", "replies": replies}


CASES: tuple[Case, ...] = (
    Case("text", "weaver", text("A treadle is the pedal that drives the loom.")),
    Case("link and topic", "weaver", text(f"How looms work: {LINK}", topic_tag="weaving", link_attachment=LINK)),
    Case("image", "weaver", media("The first yard.", "picture")),
    Case("carousel", "weaver", media("Warp, weft, and the loom at work.", "picture", "video", "second picture")),
    Case(
        "video",
        "weaver",
        media("Press it and the thread goes through.", "video"),
        tells="waited for while it is processed",
    ),
    Case("chain of three", "weaver", chain, copies=3),
    Case("scheduled", "weaver", text("This one was scheduled."), tells="a few seconds ahead"),
    Case(
        "container still processing",
        "dyer",
        text("Good things take a moment."),
        fault={"endpoint": "status", "times": 3, "answer": {"name": "container_in_progress"}},
        most_creates=1,
        tells="waited for",
    ),
    Case(
        "wrong codec",
        "dyer",
        media("Spun the wrong way round.", "wrong codec"),
        pattern=None,
        tells="repaired by Treadle",
    ),
    Case(
        "too long a video",
        "dyer",
        media("Far too much thread.", "too long"),
        state="blocked",
        pattern="duration_exceed",
        copies=0,
        most_creates=0,
        tells="named before Threads is asked",
    ),
    Case(
        "crawler refused",
        "spinner",
        media("Nobody at home for crawlers.", "behind a wall"),
        pattern=None,
        most_creates=2,
        tells="published from a copy that Treadle hosts",
    ),
    Case(
        "over-long text, HTTP 500",
        "dyer",
        text(LONG_TEXT),
        state="blocked",
        pattern="text_too_long",
        copies=0,
        most_creates=1,
        tells="not retried although Threads says 500",
    ),
    Case(
        "24/4279009 after creation",
        "carder",
        text("Too early is not too late."),
        fault={
            "endpoint": "publish",
            "times": 1,
            "answer": {
                "status": 400,
                "body": {
                    "error": {
                        "message": "The requested resource does not exist",
                        "type": "OAuthException",
                        "code": 24,
                        "error_subcode": 4279009,
                        "is_transient": False,
                        "error_user_title": "Media Not Found",
                        "error_user_msg": "The media with id 17900000000000001 cannot be found.",
                    }
                },
            },
        },
        pattern="container_not_found",
        most_creates=1,
        tells="recovers automatically",
    ),
    Case(
        "answer lost after the effect",
        "carder",
        text("Out there, and nobody said so."),
        fault={"endpoint": "publish", "times": 1, "when": "after", "answer": {"drop": True}},
        pattern="outcome_unknown",
        most_creates=1,
        tells="found, not doubled",
    ),
    Case(
        "spam block",
        "tangler",
        text("Win a loom! Win a loom!"),
        fault={
            "endpoint": "publish",
            "times": None,
            "answer": {
                "status": 403,
                "body": {
                    "error": {
                        "message": "We restrict certain activity to protect our community",
                        "type": "OAuthException",
                        "code": 4,
                        "error_subcode": 2207051,
                        "is_transient": False,
                    }
                },
            },
        },
        state="blocked",
        pattern="action_blocked",
        copies=0,
        most_creates=1,
        tells="checked that nothing is out, then stopped",
    ),
    Case(
        "unknown answer",
        "carder",
        text("A thread nobody has seen before."),
        fault={
            "endpoint": "create",
            "times": 1,
            "answer": {
                "status": 400,
                "body": {"error": {"message": "The shuttle is out", "type": "OAuthException", "code": 987654}},
            },
        },
        state="failed",
        pattern="unknown",
        copies=0,
        most_creates=1,
        tells="kept, not retried",
    ),
)

REVOKED_POSTS: tuple[str, ...] = (
    "Written before the token was revoked.",
    "This one waits behind the same cause.",
    "And so does this one.",
)
SCENE_ACCOUNTS: tuple[str, ...] = ("weaver", "dyer", "spinner", "carder", "tangler", "revoked")


@dataclass(slots=True)
class Played:
    """A case as it goes: the post's id, and what was met on the way."""

    case: Case
    post_id: str
    patterns: set[str] = field(default_factory=set)
