"""The tools for assistants: keys and scopes, and nothing published without a person's yes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from mcp import Client
from mcp.types import ElicitResult

from tests.treadle.http.conftest import Site
from treadle.mcp.assistants import create_server
from treadle.store.tables import api_keys, posts


def states(site: Site) -> list[str]:
    with site.app.db.read() as conn:
        return list(conn.execute(sa.select(posts.c.state).order_by(posts.c.created_at)).scalars())


async def told(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return dict(result.structured_content)


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(result.content[0].text)  # type: ignore[union-attr]


async def test_a_person_is_asked_and_a_no_publishes_nothing(site: Site) -> None:
    asked: list[str] = []
    answers = [ElicitResult(action="decline"), ElicitResult(action="accept", content={"publish": True})]

    async def person(context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return answers[len(asked) - 1]

    server = create_server(site.app, site.keys["write"])
    async with Client(server, elicitation_callback=person) as client:
        no = await told(client, "publish", text="Hello from the assistant")
        assert (no["published"], states(site)) == (False, [])
        yes = await told(client, "publish", text="Hello from the assistant")
        assert yes["post"]["state"] == "publishing"
    assert states(site) == ["publishing"]
    assert "@ada" in asked[0]
    assert "Hello from the assistant" in asked[0]


async def test_without_a_way_to_ask_it_stays_a_draft(site: Site) -> None:
    async with Client(create_server(site.app, site.keys["write"])) as client:
        made = await told(client, "publish", text="Quietly", account="@ada")
        assert made["published"] is False
        assert "treadle posts confirm" in made["message"]
        needs = await told(client, "what_needs_me")
        assert [post["text"] for post in needs["drafts"]["posts"]] == ["Quietly"]
    assert states(site) == ["draft"]


async def test_confirmation_can_be_waived_by_whoever_starts_it(site: Site) -> None:
    async with Client(create_server(site.app, site.keys["write"], confirm=False)) as client:
        first = await told(client, "publish", text="At once", idempotency_key="one")
        again = await told(client, "publish", text="At once", idempotency_key="one")
    assert first["post"]["id"] == again["post"]["id"]
    assert states(site) == ["publishing"]


async def test_scopes_and_workspaces_hold(site: Site) -> None:
    async with Client(create_server(site.app, site.keys["read"])) as client:
        assert "scope 'write'" in await refused(client, "publish", text="x")
        assert [a["username"] for a in (await told(client, "accounts"))["accounts"]] == ["ada"]
    async with Client(create_server(site.app, site.keys["other"])) as client:
        assert [a["username"] for a in (await told(client, "accounts"))["accounts"]] == ["eve"]
        assert "Connected here: @eve" in await refused(client, "check", text="x", account=site.account)
    async with Client(create_server(site.app, "trd_wrong")) as client:
        assert "not valid" in await refused(client, "diagnose_answer", answer="190")


async def test_a_revoked_key_ends_at_once(site: Site) -> None:
    async with Client(create_server(site.app, site.keys["read"])) as client:
        await told(client, "accounts")
        with site.app.db.begin() as conn:
            conn.execute(sa.update(api_keys).values(revoked_at=site.app.now()))
        assert "not valid" in await refused(client, "accounts")


async def test_check_diagnose_and_explain(site: Site) -> None:
    async with Client(create_server(site.app, site.keys["write"])) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert names == {"accounts", "check", "publish", "explain", "diagnose_answer", "what_needs_me"}
        wrong = await told(client, "check", text="x" * 501)
        assert (wrong["ok"], wrong["findings"][0]["field"]) == (False, "text")
        assert "text" in await refused(client, "publish", text="x" * 501)
        found = await told(client, "diagnose_answer", answer='{"error": {"code": 190, "error_subcode": 463}}')
        assert found["action"] == "reconnect"
        page = await told(client, "explain", what="token is invalid")
        assert page["id"] == "token_is_invalid"
        assert "no pattern" in await refused(client, "explain", what="bad weather")
        made = await told(client, "publish", text="A draft")
        told_of = await told(client, "explain", what=made["post"]["id"])
        assert told_of["post"]["state"] == "draft"
        assert told_of["timeline"]
