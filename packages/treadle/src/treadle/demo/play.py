"""The demo's plot: stage everything, post, break, repair, and hold the ending against what it has to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from treadle.app import App
from treadle.demo.cases import CASES, REVOKED_POSTS, SCENE_ACCOUNTS, Case, Played, text
from treadle.demo.connecting import connect
from treadle.services import read
from treadle_sandbox import Sandbox

RESTING = frozenset({"published", "failed", "blocked", "held", "canceled"})
FOR_ALL_S = 150.0
AHEAD_S = 8.0
WORKSPACE = "wsp_default"


@dataclass(slots=True)
class Stage:
    """What the plot plays on."""

    app: App
    sandbox: Sandbox
    base_url: str
    api_key: str
    urls: dict[str, str]
    say: Callable[[str], None]
    accounts: dict[str, str] = field(default_factory=dict)  # user name -> account id here
    played: list[Played] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


async def play(stage: Stage) -> None:
    """The whole plot; differences from how it has to end are left in ``stage.differences``."""
    for name in SCENE_ACCOUNTS:
        stage.sandbox.control.add_account(name)
        stage.accounts[name] = await connect(stage.base_url, stage.api_key, name)
    stage.say(f"{len(SCENE_ACCOUNTS)} accounts connected through the authorization window of the sandbox.")
    stage.sandbox.control.clear_requests()
    for case in CASES:
        await _post(stage, case)
    revoked = await _revoke(stage)
    await _until(stage, [p.post_id for p in revoked], lambda states: all(s == "blocked" for s in states), 60.0)
    _one_call(stage, revoked)
    stage.say("The posts of the account without access wait for one cause. Reconnecting it ...")
    await connect(stage.base_url, stage.api_key, "revoked", account_id=stage.accounts["revoked"])
    ids = [p.post_id for p in stage.played]
    await _until(stage, ids, lambda states: all(s in RESTING for s in states), FOR_ALL_S)
    await _until(stage, [p.post_id for p in revoked], lambda states: all(s == "published" for s in states), 60.0)
    _judge(stage)


async def _post(stage: Stage, case: Case) -> Played:
    if case.fault is not None:
        # One failure for one post: the account is this case's alone while its fault is open.
        await _quiet(stage, case.account)
        stage.sandbox.control.fault(account=case.account, **dict(case.fault))
    body = {**case.body(stage.urls), "account_id": stage.accounts[case.account]}
    if case.name == "scheduled":
        body["publish_at"] = (datetime.now(UTC) + timedelta(seconds=AHEAD_S)).isoformat()
    answer = await stage_post(stage, body)
    played = Played(case, answer)
    stage.played.append(played)
    return played


async def _quiet(stage: Stage, account: str) -> None:
    before = [p.post_id for p in stage.played if p.case.account == account]
    await _until(stage, before, lambda states: all(s in RESTING for s in states), FOR_ALL_S)


async def stage_post(stage: Stage, body: dict[str, Any]) -> str:
    """Hand a post in over the API, as any client would."""
    from treadle_threads.media.guard import Trust
    from treadle_threads.net.session import guarded_session

    headers = {"Authorization": f"Bearer {stage.api_key}"}
    async with (
        guarded_session(Trust.OPERATOR) as http,
        http.post(f"{stage.base_url}/v1/posts", json=body, headers=headers) as response,
    ):
        answer = await response.json()
        if response.status not in (200, 201, 202):
            raise RuntimeError(f"the post was not accepted: {answer}")
        return str(answer["id"])


async def _revoke(stage: Stage) -> list[Played]:
    stage.sandbox.control.revoke("revoked")
    played = []
    for index, words in enumerate(REVOKED_POSTS, 1):
        case = Case(
            f"revoked token {index} of {len(REVOKED_POSTS)}",
            "revoked",
            text(words),
            pattern="app_removed_by_owner" if index == 1 else None,
            tells="published automatically after reconnecting",
        )
        played.append(await _post(stage, case))
    return played


def _one_call(stage: Stage, revoked: list[Played]) -> None:
    """One call discovers the dead token; the other posts behind it must not ask."""
    asked = [
        r for r in stage.sandbox.control.requests(account="revoked") if str(r.get("path", "")).endswith("/threads")
    ]
    if len(asked) != 1:
        stage.differences.append(f"revoked token: {len(asked)} posts asked Threads, one should have been enough")
    with stage.app.db.read() as conn:
        behind = {
            tuple(view["blocker_ids"])
            for p in revoked
            if (view := read.post_json(conn, WORKSPACE, p.post_id)) is not None
        }
    if len(behind) != 1:
        stage.differences.append("revoked token: its posts do not wait behind one and the same cause")


async def _until(stage: Stage, ids: list[str], done: Callable[[list[str]], bool], most_s: float) -> None:
    """Wait until the posts' states satisfy ``done``, noting every pattern met on the way."""
    loop = asyncio.get_running_loop()
    end = loop.time() + most_s
    while loop.time() < end:
        states = await stage.app.db.query(_states, stage, ids)
        if done(states):
            return
        await asyncio.sleep(0.2)


def _states(conn: Any, stage: Stage, ids: list[str]) -> list[str]:
    return [view["state"] for post_id in ids if (view := read.post_json(conn, WORKSPACE, post_id)) is not None]


def _judge(stage: Stage) -> None:
    """Compare every post with how it has to end: its state, its cause, and what is on Threads."""
    live = stage.sandbox.control.posts()
    with stage.app.db.read() as conn:
        for played in stage.played:
            case = played.case
            view = read.post_json(conn, WORKSPACE, played.post_id)
            events = read.timeline(conn, WORKSPACE, played.post_id) or []
            assert view is not None
            met = {e["diagnosis"]["pattern"] for e in events if e["diagnosis"]}
            if view["cause"]:
                met.add(view["cause"]["pattern"])
            played.patterns = met
            if view["state"] != case.state:
                stage.differences.append(
                    f"{case.name}: is {view['state']}, should be {case.state} ({view['why'] or ''})"
                )
            if case.pattern and case.pattern not in met:
                stage.differences.append(f"{case.name}: was named {sorted(met) or 'nothing'}, should be {case.pattern}")
            standing = sum(1 for part in view["parts"] for post in live if str(post["id"]) == part["threads_id"])
            wanted_texts = {part["text"] for part in view["parts"]}
            copies = sum(1 for post in live if post.get("text") in wanted_texts)
            if copies != case.copies or (case.state == "published" and standing != case.copies):
                stage.differences.append(f"{case.name}: is on Threads {copies} times, should be {case.copies}")
            creates = sum(1 for e in events if e["stage"] == "create_container" and e["kind"] == "call")
            if case.most_creates is not None and creates > case.most_creates:
                stage.differences.append(
                    f"{case.name}: asked {creates} times for a container, {case.most_creates} would do"
                )
