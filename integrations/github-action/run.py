"""The step of the action: publish or check one post, and end with its outcome.

Exit codes: 0 published, scheduled, or would be published; 1 refused, failed, or waiting for a person; 2 wrong inputs;
3 no outcome yet, or the server was not reached: the post may still go out, so run the step again with the same key.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from treadle_client import ApiError, ConnectionFailed, NotSettled, Treadle
from treadle_client.types import Post, PostIn

DONE, REFUSED, WRONG, OPEN = 0, 1, 2, 3


@dataclass(frozen=True)
class Outcome:
    """What the step says at its end. ``message`` is for the log; it is an error unless ``code`` is 0."""

    code: int
    message: str
    state: str = ""
    id: str = ""
    permalink: str = ""
    next_step: str = ""


class WrongInput(Exception):
    """An input that cannot be meant."""


def run(given: Mapping[str, str]) -> Outcome:
    """Do what the inputs ask for; ``given`` are the variables of action.yml."""
    mode = given.get("TREADLE_MODE", "publish")
    server, key = given.get("TREADLE_SERVER", "").strip(), given.get("TREADLE_KEY", "").strip()
    if mode not in ("publish", "check"):
        raise WrongInput(f"mode is publish or check, not '{mode}'.")
    if not server.startswith(("https://", "http://")):
        raise WrongInput("server is the address of your Treadle server, such as https://treadle.example.com.")
    if not key:
        raise WrongInput("key is empty. Is the secret set, and may this workflow read it?")
    try:
        timeout_s = float(given.get("TREADLE_TIMEOUT") or 600)
    except ValueError:
        raise WrongInput("timeout is a number of seconds.") from None
    with Treadle(server, key) as client:
        body = _post(client, given)
        if mode == "check":
            return _check(client, body)
        made = client.posts.create(idempotency_key=given.get("TREADLE_IDEMPOTENCY_KEY") or None, **body)
        if body.get("publish_at"):
            return _ended(made) if made["state"] != "scheduled" else _made(made, DONE, "It is scheduled.")
        try:
            return _ended(client.posts.wait(made["id"], timeout_s=timeout_s))
        except NotSettled as open_still:
            return _made(made, OPEN, f"No outcome yet: {open_still}. It goes on.", state=open_still.state)


def _post(client: Treadle, given: Mapping[str, str]) -> PostIn:
    name = given.get("TREADLE_ACCOUNT", "").strip().removeprefix("@").lower()
    known = client.accounts.list()["data"]
    found = [one for one in known if not name or name in (one["id"], one["username"].lower())]
    if len(found) != 1:
        names = ", ".join(f"@{one['username']}" for one in known) or "none"
        raise WrongInput(f"account names one of the accounts that are connected: {names}.")
    body: PostIn = {"account_id": found[0]["id"], "text": given.get("TREADLE_TEXT", "")}
    items = [line.strip() for line in given.get("TREADLE_MEDIA", "").splitlines() if line.strip()]
    if items:
        body["media"] = [{"id": item} if item.startswith("med_") else {"url": item} for item in items]
    if at := given.get("TREADLE_PUBLISH_AT", "").strip():
        body["publish_at"] = at
    return body


def _check(client: Treadle, body: PostIn) -> Outcome:
    ahead = client.posts.check(body)
    if ahead["ok"]:
        return Outcome(DONE, "It would be published.", state="passed")
    found = [*ahead["findings"], *(finding for medium in ahead["media"] for finding in medium["findings"])]
    return Outcome(REFUSED, _in_words(found), state="refused")


def _in_words(findings: Iterable[Mapping[str, Any]]) -> str:
    stopping = [one for one in findings if one["severity"] == "error"]
    return "\n".join(f"{one['field'] or 'post'}: {one['message']} {one['way_out']}" for one in stopping)


def _ended(post: Post) -> Outcome:
    if post["state"] == "published":
        return _made(post, DONE, "It is published.")
    why = " ".join(word for word in (post["state_label"], post["why"]) if word)
    return _made(post, REFUSED, f"It is not published. {why}")


def _made(post: Post, code: int, message: str, *, state: str = "") -> Outcome:
    cause = post["cause"]
    permalink = post["parts"][0]["permalink"] or ""
    next_step = cause["next_step"] if cause and post["state"] != "published" else ""
    return Outcome(code, message, state or post["state"], post["id"], permalink, next_step)


def main() -> int:
    """Run the step, and write its outputs and its log."""
    try:
        outcome = run(os.environ)
    except WrongInput as wrong:
        outcome = Outcome(WRONG, str(wrong))
    except ConnectionFailed as lost:
        outcome = Outcome(OPEN, f"Your Treadle server was not reached: {lost}")
    except ApiError as refused:
        message = "\n".join(word for word in (str(refused), _in_words(refused.findings)) if word)
        code = OPEN if refused.retryable else REFUSED
        outcome = Outcome(code, message, state="refused", next_step=refused.way_out)
    outputs = {
        "id": outcome.id, "state": outcome.state, "permalink": outcome.permalink, "next-step": outcome.next_step,
    }  # fmt: skip
    if path := os.environ.get("GITHUB_OUTPUT"):
        with open(path, "a", encoding="utf-8") as file:
            for name, value in outputs.items():
                edge = secrets.token_hex(8)  # so that no value can end its own line and begin another output
                file.write(f"{name}<<{edge}\n{value}\n{edge}\n")
    text = "\n".join(word for word in (outcome.message, outcome.next_step, outcome.permalink, outcome.id) if word)
    if outcome.code:
        text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        print(f"::error title=Treadle::{text}")
    else:
        print(text.replace("::", ":\u200b:"))
    return outcome.code


if __name__ == "__main__":
    sys.exit(main())
