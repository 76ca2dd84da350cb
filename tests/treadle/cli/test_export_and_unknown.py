"""``treadle export`` and ``treadle unknown``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.treadle.cli.conftest import Terminal
from tests.treadle.http.conftest import Site
from tests.treadle.http.test_api_posts import create
from treadle.store.tables import unknown_answers


def test_everything_is_written_out_as_the_api_does(treadle: Terminal, at_home: Site, tmp_path: Path) -> None:
    post = create(at_home, "to be taken along")
    by_api = at_home.client().get("/v1/export").text
    said = treadle("export")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert (said.code, said.err, lines[-1]) == (0, "", {"type": "end", "data": {"complete": True}})
    assert [line["data"]["id"] for line in lines if line["type"] == "post"] == [post["id"]]
    assert [json.loads(line) for line in by_api.splitlines()] == lines
    out = tmp_path / "all.jsonl"
    assert treadle.json("export", "--out", str(out)) == {"file": str(out), "lines": len(lines)}
    assert out.read_text(encoding="utf-8") == said.out
    assert treadle("posts", "export").out == said.out
    theirs = treadle("export", "--workspace", at_home.other_workspace).out
    assert post["id"] not in theirs


def test_a_file_that_cannot_be_written(treadle: Terminal, at_home: Site, tmp_path: Path) -> None:
    nowhere = treadle("export", "--out", str(tmp_path / "none" / "all.jsonl"))
    assert (nowhere.code, nowhere.out, "cannot be written" in nowhere.err) == (1, "", True)
    folder = treadle("export", "--out", str(tmp_path))
    assert (folder.code, "cannot be written" in folder.err) == (1, True)


def test_half_an_export_leaves_the_file_of_before(
    treadle: Terminal, at_home: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "all.jsonl"
    out.write_text("of yesterday")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = treadle("export", "--out", str(out))
    assert (done.code, "no space left" in done.err) == (1, True)
    assert out.read_text() == "of yesterday"
    assert [path.name for path in tmp_path.glob("*.part")] == []


@pytest.fixture
def met(at_home: Site) -> str:
    """A post that met two answers nobody knows, and one that Meta explains meanwhile."""
    post = str(create(at_home, "odd")["id"])
    odd = {"stage": "container_status", "http_status": 200, "body": {"status": "ODD"}}
    known = {"stage": "publish", "http_status": 400, "body": {"error": {"code": 190, "error_subcode": 463}}}
    rows = [("container_status|200|status=ODD", 7, odd), ("publish|400|x", 2, known), ("publish|400|y", 1, odd)]
    with at_home.app.db.begin() as conn:
        for shape, count, sample in rows:
            conn.execute(
                sa.insert(unknown_answers).values(
                    shape=shape, count=count, first_at=1.0, last_at=2.0, sample=sample, post_id=post
                )
            )
    return post


def test_unknown_answers_are_listed_shown_and_reported(treadle: Terminal, met: str) -> None:
    found = treadle.json("unknown")["data"]
    assert [(a["shape"], a["count"]) for a in found][:2] == [
        ("container_status|200|status=ODD", 7),
        ("publish|400|x", 2),
    ]
    assert treadle("unknown", "list").out.splitlines()[0].startswith("container_status|200|status=ODD\t7\t")
    one = treadle.json("unknown", "show", "ODD")
    assert (one["sample"]["body"], one["known_as"], one["post_id"]) == ({"status": "ODD"}, None, met)
    assert '"status": "ODD"' in treadle("unknown", "show", "ODD").out
    assert treadle.json("unknown", "show", "publish|400|x")["known_as"] == "token_expired"
    assert "treadle explain token_expired" in treadle("unknown", "show", "publish|400|x").out
    report = treadle("unknown", "report", "ODD").out
    assert "Seen:    7 times" in report
    assert treadle.json("unknown", "report", "ODD")["report"].strip() == report.strip()
    assert treadle("unknown", "show", "publish").code == 2
    assert treadle.json("unknown", "show", "nothing", code=1)["error"] == "not_found"


def test_no_unknown_answers(treadle: Terminal, at_home: Site) -> None:
    done = treadle("unknown")
    assert (done.code, done.out, done.err) == (0, "", "No uncatalogued errors.\n")
    assert treadle.json("unknown", "list") == {"data": []}
