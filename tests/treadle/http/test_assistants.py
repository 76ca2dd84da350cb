"""The tools for assistants: keys and scopes, and nothing published without a person's yes."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
import sqlalchemy as sa
from mcp import Client
from mcp.types import ElicitResult

from tests.treadle.http.conftest import Site
from treadle.mcp import assistants_acts
from treadle.mcp.assistants import create_server
from treadle.store.tables import api_keys, parts, posts


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
        old = {"accounts", "check", "publish", "explain", "diagnose_answer", "what_needs_me"}
        assert names == old | {"list", "cancel", "edit", "retry", "resolve"}
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


class Person:
    """Somebody in front of an assistant's window: what they were asked, and whether they agree."""

    def __init__(self, agrees: bool) -> None:
        self.agrees, self.asked = agrees, list[str]()

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        self.asked.append(params.message)
        answer = "agree" if "agree" in params.requested_schema["properties"] else "publish"
        return ElicitResult(action="accept", content={answer: self.agrees})


def add_draft(site: Site, **fields: Any) -> str:
    body = {"account_id": site.account, "text": "First words", "draft": True, **fields}
    made = site.client("write").post("/v1/posts", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def set_state(site: Site, post: str, state: str) -> None:
    with site.app.db.begin() as conn:
        conn.execute(sa.update(posts).where(posts.c.id == post).values(state=state))


ACTS: dict[str, dict[str, Any]] = {
    "cancel": {},
    "retry": {},
    "edit": {"changes": {"text": "Other words"}},
    "resolve": {"absent": True},
}


async def test_every_tool_says_whether_it_only_reads(site: Site) -> None:
    async with Client(create_server(site.app, site.keys["write"])) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert tools.keys() > {"publish", *ACTS}
    for name, tool in tools.items():
        hints = tool.annotations
        assert hints is not None
        writes = name in ("publish", *ACTS)
        assert hints.read_only_hint is not writes, name
        assert tool.title, name
        assert tool.description, name
        if writes:
            assert hints.destructive_hint is True, name
            assert hints.idempotent_hint is (name in ("cancel", "edit")), name
        described = tool.input_schema.get("properties", {})
        assert [field for field, schema in described.items() if not schema.get("description")] == [], name


async def test_posts_are_listed_by_state_account_and_words(site: Site) -> None:
    ids = [add_draft(site, text=f"Draft {n}", labels=["advent"]) for n in range(3)]
    add_draft(site, text="Something else")
    async with Client(create_server(site.app, site.keys["read"])) as client:
        page = await told(client, "list", state="draft", account="@ada", label="advent", limit=2)
        rest = await told(client, "list", state="draft", account="@ada", label="advent", limit=2, after=page["next"])
        assert [post["id"] for post in (*page["posts"], *rest["posts"])] == ids[::-1]
        assert rest["next"] is None
        assert [p["text"] for p in (await told(client, "list", words="something"))["posts"]] == ["Something else"]
        assert "no state 'lost'" in await refused(client, "list", state="lost")
        assert "@ada" in await refused(client, "list", account="@eve")
        assert "next" in await refused(client, "list", after="nonsense")
    async with Client(create_server(site.app, site.keys["other"])) as client:
        assert (await told(client, "list"))["posts"] == []


@pytest.mark.parametrize("act", ACTS)
async def test_nothing_is_done_to_a_post_without_a_yes(site: Site, act: str) -> None:
    post = add_draft(site, replies=[{"text": "Second part"}], metadata={"order": "4711"})
    set_state(site, post, "checking" if act == "resolve" else "failed" if act == "retry" else "draft")
    if act == "resolve":
        with site.app.db.begin() as conn:
            doubt = {"intent": "sent", "sends": 1, "unclear": True, "state": "checking", "container_id": "17"}
            conn.execute(sa.update(parts).where(parts.c.post_id == post, parts.c.position == 0).values(**doubt))
    before = site.client().get(f"/v1/posts/{post}").json()
    no = Person(agrees=False)
    async with Client(create_server(site.app, site.keys["write"]), elicitation_callback=no) as client:
        said = await told(client, act, post_id=post, **ACTS[act])
    assert said["done"] is False
    for shown in ("@ada", site.account, "Second part", "4711", "Other words" if act == "edit" else "First words"):
        assert shown in no.asked[0], act
    assert site.client().get(f"/v1/posts/{post}").json() == before
    if act != "edit":  # its change is kept for a person to approve instead
        async with Client(create_server(site.app, site.keys["write"])) as client:
            assert f"treadle posts {act} {post}" in await refused(client, act, post_id=post, **ACTS[act])
        assert site.client().get(f"/v1/posts/{post}").json() == before
    async with Client(create_server(site.app, site.keys["read"])) as client:
        assert "scope 'write'" in await refused(client, act, post_id=post, **ACTS[act])
    async with Client(create_server(site.app, site.keys["other"], confirm=False)) as client:
        assert "no such post" in await refused(client, act, post_id=post, **ACTS[act])


async def test_with_a_yes_a_post_is_changed_canceled_and_tried_again(site: Site) -> None:
    yes = Person(agrees=True)
    post = add_draft(site)
    async with Client(create_server(site.app, site.keys["write"]), elicitation_callback=yes) as client:
        changed = await told(client, "edit", post_id=post, changes={"text": "Other words", "labels": ["late"]})
        assert (changed["done"], changed["post"]["text"]) == (True, "Other words")
        assert site.client().get(f"/v1/posts/{post}").json()["labels"] == ["late"]
        assert "text" in await refused(client, "edit", post_id=post, changes={"text": "x" * 501})
        assert "Did you mean" in await refused(client, "edit", post_id=post, changes={"txt": "x"})
        assert (await told(client, "cancel", post_id=post))["post"]["state"] == "canceled"
        assert "nothing to retry" in await refused(client, "retry", post_id=post)
        failed = add_draft(site)
        set_state(site, failed, "failed")
        assert (await told(client, "retry", post_id=failed))["post"]["state"] == "publishing"
        assert "either" in await refused(client, "resolve", post_id=failed)
        assert "1 to 40 digits" in await refused(client, "resolve", post_id=failed, threads_id="https://x")
    assert len(yes.asked) == 3  # what would be refused is refused before anybody is asked


@pytest.mark.parametrize("act", ACTS)
async def test_nobody_is_asked_about_a_post_that_is_published_already(site: Site, act: str) -> None:
    post = add_draft(site)
    with site.app.db.begin() as conn:
        conn.execute(sa.update(posts).where(posts.c.id == post).values(state="published", published_at=1.0))
        live = {"state": "published", "published_at": 1.0, "threads_id": "18", "intent": "sent", "sends": 1}
        conn.execute(sa.update(parts).where(parts.c.post_id == post).values(**live))
    before = site.client().get(f"/v1/posts/{post}").json()
    yes = Person(agrees=True)
    async with Client(create_server(site.app, site.keys["write"]), elicitation_callback=yes) as client:
        assert await refused(client, act, post_id=post, **ACTS[act])
    assert yes.asked == []
    assert site.client().get(f"/v1/posts/{post}").json() == before


async def test_an_edit_by_an_assistant_that_cannot_ask_waits_for_approval(site: Site) -> None:
    body = {"account_id": site.account, "text": "First words", "publish_at": "2040-01-01T00:00:00Z"}
    post = site.client("write").post("/v1/posts", json=body).json()["id"]
    async with Client(create_server(site.app, site.keys["write"])) as client:
        said = await told(client, "edit", post_id=post, changes={"text": "Other words"})
    stored = site.client().get(f"/v1/posts/{post}").json()
    assert (said["done"], stored["text"], stored["approval"], stored["state"]) == (
        True,
        "Other words",
        "pending",
        "draft",
    )


class Meddler(Person):
    """Somebody who agrees, while another changes the post that they are shown first."""

    def __init__(self, site: Site, post: str) -> None:
        super().__init__(agrees=True)
        self.site, self.post = site, post

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        if not self.asked:
            changed = self.site.client("write").patch(f"/v1/posts/{self.post}", json={"labels": ["meddled"]})
            assert changed.status_code == 200, changed.text
        return await super().__call__(context, params)


@pytest.mark.parametrize("act", ["cancel", "retry", "edit"])
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_yes_is_to_the_post_that_was_shown(site: Site, act: str, mode: Literal["legacy", "auto"]) -> None:
    post = add_draft(site)
    if act == "retry":
        set_state(site, post, "failed")
    meddler = Meddler(site, post)
    server = create_server(site.app, site.keys["write"])
    async with Client(server, elicitation_callback=meddler, mode=mode) as client:
        done = await client.call_tool(act, {"post_id": post, **ACTS[act]})
    assert "meddled" not in meddler.asked[0]
    if mode == "auto":  # the question is not the same any more: it is asked again
        assert (done.is_error, len(meddler.asked), "meddled" in meddler.asked[-1]) == (False, 2, True)
    else:
        assert (done.is_error, len(meddler.asked)) == (True, 1)
        assert "was changed" in done.content[0].text  # type: ignore[union-attr]
        stored = site.client().get(f"/v1/posts/{post}").json()
        assert stored["text"] == "First words"
        assert act == "retry" or stored["state"] == "draft"


async def test_what_cannot_be_looked_for_is_refused_in_words(site: Site) -> None:
    async with Client(create_server(site.app, site.keys["read"])) as client:
        for name in ("words", "label"):
            assert name in await refused(client, "list", **{name: "x" * 60_000})
            assert "NUL" in await refused(client, "list", **{name: "a\0b"})


async def test_refusals_are_in_words_of_treadle_alone(site: Site) -> None:
    post = add_draft(site)

    async def odd(context: Any, params: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"agree": "perhaps"})

    async with Client(create_server(site.app, site.keys["write"]), elicitation_callback=odd) as client:
        assert (await refused(client, "cancel", post_id=post)).startswith("The person's answer is not one")
        assert (await refused(client, "cancel", post_id="pst_none")).startswith("There is no such post")
    assert states(site) == ["draft"]


async def test_a_defect_is_told_as_one_and_says_nothing_else(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret of the database")

    monkeypatch.setattr(assistants_acts, "list_posts", broken)
    async with Client(create_server(site.app, site.keys["read"])) as client:
        said = await refused(client, "list")
    assert said == "Something went wrong in Treadle. 'treadle mcp' writes what it was to its log."


async def test_prompts_name_tools_that_are_there_and_do_nothing_themselves(site: Site) -> None:
    async with Client(create_server(site.app, site.keys["read"])) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        prompts = {one.name: one for one in (await client.list_prompts()).prompts}
        assert set(prompts) == {"write_a_post", "why_not_published", "what_waits", "read_an_error"}
        given = {"text": "Hello", "account": "@ada", "post": "pst_1", "answer": '{"error": {"code": 190}}'}
        for name, prompt in prompts.items():
            assert prompt.title
            assert prompt.description
            arguments = {one.name: given[one.name] for one in prompt.arguments or ()}
            [message] = (await client.get_prompt(name, arguments)).messages
            text = message.content.text  # type: ignore[union-attr]
            assert all(value in text for value in arguments.values())
            assert set(re.findall(r"'([a-z]+(?:_[a-z]+)*)'", text)) - {"verify_first"} <= tools
    assert states(site) == []
