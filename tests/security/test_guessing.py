"""Guessing passwords: common ones are refused, and a stranger's guesses never shut the person out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.security.sites import PASSWORD, browser, csrf_of, opened, person
from treadle.app import App
from treadle.domain.refusal import Refusal
from treadle.people import devices, login, passwords
from treadle.store.tables import users

MARA, EVE = "mara@example.org", "eve@example.org"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[App, FastAPI]]:
    with opened(tmp_path / "data") as (app, site):
        person(app, MARA)
        person(app, EVE)
        yield app, site


def attempt(client: TestClient, email: str, password: str) -> int:
    form = {"csrf": csrf_of(client, "/login"), "email": email, "password": password}
    return client.post("/login", data=form).status_code


def stranger(site: FastAPI, address: str = "203.0.113.9") -> TestClient:
    return TestClient(site, base_url="http://127.0.0.1:8700", client=(address, 4000), follow_redirects=False)


def lock_out(site: FastAPI, email: str) -> None:
    guessing = stranger(site)
    said = [attempt(guessing, email, f"guess {n}") for n in range(login.TRIES_PER_PERSON + 1)]
    assert said == [401] * login.TRIES_PER_PERSON + [429]


def test_a_browser_that_logged_in_before_is_not_shut_out(served: tuple[App, FastAPI]) -> None:
    _, site = served
    mine = browser(site, MARA)
    assert mine.post("/logout", data={"csrf": csrf_of(mine, "/me")}).status_code == 303
    lock_out(site, MARA)
    assert attempt(mine, MARA, PASSWORD) == 303
    # Elsewhere the limit holds, for the right password too.
    assert attempt(stranger(site, "203.0.113.10"), MARA, PASSWORD) == 429


def test_who_is_logged_in_changes_the_password_meanwhile(served: tuple[App, FastAPI]) -> None:
    _, site = served
    mine = browser(site, MARA)
    lock_out(site, MARA)
    form = {"csrf": csrf_of(mine, "/me"), "do": "password", "old": PASSWORD, "new": "heddles hang above the reed"}
    assert mine.post("/me", data=form).status_code == 303


def test_the_count_of_a_browser_has_an_end_as_well(served: tuple[App, FastAPI]) -> None:
    _, site = served
    mine = browser(site, MARA)
    mine.post("/logout", data={"csrf": csrf_of(mine, "/me")})
    said = [attempt(mine, MARA, f"guess {n}") for n in range(login.TRIES_PER_PERSON + 1)]
    assert said == [401] * login.TRIES_PER_PERSON + [429]


def test_a_cookie_counts_for_its_own_person_only(served: tuple[App, FastAPI]) -> None:
    """Somebody with an account here cannot guess at others' passwords with a count of their own."""
    app, site = served
    mine = browser(site, EVE)
    mine.post("/logout", data={"csrf": csrf_of(mine, "/me")})
    lock_out(site, MARA)
    assert attempt(mine, MARA, PASSWORD) == 429
    forged = devices.issue(app.vault, "usr_somebody")
    for cookie in (forged, forged[:-3], "x", "", "\u00e9", "a" * 5000):
        with app.db.read() as conn:
            assert login.counter_of_device(conn, app.vault, cookie, MARA) == ""
            assert login.counter_of_device(conn, app.vault, cookie, "nobody@example.org") == ""


def test_the_cookie_opens_nothing(served: tuple[App, FastAPI]) -> None:
    _, site = served
    mine = browser(site, MARA)
    del mine.cookies["treadle_session"]
    assert mine.get("/").headers["location"] == "/login"


COMMON = [
    "password1234", "Password123!", "qwertyuiop", "1234567890", "iloveyou12", "P@ssw0rd12", "aaaaaaaaaaaa",
    "abcdefghijkl", "letmein1234", "mara@example.org", " MARA@example.org ", "mara12345678", "x1y2x1y2x1y2",
]  # fmt: skip


def test_looking_for_nobody_costs_what_a_wrong_password_costs() -> None:
    """What is compared then has the form and the costs of a hash, and is the hash of nothing."""
    of_nobody, of_somebody = passwords._NOBODY, asyncio.run(passwords.hashed(PASSWORD))
    assert extract_parameters(of_nobody) == extract_parameters(of_somebody)
    with pytest.raises(VerifyMismatchError):  # computed and compared: a text that is no hash is refused at once
        PasswordHasher().verify(of_nobody, PASSWORD)
    assert not asyncio.run(passwords.fits(None, PASSWORD))
    assert asyncio.run(passwords.fits(of_somebody, PASSWORD))


@pytest.mark.parametrize("password", COMMON)
def test_a_common_password_is_refused_with_a_way_out(password: str) -> None:
    refused = passwords.problem(password, MARA)
    assert refused is not None
    assert refused.field == "password"
    assert "a few unrelated words" in refused.detail


@pytest.mark.parametrize(
    "password", [PASSWORD, "four words make one", "7Zf!kq0pLw#2", "織機の杼が七つ並ぶ朝の部屋", "x9" + "k2Qv7" * 39]
)
def test_a_good_password_is_taken(password: str) -> None:
    assert passwords.problem(password, MARA) is None


def test_a_login_under_way_does_not_outlive_the_end_of_the_right(
    served: tuple[App, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the password and the new session somebody is disabled, or has another password."""
    app, _ = served
    proven = login.prove
    changes: tuple[dict[str, object], ...] = ({"disabled_at": 1.0}, {"disabled_at": None, "password_hash": "-"})
    for change in changes:
        assert isinstance(asyncio.run(login.login(app.db, MARA, PASSWORD, address="a", now=app.now())), login.Session)

        async def then_changed(*args: object, values: dict[str, object] = change, **more: object) -> object:
            row = await proven(*args, **more)  # type: ignore[arg-type]
            with app.db.begin() as conn:
                conn.execute(sa.update(users).where(users.c.email == MARA).values(**values))
            return row

        monkeypatch.setattr(login, "prove", then_changed)
        refused = asyncio.run(login.login(app.db, MARA, PASSWORD, address="a", now=app.now()))
        assert isinstance(refused, Refusal)
        assert refused.status == 401
        monkeypatch.setattr(login, "prove", proven)
        with app.db.begin() as conn:
            conn.execute(sa.update(users).where(users.c.email == MARA).values(disabled_at=None))
