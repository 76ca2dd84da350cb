"""Many posts in one request, each with an answer of its own: one that is refused does not hold the others up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from treadle.domain.answers import Conflict, Missing, Rejected
from treadle.domain.findings import Finding, finding
from treadle.domain.incoming import NotJson, is_idempotency_key
from treadle.services.context import App
from treadle.services.intake import Accepted, accept, with_field
from treadle.services.output import ApiModel
from treadle.services.post_output import PostOut
from treadle.services.refusals import ProblemDetails, ProblemOut, details_of, finding_out
from treadle.store import Connection

MOST = 500
GROUP = 50  # short transactions: nobody waits long for the database


class BulkItem(ApiModel):
    """What became of one post of many: the stored post, or why it was refused."""

    index: int = Field(description="Its place in the request, from 0.")
    status: int = Field(description="201: stored; 200: stored by an earlier request; else that of 'problem'.")
    post: PostOut | None = None
    problem: ProblemOut | None = None


class BulkOut(ApiModel):
    data: list[BulkItem] = Field(description="One for each post, in the order sent.")
    accepted: int
    refused: int


@dataclass(frozen=True, slots=True)
class BulkEntry:
    """The answer to one post of many; ``index`` is its place in the request."""

    index: int
    answer: Accepted | Rejected | Missing | Conflict | NotJson

    @property
    def stored(self) -> bool:
        return isinstance(self.answer, Accepted)

    def out(self, public_url: str) -> BulkItem:
        match self.answer:
            case Accepted(post, again, warnings):
                if warnings:
                    remarks = [finding_out(one, public_url) for one in warnings]
                    post = post.model_copy(update={"warnings": remarks})
                return BulkItem(index=self.index, status=200 if again else 201, post=post)
            case NotJson(message):
                problem = ProblemDetails("bad_json", message).out(public_url)
            case refused:
                problem = details_of(refused).out(public_url)
        return BulkItem(index=self.index, status=problem.status, problem=problem)


def bulk_out(entries: Sequence[BulkEntry], public_url: str) -> BulkOut:
    accepted = sum(entry.stored for entry in entries)
    data = [entry.out(public_url) for entry in entries]
    return BulkOut(data=data, accepted=accepted, refused=len(entries) - accepted)


async def submit_many(
    app: App, workspace_id: str, posts: Sequence[Any], *, actor: str, key: str | None
) -> list[BulkEntry] | Rejected:
    """Store 1 to 500 posts; an entry for each, in the order sent. ``key`` as in :func:`submit_group`."""
    if not 1 <= len(posts) <= MOST:
        count = len(posts)
        return Rejected((finding("posts", "many_posts", given=count, limit=[1, MOST], count=count, most=MOST),))
    numbered, made = list(enumerate(posts)), list[BulkEntry]()
    for start in range(0, len(numbered), GROUP):
        group = numbered[start : start + GROUP]
        made += await app.db.run(submit_group, app, workspace_id, group, actor=actor, key=key, now=app.now())
    return made


def submit_group(
    conn: Connection,
    app: App,
    workspace_id: str,
    group: Sequence[tuple[int, Any]],
    *,
    actor: str,
    key: str | None,
    now: float,
) -> list[BulkEntry]:
    """Store the posts of a group, each with its index, in the caller's transaction.

    ``key``: an idempotency key for all, from which each post without one of its own gets ``<key>#<index>``.
    """
    made = []
    for index, item in group:
        body, own_key = _own_key(item)
        answer: Accepted | Rejected | Missing | Conflict
        if isinstance(own_key, Finding):
            answer = Rejected((own_key,))
        else:
            derived = f"{key}#{index}" if key is not None else None
            answer = accept(conn, app, workspace_id, body, now=now, actor=actor, idempotency_key=own_key or derived)
        if isinstance(answer, Rejected):
            answer = Rejected(with_field(answer.findings, f"posts[{index}]"))
        made.append(BulkEntry(index, answer))
    return made


def _own_key(item: Any) -> tuple[Any, str | Finding | None]:
    """The post without its ``idempotency_key``, and that."""
    if not isinstance(item, dict):
        return item, None
    rest = {name: value for name, value in item.items() if name != "idempotency_key"}
    key = item.get("idempotency_key")
    if key is not None and not is_idempotency_key(key):
        return rest, finding("idempotency_key", "idempotency_key", given=key, name="idempotency_key")
    return rest, key
