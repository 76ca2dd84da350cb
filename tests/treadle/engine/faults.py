"""What Threads can answer instead of what it should, and what must never follow from it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from tests.treadle.engine.shop import SETTLE_S, TIMEOUT_S


def _error(status: int, code: int, message: str, subcode: int | None = None, **more: Any) -> dict[str, Any]:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Aabc", **more}
    if subcode is not None:
        error["error_subcode"] = subcode
    return {"status": status, "body": {"error": error}}


FAULTS: Mapping[str, dict[str, Any]] = {
    "500_code_1": _error(500, 1, "An unknown error occurred"),
    "500_code_2": _error(
        500, 2, "An unexpected error has occurred. Please retry your request later.", is_transient=True
    ),
    "502_html": {"status": 502, "body": "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"},
    "400_code_10": _error(400, 10, "Application does not have permission for this action"),
    "spam_4_2207051": _error(400, 4, "We restrict certain activity to protect our community.", 2207051),
    "token_190": _error(400, 190, "Error validating access token: Session has expired on Sunday.", 463),
    "rate_613": _error(400, 613, "Calls to this api have exceeded the rate limit.", 4279002),
    "missing_24": _error(400, 24, "The requested resource does not exist", 4279009, is_transient=False),
    "drop": {"drop": True},
    "slow": {"delay_s": 1.6 * TIMEOUT_S},  # longer than we wait, shorter than the settle time
    "truncated": {"truncate": True},
}
# Answers after which nobody knows whether a publish went out.
UNCLEAR = frozenset(
    {"500_code_1", "500_code_2", "502_html", "400_code_10", "spam_4_2207051", "drop", "slow", "truncated"}
)
# Plain refusals: Threads does not publish and then say these.
REFUSALS = frozenset({"token_190", "rate_613", "missing_24"})


@dataclass(frozen=True, slots=True)
class Fault:
    endpoint: str
    name: str
    when: str = "before"
    nth: int | None = None
    times: int | None = 1

    @property
    def id(self) -> str:
        return f"{self.endpoint}-{self.name}-{self.when}" + (f"-{self.nth}" if self.nth else "")

    def arm(self, control: Any, username: str) -> None:
        control.fault(
            self.endpoint, FAULTS[self.name], account=username, nth=self.nth, times=self.times, when=self.when
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the client saw its end."""

    at: float  # when it came, by Threads' clock
    endpoint: str
    method: str
    path: str
    params: Mapping[str, Any]
    ok: bool  # a whole answer of the right kind arrived in time
    body: Any


def read_log(requests: list[dict[str, Any]]) -> list[Asked]:
    asked = []
    for entry in sorted(requests, key=lambda entry: entry["at"]):  # written down when it was answered
        try:
            body = json.loads(entry["answer"])
        except ValueError:
            body = entry["answer"]
        whole = not entry["dropped"] and not entry["truncated"] and entry["elapsed_ms"] < TIMEOUT_S * 1000
        good = whole and entry["status"] == 200 and isinstance(body, dict)
        asked.append(
            Asked(
                entry["at"],
                entry["endpoint"],
                entry["method"],
                entry["path"],
                entry["params"],
                good,
                body if whole else None,
            )
        )
    return asked


@dataclass(frozen=True, slots=True)
class Heard:
    """What the product wrote down of its answers. On a starved machine one can come when the client has given up, or a
    worker whose lease ran out can get one that it may not write down any more: nobody knows what these said."""

    containers: frozenset[str]  # that it was told of
    dead_tokens: Counter[tuple[str, str]]  # by method and the end of the path

    @classmethod
    def of(cls, timeline: list[dict[str, Any]]) -> Self:
        containers, dead = set(), Counter[tuple[str, str]]()
        for event in timeline:
            body = (event["answer"] or {}).get("body")
            if not isinstance(body, dict) or not event["request"]:
                continue
            if event["stage"] == "create_container" and event["outcome"] == "ok":
                containers.add(str(body.get("id")))
            error = body.get("error")
            if isinstance(error, dict) and error.get("code") == 190:
                dead[_asked(event["request"]["method"], event["request"]["path"])] += 1
        return cls(frozenset(containers), dead)


def _asked(method: str, path: str) -> tuple[str, str]:
    return method, path.rstrip("/").rsplit("/", 1)[-1]


def in_vain(requests: list[dict[str, Any]], heard: Heard | None = None) -> list[str]:
    """Calls that could not succeed, or that were made without knowing that they may: empty when all is well.

    ``heard``: ``None`` when workers were killed, so that it is not asked which container was known.
    """
    log = read_log(requests)
    wrong = _made_again(log, heard.containers) if heard is not None else []
    unread = Counter(heard.dead_tokens) if heard is not None else None
    refused = False  # the call before was told that the token is dead, and that was written down
    for place, call in enumerate(log):
        if call.endpoint == "publish":
            container = str(call.params.get("creation_id"))
            before = log[:place]
            sends = [c for c in before if c.endpoint == "publish" and str(c.params.get("creation_id")) == container]
            asked = [c for c in before if c.endpoint == "status" and c.path.rstrip("/").endswith(container) and c.ok]
            if any(c.ok for c in sends):
                wrong.append(f"{container} was published again after a success")
            if not asked or asked[-1].body.get("status") != "FINISHED":
                wrong.append(f"{container} was published although its last known status was not FINISHED")
            unclear = [c for c in sends if not _plain_refusal(c)]
            if unclear:
                last = unclear[-1].at
                looked = [c for c in asked if c.at > last]
                if call.at - last < SETTLE_S:
                    wrong.append(f"{container} was sent again {call.at - last:.2f} s after an unclear send")
                if len(looked) < 2 or not any(c.endpoint == "list" and c.ok and c.at > last for c in before):
                    wrong.append(f"{container} was sent again without a proof that it is not out")
        if refused and not _probe(call) and not _asked_together(log[place - 1], call):
            wrong.append(f"{call.endpoint} was asked after the token was refused")
        refused = _token_dead(call)
        if refused and unread is not None and not _probe(call):
            what = _asked(call.method, call.path)
            refused = unread[what] > 0
            unread[what] -= 1
    return wrong


def _made_again(log: list[Asked], known: frozenset[str]) -> list[str]:
    """Containers made although a known one was there for the same part, and nothing had said that it is of no use."""
    wrong, made = [], dict[str, str]()
    for place, call in enumerate(log):
        if call.endpoint != "create":
            continue
        part = json.dumps([call.params.get(name) for name in _OF_A_PART])
        old = made.get(part)
        if old is not None and not any(_of_no_use(later, old) for later in log[:place]):
            wrong.append(f"{call.body} was made although {old} was there")
        if call.ok and str(call.body.get("id")) in known:
            made[part] = str(call.body["id"])
    return wrong


_OF_A_PART = ("text", "reply_to_id", "image_url", "video_url", "media_type", "is_carousel_item", "children")


def _of_no_use(call: Asked, container: str) -> bool:
    """Whether an answer said of a container that it failed, expired, or is not there."""
    if call.endpoint == "status" and call.path.rstrip("/").endswith(container):
        if call.ok:
            return call.body.get("status") in ("ERROR", "EXPIRED")
    elif call.endpoint != "publish" or str(call.params.get("creation_id")) != container:
        return False
    error = call.body.get("error") if isinstance(call.body, dict) else None
    return isinstance(error, dict) and error.get("error_subcode") == 4279009


def _plain_refusal(call: Asked) -> bool:
    error = call.body.get("error") if isinstance(call.body, dict) else None
    return isinstance(error, dict) and error.get("code") in (190, 613, 24, 100)


def _token_dead(call: Asked) -> bool:
    error = call.body.get("error") if isinstance(call.body, dict) else None
    return isinstance(error, dict) and error.get("code") == 190


def _probe(call: Asked) -> bool:
    """The one read by which it is looked whether the token works again."""
    return call.method == "GET" and call.endpoint == "read" and call.path.rstrip("/").endswith("/me")


def _asked_together(first: Asked, second: Asked) -> bool:
    """A carousel's children are made and polled at once."""
    return first.endpoint == second.endpoint and abs(second.at - first.at) < 0.05


def graph_time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
