"""Importing posts from another scheduler: looked at first, held until confirmed, never twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from tests.support.folders import settings_in
from tests.treadle.web.sample_data import CSRF, SampleSite
from treadle.app import DEFAULT_WORKSPACE, App, open_app
from treadle.domain.answers import Conflict, Done
from treadle.services import connecting, importing
from treadle.services.importing import ImportReport, ImportWish
from treadle.store.tables import posts
from treadle_sandbox.server import Sandbox

ROWS = [
    "account,publish_at,text",
    "{name},2027-05-01T09:00:00Z,First of three",
    "{name},2027-05-02T09:00:00Z,Second of three",
    "nobody,2027-05-03T09:00:00Z,For an account that is not here",
]


def file_for(name: str) -> str:
    return "\n".join(ROWS).format(name=name) + "\n"


@pytest.fixture
def app(threads: Sandbox, tmp_path: Path) -> Iterator[App]:
    """An app whose one account is a profile of the sandbox; no worker runs."""
    settings = settings_in(
        tmp_path / "importing",
        threads_api_url=threads.url,
        threads_authorize_url=threads.authorize_url,
        threads_app_id=threads.app.id,
        threads_app_secret=threads.app.secret,  # type: ignore[arg-type]
    )
    made = open_app(settings)
    token = SecretStr(threads.control.token("loom.and.shuttle")["access_token"])
    asyncio.run(connecting.by_token(made, DEFAULT_WORKSPACE, token, actor="cli"))
    yield made
    made.close()


def carry_out(app: App, *, dry_run: bool = False, **more: Any) -> ImportReport:
    wanted = ImportWish(**{"csv": file_for("loom.and.shuttle"), **more})
    made = asyncio.run(importing.run(app, DEFAULT_WORKSPACE, wanted, actor="cli", dry_run=dry_run))
    assert isinstance(made, ImportReport), made
    return made


def stored(app: App) -> list[tuple[str, str]]:
    with app.db.read() as conn:
        return [(row.id, row.state) for row in conn.execute(sa.select(posts).order_by(posts.c.due_at))]


def test_a_dry_run_stores_nothing(app: App) -> None:
    found = carry_out(app, dry_run=True)
    assert found.counts == {"new": 2, "refused": 1}
    assert found.import_ is None
    assert stored(app) == []
    assert found.not_compared == []


def test_posts_are_held_until_the_import_is_confirmed(app: App) -> None:
    made = carry_out(app)
    assert made.import_ is not None
    assert made.import_.held
    ids = [id_ for id_, _ in stored(app)]
    assert [state for _, state in stored(app)] == ["held", "held"]
    with app.db.begin() as conn:
        # Neither approving one nor giving it another time takes it past the confirmation.
        no = app.posts.confirm(conn, DEFAULT_WORKSPACE, ids[0], now=app.now(), actor="cli")
        assert isinstance(no, Conflict)
        assert no.code == "import_waits"
        change = {"publish_at": "2027-05-01T10:00:00Z"}
        app.posts.edit(conn, DEFAULT_WORKSPACE, ids[0], change, now=app.now(), actor="cli")
    assert [state for _, state in stored(app)] == ["held", "held"]
    with app.db.begin() as conn:
        done = importing.confirm(conn, app, DEFAULT_WORKSPACE, made.import_.id, actor="cli")
        assert isinstance(done, Done)
        assert done.detail == {"released": 2, "held": 0}
        again = importing.confirm(conn, app, DEFAULT_WORKSPACE, made.import_.id, actor="cli")
        assert isinstance(again, Conflict)
    assert [state for _, state in stored(app)] == ["scheduled", "scheduled"]


def test_the_same_file_twice_adds_nothing(app: App) -> None:
    first = carry_out(app, held=False)
    assert first.import_ is not None
    assert not first.import_.held
    second = carry_out(app, held=False)
    assert second.counts == {"already_here": 2, "refused": 1}
    assert [row.post_id for row in second.data[:2]] == [id_ for id_, _ in stored(app)]
    # What is exported is known as well.
    with app.db.read() as conn:
        exported = "".join(importing.csv_of(conn, DEFAULT_WORKSPACE))
    assert carry_out(app, csv=exported).counts == {"already_here": 2}


def test_a_row_twice_in_one_file(app: App) -> None:
    line = "loom.and.shuttle,2027-05-01T09:00:00Z,Said once\n"
    found = carry_out(app, csv=f"account,publish_at,text\n{line}{line}", dry_run=True)
    assert [row.verdict for row in found.data] == ["new", "refused"]
    assert "Row 1" in found.data[1].findings[0].message


def test_what_is_on_threads_already_is_left_out(app: App, threads: Sandbox) -> None:
    threads.control.add_post("loom.and.shuttle", text="It was published from there already.")
    rows = "account,text\nloom.and.shuttle,It was published from there already.\nloom.and.shuttle,Not yet\n"
    found = carry_out(app, csv=rows)
    assert [row.verdict for row in found.data] == ["live", "new"]
    assert found.data[0].permalink
    assert len(stored(app)) == 1


def test_the_page_shows_each_row_before_it_stores(sample: SampleSite) -> None:
    files = {"file": ("posts.csv", file_for("loom.and.shuttle").encode(), "text/csv")}
    with sample.app.db.read() as conn:
        before = conn.execute(sa.select(sa.func.count()).select_from(posts)).scalar()
    page = sample.client.post("/import", data={"csrf": CSRF, "do": "preview", "zone": "UTC"}, files=files)
    assert page.status_code == 200
    assert "No account here is called nobody." in page.text
    with sample.app.db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(posts)).scalar() == before
    bad = {"file": ("posts.csv", "Grüße".encode("cp1252"), "text/csv")}
    refused = sample.client.post("/import", data={"csrf": CSRF}, files=bad)
    assert (refused.status_code, "not in UTF-8" in refused.text) == (422, True)


def test_home_says_of_imported_posts_what_they_wait_for(sample: SampleSite) -> None:
    late = "too late to publish"
    page = sample.client.get("/").text
    assert late in page
    assert "paused in the other tool" not in page
    with sample.app.db.begin() as conn:
        conn.execute(sa.update(posts).where(posts.c.state == "held").values(why=importing.WAITS))
    page = sample.client.get("/").text
    assert "paused in the other tool" in page
    assert 'href="/import#done"' in page
    assert late not in page
