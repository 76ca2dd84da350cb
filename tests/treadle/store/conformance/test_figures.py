"""Figures of published parts, their plan and the accounts that rest, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import sqlalchemy as sa

from tests.treadle.store.conformance.covering import covers
from tests.treadle.store.conformance.rows import ONE, TWO, account, post, workspace
from treadle.domain.insights import Numbers
from treadle.store import Connection, insights, tables
from treadle.store.insights import AccountRest, DayGain, DayRow, DueRead

LIVE = {"threads_id": "17", "published_at": 100.0, "state": "published"}


def base(conn: Connection) -> None:
    workspace(conn)
    account(conn)
    post(conn, "pst_a", part=LIVE)
    post(conn, "pst_young", part={**LIVE, "threads_id": "18", "published_at": 190.0})
    post(conn, "pst_gone", part={**LIVE, "threads_id": "19", "state": "canceled"})
    post(conn, "pst_waits")


def plan(conn: Connection) -> int:
    """How many parts are planned after it."""
    insights.adopt(conn, since=50.0, first_s=10.0, limit=9)
    return int(conn.execute(sa.select(sa.func.count()).select_from(tables.insight_reads)).scalar_one())


@covers(insights.adopt, insights.accounts_due, insights.due, insights.of_post, insights.plan, insights.plan_if_none)
def test_reads_are_planned_and_due(conn: Connection) -> None:
    base(conn)
    assert plan(conn) == 2
    assert plan(conn) == 2
    assert insights.accounts_due(conn, 109.0, limit=9) == []
    assert insights.accounts_due(conn, 110.0, limit=9) == ["acc_a"]
    [read] = insights.due(conn, "acc_a", 110.0, limit=9)
    assert read == DueRead("prt_pst_a_0", ONE, "17", 100.0, 0, None)
    assert [one.threads_id for one in insights.due(conn, "acc_a", 500.0, limit=9)] == ["17", "18"]
    insights.plan(conn, read.part_id, 300.0, misses=2, read_at=110.0)
    assert insights.due(conn, "acc_a", 299.0, limit=9)[0].threads_id == "18"
    assert insights.of_post(conn, ONE, "pst_a") == [DueRead("prt_pst_a_0", ONE, "17", 100.0, 2, 110.0)]
    assert insights.of_post(conn, TWO, "pst_a") == []
    insights.plan(conn, read.part_id, None, misses=3)
    assert [one.threads_id for one in insights.due(conn, "acc_a", 9e9, limit=9)] == ["18"]
    insights.plan_if_none(conn, read, "acc_a", 20.0)
    assert insights.of_post(conn, ONE, "pst_a")[0].misses == 3
    insights.plan_if_none(conn, replace(read, part_id="prt_pst_waits_0"), "acc_a", 20.0)
    assert insights.accounts_due(conn, 20.0, limit=9) == ["acc_a"]


@covers(insights.rest, insights.rest_of, insights.end_rest, insights.accounts_due)
def test_an_account_rests_until_its_time_or_a_new_token(conn: Connection) -> None:
    base(conn)
    plan(conn)
    assert insights.rest_of(conn, "acc_a") is None
    insights.rest(conn, "acc_a", 500.0, {"pattern": "x"}, now=150.0)
    insights.rest(conn, "acc_a", 600.0, None, now=160.0)
    assert insights.rest_of(conn, "acc_a") == AccountRest(600.0, 160.0, None)
    assert insights.accounts_due(conn, 599.0, limit=9) == []
    assert insights.accounts_due(conn, 600.0, limit=9) == ["acc_a"]
    conn.execute(sa.update(tables.accounts).values(token_issued_at=161.0))
    assert insights.accounts_due(conn, 200.0, limit=9) == ["acc_a"]
    insights.end_rest(conn, "acc_a")
    assert insights.rest_of(conn, "acc_a") is None


@covers(insights.keep, insights.days_of, insights.newest_of)
def test_figures_are_kept_once_a_day(conn: Connection) -> None:
    base(conn)
    plan(conn)
    [read] = insights.of_post(conn, ONE, "pst_a")
    insights.keep(conn, read, "2026-11-29", Numbers(views=5, likes=1), now=120.0)
    insights.keep(conn, read, "2026-11-30", Numbers(views=6), now=130.0)
    insights.keep(conn, read, "2026-11-30", Numbers(views=2**40, likes=2), now=140.0)
    assert insights.days_of(conn, ONE, "pst_a") == [
        DayRow(0, "17", "2026-11-29", Numbers(views=5, likes=1), 120.0),
        DayRow(0, "17", "2026-11-30", Numbers(views=2**40, likes=2), 140.0),
    ]
    assert insights.days_of(conn, TWO, "pst_a") == []
    found = insights.newest_of(conn, ONE, ["pst_a", "pst_young", "pst_none"])
    assert found == {"pst_a": Numbers(views=2**40, likes=2)}
    assert insights.newest_of(conn, TWO, ["pst_a"]) == {}
    conn.execute(sa.delete(tables.posts).where(tables.posts.c.id == "pst_a"))
    assert insights.days_of(conn, ONE, "pst_a") == []


NOON = 1_796_040_000.0  # of 2026-11-30, UTC
DAY = 86_400.0


@covers(insights.gained)
def test_what_was_gained_on_each_day_is_told_from_what_was_there(conn: Connection) -> None:
    workspace(conn)
    account(conn)
    for name, age in (("young", 1), ("old", 60)):
        post(conn, f"pst_{name}", part={**LIVE, "threads_id": name, "published_at": NOON - age * DAY})
    plan(conn)
    young, old = (insights.of_post(conn, ONE, f"pst_{name}")[0] for name in ("young", "old"))
    # Read for the first time within two days: all of it is new. An old one: nobody knows when it came.
    insights.keep(conn, young, "2026-11-29", Numbers(views=10, likes=3), now=NOON - DAY)
    insights.keep(conn, old, "2026-11-29", Numbers(views=1000), now=NOON - DAY)
    # A like was taken back, then two came: one more than ever before. Views were not told on one day.
    insights.keep(conn, young, "2026-11-30", Numbers(likes=2), now=NOON)
    insights.keep(conn, young, "2026-12-01", Numbers(views=2**40, likes=4), now=NOON + DAY)
    insights.keep(conn, old, "2026-12-01", Numbers(views=1007), now=NOON + DAY)
    assert insights.gained(conn, ONE, since=date(2026, 11, 29)) == [
        DayGain(date(2026, 11, 29), Numbers(views=10, likes=3)),
        DayGain(date(2026, 11, 30), Numbers(likes=0)),
        DayGain(date(2026, 12, 1), Numbers(views=2**40 - 10 + 7, likes=1)),
    ]
    [last] = insights.gained(conn, ONE, since=date(2026, 12, 1), account_id="acc_a")
    assert last.numbers == Numbers(views=2**40 - 10 + 7, likes=1), "what was read before is known"
    assert insights.gained(conn, ONE, since=date(2026, 12, 2)) == []
    assert insights.gained(conn, ONE, since=date(2026, 11, 1), account_id="acc_none") == []
    assert insights.gained(conn, TWO, since=date(2026, 11, 1)) == []


@covers(insights.best)
def test_the_best_posts_come_first_with_their_newest_figures(conn: Connection) -> None:
    base(conn)
    plan(conn)
    post(conn, "pst_none", part={**LIVE, "threads_id": "20"})
    for name, figures in (("pst_a", (9, 50)), ("pst_young", (60, 40))):
        [read] = insights.of_post(conn, ONE, name)
        for day, views in zip(("2026-11-29", "2026-11-30"), figures, strict=True):
            insights.keep(conn, read, day, Numbers(views=views, likes=views % 7), now=120.0)
    found = insights.best(conn, ONE, "views", since=100.0, limit=9)
    assert found == [("pst_a", Numbers(views=50, likes=1)), ("pst_young", Numbers(views=40, likes=5))]
    assert [id_ for id_, _ in insights.best(conn, ONE, "likes", since=100.0, limit=1)] == ["pst_young"]
    assert [id_ for id_, _ in insights.best(conn, ONE, "views", since=100.5, limit=9)] == ["pst_young"]
    assert insights.best(conn, ONE, "quotes", since=0.0, limit=9) == [], "nobody was asked for quotes"
    assert insights.best(conn, ONE, "views", since=0.0, limit=9, account_id="acc_none") == []
    assert insights.best(conn, TWO, "views", since=0.0, limit=9) == []
