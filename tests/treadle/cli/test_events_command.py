"""``treadle events``: the change feed in a terminal."""

from __future__ import annotations

import json
import os
import signal

from tests.treadle.cli import servers
from tests.treadle.cli.conftest import Terminal
from tests.treadle.cli.ready import Process
from tests.treadle.http.conftest import Site
from tests.treadle.http.test_api_posts import create
from treadle.store import feed


def happen(site: Site, type_: str, subject: str, workspace: str | None = None, **payload: object) -> None:
    with site.app.db.begin() as conn:
        feed.announce(conn, workspace or site.workspace, type_, subject, payload, now=site.app.now())


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_last_changes_are_told_as_the_api_tells_them(treadle: Terminal, at_home: Site) -> None:
    create(at_home, "goes out")
    happen(at_home, "post.failed", "pst_x", why="All retries failed.")
    happen(at_home, "account.connected", "acc_y", username="ada")
    happen(at_home, "account.connected", "acc_theirs", at_home.other_workspace)
    told = objects(treadle("events", "--json").out)
    by_api = at_home.client("read").get("/v1/events", params={"follow": False}).text
    assert told == [json.loads(line.removeprefix("data: ")) for line in by_api.splitlines() if line.startswith("data:")]
    assert [event["subject"] for event in told][-2:] == ["pst_x", "acc_y"]
    assert [e["subject"] for e in objects(treadle("events", "-n", "1", "--json").out)] == ["acc_y"]
    assert [e["subject"] for e in objects(treadle("events", "--type", "post.*", "-n", "1", "--json").out)] == ["pst_x"]
    rest = objects(treadle("events", "--after", str(told[-2]["id"]), "--json").out)
    assert [event["subject"] for event in rest] == ["acc_y"]
    lines = [line.split("\t")[1:] for line in treadle("events", "-n", "2").out.splitlines()]
    assert lines == [["post.failed", "pst_x", "All retries failed."], ["account.connected", "acc_y", "@ada"]]


def test_a_type_that_nothing_has_is_refused_with_the_nearest(treadle: Terminal, at_home: Site) -> None:
    happen(at_home, "post.failed", "pst_x")
    for wrong, meant in (("post.faild", "post.failed"), ("posts.*", "post.*"), ("post.Published", "post.published")):
        done = treadle("events", "--type", wrong)
        assert (done.code, done.out) == (2, ""), wrong
        assert f"'{meant}'" in " ".join(done.err.split()), (wrong, done.err)
    assert treadle("events", "--type", "post.failed", "--type", "nope").code == 2
    for right in ("post.scheduled", "threads.new_field", "account.*"):
        assert treadle("events", "--type", right).code == 0, right


def test_more_changes_than_a_page(treadle: Terminal, at_home: Site) -> None:
    for n in range(450):
        happen(at_home, "post.failed", f"pst_{n}")
    assert len(objects(treadle("events", "--after", "0", "--json").out)) == 450
    assert objects(treadle("events", "-n", "300", "--json").out)[0]["subject"] == "pst_150"


def test_following_goes_on_until_it_is_stopped(at_home: Site) -> None:
    env = servers.environment(at_home.app.settings.data_dir.parent)
    process = Process("events", "--follow", "--json", env=env)
    try:
        assert process.stdout is not None
        happen(at_home, "post.failed", "pst_1")
        assert json.loads(process.stdout.readline())["subject"] == "pst_1"
        happen(at_home, "post.published", "pst_2")
        assert json.loads(process.stdout.readline())["subject"] == "pst_2"
        os.kill(process.pid, signal.SIGINT)
        assert process.communicate(timeout=servers.PATIENCE_S) == ("", "")
        assert process.returncode == 130
    finally:
        process.kill()
