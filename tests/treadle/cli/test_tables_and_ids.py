"""Tables on a terminal, and ids as people type them."""

from __future__ import annotations

import os
import pty
import re
import subprocess

import pytest

from tests.treadle.cli import servers
from tests.treadle.cli.conftest import Terminal
from tests.treadle.cli.ready import Process
from tests.treadle.http.conftest import Site
from tests.treadle.http.test_api_posts import create
from treadle.cli._print import table
from treadle.store.blockers import open_blocker
from treadle_diagnosis import diagnose

REVOKED = {"http_status": 400, "body": {"error": {"code": 190, "error_subcode": 460}}}


def on_a_terminal(site: Site, *args: str, columns: int, **env: str) -> str:
    """What a command shows on a terminal so many columns wide."""
    ours, theirs = pty.openpty()
    try:
        where = servers.environment(site.app.settings.data_dir.parent, COLUMNS=str(columns), TERM="xterm", **env)
        process = Process(*args, env=where, stdout=theirs, stderr=subprocess.DEVNULL)
    finally:
        os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 65_536):
            said += piece
    except OSError:  # how Linux tells that the other end was closed
        pass
    finally:
        os.close(ours)
        process.wait(servers.PATIENCE_S)
    assert process.returncode == 0
    return said.decode().replace("\r\n", "\n")


def test_a_narrow_terminal_shows_the_ends_of_ids_and_they_are_taken(treadle: Terminal, at_home: Site) -> None:
    post = create(at_home, "a text that is long enough to be folded on a terminal that is narrow")
    id_ = post["id"]
    narrow = on_a_terminal(at_home, "posts", columns=80)
    assert id_ not in narrow
    shown = re.search(r"…[0-9a-z]{8}(?= )", narrow)
    assert shown is not None
    assert id_.endswith(shown[0].removeprefix("…"))
    assert treadle.json("posts", "show", shown[0])["id"] == id_
    assert max(map(len, re.sub(r"\x1b\[[0-9;]*m", "", narrow).splitlines())) <= 80
    assert post["state_label"] in narrow  # not folded in the middle
    assert id_ in on_a_terminal(at_home, "posts", columns=160)


def test_colours_are_for_terminals_that_want_them(at_home: Site, treadle: Terminal) -> None:
    create(at_home, "coloured")
    assert "\x1b[" in on_a_terminal(at_home, "posts", columns=160)
    assert "\x1b[3" not in on_a_terminal(at_home, "posts", columns=160, NO_COLOR="1")
    assert "\x1b[" not in treadle("posts").out
    assert "\x1b[1m" in on_a_terminal(at_home, "workspace", columns=100)
    assert "\x1b[" not in on_a_terminal(at_home, "workspace", columns=100, NO_COLOR="1")


WRITTEN = "see [/b] and [red]x [link=http://e.example]y, then\r\n\ta line\u2028more \x9b2J\x1b[2J"
SHOWN = "see [/b] and [red]x [link=http://e.example]y, then a line more \ufffd2J\ufffd[2J"


def test_what_others_wrote_is_a_cell_and_nothing_else(
    at_home: Site, treadle: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    """No markup, no line of its own for a script, nothing that moves the cursor."""
    create(at_home, "[/b] [red]x[/red] :smile:\nand a second line")
    assert "[/b] [red]x[/red] :smile:" in on_a_terminal(at_home, "posts", columns=200)
    listed = treadle("posts", "list").out
    assert len(listed.splitlines()) == 1
    assert "[/b] [red]x[/red] :smile: and a second line" in listed
    table(["One", "Two"], [[WRITTEN, 1], ["plain", "x\ty"]])
    assert capsys.readouterr().out == f"{SHOWN}\t1\nplain\tx y\n"


@pytest.fixture
def blockers(at_home: Site) -> dict[str, str]:
    """One of this workspace's account, one of the app, one of another workspace's account."""
    app = at_home.app
    with app.db.begin() as conn:
        return {
            name: open_blocker(conn, diagnose(REVOKED), scope=scope, key=key, workspace_id=workspace, now=app.now())
            for name, scope, key, workspace in (
                ("mine", "account", at_home.account, at_home.workspace),
                ("app", "app", "1234567890", at_home.workspace),
                ("theirs", "account", at_home.other_account, at_home.other_workspace),
            )
        }


def test_blockers_are_named_by_their_end(treadle: Terminal, at_home: Site, blockers: dict[str, str]) -> None:
    for name in ("mine", "app"):
        id_ = blockers[name]
        assert [treadle.json("blockers", "show", said)["id"] for said in (id_, id_[-8:], f"…{id_[-8:]}")] == [id_] * 3
    for said, code in ((blockers["theirs"], 1), (blockers["theirs"][-8:], 1), ("x", 2)):
        done = treadle("blockers", "show", said)
        assert (done.code, done.out) == (code, "")
