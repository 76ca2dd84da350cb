"""People are listed, disabled, enabled and removed; one who can log in always remains."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.security.sites import PASSWORD, browser, csrf_of, opened, person
from treadle.app import DEFAULT_WORKSPACE, App
from treadle.cli import main
from treadle.domain.refusal import Refusal
from treadle.ids import new_id
from treadle.people import audit as trail
from treadle.people import login
from treadle.people.keys import create_key
from treadle.services import people
from treadle.store.tables import audit, sessions, users, workspaces

MARA, EVE = "mara@example.org", "eve@example.org"


@pytest.fixture
def served(migrated_url: str, tmp_path: Path) -> Iterator[tuple[App, FastAPI]]:
    with opened(tmp_path / "data", database_url=migrated_url) as made:
        yield made


def listed(app: App, workspace: str = DEFAULT_WORKSPACE) -> dict[str, people.Person]:
    with app.db.read() as conn:
        return {row.email: row for row in people.listing(conn, workspace, now=app.now())}


def act(app: App, how: Any, user_id: str, workspace: str = DEFAULT_WORKSPACE) -> Refusal | None:
    with app.db.begin() as conn:
        done: Refusal | None = how(conn, workspace, user_id, actor="cli", now=app.now())
        return done


def test_the_list_says_who_was_there_when(served: tuple[App, FastAPI]) -> None:
    app, site = served
    mara = person(app, MARA)
    person(app, EVE)
    browser(site, MARA)
    with app.db.begin() as conn:
        key_id, _ = create_key(conn, DEFAULT_WORKSPACE, "k", ["read"], app.now())
        trail.note(conn, DEFAULT_WORKSPACE, mara, "key.created", key_id, now=app.now())
    found = listed(app)
    assert list(found) == [MARA, EVE]
    assert (found[MARA].sessions, found[MARA].keys) == (1, (key_id,))
    assert found[MARA].last_login_at is not None
    assert (found[EVE].sessions, found[EVE].last_login_at, found[EVE].keys) == (0, None, ())


def test_disabled_enabled_removed(served: tuple[App, FastAPI]) -> None:
    app, site = served
    person(app, MARA)
    eve = person(app, EVE)
    client = browser(site, EVE)
    assert act(app, people.disable, eve) is None
    assert act(app, people.disable, eve) is None
    assert client.get("/").headers["location"] == "/login"
    assert logs_in(site, EVE) == 401
    assert act(app, people.enable, eve) is None
    assert logs_in(site, EVE) == 303
    assert act(app, people.remove, eve) is None
    assert logs_in(site, EVE) == 401
    assert list(listed(app)) == [MARA]
    assert act(app, people.remove, eve) is not None
    with app.db.read() as conn:
        done = conn.execute(sa.select(audit.c.action).where(audit.c.action.like("user.%")).order_by(audit.c.id))
        assert [*done.scalars()] == ["user.added", "user.added", "user.disabled", "user.enabled", "user.removed"]
        assert conn.execute(sa.select(sa.func.count()).select_from(sessions)).scalar() == 0


def logs_in(site: FastAPI, email: str) -> int:
    client = TestClient(site, base_url="http://127.0.0.1:8700", follow_redirects=False)
    form = {"csrf": csrf_of(client, "/login"), "email": email, "password": PASSWORD}
    return client.post("/login", data=form).status_code


@pytest.mark.parametrize("how", [people.disable, people.remove])
def test_the_last_one_stays(served: tuple[App, FastAPI], how: Any) -> None:
    app, _ = served
    mara, eve = person(app, MARA), person(app, EVE)
    assert act(app, people.disable, eve) is None
    refused = act(app, how, mara)
    assert refused is not None
    assert refused.status == 409
    assert act(app, people.remove, eve) is None  # who cannot log in is no last one
    assert list(listed(app)) == [MARA]


def test_two_who_put_each_other_out_at_once_do_not_both_go(served: tuple[App, FastAPI]) -> None:
    app, _ = served
    both = [person(app, MARA), person(app, EVE)]
    ready, outcomes = threading.Barrier(2), []

    def one(user_id: str) -> None:
        ready.wait()
        outcomes.append(act(app, people.remove, user_id))

    crowd = [threading.Thread(target=one, args=(user_id,)) for user_id in both]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert sorted(outcome is None for outcome in outcomes) == [False, True]
    assert len(listed(app)) == 1


def test_people_of_another_workspace_are_not_there(served: tuple[App, FastAPI]) -> None:
    app, site = served
    other = new_id("workspace", app.now())
    with app.db.begin() as conn:
        conn.execute(sa.insert(workspaces).values(id=other, name="Other", created_at=app.now(), options={}))
    person(app, MARA)
    theirs = [person(app, EVE, other), person(app, "ivo@example.org", other)]
    for how in (people.disable, people.enable, people.remove):
        refused = act(app, how, theirs[0])
        assert refused is not None
        assert refused.status == 404
    mine = browser(site, MARA)
    csrf = csrf_of(mine, "/people")
    assert EVE not in mine.get("/people").text
    assert mine.post(f"/people/{theirs[0]}/remove", data={"csrf": csrf}).status_code == 303
    assert set(listed(app, other)) == {EVE, "ivo@example.org"}


def test_the_page_adds_disables_and_removes(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as (app, site):
        mara = person(app, MARA)
        mine = browser(site, MARA)
        csrf = csrf_of(mine, "/people")
        weak = mine.post("/people", data={"csrf": csrf, "email": EVE, "password": "password1234"})
        assert weak.status_code == 422
        assert "easy to guess" in weak.text
        added = mine.post("/people", data={"csrf": csrf, "email": EVE, "password": PASSWORD})
        assert added.status_code == 303
        eve = listed(app)[EVE].id
        assert mine.post(f"/people/{eve}/disable", data={"csrf": csrf}).status_code == 303
        assert "Disabled" in mine.get("/people").text
        mine.post(f"/people/{mara}/remove", data={"csrf": csrf})
        assert "last person" in mine.get("/people").text
        assert mine.post(f"/people/{eve}/remove", data={"csrf": "wrong"}).status_code == 403
        mine.post(f"/people/{eve}/remove", data={"csrf": csrf})
        assert list(listed(app)) == [MARA]
        assert mine.post(f"/people/{mara}/promote", data={"csrf": csrf}).status_code == 404


def test_a_new_password_does_not_let_in_who_is_disabled(served: tuple[App, FastAPI]) -> None:
    app, site = served
    person(app, MARA)
    act(app, people.disable, person(app, EVE))
    assert asyncio.run(login.set_password(app.db, EVE, PASSWORD, actor="cli", now=app.now())) is True
    assert logs_in(site, EVE) == 401
    with app.db.read() as conn:
        assert conn.execute(sa.select(users.c.disabled_at).where(users.c.email == EVE)).scalar() is not None


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*args: str, typed: str = "", code: int = 0) -> Any:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as end:
            main([*args, "--json"])
        assert (end.value.code or 0) == code
        return json.loads(capsys.readouterr().out)

    assert run("people") == {"data": []}
    first = run("keys", "user", MARA, typed=f"{PASSWORD}\n")
    assert (first["outcome"], first["role"]) == ("added", "owner")
    second = run("people", "add", EVE, "--role", "editor", typed=f"{PASSWORD}\n")
    assert (second["outcome"], second["role"]) == ("added", "editor")
    assert run("people", "add", EVE, typed="heddles hang above\n")["outcome"] == "password changed"
    assert [row["email"] for row in run("people", "list")["data"]] == [MARA, EVE]
    assert run("people", "disable", EVE.upper())["outcome"] == "disabled"
    assert run("people", "disable", MARA, code=1)["error"] == "in_use"
    assert run("people", "enable", EVE)["outcome"] == "enabled"
    assert run("people", "remove", MARA)["outcome"] == "removed"
    assert run("people", "remove", MARA, code=1)["error"] == "not_found"
    left = run("people", "list")["data"]
    assert [(row["email"], row["disabled_at"]) for row in left] == [(EVE, None)]
