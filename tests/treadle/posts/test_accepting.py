"""Whatever is sent is accepted whole or refused with findings: never an exception, never half a post."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.folders import settings_in
from tests.treadle.posts.test_findings import JSON_VALUES
from tests.treadle.posts.test_rules import GOOD, SHAPES, WRONG
from treadle.app import DEFAULT_WORKSPACE, App, open_app
from treadle.domain.answers import Created, Rejected
from treadle.domain.findings import Finding
from treadle.domain.rules import check_post
from treadle.services import request
from treadle.services.intake import Accepted, accept
from treadle.store.tables import accounts, media, parts, posts


@pytest.fixture
def site(migrated_url: str, tmp_path: Path) -> Iterator[App]:
    app = open_app(settings_in(tmp_path, database_url=migrated_url))
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


def test_good_posts_are_accepted_and_wrong_ones_are_not(site: App) -> None:
    accepted = 0
    for body in GOOD:
        made = create(site, body)
        if isinstance(made, Created):
            accepted += 1
        else:  # an uploaded file that is not there is all that can be wrong
            assert [finding.rule for finding in made.findings] == ["known_media"]
    assert count(site) == accepted >= len(GOOD) - 1
    for body, _, rule in WRONG:
        if isinstance(body, dict):
            made = create(site, body)
            assert isinstance(made, Rejected)
            assert rule in [finding.rule for finding in made.findings]
    assert count(site) == accepted


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
def test_any_json_is_accepted_or_refused_with_findings(site: App, body: dict[str, Any]) -> None:
    before = count(site)
    made = create(site, body)
    assert isinstance(made, Created | Rejected)
    if isinstance(made, Rejected):
        assert made.findings
        assert count(site) == before
    else:
        assert count(site) == before + 1
        with site.db.read() as conn:
            kept = conn.execute(sa.select(sa.func.count()).where(parts.c.post_id == made.post_id)).scalar_one()
        assert kept == 1 + len(body.get("replies") or [])


def test_the_same_key_and_body_is_the_same_post_and_another_body_is_refused(site: App) -> None:
    body = {"account_id": "acc_1", "text": "Hello"}
    first, again = create(site, body, "key-1"), create(site, dict(reversed(body.items())), "key-1")
    assert isinstance(first, Created)
    assert isinstance(again, Created)
    assert (again.post_id, again.again, first.again) == (first.post_id, True, False)
    other = create(site, {**body, "text": "Other"}, "key-1")
    assert other.code == "idempotency_key_reused"
    assert count(site) == 1


def statements_of(app: App, body: dict[str, Any], key: str | None) -> list[str]:
    """What one accept asks the database for: ``SELECT table, ...`` or ``INSERT table`` of each statement, in order."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        words = " ".join(statement.split())
        verb = words.partition(" ")[0]
        tables = re.findall(r"(?:FROM|JOIN|INTO|UPDATE) (?:dbos\.)?\"?(\w+)", words)
        seen.append(f"{verb} {', '.join(tables)}")

    with app.db.begin() as conn:
        sa.event.listen(conn, "before_cursor_execute", note)
        made = accept(conn, app, DEFAULT_WORKSPACE, body, now=time.time(), actor="test", idempotency_key=key)
        sa.event.remove(conn, "before_cursor_execute", note)
    assert isinstance(made, Accepted)
    return seen


def test_a_post_is_read_once_and_never_written_twice(site: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.db.begin() as conn:
        conn.execute(
            sa.insert(media).values(
                id="med_1", workspace_id=DEFAULT_WORKSPACE, content_type="image/jpeg", stored={}, size=1, created_at=0.0
            )
        )
    checks: list[Any] = []

    def counted(body: Any) -> list[Finding]:
        checks.append(body)
        return check_post(body)

    monkeypatch.setattr(request, "check_post", counted)
    body = {
        "account_id": "acc_1",
        "text": "Once",
        "media": [{"id": "med_1"}],
        "publish_at": f"{time.gmtime().tm_year + 1}-01-05T09:00",
        "zone": "Europe/Berlin",
    }
    seen = statements_of(site, body, "key-1")
    assert checks == [body]
    ours = [statement for statement in seen if not re.search(r"main|workflow|^SELECT $", statement)]  # not the queue's
    assert ours == [
        "SELECT accounts",
        "SELECT media",
        "SELECT posts, parts",  # whether the account says the same already
        "SELECT idempotency",
        "INSERT posts",
        "INSERT parts",
        "INSERT events",
        "INSERT changes",
        "INSERT idempotency",
        "SELECT posts, accounts",  # the post as it is answered
        "SELECT parts",
        "SELECT post_blockers, blockers",
    ]
    with site.db.read() as conn:
        kept = conn.execute(sa.select(posts.c.publish_at_text)).scalar_one()
    assert kept == f"{body['publish_at']}[Europe/Berlin]"
