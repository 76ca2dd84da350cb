"""Health follows diagnoses and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from treadle.accounts import health
from treadle.store import Database
from treadle.store.tables import accounts, changes
from treadle_diagnosis import diagnose


@pytest.fixture
def account(db: Database) -> str:
    with db.begin() as conn:
        conn.execute(
            sa.insert(accounts).values(
                id="acc_1", workspace_id="wsp_one", threads_user_id="1", username="ada", created_at=0.0, updated_at=0.0
            )
        )
    return "acc_1"


ERRORS: list[tuple[dict[str, Any], str | None]] = [
    ({"error": {"code": 190, "error_subcode": 463, "message": "Session has expired"}}, "reconnect"),
    ({"error": {"code": 190, "error_subcode": 460}}, "reconnect"),
    ({"error": {"code": 190, "message": "You cannot access the app till you log in to www.threads.com"}}, "checkpoint"),
    ({"error": {"code": 25, "error_subcode": 2207050}}, "restricted"),
    ({"error": {"code": 4, "error_subcode": 2207051}}, "restricted"),
    ({"error": {"code": 10, "message": "Application does not have permission for this action"}}, "limited"),
    ({"error": {"code": 10, "error_subcode": 4279067}}, "limited"),
    ({"error": {"message": "Error validating client secret.", "code": 1}}, "app"),
    ({"error": {"code": 4, "message": "Application request limit reached"}}, None),
    ({"error": {"code": 613, "error_subcode": 4279002}}, None),
    ({"error": {"code": 2, "is_transient": True}}, None),
    ({"error": {"code": 1, "message": "An unknown error occurred"}}, None),
    ({"error": {"code": 24, "error_subcode": 4279009}}, None),
    ({"error": {"code": 100, "message": "Param text must be at most 500 characters long."}}, None),
    ({"error": {"code": 100, "error_subcode": 4279004, "error_user_msg": "invalid, nonexistent, or expired."}}, None),
]


@pytest.mark.parametrize(("body", "meant"), ERRORS)
def test_what_an_answer_means_for_the_account(body: dict[str, Any], meant: str | None) -> None:
    stage = "oauth" if meant == "app" else "create_container"
    assert health.health_of(diagnose(body=body, stage=stage, http_status=400)) == meant


@given(
    status=st.integers(100, 599),
    transient=st.booleans(),
    body=st.one_of(st.none(), st.text(max_size=40), st.just({}), st.just({"error": {}})),
)
def test_no_status_alone_is_a_verdict(status: int, transient: bool, body: Any) -> None:
    found = diagnose(http_status=status, body=body, stage="read")
    assert health.health_of(found) is None


@pytest.mark.parametrize("exception", ["TimeoutError", "ConnectionResetError: reset", "getaddrinfo failed (dns)"])
def test_no_lost_call_is_a_verdict(exception: str) -> None:
    assert health.health_of(diagnose(exception=exception, stage="token_refresh")) is None


def test_instagrams_token_says_nothing_of_threads() -> None:
    found = diagnose(body=ERRORS[0][0], surface="instagram", stage="publish")
    assert health.health_of(found) is None


def types(db: Database) -> list[str]:
    with db.read() as conn:
        return list(conn.execute(sa.select(changes.c.type).order_by(changes.c.id)).scalars())


def test_one_trouble_is_said_once_and_its_end_too(db: Database, account: str) -> None:
    dead = diagnose(body=ERRORS[0][0], stage="publish")
    with db.begin() as conn:
        assert health.observe(conn, account, dead, 1.0) == "reconnect"
        assert health.observe(conn, account, dead, 2.0) is None
        assert health.worked(conn, account, "read", 3.0) == "active"
        assert health.worked(conn, account, "read", 4.0) is None
    assert types(db) == ["account.needs_reconnect", "account.recovered"]


def test_reading_does_not_end_a_restriction_but_publishing_does(db: Database, account: str) -> None:
    with db.begin() as conn:
        health.observe(conn, account, diagnose(body=ERRORS[3][0], stage="publish"), 1.0)
        assert health.worked(conn, account, "read", 2.0) is None
        assert health.worked(conn, account, "publish", 3.0) == "active"


def test_what_is_not_about_the_account_changes_nothing(db: Database, account: str) -> None:
    with db.begin() as conn:
        others = [body for body, meant in ERRORS if meant is None]
        assert len(others) > 5
        for body in others:
            assert health.observe(conn, account, diagnose(body=body, stage="publish"), 1.0) is None
        row = conn.execute(sa.select(accounts)).one()
        assert health.observe(conn, "acc_none", diagnose(body=ERRORS[0][0]), 1.0) is None
    assert (row.health, row.health_cause) == ("active", None)
    assert types(db) == []
