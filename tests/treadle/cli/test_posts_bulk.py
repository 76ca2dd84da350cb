"""``treadle posts bulk``: many posts from a file."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.treadle.cli.conftest import Terminal
from tests.treadle.http.conftest import Site
from treadle.cli import main
from treadle.store.tables import posts


def stored(site: Site) -> int:
    with site.app.db.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(posts)).scalar_one())


@pytest.fixture
def file(tmp_path: Path, at_home: Site) -> Path:
    lines = [
        json.dumps({"account_id": at_home.account, "text": "first", "publish_at": "2040-01-01T09:00:00Z"}),
        "",
        json.dumps({"account_id": at_home.account, "text": "x" * 600}),
        "no JSON",
        json.dumps({"text": "whose?"}),
        json.dumps({"account_id": at_home.account, "text": "last", "metadata": {"row": 5}}),
    ]
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_every_line_has_its_answer(treadle: Terminal, at_home: Site, file: Path) -> None:
    done = treadle("posts", "bulk", str(file), "--json")
    told = [json.loads(line) for line in done.out.splitlines()]
    assert (done.code, [(entry["index"], entry["status"]) for entry in told]) == (
        1, [(0, 201), (1, 422), (2, 400), (3, 422), (4, 201)],
    )  # fmt: skip
    assert told[1]["problem"]["findings"][0]["field"] == "posts[1].text"
    assert told[2]["problem"]["code"] == "bad_json"
    assert told[4]["post"]["metadata"] == {"row": 5}
    assert stored(at_home) == 2


def test_an_account_for_all_and_a_key_against_doubles(treadle: Terminal, at_home: Site, file: Path) -> None:
    call = ("posts", "bulk", str(file), "--account", "@ada", "--idempotency-key", "autumn")
    first = treadle(*call)
    assert (first.code, "3 stored, 2 refused." in first.err) == (1, True)
    rows = [line.split("\t") for line in first.out.splitlines()]
    assert [row[1] == "refused" for row in rows] == [False, True, True, False, False]
    again = [line.split("\t") for line in treadle(*call).out.splitlines()]
    assert [row[1] for row in again] == [row[1] for row in rows]
    assert [row[2] for row in again if row[1] != "refused"] == ["stored before"] * 3
    assert stored(at_home) == 3


def test_more_than_a_group_from_standard_input(
    at_home: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = b"".join(b'{"text": "n %d"}\n' % n for n in range(120))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    with pytest.raises(SystemExit) as stop:
        main(["posts", "bulk", "-", "--account", "ada", "--json"])
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert not stop.value.code
    assert [entry["index"] for entry in told] == list(range(120))
    assert [entry["post"]["text"] for entry in told] == [f"n {n}" for n in range(120)]
    assert stored(at_home) == 120


def test_a_wrong_use_is_told(treadle: Terminal, at_home: Site, tmp_path: Path) -> None:
    none = treadle("posts", "bulk", str(tmp_path / "none.jsonl"))
    assert (none.code, none.out, "cannot be read" in none.err) == (1, "", True)
    (tmp_path / "a").write_text("")
    assert treadle("posts", "bulk", str(tmp_path / "a"), "--idempotency-key", "ü").code == 2
    assert "0 stored, 0 refused." in treadle("posts", "bulk", str(tmp_path / "a")).err
