"""What a fault answers, once it has fired."""

from __future__ import annotations

import asyncio
from typing import Any

from treadle_sandbox.access import refuse
from treadle_sandbox.answers import CONTAINER_NAMES, EFFECT_NAMES, EXAMPLES, JSON_TYPE, Reply
from treadle_sandbox.clock import session_time
from treadle_sandbox.faults import Fault
from treadle_sandbox.reading import container_answer
from treadle_sandbox.wire import Call
from treadle_sandbox.world import World

_STATUS = {
    "container_error": "ERROR",
    "container_expired": "EXPIRED",
    "container_in_progress": "IN_PROGRESS",
    "container_finished": "FINISHED",
}


async def fault_reply(world: World, call: Call, fault: Fault) -> Reply | None:
    """Waits if the fault says so, then its answer; ``None`` when the real answer is to be given (or none at all)."""
    wanted = fault.answer
    if wanted.get("delay_s"):
        await asyncio.sleep(wanted["delay_s"])
    if wanted.get("drop"):
        return None
    name = wanted.get("name")
    if name in CONTAINER_NAMES:
        if call.endpoint == "status":
            return container_answer(world, call, call.node, _STATUS[name], wanted.get("error_message", "UNKNOWN"))
        return None
    if name in EFFECT_NAMES:
        return None
    if name is not None:
        reply = refuse(world, call, name, **_parts(world, call))
        if "status" in wanted:
            reply.status = wanted["status"]
        if wanted.get("headers"):
            reply.headers = {**reply.headers, **{k: str(v) for k, v in wanted["headers"].items()}}
        return reply
    if "status" in wanted or "body" in wanted:
        return _literal(wanted.get("status", 200), wanted.get("body", ""), wanted.get("headers") or {})
    return None


def _parts(world: World, call: Call) -> dict[str, Any]:
    """What the blanks of an error say, taken from the call; an example where the call has nothing of the kind."""
    given = {
        "id": call.reference("creation_id") or call.reference("reply_to_id") or call.node,
        "ids": ", ".join(call.items("children")),
        "name": call.text("fields").split(",")[0] or next(iter(call.params), ""),
        "value": call.text("media_type"),
        "expired": session_time(call.now - 3600),
        "now": session_time(call.now),
        "app": world.app.id,
        "url": call.text("image_url") or call.text("video_url"),
        "verb": call.method.lower(),
        "path": "/".join(call.segments),
        "text": call.text("fields"),
    }
    return {**EXAMPLES, **{name: text for name, text in given.items() if text}}


def _literal(status: int, body: object, headers: dict[str, object]) -> Reply:
    """An answer written out in the fault: an object becomes JSON, text stays text."""
    given = {key.title(): str(value) for key, value in headers.items()}
    kind = given.pop("Content-Type", "")
    if isinstance(body, str):
        looks_html = body.lstrip()[:1] == "<"
        return Reply(status, body, given, kind or ("text/html; charset=utf-8" if looks_html else "text/plain"))
    return Reply(status, body, given, kind or JSON_TYPE)


def container_reply(world: World, fault: Fault, reply: Reply) -> Reply:
    """Faults that change what a creation leaves behind."""
    name = fault.answer.get("name")
    if name in EFFECT_NAMES and reply.status == 200 and isinstance(reply.body, dict):
        container = world.tables.containers.get(str(reply.body.get("id")))
        if container is not None:
            container.lost = name == "container_lost"
            if name == "container_stuck":
                container.stuck = True
            world.changed = True
    return reply
