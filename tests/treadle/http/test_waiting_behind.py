"""A post behind an outage says what it waits for and until when, on the API, the page and the command line."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.treadle.cli.conftest import Terminal, at_home, treadle  # noqa: F401
from tests.treadle.http.conftest import Site
from tests.treadle.http.test_api_posts import create
from tests.treadle.web.conftest import sample  # noqa: F401
from tests.treadle.web.sample_data import SampleSite, add_account, add_blocker, add_post
from treadle.app import App
from treadle.domain.times import iso
from treadle.store.tables import blockers, parts, posts
from treadle_diagnosis import diagnose

# ruff: noqa: F811
SENT_WITHOUT_ANSWER = {"stage": "publish", "http_status": 500, "body": {"error": {"code": 2, "message": "x"}}}


def outage(app: App, waiting: str, probe: str | None, *, doubt: bool) -> tuple[float, float]:
    """The post waits behind an outage that ``probe`` tests; when it is looked at next, and when that send settles."""
    now = app.now()
    looked_at, settles_at = now + 60.0, now + 500.0
    cause = diagnose(**SENT_WITHOUT_ANSWER).to_json()  # type: ignore[arg-type]
    with app.db.begin() as conn:
        behind = add_blocker(conn, cause, "platform", "threads", [waiting], now)
        conn.execute(
            sa.update(blockers).where(blockers.c.id == behind).values(next_check_at=looked_at, probe_post_id=probe)
        )
        conn.execute(
            sa.update(posts)
            .where(posts.c.id == waiting)
            .values(state="waiting", next_what="Goes by itself once this is repaired.", next_at=None)
        )
        if probe and doubt:
            sent = {"intent": "sent", "unclear": True, "checks": {"settles_at": settles_at}}
            conn.execute(sa.update(parts).where(parts.c.post_id == probe).values(**sent))
    return looked_at, settles_at


@pytest.mark.parametrize("doubt", [True, False])
def test_the_api_names_the_time(any_site: Site, doubt: bool) -> None:
    first, second = create(any_site, "first")["id"], create(any_site, "second")["id"]
    looked_at, settles_at = outage(any_site.app, second, first, doubt=doubt)
    client = any_site.client("read")
    listed = next(post for post in client.get("/v1/posts").json()["data"] if post["id"] == second)
    for post in (client.get(f"/v1/posts/{second}").json(), listed):
        assert post["state"] == "waiting"
        assert post["next"]["at"] == iso(settles_at if doubt else looked_at)
        assert ("another post" in post["next"]["what"]) == doubt
        assert first not in str(post["next"])  # it may be another workspace's


def test_a_post_with_a_run_of_its_own_keeps_its_time(any_site: Site) -> None:
    post = create(any_site, "goes first")["id"]
    outage(any_site.app, post, post, doubt=True)
    with any_site.app.db.begin() as conn:
        conn.execute(sa.update(posts).where(posts.c.id == post).values(next_at=1_900_000_000.0, next_what="Looks."))
    shown = any_site.client("read").get(f"/v1/posts/{post}").json()
    assert shown["next"] == {"what": "Looks.", "at": iso(1_900_000_000.0)}


def test_the_command_line_and_the_page_name_it(treadle: Terminal, at_home: Site) -> None:
    first, second = create(at_home, "first")["id"], create(at_home, "second")["id"]
    outage(at_home.app, second, first, doubt=True)
    shown = treadle.json("posts", "show", second)
    assert shown["next"]["at"]
    assert "another post was published" in treadle("posts", "show", second).out


def test_the_page_names_it(sample: SampleSite) -> None:
    app, now = sample.app, sample.app.now()
    with app.db.begin() as conn:
        account = add_account(conn, "waiting.here", now)
        first = add_post(conn, account, "First", "checking", now)
        second = add_post(conn, account, "Second", "waiting", now)
    outage(app, second, first, doubt=True)
    page = sample.client.get(f"/posts/{second}").text
    assert "another post was published, at the latest:" in page
    assert "in 8 min" in page
