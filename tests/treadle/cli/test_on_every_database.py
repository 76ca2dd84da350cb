"""The commands on SQLite and on PostgreSQL: one round through each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.treadle.cli.conftest import Terminal
from tests.treadle.http.conftest import add_samples
from tests.treadle.http.test_api_posts import create
from treadle.app import open_app
from treadle.settings import Settings


def test_one_round_through_the_commands(
    treadle: Terminal,
    make_settings: Callable[..., Settings],
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = make_settings(database_url=database_url)
    monkeypatch.setenv("TREADLE_DATABASE_URL", database_url)
    app = open_app(settings)
    try:
        post = create(add_samples(app), "one round")
    finally:
        app.close()
    hook = treadle.json("webhooks", "add", "https://shop.example/hook")["id"]
    sent = treadle.json("webhooks", "ping", hook[-8:])["delivery_id"]
    assert [d["id"] for d in treadle.json("webhooks", "show", hook)["deliveries"]] == [sent]
    Image.new("RGB", (640, 480)).save(tmp_path / "loom.jpg", "JPEG")
    kept = treadle.json("media", "add", str(tmp_path / "loom.jpg"))["id"]
    assert [f["id"] for f in treadle.json("media", "--limit", "1")["data"]] == [kept]
    assert treadle.json("workspace", "set", "--name", "Looms", "--quiet", "22:00-07:00")["name"] == "Looms"
    treadle.json("accounts", "pause", "ada")
    treadle.json("accounts", "resume", "ada")
    assert treadle.json("posts", "cancel", post["id"][-8:])["post_id"] == post["id"]
    types = [line.split("\t")[1] for line in treadle("events").out.splitlines()]
    assert types[-1] == "post.canceled"
    assert types.count("post.canceled") == 1
    assert treadle.json("unknown") == {"data": []}
    whole = treadle("export").out
    assert [word for word in (hook, sent, kept, post["id"], "Looms") if word not in whole] == []
    assert treadle.json("media", "remove", kept) == {"removed": kept}
    assert treadle.json("webhooks", "remove", hook) == {"removed": hook}
