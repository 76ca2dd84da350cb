"""``treadle posts insights`` and ``treadle posts replies``, with the sandbox in the place of Threads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.treadle.cli.conftest import Terminal
from tests.treadle.web.test_after_publishing import out
from treadle.app import open_app
from treadle.settings import Settings
from treadle_sandbox.server import Sandbox
from treadle_sandbox.threaded import running


@pytest.fixture
def threads(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with running(seed=1, accounts=["loom.and.shuttle", "fan"]) as sandbox:
        monkeypatch.setenv("TREADLE_THREADS_API_URL", sandbox.url)
        monkeypatch.setenv("TREADLE_THREADS_AUTHORIZE_URL", sandbox.authorize_url)
        monkeypatch.setenv("TREADLE_THREADS_APP_ID", sandbox.app.id)
        monkeypatch.setenv("TREADLE_THREADS_APP_SECRET", sandbox.app.secret)
        yield sandbox


@pytest.fixture
def published(threads: Sandbox) -> tuple[str, str]:
    """A published post, and its id on Threads."""
    app = open_app(Settings())
    try:
        _, post, live = out(app, threads)
    finally:
        app.close()
    return post, live


def test_figures_are_asked_for_and_listed_by_day(
    treadle: Terminal, threads: Sandbox, published: tuple[str, str]
) -> None:
    post, live = published
    before = treadle("posts", "insights", post)
    assert (before.code, before.out) == (0, "")
    assert "not been asked yet" in before.err
    threads.control.call("PATCH", f"/posts/{live}", {"likes": 12, "views": 3410})
    done = treadle("posts", "insights", post[-8:], "--refresh")
    assert done.code == 0, done.err
    [row] = [line.split("\t") for line in done.out.splitlines() if "3410" in line]
    assert row[0] == "1"
    assert row[2:4] == ["3410", "12"]
    [part] = treadle.json("posts", "insights", post)["parts"]
    assert [(day["views"], day["likes"]) for day in part["days"]] == [(3410, 12)]


def test_replies_are_listed_hidden_and_shown_again(
    treadle: Terminal, threads: Sandbox, published: tuple[str, str]
) -> None:
    post, live = published
    none = treadle("posts", "replies", post)
    assert (none.code, none.out, none.err) == (0, "", "No replies.\n")
    reply = str(threads.control.add_post("fan", text="How long did it take?", reply_to_id=live)["id"])

    def listed() -> dict[str, object]:
        [one] = treadle.json("posts", "replies", post)["data"]
        return {name: one[name] for name in ("id", "username", "text", "hidden")}

    seen = {"id": reply, "username": "fan", "text": "How long did it take?"}
    assert listed() == {**seen, "hidden": False}
    assert treadle("posts", "replies", post, "--hide", reply).code == 0
    assert listed() == {**seen, "hidden": True}
    assert "hidden" in treadle("posts", "replies", post).out
    assert treadle("posts", "replies", post, "--show", reply).code == 0
    assert listed() == {**seen, "hidden": False}


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["insights", "pst_none"], 1, "no post"),
        (["replies", "pst_none"], 1, "no post"),
        (["replies", "POST", "--hide", "1", "--show", "2"], 2, "use --hide or --show"),
        (["replies", "POST", "--hide", "999"], 1, ""),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    treadle: Terminal, published: tuple[str, str], args: list[str], code: int, said: str
) -> None:
    done = treadle("posts", *(published[0] if arg == "POST" else arg for arg in args))
    assert done.code != 0
    assert (code == 2) == (done.code == 2)
    assert said.lower() in done.err.lower()
    assert done.err.strip()
    assert "Traceback" not in done.err
