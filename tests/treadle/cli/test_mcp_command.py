"""``treadle mcp`` as an assistant starts it: a process that speaks on its standard input and output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, TextContent

from tests.support.folders import settings_in
from tests.treadle.cli.ready import treadle
from tests.treadle.cli.servers import environment
from treadle.app import DEFAULT_WORKSPACE, open_app
from treadle.people.keys import create_key


def key_of(folder: Path) -> str:
    app = open_app(settings_in(folder))
    with app.db.begin() as conn:
        _, secret = create_key(conn, DEFAULT_WORKSPACE, "assistant", ["read"], app.now())
    app.close()
    return secret


def text_of(result: CallToolResult) -> str:
    first = result.content[0]
    assert isinstance(first, TextContent)
    return first.text


async def test_an_assistant_speaks_with_it(tmp_path: Path) -> None:
    env = environment(tmp_path, TREADLE_KEY=key_of(tmp_path))
    server = StdioServerParameters(command=sys.executable, args=["-m", "treadle", "mcp"], env=env, cwd=tmp_path)
    async with Client(server) as client:
        assert {"publish", "check", "explain"} <= {tool.name for tool in (await client.list_tools()).tools}
        result = await client.call_tool("diagnose_answer", {"answer": '{"error": {"code": 190}}'})
        assert not result.is_error
        assert (result.structured_content or {})["lane"] == "meta_token"
        told = await client.call_tool("explain", {"what": "token is invalid"})
        assert (told.structured_content or {})["id"] == "token_is_invalid"
        refused = await client.call_tool("publish", {"text": "x"})
        assert refused.is_error
        assert "it needs the scope 'write'" in text_of(refused)
        for tool, arguments, words in (
            ("explain", {}, "The argument 'what' is missing."),
            ("diagnose_answer", {"answer": "x", "http_status": "many"}, "The argument 'http_status' is wrong"),
            ("publish", {"text": "x", "publish_a": "2027-01-01T00:00:00Z"}, "has no argument 'publish_a'"),
        ):
            wrong = await client.call_tool(tool, arguments)
            assert wrong.is_error
            text = text_of(wrong)
            assert words in text
            assert not any(raw in text for raw in ("pydantic", "validation error", "\n"))


@pytest.mark.parametrize("key", ["", "trd_wrong"])
def test_without_a_good_key_it_says_so(tmp_path: Path, key: str) -> None:
    done = treadle("mcp", env=environment(tmp_path, TREADLE_KEY=key), stdin="")
    assert done.returncode == 1
    assert "treadle keys create" in done.stderr
    assert done.stdout == ""


def test_the_tools_as_json(tmp_path: Path) -> None:
    os.makedirs(tmp_path, exist_ok=True)
    done = treadle("mcp", "--json", env=environment(tmp_path))
    assert done.returncode == 0, done.stderr
    assert {tool["name"] for tool in json.loads(done.stdout)} >= {"publish", "what_needs_me"}


def test_it_starts_without_the_queue_of_runs(tmp_path: Path) -> None:
    """Which is a sixth of the start; a tool that may store a post loads it."""
    env = environment(tmp_path)
    assert treadle("mcp", "--json", env=env).returncode == 0  # makes the database, by DBOS's own migration
    words = [sys.executable, "-X", "importtime", "-m", "treadle", "mcp", "--json"]
    done = subprocess.run(words, env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "treadle.engine.dbos_queue" in loaded
    assert "dbos" not in loaded
