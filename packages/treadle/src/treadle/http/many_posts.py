"""``POST /v1/posts/actions``: one repair, retry or stop for many posts, with an answer for each."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request

from treadle.domain import shapes
from treadle.domain.findings import Finding
from treadle.http import examples, reading
from treadle.http.bodies import ActionsIn, PatchIn, PostFilter, listed
from treadle.http.caller import CurrentApp, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import known_query, moment, words
from treadle.http.posts import STATES
from treadle.services.context import App
from treadle.services.many import MEANT, MOST, ActionsOut, actions_out, carry_out, choose, preview_out
from treadle.services.read import Filters
from treadle_diagnosis.catalog.words import LANES

router = APIRouter(prefix="/v1/posts", tags=["Posts"], dependencies=[Depends(known_query)])
_EXAMPLE = {
    "action": "replace",
    "filter": {"pattern": ["video_codec"]},
    "replace": {"media": {"from": "https://cdn.example/wrong.mp4", "to": examples.MEDIA}},
    "retry": True,
}


@router.post(
    "/actions",
    summary="Do one thing to many posts",
    response_model_exclude_unset=True,
    responses={
        **good(
            200,
            "One entry per post; see each one's status.",
            {
                "action": "retry",
                "chosen": 1,
                "done": 1,
                "refused": 0,
                "next": None,
                "data": [{"id": examples.POST, "status": 200, "message": "Retrying now."}],
            },
        ),
        **problems(*BODY),
    },
    openapi_extra=takes(ActionsIn, _EXAMPLE, refers=(PatchIn,)),
)
async def act_on_many(request: Request, caller: Writer, app: CurrentApp) -> ActionsOut:
    """One repair for a group of posts with one cause. Choose them by `ids`, or by `filter` (the filters of the list;
    unless it names states, those in which the action makes sense). At most 500 at once: `next` of the answer is the
    `after` of the next request. One that cannot be done undoes no other. `preview` only names the posts.

    `edit` takes a `patch` like PATCH. `replace` swaps a file, an address, words or a link wherever they stand in parts
    that are not published. With `retry`, changed posts that had failed are tried again; what waited for the change is
    published automatically."""
    given = await reading.read_json(request)
    wanted = reading.checked(_read(given))
    order = wanted.order()
    ids, following = await _chosen(wanted, caller.workspace_id, app)
    if wanted.preview:
        return preview_out(order, ids, following)
    acted = await carry_out(app, caller.workspace_id, ids, order, actor=caller.key_id)
    return actions_out(order, acted, following, app.settings.public_url)


def _read(given: Any) -> ActionsIn | tuple[Finding, ...]:
    """The order, or everything that is wrong with it: in its fields, and between them."""
    read = shapes.read(ActionsIn, given)
    found = () if isinstance(read, ActionsIn) else read
    wrong = {one.field for one in found}
    between = [one for one in ActionsIn.together(given) if one.field not in wrong] if isinstance(given, dict) else []
    return (*found, *between) or read


async def _chosen(wanted: ActionsIn, workspace_id: str, app: App) -> tuple[list[str], str | None]:
    if wanted.ids is not None:
        return list(dict.fromkeys(wanted.ids)), None
    filters = _filters(wanted.filter or PostFilter(), wanted.action)
    return await app.db.query(choose, workspace_id, filters, limit=wanted.limit or MOST, after=wanted.after)


def _filters(given: PostFilter, action: str) -> Filters:
    return Filters(
        states=words(listed(given.state), STATES, "filter.state") or sorted(MEANT[action]),
        lanes=words(listed(given.lane), frozenset(LANES), "filter.lane"),
        patterns=words(listed(given.pattern), None, "filter.pattern"),
        account_id=given.account_id,
        label=given.label,
        text=given.q,
        blocker_id=given.blocker_id,
        due_from=moment(given.due_from, "filter.due_from"),
        due_to=moment(given.due_to, "filter.due_to"),
    )
