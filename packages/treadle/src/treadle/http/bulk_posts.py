"""``POST /v1/posts/bulk``: many posts in one request, with an answer for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from treadle.domain.answers import Rejected
from treadle.domain.findings import Finding
from treadle.http import answers, bodies, reading
from treadle.http.caller import House, Writer
from treadle.http.document import BODY, IDEMPOTENCY, good, problems, takes
from treadle.http.examples import POST_IN_EXAMPLE
from treadle.http.lists import known_query
from treadle.http.post_answers import refusal
from treadle.http.problems import invalid
from treadle.services.context import App
from treadle.services.intake import Accepted, accept, with_field

router = APIRouter(prefix="/v1/posts", tags=["Posts"], dependencies=[Depends(known_query)])


@router.post(
    "/bulk",
    summary="Publish many; an answer for each",
    response_model=answers.BulkOut,
    responses={**good(200, "One entry per post, in the order sent; see each one's status."), **problems(*BODY)},
    openapi_extra=takes(
        bodies.BulkIn, {"posts": [POST_IN_EXAMPLE, {**POST_IN_EXAMPLE, "text": "Second"}]}, parameters=[IDEMPOTENCY]
    ),
)
async def create_posts(request: Request, caller: Writer, app: House) -> Response:
    """At most 500 posts. One that is refused does not hold the others up; good ones are stored.

    With an `Idempotency-Key` header each post gets the key `<key>#<index>`; a post may bring its own as
    `idempotency_key`. Sending the same request again is safe either way.
    """
    key = reading.idempotency_key(request)
    body = reading.mapping(await reading.read_json(request, reading.BULK_LIMIT))
    body = reading.only(body, {"posts": list})
    items = body.get("posts") or []
    if not 1 <= len(items) <= 500:
        raise invalid(
            [
                Finding(
                    "posts",
                    "bulk_size",
                    f"There are {len(items)} posts; 1 to 500 go in one request.",
                    "Send them in groups.",
                    given=len(items),
                    limit=[1, 500],
                )
            ]
        )
    data = []
    for start in range(0, len(items), 50):  # short transactions: nobody waits long for the database
        group = list(enumerate(items))[start : start + 50]
        data += await app.db.run(accept_group, app, caller.workspace_id, group, caller.key_id, key, app.now())
    accepted = sum(1 for item in data if item["status"] < 300)
    return JSONResponse({"data": data, "accepted": accepted, "refused": len(data) - accepted})


def accept_group(
    conn: sa.Connection,
    app: App,
    workspace_id: str,
    group: Sequence[tuple[int, Any]],
    actor: str,
    key: str | None,
    now: float,
) -> list[dict[str, Any]]:
    """Store the posts of a group, each with its index; an answer for each, with ``status`` as HTTP has it.

    ``key``: an idempotency key for all, from which each post without one of its own gets one.
    """
    made = []
    for index, item in group:
        item, own_key = _own_key(item)
        if own_key is None and key is not None:
            own_key = f"{key}#{index}"
        answer: Any
        if isinstance(own_key, Finding):
            answer = Rejected((own_key,))
        else:
            answer = accept(conn, app, workspace_id, item, now=now, actor=actor, idempotency_key=own_key)
        if isinstance(answer, Accepted):
            entry = {"index": index, "status": 200 if answer.again else 201, "post": answer.post}
        else:
            if isinstance(answer, Rejected):
                answer = Rejected(with_field(answer.findings, f"posts[{index}]"))
            problem = refusal(answer).body(app.settings.public_url)
            entry = {"index": index, "status": problem["status"], "problem": problem}
        made.append(entry)
    return made


def _own_key(item: Any) -> tuple[Any, str | Finding | None]:
    if not isinstance(item, dict) or item.get("idempotency_key") is None:
        return ({k: v for k, v in item.items() if k != "idempotency_key"} if isinstance(item, dict) else item), None
    key = item["idempotency_key"]
    rest = {k: v for k, v in item.items() if k != "idempotency_key"}
    if not isinstance(key, str) or not reading.IDEMPOTENCY_KEY.match(key):
        said = "An idempotency_key is 1 to 200 printable ASCII characters."
        return rest, Finding("idempotency_key", "idempotency_key", said, "Send a fresh UUID, for instance.", given=key)
    return rest, key
