"""The client against the sandbox: every call, as a publisher makes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from treadle_sandbox import Sandbox
from treadle_threads import Lost, NotSent, Ok, Refused, Result, ThreadsClient, oauth
from treadle_threads.params import container_params


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(accounts=["ada"]) as one:
        yield one


@pytest.fixture
async def token(sandbox: Sandbox) -> str:
    return str(sandbox.control.token("ada")["access_token"])


@pytest.fixture
async def client(sandbox: Sandbox, token: str) -> AsyncIterator[ThreadsClient]:
    async with ThreadsClient(token, base_url=sandbox.url) as one:
        yield one


def value(result: Result[Any]) -> Any:
    assert isinstance(result, Ok), result
    return result.value


async def ready(client: ThreadsClient, sandbox: Sandbox, params: dict[str, str]) -> str:
    creation_id = value(await client.create_container(params))
    sandbox.control.advance(120)
    assert value(await client.container(creation_id)).status == "FINISHED"
    return str(creation_id)


async def test_a_post_from_container_to_permalink(client: ThreadsClient, sandbox: Sandbox) -> None:
    creation_id = await ready(client, sandbox, container_params("TEXT", text="Hello", options={"topic_tag": "weaving"}))
    published = value(await client.publish(creation_id, guard=lambda: True))
    assert value(await client.container(creation_id)).status == "PUBLISHED"
    media = value(await client.media(published.id))
    assert media.text == "Hello"
    assert media.permalink.startswith("https://")
    sandbox.control.advance(60)
    page = value(await client.list_threads(limit=5))
    assert [m.id for m in page.media] == [published.id]
    limit = value(await client.publishing_limit())
    assert (limit.posts_used, limit.posts_total, limit.replies_total) == (1, 250, 1000)


async def test_a_guard_keeps_the_sandbox_from_hearing_of_it(client: ThreadsClient, sandbox: Sandbox) -> None:
    creation_id = await ready(client, sandbox, container_params("TEXT", text="Hello"))
    assert isinstance(await client.publish(creation_id, guard=lambda: False), NotSent)
    assert value(await client.container(creation_id)).status == "FINISHED"


async def test_me_and_replies(client: ThreadsClient, sandbox: Sandbox) -> None:
    me = value(await client.me())
    assert me.username == "ada"
    root = value(await client.publish(await ready(client, sandbox, container_params("TEXT", text="root")))).id
    sandbox.control.advance(60)
    answer = container_params("TEXT", text="reply", options={"reply_to_id": root})
    reply = value(await client.publish(await ready(client, sandbox, answer))).id
    sandbox.control.advance(60)
    mine = value(await client.list_replies())
    assert [(m.id, m.replied_to, m.root_post) for m in mine.media] == [(reply, root, root)]
    assert [m.id for m in value(await client.replies(root)).media] == [reply]
    assert value(await client.conversation(root)).media
    value(await client.hide_reply(reply))
    reposted = value(await client.repost(root))
    assert reposted != root
    metrics = value(await client.media_insights(root))
    assert {m.name for m in metrics} >= {"views", "likes"}
    assert value(await client.user_insights("views,likes"))
    assert value(await client.search_locations("Menlo"))
    assert value(await client.delete(reply)).id == reply
    assert value(await client.list_ghost_posts()).media == ()


async def test_what_threads_refuses_is_kept_as_it_came(client: ThreadsClient, sandbox: Sandbox) -> None:
    result = await client.create_container({"media_type": "TEXT", "text": "x" * 501})
    assert isinstance(result, Refused)
    assert result.answer.body["error"]["message"] == "Param text must be at most 500 characters long."
    dead = client.with_token("THnot-a-token")
    refused = await dead.me()
    assert isinstance(refused, Refused)
    assert refused.answer.body["error"]["code"] == 190


async def test_the_whole_of_oauth(sandbox: Sandbox, client: ThreadsClient) -> None:
    app = sandbox.app
    secret = SecretStr(app.secret)
    assert value(await oauth.app_token(client, app_id=app.id, app_secret=secret)).secret.get_secret_value()
    short = SecretStr(sandbox.control.token("ada", kind="short")["access_token"])
    long = value(await oauth.exchange_long_lived(client, app_secret=secret, token=short))
    assert long.expires_in_s == pytest.approx(5_184_000, rel=0.01)
    again = await oauth.exchange_long_lived(client, app_secret=secret, token=long.secret)
    assert isinstance(again, Refused)
    assert again.answer.body["error"]["error_subcode"] == 4279019
    facts = value(await oauth.debug_token(client, token=long.secret, using=long.secret))
    assert facts.is_valid
    assert "threads_basic" in facts.scopes
    assert facts.user_id == sandbox.control.account("ada")["id"]
    assert isinstance(await oauth.refresh(client, token=long.secret), Refused)  # a day too young
    sandbox.control.advance(90_000)
    fresh = await oauth.refresh(client, token=long.secret)
    assert isinstance(fresh, Ok)
    assert fresh.value.secret.get_secret_value() not in repr(fresh)
    assert isinstance(await client.with_token(fresh.value.secret).me(), Ok)


async def test_a_wrong_code_keeps_its_secrets(sandbox: Sandbox, client: ThreadsClient) -> None:
    result = await oauth.exchange_code(
        client,
        app_id="1",
        app_secret=SecretStr("s3cr3t-of-the-app"),
        code="AQB-code#_",
        redirect_uri="https://a.example/",
    )
    assert isinstance(result, Refused)
    assert "s3cr3t" not in repr(result)
    assert "AQB" not in repr(result.call)


def test_the_authorize_window() -> None:
    url = oauth.authorize_url(
        client_id="1", redirect_uri="https://a.example/threads/callback", state="s t", scopes=["threads_delete"]
    )
    assert url == (
        "https://threads.net/oauth/authorize?client_id=1&redirect_uri=https%3A%2F%2Fa.example%2Fthreads%2Fcallback"
        "&scope=threads_basic%2Cthreads_delete&response_type=code&state=s%20t"
    )
    assert oauth.clean_code("AQB#_") == "AQB"


@pytest.mark.parametrize(("when", "went_out"), [("before", False), ("after", True)])
async def test_a_publish_whose_answer_is_lost_is_sent_once(
    client: ThreadsClient, sandbox: Sandbox, when: str, went_out: bool
) -> None:
    creation_id = await ready(client, sandbox, container_params("TEXT", text="Hello"))
    sandbox.control.call("POST", "/faults", {"endpoint": "publish", "times": 1, "when": when, "answer": {"drop": True}})
    assert isinstance(await client.publish(creation_id), Lost)
    status = value(await client.container(creation_id)).status
    assert status == ("PUBLISHED" if went_out else "FINISHED")
    sent = [r for r in sandbox.control.call("GET", "/requests")["data"] if "threads_publish" in str(r["path"])]
    assert len([r for r in sent if "limit" not in str(r["path"])]) == 1
