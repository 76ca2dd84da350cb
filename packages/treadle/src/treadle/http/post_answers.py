"""What the routes about posts answer: a post as it is, or why it was refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from starlette.responses import JSONResponse

from treadle.domain.answers import Answer, Missing, Refusal, Rejected
from treadle.http import reading
from treadle.http.caller import Caller
from treadle.http.problems import not_found, refusal
from treadle.services.context import App
from treadle.services.read import post_json


def post_answer(post: dict[str, Any], status: int = 200, **more: Any) -> JSONResponse:
    headers = {"ETag": reading.etag(post["version"], post["updated_at"])}
    if status == 201:
        headers["Location"] = f"/v1/posts/{post['id']}"
    return JSONResponse({**post, **more}, status, headers)


async def the_post(app: App, caller: Caller, post_id: str) -> dict[str, Any]:
    """A post as the API reads it; raises a :class:`Problem` when this workspace has none of that id."""
    post = await app.db.query(post_json, caller.workspace_id, reading.an_id(post_id, "post"))
    if post is None:
        raise not_found()
    return post


async def act(
    app: App, caller: Caller, post_id: str, deed: Callable[[sa.Connection, str], Answer], *, bare: bool = False
) -> JSONResponse:
    """Do something with a post and answer it as it is afterwards; ``bare``: the post alone, without a message."""
    id_ = reading.an_id(post_id, "post")

    def work(conn: sa.Connection) -> tuple[Answer, dict[str, Any] | None]:
        return deed(conn, id_), post_json(conn, caller.workspace_id, id_)

    answer, post = await app.db.run(work)
    if isinstance(answer, Rejected | Missing | Refusal):
        raise refusal(answer)
    if post is None:
        raise not_found()
    if bare:
        return post_answer(post)
    body = {"message": answer.message, **answer.detail, "post": post}
    return JSONResponse(body, headers={"ETag": reading.etag(post["version"], post["updated_at"])})
