"""What Threads did not say is marked as assumed, and who somebody is, is said by the id."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from tests.treadle.accounts.conftest import row_of
from tests.treadle.accounts.test_token_refresh import ONE, add, fault, refreshes
from treadle.accounts import pages, refresh, storing
from treadle.accounts.service import Accounts
from treadle.accounts.timing import DAY_S
from treadle.accounts.tokens import KnownToken
from treadle.services import account_list
from treadle.services.accounts import AccountOut
from treadle_sandbox import Sandbox
from treadle_threads.values import Profile


async def test_a_refresh_that_says_no_end_is_marked_and_not_repeated(service: Accounts, sandbox: Sandbox) -> None:
    account = await add(service, sandbox)
    assert not row_of(service, account).token_expiry_assumed
    sandbox.control.advance(25 * DAY_S)
    same = service.vault.open(row_of(service, account).token_enc)  # only its life is prolonged
    fault(sandbox, status=200, body={"access_token": same, "token_type": "bearer"})
    refused = {"status": 400, "body": {"error": {"message": "no tester", "code": 100, "error_subcode": 10}}}
    sandbox.control.call("POST", "/faults", {"endpoint": "debug", "times": 9, "when": "before", "answer": refused})
    now = service.now()
    await refresh.refresh_due(service)
    row = row_of(service, account)
    assert row.token_expiry_assumed
    assert row.token_expires_at == row.token_issued_at + 60 * DAY_S
    assert 20 * DAY_S <= row.refresh_next_at - now <= 30 * DAY_S
    await refresh.refresh_due(service)
    assert refreshes(sandbox) == 1
    assert "token_expiry_assumed" in AccountOut.model_fields


def known(profile_id: str) -> KnownToken:
    profile = Profile(id=profile_id, username="ada", name="Ada", picture_url=None, biography="", is_verified=False)
    return KnownToken(SecretStr("TH"), profile, ("threads_basic", "threads_content_publish"), 0.0, None, None)


async def test_the_same_name_with_another_id_is_another_profile(service: Accounts) -> None:
    def connect(profile_id: str) -> storing.Stored:
        with service.db.begin() as conn:
            return storing.store(conn, service, ONE, known(profile_id), actor="test")

    old, new = connect("1001"), connect("1002")
    assert old.account_id != new.account_id
    assert [(one.threads_user_id, one.waiting) for one in new.namesakes] == [("1001", 0)]
    page = pages.connected(new, return_url=None, link_id="l")
    assert any("1001" in line and "1002" in line for line in page.todo), page.todo
    waiting = replace(new, namesakes=(replace(new.namesakes[0], waiting=3),))
    assert any("3 posts" in line for line in pages.connected(waiting, return_url=None, link_id="l").todo)
    assert any("threads_delete" in line for line in page.todo), "said before the first post is published"
    with service.db.read() as conn:
        listed = account_list.read(conn, ONE, "", service.now())
    assert [row.shares_name for row in listed.accounts] == [True, True]
    template = Path(account_list.__file__).parents[1] / "web" / "templates" / "accounts.html"
    assert "account.shares_name" in template.read_text(encoding="utf-8")
