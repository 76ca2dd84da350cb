"""What Threads counts of published posts: read now and then, kept per day, and in nobody's way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.treadle.engine.shop import Owner, Shop, open_shop, shop_settings
from treadle.app import DEFAULT_WORKSPACE
from treadle.domain.answers import Conflict, Done, Missing
from treadle.domain.insights import DAY_S, HOUR_S, LAST_S, Numbers, next_read, numbers_of
from treadle.engine import insights as job
from treadle.engine.worker_context import WorkerContext
from treadle.ids import new_id
from treadle.services import importing, insights, replies
from treadle.services.asking import ask
from treadle.services.importing import ImportReport, ImportWish
from treadle.services.insights import InsightsOut
from treadle.services.replies import RepliesOut
from treadle.services.unpublishing import unpublish
from treadle.store.blockers import open_blocker
from treadle.store.tables import accounts, insight_accounts, insight_reads, parts, posts
from treadle_diagnosis import from_pattern
from treadle_diagnosis.types import Diagnosis
from treadle_sandbox.server import Sandbox
from treadle_threads.values import Metric


@pytest.fixture
def idle(sandbox: Sandbox, tmp_path: Path, migrated_url: str) -> Iterator[Shop]:
    """A server without a worker, on each database."""
    with open_shop(sandbox, shop_settings(sandbox, tmp_path, migrated_url), worker=False) as opened:
        yield opened


SCOPES = ["threads_basic", "threads_content_publish", "threads_manage_insights"]


def out(
    shop: Shop, owner: Owner, *, age_s: float = 2 * HOUR_S, texts: tuple[str, ...] = ("Out",)
) -> tuple[str, list[str]]:
    """A post that was published here a while ago; its id and those of its parts on Threads."""
    now, live = time.time(), list[str]()
    for text in texts:
        more = {"reply_to_id": live[-1]} if live else {}
        live.append(str(shop.control.add_post(owner.username, text=text, age_s=age_s, **more)["id"]))
    post_id = new_id("post", now - age_s)
    common = {"workspace_id": DEFAULT_WORKSPACE, "account_id": owner.id, "state": "published"}
    with shop.app.db.begin() as conn:
        times = {"due_at": now - age_s, "created_at": now - age_s, "updated_at": now, "published_at": now - age_s}
        conn.execute(sa.insert(posts).values(id=post_id, max_lateness=DAY_S, **common, **times))
        for n, id_ in enumerate(live):
            row = {
                "id": new_id("part", now),
                "post_id": post_id,
                "position": n,
                "kind": "TEXT",
                "body": {"text": texts[n]},
            }
            known = {"threads_user_id": owner.threads_id, "threads_id": id_, "published_at": now - age_s}
            conn.execute(sa.insert(parts).values(is_reply=n > 0, **row, **known, **common))
    return post_id, live


def turn(shop: Shop, *, busy: bool = False) -> int:
    """One turn of the job; how many calls for figures it made."""
    before = len(shop.control.requests(endpoint="insights"))

    async def work(worker: WorkerContext) -> None:
        if busy:
            worker.poll_budget.saw({"x-app-usage": '{"call_count": 70}'}, worker.now())
        await job.read_due(worker)

    asyncio.run(ask(shop.app, work))
    return len(shop.control.requests(endpoint="insights")) - before


def later(shop: Shop, seconds: float) -> None:
    at = shop.app.now() + seconds
    shop.app.now = lambda: at


def shown(shop: Shop, post_id: str) -> InsightsOut:
    with shop.app.db.read() as conn:
        found = insights.read(conn, DEFAULT_WORKSPACE, post_id)
    assert isinstance(found, InsightsOut)
    return found


def test_figures_are_read_and_kept_day_by_day(idle: Shop) -> None:
    owner = idle.owner()
    post_id, [live] = out(idle, owner)
    idle.control.call("PATCH", f"/posts/{live}", {"likes": 7, "views": 90})
    assert turn(idle) == 1
    first = shown(idle, post_id)
    assert first.total is not None
    assert (first.total.views, first.total.likes, first.total.replies, first.why) == (90, 7, 0, None)
    assert turn(idle) == 0, "not again so soon"
    idle.control.call("PATCH", f"/posts/{live}", {"likes": 8})
    later(idle, 2 * HOUR_S)
    assert turn(idle) == 1
    idle.control.call("PATCH", f"/posts/{live}", {"likes": 20, "views": 300})
    later(idle, DAY_S)
    assert turn(idle) == 1
    found = shown(idle, post_id)
    assert found.total is not None
    assert (found.total.likes, found.total.views) == (20, 300)
    assert [day.likes for day in found.parts[0].days][-1] == 20
    assert len({day.day for day in found.parts[0].days}) == len(found.parts[0].days) >= 2


def test_parts_count_together_and_a_young_or_deleted_post_is_not_asked_for(idle: Shop) -> None:
    owner = idle.owner()
    post_id, live = out(idle, owner, texts=("One", "Two"))
    for id_ in live:
        idle.control.call("PATCH", f"/posts/{id_}", {"likes": 3})
    out(idle, owner, age_s=60.0)
    gone, _ = out(idle, owner)
    with idle.app.db.begin() as conn:
        conn.execute(sa.update(parts).where(parts.c.post_id == gone).values(state="canceled"))
    assert turn(idle) == 2
    total = shown(idle, post_id).total
    assert total is not None
    assert (total.likes, total.replies) == (6, 1)
    assert [part.position for part in shown(idle, post_id).parts] == [0, 1]


def test_a_missing_permission_stops_the_reading_of_figures_and_nothing_else(idle: Shop) -> None:
    owner, other = idle.owner(scopes=["threads_basic", "threads_content_publish"]), idle.owner()
    first, _ = out(idle, owner)
    out(idle, owner)
    out(idle, other)
    assert turn(idle) == 2, "one refusal stops this account's figures, the other account's are read"
    later(idle, DAY_S)
    assert turn(idle) == 1, "the other's"
    found = shown(idle, first)
    assert found.cause is not None
    assert found.cause.pattern == "permission_not_granted"
    assert "refused to read insights" in (found.why or "")
    with idle.app.db.read() as conn:
        row = conn.execute(sa.select(accounts.c.health, accounts.c.quota_until).where(accounts.c.id == owner.id)).one()
        assert tuple(row) == ("active", None)
    # Connected again, with the permission.
    idle.control.account(owner.username, scopes=SCOPES)
    with idle.app.db.begin() as conn:
        issued = sa.update(accounts).where(accounts.c.id == owner.id)
        conn.execute(issued.values(token_issued_at=idle.app.now() + 1, scopes=SCOPES))
    assert turn(idle) == 2
    assert shown(idle, first).why is None


def test_a_permission_that_is_known_to_be_missing_is_said_and_never_tried(idle: Shop) -> None:
    owner = idle.owner()
    post_id, _ = out(idle, owner)
    with idle.app.db.begin() as conn:
        conn.execute(sa.update(accounts).values(scopes=["threads_basic"]))
    assert turn(idle) == 0
    assert "threads_manage_insights" in (shown(idle, post_id).why or "")
    done = asyncio.run(insights.refresh(idle.app, DEFAULT_WORKSPACE, post_id))
    assert isinstance(done, Conflict)
    assert idle.control.requests(endpoint="insights") == []


@pytest.mark.parametrize("what", ["blocked", "limited", "busy", "disconnected", "token"])
def test_nothing_is_asked_beside_what_refuses_or_is_used_up(idle: Shop, what: str) -> None:
    owner = idle.owner()
    out(idle, owner)
    row = sa.update(accounts).where(accounts.c.id == owner.id)
    with idle.app.db.begin() as conn:
        if what == "blocked":
            open_blocker(conn, from_pattern("token_is_invalid"), scope="account", key=owner.id,
                         workspace_id=DEFAULT_WORKSPACE, now=idle.app.now())  # fmt: skip
        if what == "limited":
            conn.execute(row.values(quota_until=idle.app.now() + 600))
        if what == "disconnected":
            conn.execute(row.values(disconnected_at=idle.app.now()))
        if what == "token":
            conn.execute(row.values(token_enc=b"sealed with another key"))
    assert turn(idle, busy=what == "busy") == 0
    if what == "busy":
        assert turn(idle) == 1


def test_a_limit_that_is_met_holds_for_the_account(idle: Shop) -> None:
    owner = idle.owner()
    out(idle, owner)
    out(idle, owner)
    idle.control.fault("insights", LIMITED, times=1)
    assert turn(idle) == 1
    assert turn(idle) == 0


LIMITED = {
    "status": 400, "headers": {"x-app-usage": '{"call_count": 100, "total_cputime": 1, "total_time": 1}'},
    "body": {"error": {"message": "(#4) Application request limit reached", "code": 4}},
}  # fmt: skip


@pytest.mark.parametrize("act", ["list", "hide", "delete", "import"])
def test_a_limit_that_is_met_on_somebodys_word_holds_for_the_account(idle: Shop, act: str) -> None:
    """Whatever is asked of Threads outside a run hears of the limit, and what only reads or hides waits for its end."""
    owner, fan = idle.owner(), idle.owner()
    post_id, [root] = out(idle, owner)
    reply = str(idle.control.add_post(fan.username, text="Lovely", reply_to_id=root, age_s=60)["id"])

    def do(what: str) -> Any:
        match what:
            case "list":
                return asyncio.run(replies.read(idle.app, DEFAULT_WORKSPACE, post_id))
            case "hide":
                return hide(idle, post_id, reply)
            case "delete":
                return asyncio.run(unpublish(idle.app, DEFAULT_WORKSPACE, post_id, actor="test"))
            case "import":
                csv = f"text,account,publish_at\nFirst,{owner.username},2026-11-01T09:00:00Z\n"
                work = importing.run(idle.app, DEFAULT_WORKSPACE, ImportWish(csv), actor="test", dry_run=True)
                made = asyncio.run(work)
                assert isinstance(made, ImportReport), made
                return made.not_compared
        raise AssertionError(what)

    endpoint = {"list": "replies", "hide": "manage", "delete": "delete", "import": "list"}[act]
    idle.control.fault(endpoint, LIMITED, times=1)
    do(act)
    assert isinstance(do("list"), Conflict)
    assert isinstance(do("hide"), Conflict)
    assert do("import") == [owner.username]


def test_an_answer_nobody_knows_rests_the_account_for_an_hour(idle: Shop) -> None:
    owner = idle.owner()
    post_id, _ = out(idle, owner)
    idle.control.fault("insights", {"status": 500, "body": "<html>broken</html>"}, times=1)
    assert turn(idle) == 1
    assert turn(idle) == 0
    later(idle, HOUR_S + 1)
    assert turn(idle) == 1
    assert shown(idle, post_id).total is not None
    with idle.app.db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(insight_accounts)).scalar() == 0


def test_a_post_that_is_gone_is_given_up(idle: Shop) -> None:
    owner = idle.owner()
    _, [live] = out(idle, owner)
    idle.control.call("DELETE", f"/posts/{live}")
    for expected in (1, 1, 1, 0):
        assert turn(idle) == expected
        later(idle, 2 * HOUR_S)
    with idle.app.db.read() as conn:
        assert conn.execute(sa.select(insight_reads.c.next_at)).scalar() is None


def test_one_account_with_many_posts_leaves_room_for_others(idle: Shop) -> None:
    many, few = idle.owner(), idle.owner()
    for _ in range(job.OF_ONE + 3):
        out(idle, many, age_s=5 * HOUR_S)
    lone, _ = out(idle, few)
    assert turn(idle) == job.OF_ONE + 1
    assert shown(idle, lone).total is not None
    assert turn(idle) == 3


def test_figures_are_read_at_once_when_somebody_asks(idle: Shop) -> None:
    owner = idle.owner()
    post_id, [live] = out(idle, owner, age_s=30.0)
    idle.control.call("PATCH", f"/posts/{live}", {"likes": 4})
    assert "not been asked yet" in (shown(idle, post_id).why or "")
    for _ in range(2):
        assert asyncio.run(insights.refresh(idle.app, DEFAULT_WORKSPACE, post_id)) is None
    total = shown(idle, post_id).total
    assert total is not None
    assert total.likes == 4
    assert len(idle.control.requests(endpoint="insights")) == 1, "once a minute is enough"


# ---------------------------------------------------------------- replies


def read_replies(shop: Shop, post_id: str) -> RepliesOut:
    found = asyncio.run(replies.read(shop.app, DEFAULT_WORKSPACE, post_id))
    assert isinstance(found, RepliesOut), found
    return found


def hide(shop: Shop, post_id: str, reply_id: str, hidden: bool = True) -> Any:
    work = replies.hide(shop.app, DEFAULT_WORKSPACE, post_id, reply_id, hidden=hidden, actor="test")
    return asyncio.run(work)


def test_replies_are_listed_hidden_and_shown_again(idle: Shop) -> None:
    owner, fan = idle.owner(), idle.owner()
    post_id, [root, second] = out(idle, owner, texts=("One", "Two"))
    first = str(idle.control.add_post(fan.username, text="Lovely", reply_to_id=root, age_s=60)["id"])
    deep = str(idle.control.add_post(fan.username, text="And this", reply_to_id=second, age_s=30)["id"])
    mine = str(idle.control.add_post(owner.username, text="Thanks", reply_to_id=first, age_s=10)["id"])
    found = read_replies(idle, post_id)
    assert [one.id for one in found.data] == [mine, deep, first], "newest first, without the post's own parts"
    facts = {one.id: (one.username, one.own, one.can_hide, one.hidden, one.replied_to) for one in found.data}
    assert facts == {
        mine: (owner.username, True, False, False, first),
        deep: (fan.username, False, False, False, second),
        first: (fan.username, False, True, False, root),
    }
    assert isinstance(hide(idle, post_id, first), Done)
    assert isinstance(hide(idle, post_id, first), Done)
    assert {one.id: one.hidden for one in read_replies(idle, post_id).data}[first]
    assert isinstance(hide(idle, post_id, first, hidden=False), Done)
    assert {one.id: one.hidden for one in read_replies(idle, post_id).data} == dict.fromkeys(facts, False)
    assert isinstance(hide(idle, post_id, deep), Diagnosis), "Threads hides direct replies only"
    for wrong in ("", "me", "../1", "9" * 41, "٣"):
        assert hide(idle, post_id, wrong) == Missing("reply")


def test_more_replies_than_one_page_holds(idle: Shop) -> None:
    owner, fan = idle.owner(), idle.owner()
    post_id, [root] = out(idle, owner)
    for n in range(30):
        idle.control.add_post(fan.username, text=f"Reply {n}", reply_to_id=root, age_s=100 - n)
    found = read_replies(idle, post_id)
    assert [one.text for one in found.data] == [f"Reply {n}" for n in reversed(range(30))]
    assert not found.more


def test_replies_need_their_permissions(idle: Shop) -> None:
    owner = idle.owner(scopes=["threads_basic"])
    post_id, [root] = out(idle, owner)
    refused = asyncio.run(replies.read(idle.app, DEFAULT_WORKSPACE, post_id))
    assert isinstance(refused, Diagnosis)
    assert refused.pattern == "permission_not_granted"
    with idle.app.db.begin() as conn:
        conn.execute(sa.update(accounts).values(scopes=["threads_basic", "threads_read_replies"]))
    known = hide(idle, post_id, root)
    assert isinstance(known, Conflict)
    assert "threads_manage_replies" in known.message
    assert idle.control.requests(endpoint="manage") == []


# ---------------------------------------------------------------- the rules


@given(st.floats(0, LAST_S), st.floats(0, 1))
def test_the_next_read_is_ahead_and_rarer_with_age(age: float, chance: float) -> None:
    now = 1_800_000_000.0
    at = next_read(now - age, now, chance)
    assert at is not None
    assert now + 0.79 * HOUR_S <= at <= now + 8.5 * DAY_S
    older = next_read(now - min(LAST_S, 10 * age + DAY_S), now, chance)
    assert older is None or older >= at


def test_a_post_of_a_year_is_never_read_again() -> None:
    assert next_read(0.0, LAST_S + 1, 0.5) is None


@given(
    st.lists(st.builds(Metric, st.sampled_from(["views", "likes", "odd"]), total=st.none() | st.integers(-9, 10**15)))
)
def test_odd_figures_are_left_out(metrics: list[Metric]) -> None:
    numbers = numbers_of(metrics)
    assert all(value is None or value >= 0 for value in (numbers.views, numbers.likes))
    assert numbers.shares is None
    assert numbers.plus(Numbers()) == numbers
