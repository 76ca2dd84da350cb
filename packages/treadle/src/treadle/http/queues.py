"""``/v1/accounts/{id}/queue``: the slots of an account, what is in them, adding and moving posts."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from treadle.domain.answers import Answer, Missing, Rejected
from treadle.domain.findings import finding
from treadle.http import bodies, examples, reading
from treadle.http.caller import CurrentApp, Reader, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.examples import POST_EXAMPLE
from treadle.http.lists import known_query, moment
from treadle.http.post_answers import action
from treadle.http.problems import invalid, not_found, refusal
from treadle.http.reading import PostId
from treadle.services import queue as services
from treadle.services.post_output import ActionOut
from treadle.services.queue import QueueOut
from treadle.store import Connection

router = APIRouter(prefix="/v1", tags=["Queue"], dependencies=[Depends(known_query)])
_SLOTS = [{"weekday": "mon", "time": "09:00"}, {"weekday": "thu", "time": "12:30"}]
_QUEUE = {
    "account_id": examples.ACCOUNT,
    "zone": "America/New_York",
    "slots": _SLOTS,
    "paused": False,
    "next_free": "2026-12-03T17:30:00.000Z",
    "entries": [{"at": "2026-12-03T17:30:00.000Z", "slot": True, "post": None}],
    "empty_days": ["2026-12-03"],
}


@router.get(
    "/accounts/{account_id}/queue",
    summary="Read the queue of an account",
    response_model=QueueOut,
    response_model_exclude_unset=True,
    responses={**good(200, "The next 14 days.", _QUEUE), **problems(404)},
)
async def read_queue(account_id: str, caller: Reader, app: CurrentApp) -> QueueOut:
    """Its slots, what is due in the next 14 days, and which slots are free."""
    id_ = reading.an_id(account_id, "account")
    found = await app.db.query(services.read, caller.workspace_id, id_, zone="UTC", now=app.now())
    if isinstance(found, Missing):
        raise not_found("account")
    return found


@router.put(
    "/accounts/{account_id}/queue",
    summary="Set the slots of a queue",
    response_model=QueueOut,
    response_model_exclude_unset=True,
    responses={**good(200, "As it is now.", _QUEUE), **problems(404, *BODY)},
    openapi_extra=takes(bodies.QueueIn, {"zone": "America/New_York", "slots": _SLOTS}),
)
async def set_queue(request: Request, account_id: str, caller: Writer, app: CurrentApp) -> QueueOut:
    """Replaces all slots. Posts keep the times they have."""
    id_ = reading.an_id(account_id, "account")
    wanted = await reading.take(request, bodies.QueueIn)
    slots = [(one.weekday, one.time) for one in wanted.slots]
    made = await app.db.run(
        services.set_slots, caller.workspace_id, id_, wanted.zone, slots, actor=caller.key_id, now=app.now()
    )
    if isinstance(made, Missing | Rejected):
        raise refusal(made)
    return made


_DONE = good(200, "Done; the post as it is now.", {"message": "Moved.", "post": POST_EXAMPLE}, "ETag")
_FIXED = ("not_editable", "being_checked")


@router.post(
    "/posts/{post_id}/queue",
    summary="Add a post to the queue",
    response_model=ActionOut,
    response_model_exclude_unset=True,
    responses={**_DONE, **problems(404, "no_free_slot", *_FIXED)},
)
async def add_to_queue(response: Response, post_id: PostId, caller: Writer, app: CurrentApp) -> ActionOut:
    """A draft, or a post that is still to come, gets the next free slot of its account. A draft is scheduled by it."""

    def add(conn: Connection, workspace_id: str, id_: str, /, *, now: float, actor: str) -> Answer:
        return services.add(conn, app, workspace_id, id_, actor=actor, now=now)

    return await action(response, app, caller, post_id, add)


@router.post(
    "/posts/{post_id}/move",
    summary="Move a post in the queue",
    response_model=ActionOut,
    response_model_exclude_unset=True,
    responses={**_DONE, **problems(404, "not_queued", *_FIXED, *BODY)},
    openapi_extra=takes(bodies.MoveIn, {"to": "2026-12-03T17:30:00Z"}),
)
async def move_post(
    request: Request, response: Response, post_id: PostId, caller: Writer, app: CurrentApp
) -> ActionOut:
    """To another time. A post of the account that is due there already takes its place."""
    to = moment((await reading.take(request, bodies.MoveIn)).to, "to")
    if to is None:
        raise invalid([finding("to", "not_a_moment")])

    def move(conn: Connection, workspace_id: str, id_: str, /, *, now: float, actor: str) -> Answer:
        return services.move(conn, app, workspace_id, id_, to, actor=actor, now=now)

    return await action(response, app, caller, post_id, move)
