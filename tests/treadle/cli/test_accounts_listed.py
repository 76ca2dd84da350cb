"""``treadle accounts`` as a list, and the names and ids by which the commands take an account."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.treadle.cli.conftest import Terminal
from tests.treadle.cli.ready import treadle as in_a_process
from tests.treadle.cli.servers import environment
from tests.treadle.cli.test_tables_and_ids import REVOKED, on_a_terminal
from tests.treadle.http.conftest import Site, add_account
from treadle.accounts import health
from treadle.accounts.storing import disconnect
from treadle.cli._print import speaks_json
from treadle.domain.cause import diagnose
from treadle.store.tables import accounts


@pytest.fixture
def four(at_home: Site) -> dict[str, str]:
    """Ids by name: ada works, bea's access was revoked, cleo is disconnected, dora is paused."""
    app, now = at_home.app, at_home.app.now()
    ids = {"ada": at_home.account}
    for name in ("bea", "cleo", "dora"):
        ids[name] = add_account(app, at_home.workspace, name, paused=name == "dora")
    with app.db.begin() as conn:
        health.observe(conn, ids["bea"], diagnose(REVOKED), now)
        disconnect(conn, at_home.workspace, ids["cleo"], actor="test", now=now)
    return ids


def test_alone_it_lists_and_says_what_to_do(treadle: Terminal, four: dict[str, str]) -> None:
    listed = treadle("accounts")
    rows = [line.split("\t") for line in listed.out.splitlines()]
    assert [row[:3] for row in rows] == [
        [four["ada"], "@ada", "active"],
        [four["bea"], "@bea", "reconnect"],
        [four["cleo"], "@cleo", "disconnected"],
        [four["dora"], "@dora", "active, paused"],
    ]
    assert [row[3] for row in rows] == ["50 days", "", "", "50 days"]
    assert rows[1][4] == health.WORDS["reconnect"]
    said = " ".join(listed.err.split())
    assert diagnose(REVOKED).next_step in said
    for way in ("accounts reconnect @bea", "accounts reconnect @cleo", "accounts resume @dora"):
        assert way in said
    assert "@ada" not in said  # nothing is to do
    assert treadle("accounts", "list") == listed


def test_json_gives_the_objects_of_the_api(treadle: Terminal, at_home: Site, four: dict[str, str]) -> None:
    listed = treadle.json("accounts")["data"]
    assert treadle.json("accounts", "list")["data"] == listed
    assert [(a["id"], a["connected"]) for a in listed] == [(id_, name != "cleo") for name, id_ in four.items()]
    given = at_home.client().get("/v1/accounts", params={"disconnected": "true"}).json()["data"]
    assert [a.keys() for a in listed] == [a.keys() for a in given]
    shown, theirs = treadle.json("accounts", "show", "ada"), at_home.client().get(f"/v1/accounts/{four['ada']}").json()
    assert {**shown, "token_days_left": 0} == {**theirs, "token_days_left": 0}


def test_nobody_yet_is_no_line_of_the_table(treadle: Terminal, at_home: Site) -> None:
    with at_home.app.db.begin() as conn:
        conn.execute(sa.delete(accounts))
    nobody = treadle("accounts")
    assert (nobody.code, nobody.out, "treadle accounts add" in nobody.err) == (0, "", True)
    assert treadle.json("accounts") == {"data": []}
    assert "treadle accounts add" in treadle("accounts", "show", "ada").err


@pytest.mark.parametrize("columns", [80, 140])
def test_the_table_fits_and_its_ids_are_taken(
    treadle: Terminal, at_home: Site, four: dict[str, str], columns: int
) -> None:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", on_a_terminal(at_home, "accounts", columns=columns))
    assert max(map(len, plain.splitlines())) <= columns
    shown = re.search(r"(\S+) +@bea ", plain)
    assert shown is not None
    assert (shown[1] == four["bea"]) is (columns == 140)
    assert treadle.json("accounts", "show", shown[1])["id"] == four["bea"]


def test_an_account_is_named_by_name_id_or_end(treadle: Terminal, at_home: Site, four: dict[str, str]) -> None:
    id_ = four["bea"]
    for said in ("bea", "@Bea", id_, id_[-8:], f"…{id_[-8:]}"):
        assert treadle.json("accounts", "show", said)["id"] == id_
    assert treadle.json("accounts", "show", id_[-7:], code=1)["error"] == "not_found"  # too short to be sure
    assert treadle("accounts", "disconnect", "").code == 2  # a script's variable that is not set
    assert treadle("accounts", "disconnect", " ").code == 2
    add_account(at_home.app, at_home.workspace, "bea")
    both = treadle.json("accounts", "show", "bea", code=2)
    assert (both["error"], id_ in both["message"]) == ("invalid_request", True)
    assert treadle.json("accounts", "show", at_home.other_account, code=1)["error"] == "not_found"


def test_a_disconnected_account_is_looked_at_and_not_sent_to(treadle: Terminal, four: dict[str, str]) -> None:
    assert treadle.json("accounts", "show", "cleo")["connected"] is False
    assert "accounts reconnect @cleo" in treadle("accounts", "show", "cleo").out
    assert treadle.json("accounts", "reconnect", "cleo")["id"].startswith("lnk_")
    assert treadle.json("publish", "Hello", "--account", "cleo", code=1)["error"] == "not_found"
    for command in ("recheck", "refresh", "quota", "disconnect"):
        refused = treadle.json("accounts", command, "cleo", code=1)
        assert (refused["error"], refused["pattern"]) == ("threads_refused", "account_disconnected")


@pytest.mark.parametrize("name", ["accounts", "blockers", "keys", "media", "posts", "unknown", "webhooks"])
def test_options_before_the_word_count_for_it(treadle: Terminal, at_home: Site, name: str) -> None:
    theirs = treadle.json(name, "list", "--workspace", at_home.other_workspace)
    said = treadle(name, "--workspace", at_home.other_workspace, "--json", "list")
    assert (said.code, said.out) == (0, treadle(name, "--workspace", at_home.other_workspace, "--json").out)
    assert treadle(name, "list", "--workspace", at_home.other_workspace, "--json").out == said.out
    assert "data" in theirs
    for words in ((name, "--workspace", "wsp_none", "list"), (name, "--workspace", "wsp_none")):
        assert treadle(*words).code == 2
        assert treadle.json(*words, code=2)["error"] == "not_found"


def test_what_one_command_was_asked_for_is_forgotten_by_the_next(treadle: Terminal, at_home: Site) -> None:
    assert treadle.json("accounts", "show", "nobody", code=1)["error"] == "not_found"
    assert not speaks_json()
    spoken = treadle("accounts", "show", "nobody")
    assert (spoken.code, spoken.out) == (1, "")


@pytest.mark.parametrize("words", [("accounts",), ("keys", "list"), ("posts",)], ids=" ".join)
def test_a_database_that_is_away_is_said_to_scripts_too(tmp_path: Path, words: tuple[str, ...]) -> None:
    for url, code, word in (("postgresql://a:b@127.0.0.1:1/c", 1, "unavailable"), ("nonsense", 2, "wrong_setting")):
        done = in_a_process(*words, "--json", env=environment(tmp_path, TREADLE_DATABASE_URL=url))
        said = json.loads(done.stdout)
        assert (done.returncode, said["error"]) == (code, word)
        assert said["message"] == " ".join(done.stderr.split())
