"""What the tools for assistants answer: posts, accounts and open causes in few fields, refusals in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from treadle.accounts.health import WORDS
from treadle.domain.answers import Conflict, Missing, Rejected
from treadle.domain.findings import Finding
from treadle.services.read import Filters, list_blockers, list_posts
from treadle.store import Connection, accounts
from treadle.store.accounts import AccountRow

MOST = 20
_OF_AN_EVENT = ("started_at", "stage", "what", "outcome", "decision")


def refusal_text(answer: Rejected | Missing | Conflict) -> str:
    """Why something was not done, in plain words."""
    match answer:
        case Rejected(findings):
            return "It cannot be published like this. " + " ".join(_words(f) for f in findings)
        case Missing(what):
            return f"There is no such {what} in this workspace."
        case Conflict(_, message):
            return message


def _words(f: Finding) -> str:
    return f"{f.field or 'The post'}: {f.message} {f.way_out}"


def account_answer(row: AccountRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "username": row.username,
        "health": row.health,
        "health_words": WORDS[row.health],
        "paused": row.paused,
    }


def post_answer(post: Mapping[str, Any]) -> dict[str, Any]:
    cause = post["cause"]
    return {
        "id": post["id"],
        "state": post["state"],
        "state_label": post["state_label"],
        "text": post["text"],
        "username": post["username"],
        "due_at": post["due_at"],
        "why": post["why"],
        "next": post["next"],
        "cause": {k: cause[k] for k in ("pattern", "title", "what_happened", "next_step", "who")} if cause else None,
        "permalinks": [part["permalink"] for part in post["parts"] if part["permalink"]],
    }


def accepted_answer(post: Mapping[str, Any], *, draft: bool, public_url: str) -> dict[str, Any]:
    """Of a post that was accepted; ``draft``: somebody still has to approve it."""
    answer = post_answer(post)
    if draft:
        url = f"{public_url}/posts/{post['id']}"
        message = (
            f"Saved as a draft: a person has to approve it, at {url} or with 'treadle posts confirm {post['id']}'."
        )
        return {"published": False, "message": message, "post": answer}
    return {
        "published": post["state"] == "published",
        "message": "Accepted. Treadle publishes it automatically.",
        "post": answer,
    }


def timeline_answer(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The last of what happened to a post, without what is not known."""
    return [{k: event[k] for k in _OF_AN_EVENT if event[k] is not None} for event in events[-MOST:]]


def attention_answer(conn: Connection, workspace_id: str) -> dict[str, Any]:
    open_ = [
        {
            "blocker_id": b["id"],
            "title": b["cause"]["title"],
            "who": b["cause"]["who"],
            "next_step": b["cause"]["next_step"],
            "posts_waiting": b["posts_waiting"],
            "since": b["opened_at"],
        }
        for b in list_blockers(conn, workspace_id)
    ]
    waiting = {}
    for name, state in (("held", "held"), ("drafts", "draft"), ("unproven", "checking"), ("failed", "failed")):
        found, more = list_posts(conn, workspace_id, Filters(states=(state,)), limit=MOST)
        waiting[name] = {"posts": [post_answer(post) for post in found], "more": more is not None}
    troubled = [account_answer(a) for a in accounts.listing(conn, workspace_id) if a.health != "active"]
    return {"causes": open_, **waiting, "accounts": troubled}
