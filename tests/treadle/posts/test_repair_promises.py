"""What a preview promises of a repair is what the repair then does, for any posts.

And each rule as SQL says what it says as Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from treadle.domain import scope
from treadle.domain.admission import RELEASABLE, admit
from treadle.domain.states import FINAL
from treadle.engine import admission
from treadle.engine.worker_context import WorkerContext
from treadle.store import Database, clauses, runs
from treadle.store.isolation import failures
from treadle.store.migrate import upgrade
from treadle.store.moving import Mover
from treadle.store.release import Releaser, candidate, ready
from treadle.store.repair_preview import counted, counted_for_accounts, preview, preview_of_connecting
from treadle.store.tables import accounts, blockers, parts, post_blockers, posts, workspaces

NOW = 1_000_000.0
DAY = 86_400.0
HERE, THERE = "wsp_here", "wsp_there"
APP = "123"
ACCOUNTS = ("acc_0", "acc_1", "acc_2", "acc_3")
WORKSPACE_OF = {"acc_0": HERE, "acc_1": HERE, "acc_2": HERE, "acc_3": THERE}
TABLES = (post_blockers, parts, blockers, posts, accounts, workspaces)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    url = sa.make_url(database_url)
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    one = Database(url.render_as_string(hide_password=False))
    upgrade(one)
    yield one
    one.close()


@dataclass
class Made:
    """Rows to be written: of accounts, blockers and posts, as drawn."""

    paused_workspace: bool
    accounts: list[dict[str, Any]]
    blockers: list[dict[str, Any]]
    posts: list[dict[str, Any]]
    parts: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)

    def write(self, conn: sa.Connection) -> None:
        for table in TABLES:
            conn.execute(sa.delete(table))
        for id_, paused in ((HERE, self.paused_workspace), (THERE, False)):
            conn.execute(sa.insert(workspaces).values(id=id_, name=id_, created_at=0.0, options={}, paused=paused))
        for table, rows in (
            (accounts, self.accounts),
            (blockers, self.blockers),
            (posts, self.posts),
            (parts, self.parts),
            (post_blockers, self.links),
        ):
            if rows:
                names = {name for row in rows for name in row}
                conn.execute(sa.insert(table), [{**dict.fromkeys(names), **row} for row in rows])


LATE_BY = st.sampled_from([-3600.0, 60.0, 2 * 3600.0, DAY, DAY + 1, 3 * DAY])
LANES = ("meta_token", "account_restricted", "media_fetch", "permission_app_review")


@st.composite
def an_account(draw: st.DrawFn, id_: str) -> dict[str, Any]:
    connected = draw(st.sampled_from(["yes", "yes", "no token", "disconnected"]))
    return {
        "id": id_,
        "workspace_id": WORKSPACE_OF[id_],
        "threads_user_id": id_[4:],
        "username": id_,
        "app_id": APP,
        "token_enc": None if connected == "no token" else b"x",
        "disconnected_at": NOW - 1 if connected == "disconnected" else None,
        "paused": draw(st.sampled_from([False, False, True])),
        "scopes": [],
        "created_at": 0.0,
        "updated_at": 0.0,
    }


@st.composite
def a_blocker(draw: st.DrawFn, number: int, post_ids: list[str]) -> dict[str, Any]:
    where = draw(st.sampled_from(["account", "account", "app", "platform", "post"]))
    keys = {"account": list(ACCOUNTS), "app": [APP, "999"], "platform": [scope.PLATFORM_KEY], "post": post_ids}
    key = draw(st.sampled_from(keys[where]))
    repaired = draw(st.sampled_from([False, False, False, True]))
    pattern, id_ = draw(st.sampled_from([f"pattern_{number}", "account_checkpointed"])), f"blk_{number}"
    owner = None if where in scope.SHARED else HERE
    return {
        "id": id_,
        "workspace_id": owner,
        "scope": where,
        "key": key,
        "pattern": pattern,
        "lane": draw(st.sampled_from(LANES)),
        "action": "reconnect",
        "cause": {"pattern": pattern, "lane": "meta_token"},
        "opened_at": NOW - 100,
        "repaired_at": NOW - 1 if repaired else None,
        "open_key": None if repaired else id_,
        "probe_post_id": draw(st.sampled_from([None, None, *post_ids])),
    }


@st.composite
def some_parts(draw: st.DrawFn, post: dict[str, Any], count: int) -> list[dict[str, Any]]:
    live = draw(st.integers(0, count))
    doubt = draw(st.booleans())
    made = []
    for position in range(count):
        published = NOW - draw(LATE_BY) if position < live else None
        sent = published is not None or (doubt and position == live)
        made.append(
            {
                "id": f"prt_{post['id']}_{position}",
                "post_id": post["id"],
                "workspace_id": post["workspace_id"],
                "account_id": post["account_id"],
                "threads_user_id": post["account_id"][4:],
                "position": position,
                "kind": "TEXT",
                "body": {"text": "x"},
                "published_at": published,
                "threads_id": f"{post['id']}{position}" if published is not None else None,
                "intent": "sent" if sent else "none",
                "sends": int(sent),
            }
        )
    return made


@st.composite
def worlds(draw: st.DrawFn) -> Made:
    ids = [f"pst_{n}" for n in range(draw(st.integers(1, 8)))]
    made = Made(
        draw(st.sampled_from([False, False, False, True])),
        [draw(an_account(id_)) for id_ in ACCOUNTS],
        [draw(a_blocker(number, ids)) for number in range(draw(st.integers(1, 4)))],
        [],
    )
    for id_ in ids:
        state = draw(st.sampled_from(sorted(RELEASABLE | FINAL | {"draft", "held"}) + ["blocked"] * 9))
        account = draw(st.sampled_from(ACCOUNTS))
        post = {
            "id": id_,
            "workspace_id": WORKSPACE_OF[account],
            "account_id": account,
            "state": state,
            "due_at": NOW - draw(LATE_BY),
            "max_lateness": draw(st.sampled_from([0.0, 3600.0, DAY])),
            "confirmed_at": draw(st.sampled_from([None, None, NOW - 5])),
            "approval": "pending" if state == "draft" else draw(st.sampled_from([None, "approved"])),
            "created_at": 0.0,
            "updated_at": 0.0,
        }
        made.posts.append(post)
        made.parts += draw(some_parts(post, draw(st.integers(1, 3))))
        # A post that moves to another account leaves the causes of the old one.
        possible = [row["id"] for row in made.blockers if row["scope"] != "account" or row["key"] == account]
        behind = draw(st.sets(st.sampled_from(possible), max_size=3)) if possible else set()
        if state not in FINAL:
            made.links += [{"post_id": id_, "blocker_id": blocker} for blocker in behind]
    return made


@dataclass
class Queue:
    runs: list[tuple[str, int, float]] = field(default_factory=list)

    def __call__(self, conn: sa.Connection, post_id: str, seq: int, *, delay_s: float, **_: Any) -> None:
        self.runs.append((post_id, seq, delay_s))


WORKER = cast(WorkerContext, SimpleNamespace(scaled=lambda seconds: seconds, opens=lambda account: True))


def did(conn: sa.Connection, released: list[str], queue: Queue, before: dict[str, str]) -> dict[str, set[str]]:
    """What a repair did: the posts that go on, seen by the run that it stored, and those that it put on hold."""
    after = {row.id: row.state for row in conn.execute(sa.select(posts.c.id, posts.c.state))}
    assert failures.take() == {}
    assert sorted(released) == sorted(post_id for post_id, _, _ in queue.runs)
    for post_id, seq, _ in queue.runs:
        run = runs.claim(conn, post_id, seq, worker="wrk", lease_token="t", now=NOW)
        assert run is not None
        stopped = admission.inspect(conn, WORKER, run, NOW)
        # Nothing but what was known stops it: only a post that is live and has nothing left to read may end at once.
        assert stopped is None or all(part.published_at is not None for part in run.post.parts), (post_id, stopped)
    held = {post_id for post_id, state in after.items() if state == "held" and before[post_id] != "held"}
    return {"sends": set(released), "holds": held}


def free_all(conn: sa.Connection, releaser: Releaser, ids: list[str]) -> list[str]:
    """As the recheck job does, until nothing hangs behind these blockers."""
    released: list[str] = []
    hanging = sa.select(post_blockers.c.post_id).where(post_blockers.c.blocker_id.in_(ids)).limit(1)
    while conn.execute(hanging).first() is not None:
        released += releaser.free_behind(conn, ids, by="person", now=NOW)
    return released


def here(conn: sa.Connection, workspace: str, ids: set[str]) -> set[str]:
    return set(
        conn.execute(sa.select(posts.c.id).where(posts.c.workspace_id == workspace, posts.c.id.in_(ids))).scalars()
    )


def compare(promised: dict[str, list[str]], done: dict[str, set[str]], conn: sa.Connection, workspace: str) -> None:
    for what in ("sends", "holds"):
        assert len(promised[what]) == len(set(promised[what]))
        assert set(promised[what]) == here(conn, workspace, done[what]), what


# Without shrinking, which would take minutes with so many rows: the failing world is printed as it is.
EXAMPLES = settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@EXAMPLES
@given(made=worlds(), at_once=st.sampled_from([1, 2, 200]))
def test_a_repair_does_what_its_preview_promised(db: Database, made: Made, at_once: int) -> None:
    with db.begin() as conn:
        made.write(conn)
        before = {row["id"]: row["state"] for row in made.posts}
        open_ids = [row["id"] for row in made.blockers if row["repaired_at"] is None]
        for ids in ([[one] for one in open_ids] + [open_ids]) if open_ids else []:
            with conn.begin_nested() as trial:
                # A cause of an account is repaired only while that account is connected.
                keys = [row["key"] for row in made.blockers if row["id"] in ids and row["scope"] == "account"]
                promised = {w: preview(conn, ids, workspace_id=w, now=NOW) for w in (HERE, THERE)}
                for workspace, named in promised.items():
                    count = counted(conn, ids, workspace_id=workspace, now=NOW)
                    assert count == {what: len(found) for what, found in named.items()}
                connect = sa.update(accounts).where(accounts.c.id.in_(keys))
                conn.execute(connect.values(token_enc=b"x", disconnected_at=None))
                queue = Queue()
                releaser = Releaser(queue, at_once=at_once)
                released = releaser.repaired(conn, ids, by="person", now=NOW)
                done = did(conn, released + free_all(conn, releaser, ids), queue, before)
                for workspace, named in promised.items():
                    compare(named, done, conn, workspace)
                trial.rollback()


@EXAMPLES
@given(made=worlds())
def test_connecting_again_does_what_the_account_list_and_the_landing_page_promised(db: Database, made: Made) -> None:
    with db.begin() as conn:
        made.write(conn)
        before = {row["id"]: row["state"] for row in made.posts}
        open_rows = [row for row in made.blockers if row["repaired_at"] is None]
        shared = [row["id"] for row in open_rows if row["scope"] == "app" and row["key"] == APP]
        own: dict[str, list[str]] = {}
        for row in open_rows:
            if row["scope"] == "account":
                own.setdefault(row["key"], []).append(row["id"])
        listed = [account for account in ACCOUNTS if WORKSPACE_OF[account] == HERE]
        of_listed = {account: ids for account, ids in own.items() if account in listed}
        counts = counted_for_accounts(conn, listed, of_listed, shared, workspace_id=HERE, now=NOW)
        for account in listed:
            ids = [*own.get(account, []), *shared]
            promised = preview_of_connecting(conn, account, ids, workspace_id=HERE, now=NOW)
            assert counts[account] == {what: len(found) for what, found in promised.items()}
            with conn.begin_nested() as trial:
                connect = sa.update(accounts).where(accounts.c.id == account)
                conn.execute(connect.values(token_enc=b"x", disconnected_at=None))
                queue = Queue()
                releaser = Releaser(queue)
                released = releaser.repaired(conn, ids, by="reconnect", now=NOW)
                released += releaser.repaired_for_account(conn, account, lanes=(), by="reconnect", now=NOW)
                compare(promised, did(conn, released, queue, before), conn, HERE)
                trial.rollback()


@EXAMPLES
@given(made=worlds())
def test_the_rules_as_sql_are_the_rules_as_python(db: Database, made: Made) -> None:
    with db.begin() as conn:
        made.write(conn)
        said = {
            row.id: (row.admission, row.releasable)
            for row in conn.execute(
                sa.select(
                    posts.c.id, clauses.admit(NOW).label("admission"), clauses.releasable.label("releasable")
                ).select_from(clauses.WITH_OWNERS)
            )
        }
        conn.execute(sa.update(posts).values(state="blocked"))  # ready() leaves out what is final
        conn.execute(sa.delete(post_blockers))
        rows = ready(conn, [row["id"] for row in made.posts])
        assert len(rows) == len(made.posts)
        states = {row["id"]: row["state"] for row in made.posts}
        for row in rows:
            reach = scope.Reach(row["id"], row["account_id"], APP, row["workspace_id"])
            stopping = [
                blocker["id"]
                for blocker in made.blockers
                if blocker["repaired_at"] is None
                and scope.concerns(blocker["scope"], blocker["key"], blocker["workspace_id"], reach)
                and scope.stops(
                    blocker["lane"],
                    blocker["pattern"],
                    blocker["probe_post_id"],
                    reach,
                    in_doubt=bool(row["checking"]),
                )
            ]
            expected = admit(candidate(row, blocked=bool(stopping)), NOW)
            assert said[row["id"]] == (expected, states[row["id"]] in RELEASABLE)
        order = conn.execute(sa.select(posts.c.id).order_by(*clauses.oldest_first)).scalars().all()
        assert [row["id"] for row in rows] == list(order)


def thread(live_for: float, **more: Any) -> Made:
    """Part 1 is live; part 2 has waited since then behind a revoked token. Due three days ago."""
    post = {"id": "pst_1", "workspace_id": HERE, "account_id": "acc_0", "state": "blocked", "due_at": NOW - 3 * DAY,
            "max_lateness": DAY, "created_at": 0.0, "updated_at": 0.0}  # fmt: skip
    part = {"post_id": "pst_1", "workspace_id": HERE, "account_id": "acc_0", "threads_user_id": "0", "kind": "TEXT",
            "body": {"text": "x"}}  # fmt: skip
    account = {"id": "acc_0", "workspace_id": HERE, "threads_user_id": "0", "token_enc": b"x", "created_at": 0.0,
               "updated_at": 0.0}  # fmt: skip
    blocker = {"id": "blk_1", "workspace_id": HERE, "scope": "account", "key": "acc_0", "pattern": "token_revoked",
               "lane": "meta_token", "action": "reconnect", "cause": {}, "opened_at": 0.0, "open_key": "x"}  # fmt: skip
    first = {**part, "id": "prt_1", "position": 0, "intent": "sent", "sends": 1, "published_at": NOW - live_for}
    second = {**part, "id": "prt_2", "position": 1, "intent": "none", "sends": 0}
    link = {"post_id": "pst_1", "blocker_id": "blk_1"}
    return Made(False, [account], [blocker], [{**post, **more}], [first, second], [link])


@pytest.mark.parametrize(("live_for", "promised"), [(3 * DAY, "holds"), (3600.0, "sends")])
def test_a_thread_is_held_when_its_next_part_is_late_and_only_then(
    db: Database, live_for: float, promised: str
) -> None:
    with db.begin() as conn:
        thread(live_for).write(conn)
        said = preview(conn, ["blk_1"], workspace_id=HERE, now=NOW)
        assert said == {"sends": [], "holds": [], promised: ["pst_1"]}
        queue = Queue()
        released = Releaser(queue).repaired(conn, ["blk_1"], by="reconnect", now=NOW)
        done = did(conn, released, queue, {"pst_1": "blocked"})
        assert done == {"sends": set(), "holds": set(), promised: {"pst_1"}}


def test_a_post_approved_behind_an_open_cause_goes_with_its_repair(db: Database) -> None:
    with db.begin() as conn:
        thread(3 * DAY, state="publishing", confirmed_at=NOW).write(conn)
        queue = Queue()
        releaser = Releaser(queue)
        assert not Mover(releaser).again(conn, "pst_1", why="Confirmed.", now=NOW)
        assert conn.execute(sa.select(posts.c.state)).scalar_one() == "blocked"
        assert preview(conn, ["blk_1"], workspace_id=HERE, now=NOW)["sends"] == ["pst_1"]
        assert releaser.repaired(conn, ["blk_1"], by="reconnect", now=NOW) == ["pst_1"]
