"""The first person is made with the printed token, in one step, once, whoever else tries at that moment."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from tests.security.sites import PASSWORD, Answer, ask, asking, opened
from treadle.app import DEFAULT_WORKSPACE, App
from treadle.domain.refusal import Refusal
from treadle.people import login
from treadle.store.tables import audit, users

ONCE = 6


@pytest.fixture
def fresh(database_url: str, tmp_path: Path) -> Iterator[tuple[App, FastAPI]]:
    with opened(tmp_path / "data", database_url=database_url) as made:
        yield made


def everybody(app: App) -> list[str]:
    with app.db.read() as conn:
        return list(conn.execute(sa.select(users.c.email)).scalars())


def form_of(token: str, email: str, *more: tuple[str, str]) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body of the form, from a browser that has seen the page."""
    body = urlencode({"csrf": "seen", "email": email, "password": PASSWORD, "token": token}).encode()
    headers = [
        ("Host", "127.0.0.1:8700"),
        ("Cookie", "treadle_first=seen"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", str(len(body))),
        *more,
    ]
    return headers, body


def test_posts_at_the_same_time_make_one_person(fresh: tuple[App, FastAPI]) -> None:
    app, site = fresh

    async def all_at_once() -> list[Answer]:
        forms = [form_of(site.state.first_token, f"p{n}@example.org") for n in range(ONCE)]
        return await asyncio.gather(*(asking(site, "/setup/first", h, "POST", body) for h, body in forms))

    answers = asyncio.run(all_at_once())
    assert len(everybody(app)) == 1
    assert sorted(answer.headers["location"] for answer in answers) == ["/login"] * (ONCE - 1) + ["/setup"]


def test_threads_at_the_same_time_make_one_person(fresh: tuple[App, FastAPI]) -> None:
    """As several servers on one database do it, each in a transaction of its own."""
    app, _ = fresh
    ready, outcomes = threading.Barrier(ONCE), []

    def one(n: int) -> None:
        ready.wait()
        made = login.add_user(
            app.db, DEFAULT_WORKSPACE, f"t{n}@example.org", PASSWORD, actor="setup", now=1.0, only_first=True
        )
        outcomes.append(asyncio.run(made))

    crowd = [threading.Thread(target=one, args=(n,)) for n in range(ONCE)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert len(everybody(app)) == 1
    assert sorted(o.status for o in outcomes if isinstance(o, Refusal)) == [409] * (ONCE - 1)
    with app.db.read() as conn:
        assert conn.execute(sa.select(audit.c.action)).scalars().all() == ["user.added"]


def test_one_address_is_added_once_from_several_places(fresh: tuple[App, FastAPI]) -> None:
    """The command line beside the page, or twice."""
    app, _ = fresh

    async def all_at_once() -> list[Any]:
        adding = (
            login.add_user(app.db, DEFAULT_WORKSPACE, "mara@example.org", PASSWORD, actor="cli", now=1.0)
            for _ in range(ONCE)
        )
        return await asyncio.gather(*adding)

    outcomes = asyncio.run(all_at_once())
    assert everybody(app) == ["mara@example.org"]
    assert sorted(o.status for o in outcomes if isinstance(o, Refusal)) == [409] * (ONCE - 1)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Forwarded-For", "127.0.0.1")],
        [("X-Forwarded-Proto", "https")],
        [("Via", "1.1 nginx")],
        [("Origin", "http://127.0.0.1:8700"), ("Sec-Fetch-Site", "same-origin")],
    ],
)
def test_this_machine_needs_the_token_too(tmp_path: Path, headers: list[tuple[str, str]]) -> None:
    with opened(tmp_path / "data") as (app, site):
        host = ("Host", "127.0.0.1:8700")
        page = ask(site, "/setup", [host, *headers])
        assert b'name="password"' not in page.body
        for token in ("", "guessed", site.state.first_token[:-1], f"{site.state.first_token}x"):
            sent, form = form_of(token, "eve@example.org", *headers)
            assert ask(site, "/setup/first", sent, "POST", form).status == 403
        assert everybody(app) == []
        assert b'name="password"' in ask(site, f"/setup?token={site.state.first_token}", [host, *headers]).body


def test_the_token_opens_nothing_once_somebody_is_there(tmp_path: Path) -> None:
    """Not even when the person is disabled: that is no fresh installation."""
    with opened(tmp_path / "data") as (app, site):
        asyncio.run(login.add_user(app.db, DEFAULT_WORKSPACE, "a@b.example", PASSWORD, actor="cli", now=1.0))
        with app.db.begin() as conn:
            conn.execute(sa.update(users).values(disabled_at=2.0))
        answer = ask(site, f"/setup?token={site.state.first_token}", [("Host", "localhost")])
        assert answer.headers["location"].startswith("/login")
