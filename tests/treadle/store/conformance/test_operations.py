"""What runs Treadle: workers and their leases, background jobs, the queue's runs, figures, the database itself."""

from __future__ import annotations

import sqlalchemy as sa

from tests.treadle.store.conformance.covering import covers
from tests.treadle.store.conformance.rows import ONE, TWO, account, base, blocker, post, workspace
from treadle.store import (
    Connection,
    Database,
    accounts,
    blockers,
    deliveries,
    jobs,
    kept_answers,
    migrate,
    posts,
    probe,
    runs,
    statistics,
    unknown_answers,
    webhooks,
    workers,
)
from treadle.store.deliveries import NewDelivery
from treadle.store.kept_answers import KeptAnswer
from treadle.store.statistics import Backlog
from treadle.store.workers import Workforce


@covers(
    workers.database_now,
    workers.register,
    workers.renew,
    workers.stop,
    workers.stop_all,
    workers.stopped,
    workers.bury,
    workers.set_gone,
    workers.delete_gone,
    workers.count_alive,
    workers.any_alive,
    workers.workforce,
    workers.last_seen,
)
def test_workers(conn: Connection) -> None:
    now = workers.database_now(conn, lambda: 1e9)
    assert (workers.last_seen(conn), workers.any_alive(conn, now)) == (None, False)
    assert workers.workforce(conn, now) == Workforce(0, None)
    for id_ in ("wrk_a", "wrk_b", "wrk_c"):
        workers.register(conn, id_, "one", now=now, expires_at=now + 900.0, host="h", pid=1)
    workers.register(conn, "wrk_a", "two", now=now, expires_at=now + 900.0, host="h", pid=1)
    assert not workers.renew(conn, "wrk_a", "one", now=now, expires_at=now)
    assert workers.renew(conn, "wrk_a", "two", now=now + 5, expires_at=now + 1000.0)
    assert not workers.renew(conn, "wrk_a", "two", now=now + 1000.0, expires_at=now + 2000.0)  # it is over
    assert (workers.count_alive(conn, now + 950), workers.any_alive(conn, now + 950)) == (1, True)
    assert workers.workforce(conn, now + 10) == Workforce(3, now + 5)
    assert workers.last_seen(conn) == now + 5
    workers.stop(conn, "wrk_b", "one", now=now + 6)
    workers.stop(conn, "wrk_c", "two", now=now + 6)  # not its lease
    assert workers.stopped(conn) == {"wrk_b"}
    assert workers.bury(conn, before=now) == []
    assert workers.bury(conn, before=now + 901) == workers.bury(conn, before=now) != []
    assert set(workers.bury(conn, before=now)) == {"wrk_b", "wrk_c"}
    workers.set_gone(conn, ["wrk_a", "wrk_b"])  # wrk_a is not dead
    assert workers.bury(conn, before=now) == ["wrk_c"]
    workers.stop_all(conn)
    assert (workers.count_alive(conn, 0.0), workers.stopped(conn)) == (0, set())
    workers.delete_gone(conn, now + 7)
    assert workers.workforce(conn, now).seen_at == now + 5
    assert conn.execute(sa.text("SELECT count(*) FROM workers")).scalar_one() == 2


@covers(
    jobs.times,
    jobs.next_at,
    jobs.insert_once,
    jobs.take,
    jobs.note,
    jobs.insert_note,
    jobs.set_note,
    jobs.notes,
    jobs.delete_before,
)
def test_jobs(conn: Connection) -> None:
    assert (jobs.times(conn), jobs.next_at(conn, "a"), jobs.note(conn, "a")) == ({}, None, None)
    assert jobs.insert_once(conn, "a", next_at=10.0, by="wrk_a")
    assert not jobs.insert_once(conn, "a", next_at=11.0, by="wrk_b")
    assert jobs.take(conn, "a", was=10.0, next_at=20.0, by="wrk_b", now=12.0)
    assert not jobs.take(conn, "a", was=10.0, next_at=30.0, by="wrk_c", now=12.0)
    assert (jobs.next_at(conn, "a"), jobs.note(conn, "a")) == (20.0, {})
    jobs.insert_note(conn, "b", {"after": 3}, now=5.0)
    jobs.set_note(conn, "b", {"after": 4}, ran_at=6.0)
    jobs.set_note(conn, "none", {"after": 4})
    assert jobs.notes(conn) == {"b": {"after": 4}}
    assert jobs.times(conn) == {"a": 20.0, "b": 5.0}
    jobs.delete_before(conn, 6.0)
    assert jobs.times(conn) == {"a": 20.0}


@covers(runs.finished, runs.left_behind, runs.under_way, runs.end)
def test_runs_of_the_queue(conn: Connection, migrated: Database) -> None:
    table = "workflow_status" if migrated.is_sqlite else "dbos.workflow_status"
    workers.register(conn, "wrk_alive", "t", now=1.0, expires_at=9e9, host="h", pid=1)
    rows = (
        ("run_a", "PENDING", "wrk_alive", None),
        ("run_b", "PENDING", "wrk_lost", None),
        ("run_c", "PENDING", "wrk_lost", None),
        ("run_d", "SUCCESS", "wrk_alive", 5000),
        ("run_e", "ERROR", "wrk_alive", 6000),
        ("run_f", "ENQUEUED", None, None),
    )
    for id_, status, executor, done in rows:
        conn.execute(
            sa.text(
                f"INSERT INTO {table} (workflow_uuid, status, executor_id, completed_at, created_at, updated_at)"
                " VALUES (:id, :status, :executor, :done, 1, 1)"
            ),
            {"id": id_, "status": status, "executor": executor, "done": done},
        )
    assert runs.under_way(conn, "wrk_lost") == {"run_b", "run_c"}
    assert runs.under_way(conn, "wrk_none") == set()
    assert runs.left_behind(conn) == ["wrk_lost"]
    assert runs.finished(conn, 5.5, limit=9) == ["run_d"]
    assert sorted(runs.finished(conn, 60.0, limit=9)) == ["run_d", "run_e"]
    assert len(runs.finished(conn, 60.0, limit=1)) == 1
    runs.end(conn, "run_b", "wrk_lost", now=5.2)
    runs.end(conn, "run_b", "wrk_lost", now=5.3)  # it has ended
    runs.end(conn, "run_c", "wrk_alive", now=5.2)  # it is somebody else's
    runs.end(conn, "run_f", "wrk_alive", now=5.2)  # nobody has taken it
    assert sorted(runs.finished(conn, 5.25, limit=9)) == ["run_b", "run_d"]
    assert sorted(runs.finished(conn, 5.5, limit=9)) == ["run_b", "run_d"]
    assert runs.under_way(conn, "wrk_lost") == {"run_c"}


@covers(probe.version, probe.rewrite_version)
def test_the_database_itself(conn: Connection, migrated: Database) -> None:
    at, newest = migrate.versions(migrated)
    probe.rewrite_version(conn)
    assert probe.version(conn) == at == newest


@covers(
    statistics.posts_by_state,
    statistics.steps_due,
    statistics.scheduled_ahead,
    statistics.posts_due,
    statistics.oldest_in_doubt,
    statistics.is_overdue,
    statistics.any_changed,
    statistics.causes_of_posts,
    statistics.publish_times,
)
def test_figures_of_posts(conn: Connection) -> None:
    base(conn)
    assert statistics.posts_by_state(conn) == {}
    assert statistics.steps_due(conn, 100.0) == Backlog(0, None)
    assert statistics.oldest_in_doubt(conn) is None
    post(conn, "pst_due", next_at=90.0)
    post(conn, "pst_ahead", next_at=110.0, due_at=110.0, approval="pending")
    post(conn, "pst_check", state="checking", next_at=80.0, due_at=70.0, cause_pattern="p", updated_at=75.0)
    post(conn, "pst_live", state="published", published_at=95.0, due_at=90.0, cause_lane="l", cause_pattern="p")
    post(conn, "pst_failed", state="failed", cause_lane="l", cause_pattern="q")
    assert statistics.posts_by_state(conn) == {"scheduled": 2, "checking": 1, "published": 1, "failed": 1}
    assert statistics.steps_due(conn, 100.0) == Backlog(2, 80.0)
    assert (statistics.scheduled_ahead(conn, 100.0), statistics.posts_due(conn, 105.0)) == (1, 1)
    assert statistics.oldest_in_doubt(conn) == 70.0
    assert statistics.is_overdue(conn, 100.0)
    assert not statistics.is_overdue(conn, 99.0)
    posts.update_post(conn, "pst_due", {"state": "canceled"})
    assert not statistics.is_overdue(conn, 200.0)  # the other one waits for an approval
    assert statistics.any_changed(conn, ["checking"], 74.0)
    assert not statistics.any_changed(conn, ["checking"], 75.0)
    assert sorted(statistics.causes_of_posts(conn), key=str) == [("l", "q", 1), (None, "p", 1)]
    assert list(statistics.publish_times(conn, ["pst_live", "pst_due", "none"])) == [(95.0, 90.0)]


@covers(
    statistics.open_blockers,
    statistics.posts_behind_blockers,
    statistics.connected_accounts,
    statistics.deliveries_due,
    unknown_answers.count,
    unknown_answers.note,
    unknown_answers.of_workspace,
)
def test_other_figures(conn: Connection) -> None:
    base(conn)
    account(conn, "acc_b", at=1.0, token_expires_at=None)
    account(conn, "acc_c")
    accounts.disconnect(conn, ONE, "acc_c", now=3.0)
    assert [(row.id, row.health, row.token_expires_at) for row in statistics.connected_accounts(conn)] == [
        ("acc_b", "active", None),
        ("acc_a", "active", 1000.0),
    ]
    held = blocker(conn)
    blocker(conn, "account", "acc_b")
    post(conn, "pst_a")
    post(conn, "pst_over", state="canceled")
    for id_ in ("pst_a", "pst_over"):
        blockers.put_behind(conn, id_, [held])
    assert statistics.open_blockers(conn) == [("account", "meta_token", 2)]
    assert statistics.posts_behind_blockers(conn) == [("account", "meta_token", 1)]
    assert statistics.deliveries_due(conn, 99.0) == Backlog(0, None)
    webhooks.insert(conn, "whk_a", ONE, url="https://x", types=[], secret_enc=b"", cursor=0, now=1.0)
    for number, at in enumerate((7.0, 5.0, 100.0)):
        deliveries.insert(conn, NewDelivery(f"dlv_{number}", "whk_a", ONE, number, "x", "{}"), now=at)
    assert statistics.deliveries_due(conn, 99.0) == Backlog(2, 5.0)
    workspace(conn, TWO)
    account(conn, "acc_two", of=TWO)
    post(conn, "pst_two", of=TWO, by="acc_two")
    for at, (shape, whose) in enumerate((("a", "pst_a"), ("b", "pst_a"), ("b", "pst_two"), ("c", "pst_two"))):
        unknown_answers.note(conn, shape, {"é": at}, whose, now=float(at))
    assert unknown_answers.count(conn) == 3
    found = [
        (row.shape, row.count, row.first_at, row.last_at, row.sample) for row in unknown_answers.of_workspace(conn, ONE)
    ]
    assert found == [("b", 2, 1.0, 2.0, {"é": 1}), ("a", 1, 0.0, 0.0, {"é": 0})]


@covers(kept_answers.begin, kept_answers.keep, kept_answers.forget, kept_answers.delete_before)
def test_kept_answers(conn: Connection) -> None:
    workspace(conn, ONE)
    assert kept_answers.begin(conn, "a", ONE, "body", now=1.0) is None
    assert kept_answers.begin(conn, "b", ONE, "body", now=9.0) is None
    assert kept_answers.begin(conn, "a", ONE, "other", now=2.0) == KeptAnswer("body", None, {}, None, 1.0)
    kept_answers.keep(conn, "a", "whole", 201, {"etag": "é"}, b"sealed")
    assert kept_answers.begin(conn, "a", ONE, "body", now=3.0) == KeptAnswer(
        "whole", 201, {"etag": "é"}, b"sealed", 1.0
    )
    kept_answers.forget(conn, "a")
    assert kept_answers.begin(conn, "a", ONE, "body", now=4.0) is None
    kept_answers.delete_before(conn, 5.0)
    assert kept_answers.begin(conn, "a", ONE, "body", now=6.0) is None
    assert kept_answers.begin(conn, "b", ONE, "body", now=6.0) is not None
