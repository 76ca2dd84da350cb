"""What strangers send is never a label: the page of ``/metrics`` does not grow with their requests."""

from __future__ import annotations

import asyncio
import random
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from tests.security.sites import ask, asking, by_wire, listening, opened
from treadle.app import DEFAULT_WORKSPACE, App
from treadle.ids import new_id
from treadle.observe import metrics
from treadle.observe.metrics import Metrics
from treadle.people.keys import create_key
from treadle.store.tables import accounts, events, posts

HOST = ("Host", "localhost")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[App, FastAPI]]:
    with opened(tmp_path / "data") as made:
        yield made


def series(page: bytes) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def labels(page: bytes, name: str) -> set[str]:
    return {value for _, pairs in series(page) for label, value in pairs if label == name}


def junk(rng: random.Random, length: int = 200) -> str:
    return "".join(rng.choices(string.ascii_letters + string.digits, k=rng.randint(1, length)))


def test_a_flood_of_junk_adds_no_series(served: tuple[App, FastAPI]) -> None:
    _, site = served
    made: Metrics = site.state.metrics

    async def flood(seed: int, count: int) -> None:
        rng = random.Random(seed)
        for _ in range(count):
            word = junk(rng)
            await asking(site, f"/{word}", [HOST], word.upper())
            await asking(site, f"/{word}", [HOST])
            await asking(site, f"/v1/posts/{word}", [HOST, ("Authorization", f"Bearer {word}")], "DELETE")
            await asking(site, "/healthz", [("Host", f"{word}.example")])
            await asking(site, f"/guide/errors/{word}", [HOST])
            await asking(site, f"/static/{word}", [HOST])
            await asking(site, f"/problems/{word}", [HOST])
            await asking(site, f"/media/{word}/{word}", [HOST])

    asyncio.run(flood(1, 5))
    after_few = series(made.render())
    asyncio.run(flood(2, 40))
    after_many = series(made.render())
    assert after_many == after_few
    assert labels(made.render(), "method") <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}
    assert "other" in labels(made.render(), "method")


def test_over_the_wire_unknown_methods_end_at_the_gate(served: tuple[App, FastAPI]) -> None:
    _, site = served
    rng = random.Random(3)
    with listening(site) as port:
        for _ in range(20):
            answer = by_wire(port, f"{junk(rng, 5000)}X /v1/posts HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 501 ")
    assert labels(site.state.metrics.render(), "method") == {"other"}


def test_what_the_tables_hold_is_no_label_unless_it_is_known(served: tuple[App, FastAPI]) -> None:
    """Patterns, stages, outcomes and lanes of rows that an older release, or a mistake, wrote."""
    app, _ = served
    made, rng = Metrics(app.db, app.now), random.Random(4)
    made.render()
    now = app.now()
    with app.db.begin() as conn:
        account = new_id("account", now)
        values = {"id": account, "workspace_id": DEFAULT_WORKSPACE, "threads_user_id": "1", "username": "ada"}
        conn.execute(sa.insert(accounts).values(**values, created_at=now, updated_at=now, scopes=[]))
        for n in range(30):
            post = new_id("post", now + n)
            conn.execute(
                sa.insert(posts).values(
                    id=post, workspace_id=DEFAULT_WORKSPACE, account_id=account, state="failed", due_at=now,
                    max_lateness=1.0, cause_pattern=junk(rng, 30), cause_lane=junk(rng, 20), created_at=now,
                    updated_at=now,
                )
            )  # fmt: skip
            conn.execute(
                sa.insert(events).values(
                    post_id=post, workspace_id=DEFAULT_WORKSPACE, attempt=1, started_at=now, stage=junk(rng, 20),
                    kind="call", what="x", outcome=junk(rng, 20), duration_s=1.0,
                    diagnosis={"pattern": junk(rng, 30), "lane": junk(rng, 20)},
                )
            )  # fmt: skip
    page = made.render()
    for name in ("pattern", "stage", "outcome", "lane"):
        assert labels(page, name) == {"other"}
    assert b'treadle_posts_with_cause{lane="other",pattern="other"} 30.0' in page


def test_many_accounts_do_not_make_the_page_endless(
    served: tuple[App, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = served
    monkeypatch.setattr(metrics, "ACCOUNTS_MOST", 3)
    now = app.now()
    with app.db.begin() as conn:
        for n in range(10):
            values = {"id": new_id("account", now), "workspace_id": DEFAULT_WORKSPACE, "threads_user_id": str(n)}
            more = {"username": f"a{n}", "created_at": now + n, "updated_at": now, "scopes": []}
            conn.execute(sa.insert(accounts).values(**values, **more, token_expires_at=now + 9e6))
    page = Metrics(app.db, app.now).render()
    assert len(labels(page, "account")) == 3
    assert b'treadle_accounts{health="active"} 10.0' in page


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "203.0.113.7"])
def test_the_page_needs_a_key_wherever_one_asks_from(served: tuple[App, FastAPI], address: str) -> None:
    app, site = served
    with app.db.begin() as conn:
        _, secret = create_key(conn, DEFAULT_WORKSPACE, "prometheus", ["read"], app.now())
    assert ask(site, "/metrics", [HOST, ("X-Forwarded-For", address)]).status == 401
    assert ask(site, "/metrics", [HOST, ("Authorization", "Bearer trd_wrong")]).status == 401
    assert ask(site, "/metrics", [HOST, ("Authorization", f"Bearer {secret}")]).status == 200


def test_it_is_open_only_when_that_is_said(tmp_path: Path) -> None:
    with opened(tmp_path / "data", metrics="open") as (_, site):
        assert ask(site, "/metrics", [HOST]).status == 200
        assert ask(site, "/metrics", [("Host", "evil.example")]).status == 421
