"""What the routes about posts answer: a post as it is, or why it was refused."""

from __future__ import annotations

from typing import Protocol

from fastapi import Response

from treadle.domain.answers import Answer, Conflict, Done, Missing, Rejected
from treadle.http import reading
from treadle.http.caller import Caller
from treadle.http.problems import not_found, refusal
from treadle.services.context import App
from treadle.services.post_output import ActionOut, PostOut
from treadle.services.read import read_post
from treadle.store import Connection


def tag(response: Response, post: PostOut) -> PostOut:
    """The post, with its ETag among the headers of the response."""
    response.headers["ETag"] = reading.etag(post.version, post.updated_at)
    return post


async def the_post(app: App, caller: Caller, post_id: str) -> PostOut:
    """A post as the API reads it; raises a :class:`Problem` when this workspace has none of that id."""
    post = await app.db.query(read_post, caller.workspace_id, reading.an_id(post_id, "post"))
    if post is None:
        raise not_found()
    return post


class Action(Protocol):
    """Something that is done with a post, in a transaction."""

    def __call__(self, conn: Connection, workspace_id: str, post_id: str, /, *, now: float, actor: str) -> Answer: ...


async def act(app: App, caller: Caller, post_id: str, action: Action) -> tuple[Done, PostOut]:
    """Do something with a post; what was done, and the post afterwards."""
    id_ = reading.an_id(post_id, "post")

    def work(conn: Connection) -> tuple[Answer, PostOut | None]:
        answer = action(conn, caller.workspace_id, id_, now=app.now(), actor=caller.key_id)
        return answer, read_post(conn, caller.workspace_id, id_)

    answer, post = await app.db.run(work)
    if isinstance(answer, Rejected | Missing | Conflict):
        raise refusal(answer)
    if post is None:
        raise not_found()
    return answer, post


async def action(response: Response, app: App, caller: Caller, post_id: str, wanted: Action) -> ActionOut:
    """The same as the answer of a route."""
    done, post = await act(app, caller, post_id, wanted)
    return ActionOut(message=done.message, **done.detail, post=tag(response, post))
