"""Whatever is sent is accepted whole or refused with findings: never an exception, never half a post."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.treadle.posts.test_findings import JSON_VALUES
from tests.treadle.posts.test_rules import GOOD, SHAPES, WRONG
from treadle.app import DEFAULT_WORKSPACE, App, open_app
from treadle.domain.answers import Created, Rejected
from treadle.settings import Settings
from treadle.store.tables import accounts, parts, posts


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[App]:
    app = open_app(Settings(data_dir=tmp_path, database_url=database_url))
    with app.db.begin() as conn:
        conn.execute(
            sa.insert(accounts).values(
                id="acc_1", workspace_id=DEFAULT_WORKSPACE, threads_user_id="1", created_at=0.0, updated_at=0.0
            )
        )
    yield app
    app.close()


def create(app: App, body: Any, key: str | None = None) -> Any:
    with app.db.begin() as conn:
        return app.posts.create(conn, DEFAULT_WORKSPACE, body, now=time.time(), actor="test", idempotency_key=key)


def count(app: App) -> int:
    with app.db.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(posts)).scalar_one())


def test_good_posts_are_accepted_and_wrong_ones_are_not(house: App) -> None:
    accepted = 0
    for body in GOOD:
        made = create(house, body)
        if isinstance(made, Created):
            accepted += 1
        else:  # an uploaded file that is not there is all that can be wrong
            assert [finding.rule for finding in made.findings] == ["known_media"]
    assert count(house) == accepted >= len(GOOD) - 1
    for body, _, rule in WRONG:
        if isinstance(body, dict):
            made = create(house, body)
            assert isinstance(made, Rejected)
            assert rule in [finding.rule for finding in made.findings]
    assert count(house) == accepted


BODIES = st.one_of(
    st.dictionaries(st.sampled_from(["text", "media", "options", "replies", "account_id", "zone"]), SHAPES, max_size=6),
    st.fixed_dictionaries(
        {"account_id": st.just("acc_1"), "text": st.text(max_size=20)},
        optional={
            "publish_at": JSON_VALUES | st.just("2026-12-01T09:00"),
            "zone": JSON_VALUES | st.just("Europe/Berlin"),
            "max_lateness": JSON_VALUES,
            "metadata": JSON_VALUES,
            "labels": JSON_VALUES,
            "media": st.lists(st.fixed_dictionaries({"id": st.just("med_1") | JSON_VALUES}), max_size=2),
        },
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_any_json_is_accepted_or_refused_with_findings(house: App, body: dict[str, Any]) -> None:
    before = count(house)
    made = create(house, body)
    assert isinstance(made, Created | Rejected)
    if isinstance(made, Rejected):
        assert made.findings
        assert count(house) == before
    else:
        assert count(house) == before + 1
        with house.db.read() as conn:
            kept = conn.execute(sa.select(sa.func.count()).where(parts.c.post_id == made.post_id)).scalar_one()
        assert kept == 1 + len(body.get("replies") or [])


def test_the_same_key_and_body_is_the_same_post_and_another_body_is_refused(house: App) -> None:
    body = {"account_id": "acc_1", "text": "Hello"}
    first, again = create(house, body, "key-1"), create(house, dict(reversed(body.items())), "key-1")
    assert isinstance(first, Created)
    assert isinstance(again, Created)
    assert (again.post_id, again.again, first.again) == (first.post_id, True, False)
    other = create(house, {**body, "text": "Other"}, "key-1")
    assert other.code == "idempotency_key_reused"
    assert count(house) == 1
