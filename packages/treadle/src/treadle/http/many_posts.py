"""``POST /v1/posts/actions``: one repair, retry or stop for many posts, with an answer for each."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request

from treadle.domain.findings import Finding
from treadle.domain.incoming import is_id, unstorable, wrong_cursor
from treadle.http import bodies, examples, reading
from treadle.http.caller import House, Writer
from treadle.http.document import BODY, good, problems, takes
from treadle.http.lists import known_query, moment, words
from treadle.http.posts import STATES
from treadle.http.problems import invalid
from treadle.services.many import MEANT, MOST, ActionsOut, Order, actions_out, carry_out, choose, preview_out
from treadle.services.read import Filters
from treadle_diagnosis.catalog.words import LANES

router = APIRouter(prefix="/v1/posts", tags=["Posts"], dependencies=[Depends(known_query)])
_LISTS = ("state", "lane", "pattern")
_WORDS = ("account_id", "label", "q", "blocker_id", "due_from", "due_to")
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
                "data": [{"id": examples.POST, "status": 200, "message": "Tried again now."}],
            },
        ),
        **problems(*BODY),
    },
    openapi_extra=takes(bodies.ActionsIn, _EXAMPLE),
)
async def act_on_many(request: Request, caller: Writer, app: House) -> ActionsOut:
    """One repair for a group of posts with one cause. Choose them by `ids`, or by `filter` (the filters of the list;
    unless it names states, those in which the action makes sense). At most 500 at once: `next` of the answer is the
    `after` of the next request. One that cannot be done undoes no other. `preview` only names the posts.

    `edit` takes a `patch` like PATCH. `replace` swaps a file, an address, words or a link wherever they stand in parts
    that are not out. With `retry`, changed posts that had failed are tried again; what waited for the change goes by
    itself."""
    body = reading.mapping(await reading.read_json(request))
    body = reading.only(
        body,
        {
            "action": str,
            "ids": list,
            "filter": dict,
            "patch": dict,
            "replace": dict,
            "retry": bool,
            "preview": bool,
            "limit": int,
            "after": str,
        },
    )
    order = _order(body)
    ids, following = await _chosen(body, order, caller.workspace_id, app)
    if body.get("preview"):
        return preview_out(order, ids, following)
    acted = await carry_out(app, caller.workspace_id, ids, order, actor=caller.key_id)
    return actions_out(order, acted, following, app.settings.public_url)


def _order(body: dict[str, Any]) -> Order:
    action, found = body.get("action", ""), list[Finding]()
    if action not in MEANT:
        way_out = f"One of: {', '.join(MEANT)}."
        found.append(Finding("action", "unknown_value", "This is not an action.", way_out, given=action))
    for name, of in (("patch", ("edit",)), ("replace", ("replace",)), ("retry", ("edit", "replace"))):
        if name in body and action in MEANT and action not in of:
            said = f"'{name}' belongs to {' and '.join(of)}."
            found.append(Finding(name, "not_with_action", said, "Leave it out.", given=body[name]))
    if action == "edit" and not body.get("patch"):
        said = "What is to be changed is missing."
        found.append(Finding("patch", "required", said, 'Send the fields to change: {"text": "…"}.'))
    pairs = {name: _pair(found, name, body.get("replace") or {}) for name in ("media", "text", "link")}
    unknown = set(body.get("replace") or {}) - pairs.keys()
    for name in sorted(unknown):
        said = f"There is no field '{name[:100]}'."
        found.append(Finding(f"replace.{name[:100]}", "unknown_field", said, "One or more of: media, text, link."))
    if action == "replace" and not any(pairs.values()) and not found:
        way_out = 'Send one or more of media, text and link, each as {"from": "…", "to": "…"}.'
        found.append(Finding("replace", "required", "What is to be replaced is missing.", way_out))
    if found:
        raise invalid(found)
    return Order(action, body.get("patch") or {}, **pairs, retry=bool(body.get("retry")))


def _pair(found: list[Finding], name: str, given: dict[str, Any]) -> tuple[str, str] | None:
    pair = given.get(name)
    if pair is None:
        return None
    if not isinstance(pair, dict) or pair.keys() != {"from", "to"}:
        said, way_out = "This must say what is replaced, and by what.", 'Send {"from": "…", "to": "…"}.'
        found.append(Finding(f"replace.{name}", "wrong_type", said, way_out, given=pair))
        return None
    checked = [(end, pair[end]) for end in ("from", "to")]
    for end, value in checked:
        may_be_empty = end == "to" and name != "media"
        if not isinstance(value, str) or len(value) > 10_000 or not (value or may_be_empty):
            said, way_out = "This must be text.", "Send text of at most 10,000 characters."
            found.append(Finding(f"replace.{name}.{end}", "wrong_type", said, way_out, given=value))
            return None
    return checked[0][1], checked[1][1]


async def _chosen(body: dict[str, Any], order: Order, workspace_id: str, app: House) -> tuple[list[str], str | None]:
    ids, given, limit = body.get("ids"), body.get("filter"), body.get("limit", MOST)
    if (ids is None) == (given is None):
        said = "Which posts is not said." if ids is None else "The posts are named twice."
        raise invalid([Finding("ids", "one_of", said, "Send either 'ids' or 'filter'.")])
    if ids is not None:
        return _ids(ids), None
    if not 1 <= limit <= MOST:
        said = f"A request takes 1 to {MOST} posts."
        raise invalid([Finding("limit", "range", said, "Leave it out.", given=limit, limit=[1, MOST])])
    after = body.get("after")
    if after is not None and not is_id(after):
        raise invalid([wrong_cursor(after)])
    filters = _filters(given or {}, order.action)
    return await app.db.query(choose, workspace_id, filters, limit=limit, after=after)


def _ids(ids: list[Any]) -> list[str]:
    wrong = [n for n, id_ in enumerate(ids) if not isinstance(id_, str) or not is_id(id_)]
    if wrong:
        said = "This is not the id of a post."
        raise invalid([Finding(f"ids[{n}]", "id", said, "Ids look like pst_….", given=ids[n]) for n in wrong[:20]])
    if not 1 <= len(ids) <= MOST:
        said = f"There are {len(ids)} ids; 1 to {MOST} go in one request."
        raise invalid([Finding("ids", "bulk_size", said, "Send them in groups.", given=len(ids), limit=[1, MOST])])
    return list(dict.fromkeys(ids))


def _filters(given: dict[str, Any], action: str) -> Filters:
    known: dict[str, type | tuple[type, ...]] = dict.fromkeys(_LISTS, (str, list))
    given = reading.only(given, {**known, **dict.fromkeys(_WORDS, str)})
    lists = {name: [given[name]] if isinstance(given.get(name), str) else given.get(name) or [] for name in _LISTS}
    for name, values in lists.items():
        if any(not isinstance(value, str) or unstorable(value) for value in values):
            said = "This must be a list of words."
            raise invalid([Finding(f"filter.{name}", "wrong_type", said, "Send a list of words.", given=values)])
    if not any(lists.values()) and not any(given.get(name) for name in _WORDS):
        way_out = f"Name one or more of: {', '.join((*_LISTS, *_WORDS))}."
        raise invalid([Finding("filter", "required", "An empty filter would take every post there is.", way_out)])
    return Filters(
        states=words(lists["state"], STATES, "state") or sorted(MEANT[action]),
        lanes=words(lists["lane"], frozenset(LANES), "lane"),
        patterns=words(lists["pattern"], None, "pattern"),
        account_id=given.get("account_id"),
        label=given.get("label"),
        text=given.get("q"),
        blocker_id=given.get("blocker_id"),
        due_from=moment(given.get("due_from"), "due_from"),
        due_to=moment(given.get("due_to"), "due_to"),
    )
