"""``treadle posts many``: one repair for posts that share a cause, from the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.treadle.http.conftest import add_samples
from tests.treadle.http.test_api_posts import create
from treadle.app import open_app
from treadle.cli import main
from treadle.settings import Settings
from treadle.store.tables import posts

WRONG, RIGHT = "https://cdn.example/wrong.png", "https://cdn.example/right.png"


@pytest.fixture
def ids(fresh_folder: Path) -> list[str]:
    """Three posts that failed for one picture."""
    app = open_app(Settings())
    site = add_samples(app)
    made = [create(site, f"n {n}", media=[{"url": WRONG}])["id"] for n in range(3)]
    with app.db.begin() as conn:
        conn.execute(sa.update(posts).values(state="failed", cause_pattern="image_format"))
    app.close()
    return made


def run(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> Any:
    with pytest.raises(SystemExit) as stop:
        main(["posts", "many", *args, "--json"])
    said = capsys.readouterr()
    assert stop.value.code in ({code} if code else {0, None}), said.err
    return json.loads(said.out) if said.out else said.err


def test_one_command_repairs_them_all(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "replace", "--pattern", "image_format", "--media", WRONG, RIGHT, "--retry", "--preview")
    assert [entry["id"] for entry in shown["data"]] == ids
    made = run(capsys, "replace", "--pattern", "image_format", "--media", WRONG, RIGHT, "--retry")
    assert (made["chosen"], made["done"], made["refused"]) == (3, 3, 0)
    assert {entry["message"] for entry in made["data"]} == {"Changed. Retrying now."}
    again = run(capsys, "replace", ids[0], ids[1][-8:], "--media", WRONG, RIGHT, code=1)
    assert [entry["done"] for entry in again["data"]] == [False, False]


def test_many_are_canceled_after_a_change(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "edit", *ids, "--set-label", "autumn")["done"] == 3
    refused = run(capsys, "cancel", "--label", "autumn", "--state", "failed", code=1)
    assert refused["data"][0]["message"] == "Too late: the post is failed."
    assert run(capsys, "retry", "--label", "autumn")["done"] == 3
    assert run(capsys, "cancel", "--label", "autumn")["done"] == 3


@pytest.mark.parametrize(
    "args",
    [
        ("burn", "--label", "x"),
        ("retry",),
        ("retry", "pst_0000", "--label", "x"),
        ("edit", "--label", "x"),
        ("replace", "--label", "x"),
        ("retry", "--label", "x", "--text", "y"),
        ("replace", "--label", "x", "--words", "", "y"),
    ],
)
def test_a_wrong_use_is_told(ids: list[str], args: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *args, code=2)
