"""``POST /v1/posts/bulk``: many posts in one request, with an answer for each."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from treadle.domain.answers import Rejected
from treadle.http import reading
from treadle.http.bodies import BulkIn, BulkPostIn
from treadle.http.caller import CurrentApp, Writer
from treadle.http.document import BODY, IDEMPOTENCY, good, problems, takes
from treadle.http.examples import POST_IN_EXAMPLE
from treadle.http.lists import known_query
from treadle.http.problems import refusal
from treadle.services.bulk import BulkOut, bulk_out, submit_many

router = APIRouter(prefix="/v1/posts", tags=["Posts"], dependencies=[Depends(known_query)])


@router.post(
    "/bulk",
    summary="Publish many; an answer for each",
    response_model_exclude_unset=True,
    responses={**good(200, "One entry per post, in the order sent; see each one's status."), **problems(*BODY)},
    openapi_extra=takes(
        BulkIn,
        {"posts": [POST_IN_EXAMPLE, {**POST_IN_EXAMPLE, "text": "Second"}]},
        refers=(BulkPostIn,),
        parameters=[IDEMPOTENCY],
    ),
)
async def create_posts(request: Request, caller: Writer, app: CurrentApp) -> BulkOut:
    """At most 500 posts. One that is refused does not hold the others up; good ones are stored.

    With an `Idempotency-Key` header each post gets the key `<key>#<index>`; a post may bring its own as
    `idempotency_key`. Sending the same request again is safe either way.
    """
    key = reading.idempotency_key(request)
    posts = (await reading.take(request, BulkIn, reading.BULK_LIMIT)).posts
    made = await submit_many(app, caller.workspace_id, posts, actor=caller.key_id, key=key)
    if isinstance(made, Rejected):
        raise refusal(made)
    return bulk_out(made, app.settings.public_url)
