"""``verify-live`` against the sandbox posing as the real service: dry, private, and each difference is found."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.treadle_sandbox.conftest import Start
from treadle_sandbox import provenance, running, verify

OTHERWISE: dict[str, Any] = {
    "bearer": {"bearer": False}, "token_precedence": {"token_precedence": "header"},
    "token_error_status": {"token_error_status": 401}, "param_error_status": {"param_error_status": 400},
    "limit_over_100": {"limit_over_100": "cap"}, "undefined": {"undefined": "refuse"}, "count": {"count": "bytes"},
    "max_links": {"max_links": 3}, "cors": {"cors": "off"}, "usage_headers": {"usage_headers": "all"},
    "demographics": {"demographics": "refuse"}, "first_status": {"processing": 0.5},
    "text_entities": {"text_entities": "list"}, "status_lag": {"status_lag_s": 600.0},
    "republish": {"republish": "same_id"}, "paging": {"paging": "next"}, "delete": {"delete_says_false": True},
    "permalink_host": {"permalink_host": "www.threads.net"},
}  # fmt: skip
SECRET = "secret-token-of-a-person"


async def report(start: Start, **options: Any) -> tuple[dict[str, Any], str, Any]:
    ada = await start("ada_lovelace", **options)
    ada.sandbox.control.token("ada_lovelace", value=SECRET)
    out = io.StringIO()
    return await verify.verify(f"{ada.sandbox.url}/v1.0", SECRET, out, go=True), out.getvalue(), ada


async def test_with_default_switches_nothing_differs_and_nothing_is_left(start: Start) -> None:
    found, said, ada = await report(start)
    rows = verify.read_report(json.dumps(found))
    assert len(rows) == len(verify.QUESTIONS) >= 20
    assert verify.differences(rows) == {}
    assert ada.sandbox.control.posts() == [], "its own posts are deleted"
    text = json.dumps(found)
    assert len(text) < 50_000
    for private in (SECRET, "ada", ada.id, "A test of", ada.sandbox.url):
        assert private not in text
    assert SECRET not in said


@pytest.mark.parametrize("name", OTHERWISE)
async def test_each_switch_set_otherwise_is_found(start: Start, name: str) -> None:
    found, _, _ = await report(start, **OTHERWISE[name])
    assert name in verify.differences(verify.read_report(json.dumps(found)))


def test_it_is_dry_by_default(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(verify.TOKEN, SECRET)
    with running(accounts=["ada"]) as sandbox:
        assert verify.run("verify-live", ["--api-url", sandbox.url]) == 0
        assert sandbox.control.requests() == []
    said = capsys.readouterr()
    assert "POST /me/threads_publish" in said.err
    assert "--go" in said.err
    assert said.out == ""
    assert verify.run("verify-live", ["--json"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == [one.id for one in verify.QUESTIONS]


def test_without_a_token_it_does_not_go(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(verify.TOKEN, raising=False)
    assert verify.run("verify-live", ["--go"]) == 2
    assert verify.TOKEN in capsys.readouterr().err


def test_a_report_becomes_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, into = tmp_path / "report.json", tmp_path / "evidence.json"
    made.write_text(
        json.dumps({"format": 1, "date": "2026-12-01", "answers": {"bearer": "accepted", "max_links": "4"}})
    )
    into.write_text(json.dumps({"cors": {"value": "on", "seen": "2026-11-30"}}))
    assert verify.run("verify-live", ["--import", str(made), "--into", str(into)]) == 0
    assert json.loads(into.read_text()) == {
        "bearer": {"value": "accepted", "seen": "2026-12-01"}, "cors": {"value": "on", "seen": "2026-11-30"},
        "max_links": {"value": "4", "seen": "2026-12-01"},
    }  # fmt: skip
    assert "max_links: the sandbox says '5', the live service '4'" in capsys.readouterr().out
    assert verify.run("verify-live", ["--import", str(made), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["differs"] == {"max_links": {"expected": "5", "seen": "4"}}
    made.write_text(json.dumps({"format": 1, "date": "2026-12-01", "answers": {"my secret": "x"}}))
    assert verify.run("verify-live", ["--import", str(made), "--into", str(into)]) == 1


def test_the_shipped_evidence_is_of_known_questions() -> None:
    assert set(provenance.evidence()) <= {one.id for one in verify.QUESTIONS}


def _go(monkeypatch: pytest.MonkeyPatch, url: str, *args: str, token: str = SECRET) -> int:
    monkeypatch.setenv(verify.TOKEN, token)
    return verify.run("verify-live", ["--go", "--api-url", url, *args])


def test_a_service_that_does_not_know_the_token_settles_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    with running(accounts=["ada"]) as sandbox:
        assert _go(monkeypatch, f"{sandbox.url}/v1.0", "--report", str(report)) == 1
        assert {call["method"] for call in sandbox.control.requests()} == {"GET"}
    assert "does not take this token" in capsys.readouterr().err
    assert report.read_text() == ""


def test_a_service_that_is_not_there_is_said_in_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _go(monkeypatch, "http://127.0.0.1:1/v1.0") == 1
    said = capsys.readouterr()
    assert "http://127.0.0.1:1/v1.0 cannot be reached" in said.err.splitlines()[-1]
    assert said.out == ""


def test_a_place_for_the_report_and_the_token_are_looked_at_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with running(accounts=["ada"]) as sandbox:
        sandbox.control.token("ada", value=SECRET)
        missing = str(tmp_path / "missing" / "report.json")
        assert _go(monkeypatch, f"{sandbox.url}/v1.0", "--report", missing) == 1
        assert missing in capsys.readouterr().err
        assert _go(monkeypatch, f"{sandbox.url}/v1.0", token="a\nb") == 1
        assert verify.TOKEN in capsys.readouterr().err
        assert sandbox.control.requests() == []


@pytest.mark.parametrize("content", ["", "[", "[]", "null", "[" * 100_000, '{"format": 1, "answers": {}}', "\udcff"])
def test_what_is_no_report_is_refused_in_one_sentence(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.json").write_bytes(content.encode(errors="surrogateescape"))
    assert verify.run("verify-live", ["--import", str(tmp_path / "report.json")]) == 1
    said = capsys.readouterr().err
    assert "eport" in said
    assert len(said.splitlines()) == 1
