"""Connecting through Meta's window and by a token, and every way it can be refused."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from tests.treadle.accounts.conftest import Enqueued, ServiceMaker, change_types, row_of
from treadle.accounts import connect, links
from treadle.accounts.links import Link
from treadle.accounts.pages import ConnectPage
from treadle.accounts.service import Accounts
from treadle.accounts.storing import Stored
from treadle.accounts.tokens import Unknown
from treadle.domain.refusal import Refusal
from treadle.store import Database
from treadle.store.tables import blockers, parts, post_blockers, posts, workspaces
from treadle_diagnosis import diagnose
from treadle_sandbox import Sandbox
from treadle_threads.media.guard import Trust
from treadle_threads.net.session import guarded_session

ONE = "wsp_one"


def make_link(service: Accounts, **more: Any) -> Link:
    with service.db.begin() as conn:
        made = links.create(conn, service.settings, ONE, now=service.now(), **more)
    assert isinstance(made, Link), made
    return made


async def press(service: Accounts, link: Link, account: str, **query: str) -> ConnectPage:
    """Everything a browser does: the landing page, Meta's window, the way back."""
    token = link.url.rsplit("/", 1)[1]
    landing = await connect.land(service, token)
    if isinstance(landing, ConnectPage):
        return landing
    async with guarded_session(Trust.OPERATOR) as browser:
        where = await connect.go(service, token, browser)
        if isinstance(where, ConnectPage):
            return where
        async with browser.get(where, params={"sandbox_account": account, **query}, allow_redirects=False) as answer:
            if answer.status != 302:
                return connect.explain(await answer.text())
            back = answer.headers["Location"]
    assert back.startswith("https://treadle.example/threads/callback?")
    return await connect.finish(service, dict(parse_qsl(urlsplit(back).query)), landing.cookie)


def waiting_post(
    service: Accounts, account_id: str, cause: dict[str, Any], *, due_at: float, late: float = 86_400
) -> str:
    """A post blocked behind the account."""
    with service.db.begin() as conn:
        user = conn.execute(sa.text("SELECT threads_user_id FROM accounts WHERE id = :id"), {"id": account_id}).scalar()
        post_id = f"pst_{due_at:.0f}"
        conn.execute(
            sa.insert(posts).values(
                id=post_id, workspace_id=ONE, account_id=account_id, state="blocked", due_at=due_at, max_lateness=late,
                created_at=due_at, updated_at=due_at,
            )
        )  # fmt: skip
        conn.execute(
            sa.insert(parts).values(
                id=f"prt_{due_at:.0f}", post_id=post_id, workspace_id=ONE, account_id=account_id, threads_user_id=user,
                position=0, kind="TEXT", body={"text": "hi"},
            )
        )  # fmt: skip
        blocker = service.block(
            conn, diagnose(cause), scope="account", key=account_id, workspace_id=ONE, now=service.now()
        )
        conn.execute(sa.insert(post_blockers).values(post_id=post_id, blocker_id=blocker))
    return post_id


DEAD = {"error": {"code": 190, "error_subcode": 463, "message": "Error validating access token: Session has expired"}}


async def test_a_link_connects_an_account_with_a_long_lived_token(service: Accounts) -> None:
    page = await press(service, make_link(service), "ada")
    assert page.ok, page
    row = row_of(service, str(page.account_id))
    assert row.username == "ada"
    assert row.health == "active"
    assert row.token_expires_at - row.token_issued_at > 59 * 86_400
    assert {"threads_basic", "threads_content_publish"} <= set(row.scopes)
    assert change_types(service) == ["account.connected"]
    token = service.vault.open(row.token_enc)
    assert token.encode() not in row.token_enc


NO_TESTER = {
    "status": 400,
    "body": {
        "error": {
            "message": "This action requires the threads_basic permission. You must submit for app review, or your "
            "user must be in the list of Threads testers.",
            "type": "THApiException",
            "code": 100,
            "is_transient": False,
            "error_subcode": 10,
        }
    },
}


async def test_scopes_that_threads_does_not_confirm_are_marked_as_asked_for(
    service: Accounts, sandbox: Sandbox
) -> None:
    """``debug_token`` is answered to testers of the app only: an ordinary owner's token cannot inspect itself."""
    rule = {"endpoint": "debug", "times": None, "when": "before", "answer": NO_TESTER}
    fault_id = sandbox.control.call("POST", "/faults", rule)["id"]
    page = await press(service, make_link(service), "ada")
    assert page.ok, page
    row = row_of(service, str(page.account_id))
    assert {"threads_basic", "threads_content_publish"} <= set(row.scopes)
    assert not row.scopes_confirmed
    assert row.grant_expires_at is None
    assert row.health == "active"
    with service.db.read() as conn:
        assert conn.execute(sa.select(blockers.c.pattern)).scalars().all() == []

    sandbox.control.call("DELETE", f"/faults/{fault_id}")
    assert (await press(service, make_link(service), "ada")).ok
    assert row_of(service, str(page.account_id)).scopes_confirmed


async def test_a_link_is_good_for_one_connection(service: Accounts) -> None:
    link = make_link(service)
    assert (await press(service, link, "ada")).ok
    again = await press(service, link, "ada")
    assert (again.ok, again.pattern, again.status) == (False, "link_used", 410)


async def test_a_link_expires(service: Accounts, sandbox: Sandbox) -> None:
    link = make_link(service, life_s=3600.0)
    sandbox.control.advance(3601)
    assert (await press(service, link, "ada")).pattern == "link_expired"


async def test_whoever_opened_in_time_may_finish(service: Accounts, sandbox: Sandbox) -> None:
    token = make_link(service, life_s=3600.0).url.rsplit("/", 1)[1]
    sandbox.control.advance(3500)
    landing = await connect.land(service, token)
    sandbox.control.advance(200)
    assert not isinstance(landing, ConnectPage)
    with service.db.read() as conn:
        assert links.state_of(links.find(conn, token), service.now()) == "open"


async def test_a_made_up_state_connects_nothing(service: Accounts) -> None:
    page = await connect.finish(service, {"code": "x", "state": "made-up"}, "cookie")
    assert page.pattern == "link_unknown"
    assert change_types(service) == []


@pytest.mark.parametrize("cookie", [None, "", "somebody-elses"])
async def test_another_browser_cannot_finish(service: Accounts, cookie: str | None) -> None:
    token = make_link(service).url.rsplit("/", 1)[1]
    await connect.land(service, token)
    page = await connect.finish(service, {"code": "AQB", "state": token}, cookie)
    assert page.pattern == "link_other_browser"
    assert change_types(service) == []


async def test_a_no_ends_on_a_page_and_the_link_can_be_pressed_again(service: Accounts) -> None:
    link = make_link(service)
    page = await press(service, link, "ada", sandbox_consent="deny")
    assert (page.ok, page.pattern) == (False, "user_denied")
    assert page.retry_url == link.url
    assert page.todo
    landing = await connect.land(service, link.url.rsplit("/", 1)[1])
    assert not isinstance(landing, ConnectPage)
    assert landing.last is not None
    assert landing.last["page"]["pattern"] == "user_denied"
    assert (await press(service, link, "ada")).ok


async def test_a_refusal_without_state_is_explained_too(service: Accounts) -> None:
    page = await connect.finish(
        service, {"error_code": "1349168", "error_message": "URL Blocked: This redirect failed"}, None
    )
    assert page.pattern == "redirect_uri_not_allowed"


async def test_the_wrong_kind_of_app_id_is_noticed_before_the_window(service: Accounts) -> None:
    service.settings = service.settings.model_copy(update={"threads_app_id": "999"})
    page = await press(service, make_link(service), "ada")
    assert (page.ok, page.pattern) == (False, "wrong_app_id")
    assert any("the administrator of this server" in step for step in page.todo)


async def test_an_unlisted_redirect_address_is_noticed_before_the_window(service: Accounts, sandbox: Sandbox) -> None:
    sandbox.control.app(redirect_uris=["https://elsewhere.example/cb"])
    page = await press(service, make_link(service), "ada")
    assert page.pattern == "redirect_uri_not_allowed"


async def test_a_tester_who_did_not_accept(service: Accounts, sandbox: Sandbox) -> None:
    sandbox.control.app(mode="development")
    sandbox.control.account("ada", tester="invited")
    page = await press(service, make_link(service), "ada")
    assert (page.ok, page.pattern) == (False, "tester_invite_pending")


async def test_a_person_without_a_threads_profile(service: Accounts, sandbox: Sandbox) -> None:
    sandbox.control.account("ada", has_threads_profile=False)
    page = await press(service, make_link(service), "ada")
    assert page.pattern == "no_threads_profile"


async def test_a_wrong_app_secret(service: Accounts) -> None:
    service.settings = service.settings.model_copy(update={"threads_app_secret": SecretStr("wrong")})
    page = await press(service, make_link(service), "ada")
    assert page.pattern == "client_secret_wrong"
    assert change_types(service) == []


async def test_no_app_at_all(service: Accounts) -> None:
    service.settings = service.settings.model_copy(update={"threads_app_id": ""})
    page = await press(service, make_link(service), "ada")
    assert (page.pattern, page.status) == ("app_not_configured", 503)


async def test_a_code_used_twice(service: Accounts) -> None:
    token = make_link(service).url.rsplit("/", 1)[1]
    landing = await connect.land(service, token)
    assert not isinstance(landing, ConnectPage)
    page = await connect.finish(service, {"code": "AQBused", "state": token}, landing.cookie)
    assert page.pattern == "authorization_code_used"


async def test_another_profile_than_the_one_to_be_reconnected(service: Accounts) -> None:
    first = await press(service, make_link(service), "ada")
    link = make_link(service, account_id=first.account_id)
    page = await press(service, link, "bob")
    assert (page.ok, page.pattern, page.status) == (False, "different_profile", 409)
    assert "@ada" in page.happened
    assert "@bob" in page.happened
    assert row_of(service, str(first.account_id)).username == "ada"
    assert (await press(service, link, "ada")).ok


async def test_reconnecting_says_what_it_will_send_and_sends_it(
    service: Accounts, sandbox: Sandbox, enqueued: Enqueued
) -> None:
    page = await press(service, make_link(service), "ada")
    account = str(page.account_id)
    now = service.now()
    soon = waiting_post(service, account, DEAD, due_at=now - 60)
    old = waiting_post(service, account, DEAD, due_at=now - 200_000)
    link = make_link(service, account_id=account)
    landing = await connect.land(service, link.url.rsplit("/", 1)[1])
    assert not isinstance(landing, ConnectPage)
    assert (landing.sends, landing.holds, landing.reconnects) == ((soon,), (old,), "ada")
    page = await press(service, link, "ada")
    assert page.ok
    assert enqueued.posts == [soon]
    assert page.facts["released"] == [soon]
    with service.db.read() as conn:
        states = {row.id: row.state for row in conn.execute(sa.select(posts.c.id, posts.c.state))}
        assert conn.execute(sa.select(blockers.c.repaired_by)).scalars().all() == ["reconnect"]
    assert states == {soon: "publishing", old: "held"}
    assert change_types(service).count("account.reconnected") == 1


async def test_a_missing_permission_is_said_and_holds_the_account(service: Accounts, enqueued: Enqueued) -> None:
    page = await press(service, make_link(service), "ada", sandbox_scope="threads_basic")
    assert page.ok
    assert page.facts["missing"] == ["threads_content_publish"]
    row = row_of(service, str(page.account_id))
    assert row.health == "limited"
    assert row.health_cause["pattern"] == "permission_not_granted"
    with service.db.read() as conn:
        assert conn.execute(sa.select(blockers.c.pattern)).scalars().all() == ["permission_not_granted"]
    link = make_link(service, account_id=page.account_id)
    assert (await press(service, link, "ada")).ok
    assert row_of(service, str(page.account_id)).health == "active"
    with service.db.read() as conn:
        assert conn.execute(sa.select(blockers.c.repaired_at)).scalar() is not None


async def test_the_return_address_gets_the_outcome(service: Accounts) -> None:
    with service.db.begin() as conn:
        conn.execute(sa.update(workspaces).values(options={"return_addresses": ["https://shop.example/app"]}))
    link = make_link(service, return_url="https://shop.example/app/done?x=1")
    page = await press(service, link, "ada")
    assert page.return_url == (
        f"https://shop.example/app/done?x=1&status=connected&account_id={page.account_id}&link_id={link.id}"
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/app",
        "https://shop.example.evil.example/app",
        "https://shop.example/application",
        "https://shop.example/app/../admin",
        "https://shop.example/app/%2e%2e/admin",
        "https://user@shop.example/app",
        "https://shop.example:8443/app",
        "http://shop.example/app",
        "//shop.example/app",
        "javascript:alert(1)",
        "https://shop.example\\@evil.example/app",
        "https://[::1",
        "",
    ],
)
async def test_a_return_address_outside_the_list_is_refused(service: Accounts, address: str) -> None:
    with service.db.begin() as conn:
        conn.execute(sa.update(workspaces).values(options={"return_addresses": ["https://shop.example/app"]}))
        refusal = links.create(conn, service.settings, ONE, now=service.now(), return_url=address)
    assert isinstance(refusal, Refusal)
    assert refusal.field == "return_url"


async def test_links_of_other_workspaces_accounts_cannot_be_made(service: Accounts) -> None:
    page = await press(service, make_link(service), "ada")
    with service.db.begin() as conn:
        refusal = links.create(conn, service.settings, "wsp_two", now=service.now(), account_id=page.account_id)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 404


async def test_a_dashboard_token_is_long_lived_already(service: Accounts, sandbox: Sandbox) -> None:
    made = sandbox.control.token("ada")
    stored = await connect.add_token(service, ONE, SecretStr(f' "{made["access_token"]}"\n'), actor="cli")
    assert isinstance(stored, Stored), stored
    assert stored.kind == "new"
    row = row_of(service, stored.account_id)
    assert service.vault.open(row.token_enc) == made["access_token"]
    asked = requests(sandbox)
    assert asked
    assert not [r for r in asked if "/access_token" in r and "oauth" not in r]


async def test_a_short_token_is_exchanged(service: Accounts, sandbox: Sandbox) -> None:
    made = sandbox.control.token("ada", kind="short")
    stored = await connect.add_token(service, ONE, SecretStr(made["access_token"]), actor="cli")
    assert isinstance(stored, Stored), stored
    row = row_of(service, stored.account_id)
    assert service.vault.open(row.token_enc) != made["access_token"]
    assert row.token_expires_at - service.now() > 59 * 86_400


@pytest.mark.parametrize(("token", "pattern"), [("", "token_not_sent"), ("EAAGnot-a-threads-token", None), ("x", None)])
async def test_a_token_that_is_none(service: Accounts, token: str, pattern: str | None) -> None:
    answer = await connect.add_token(service, ONE, SecretStr(token), actor="cli")
    assert isinstance(answer, Unknown)
    assert pattern is None or answer.diagnosis.pattern == pattern
    assert answer.diagnosis.lane in ("meta_token", "request_bug")


async def test_a_token_of_another_profile_does_not_replace_this_one(service: Accounts, sandbox: Sandbox) -> None:
    ada = await connect.add_token(service, ONE, SecretStr(sandbox.control.token("ada")["access_token"]), actor="cli")
    assert isinstance(ada, Stored)
    bob = SecretStr(sandbox.control.token("bob")["access_token"])
    page = await connect.add_token(service, ONE, bob, actor="cli", account_id=ada.account_id)
    assert isinstance(page, ConnectPage)
    assert page.pattern == "different_profile"
    assert "this token belongs to" in page.happened


async def test_threads_down_while_connecting_is_no_verdict_on_anybody(service: Accounts, sandbox: Sandbox) -> None:
    sandbox.control.call(
        "POST", "/faults", {"endpoint": "token", "times": 50, "when": "before", "answer": {"drop": True}}
    )
    page = await press(service, make_link(service), "ada")
    assert not page.ok
    assert page.retry_url
    assert change_types(service) == []


def requests(sandbox: Sandbox) -> list[str]:
    return [str(entry["path"]) for entry in sandbox.control.call("GET", "/requests")["data"]]


async def test_a_code_that_comes_back_twice_connects_once(service: Accounts) -> None:
    token = make_link(service).url.rsplit("/", 1)[1]
    landing = await connect.land(service, token)
    assert not isinstance(landing, ConnectPage)
    async with guarded_session(Trust.OPERATOR) as browser:
        where = await connect.go(service, token, browser)
        assert isinstance(where, str)
        async with browser.get(where, params={"sandbox_account": "ada"}, allow_redirects=False) as answer:
            query = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    pages = await asyncio.gather(*(connect.finish(service, query, landing.cookie) for _ in range(4)))
    assert [page.ok for page in pages].count(True) == 1
    assert change_types(service) == ["account.connected"]


async def test_one_profile_added_many_times_at_once_is_one_account(
    make_service: ServiceMaker, any_db: Database, sandbox: Sandbox
) -> None:
    service = make_service(any_db)
    token = SecretStr(sandbox.control.token("ada")["access_token"])
    made = await asyncio.gather(*(connect.add_token(service, ONE, token, actor="cli") for _ in range(6)))
    assert all(isinstance(one, Stored) for one in made)
    assert len({one.account_id for one in made if isinstance(one, Stored)}) == 1
    assert sorted(change_types(service)) == ["account.connected"] + ["account.reconnected"] * 5


async def test_a_scanner_that_opens_the_link_meanwhile_does_not_lock_the_person_out(service: Accounts) -> None:
    token = make_link(service).url.rsplit("/", 1)[1]
    landing = await connect.land(service, token)
    assert not isinstance(landing, ConnectPage)
    await connect.land(service, token)
    page = await connect.finish(service, {"code": "AQBwrong", "state": token}, landing.cookie)
    assert page.pattern == "authorization_code_used"


async def test_the_page_of_this_server_may_always_be_returned_to(service: Accounts) -> None:
    own = f"{service.settings.public_url}/accounts"
    with service.db.begin() as conn:
        conn.execute(sa.update(workspaces).values(options={"return_addresses": ["https://shop.example/app"]}))
        near = links.create(conn, service.settings, ONE, now=service.now(), return_url=f"{own}.evil.example")
    assert isinstance(near, Refusal)
    page = await press(service, make_link(service, return_url=own), "ada")
    assert page.return_url is not None
    assert page.return_url.startswith(f"{own}?status=connected&account_id={page.account_id}")
