"""The doctor: each line fine, or what to do."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from tests.treadle.accounts.conftest import row_of
from treadle.accounts import connect
from treadle.accounts.service import Accounts
from treadle.accounts.storing import Stored
from treadle.services import doctor
from treadle.services.doctor import Line
from treadle.store import migrate
from treadle.store.tables import accounts, parts, posts
from treadle_diagnosis import from_pattern
from treadle_sandbox import Sandbox
from treadle_threads.media.guard import Trust
from treadle_threads.net.session import guarded_session


@pytest.fixture(autouse=True)
def up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """These databases are made from the tables, without Alembic's own."""
    monkeypatch.setattr(migrate, "versions", lambda _: ("0001", "0001"))


async def look(service: Accounts, *, network: bool = True) -> dict[str, Line]:
    async with guarded_session(Trust.OPERATOR) as session:
        return {line.name: line for line in await doctor.examine(service, session, network=network)}


async def test_a_good_set_up(service: Accounts, sandbox: Sandbox) -> None:
    stored = await connect.add_token(
        service, "wsp_one", SecretStr(sandbox.control.token("ada")["access_token"]), actor="cli"
    )
    assert isinstance(stored, Stored)
    lines = await look(service)
    for name in ("Database", "Encryption keys", "Stored secrets", "Public address", "Threads app", "Id and secret",
                 "Authorization window", "App mode", "Callbacks", "Account @ada"):  # fmt: skip
        assert lines[name].verdict == "fine", lines[name]
    assert "https://treadle.example/threads/callback" in lines["Public address"].found
    assert lines["Worker"].verdict == "look"
    text = str([line.to_json() for line in lines.values()])
    assert sandbox.app.secret not in text
    assert service.vault.open(row_of(service, stored.account_id).token_enc) not in text


async def test_the_apps_other_pair_is_noticed(service: Accounts) -> None:
    service.settings = service.settings.model_copy(update={"threads_app_id": "99999"})
    lines = await look(service)
    assert (lines["Id and secret"].verdict, lines["Authorization window"].pattern) == ("broken", "wrong_app_id")


async def test_a_wrong_secret_is_noticed(service: Accounts) -> None:
    service.settings = service.settings.model_copy(update={"threads_app_secret": SecretStr("f" * 32)})
    assert (await look(service))["Id and secret"].pattern == "client_secret_wrong"


async def test_an_unlisted_redirect_is_noticed(service: Accounts, sandbox: Sandbox) -> None:
    sandbox.control.app(redirect_uris=["https://elsewhere.example/"])
    line = (await look(service))["Authorization window"]
    assert (line.verdict, line.pattern) == ("broken", "redirect_uri_not_allowed")


@pytest.mark.parametrize(
    ("changed", "name", "verdict"),
    [
        ({"threads_app_id": "", "threads_app_secret": SecretStr("")}, "Threads app", "look"),
        ({"threads_app_id": ""}, "Threads app", "broken"),
        ({"threads_app_id": "my app"}, "Threads app", "broken"),
        ({"threads_app_secret": SecretStr("short")}, "Threads app", "look"),
        ({"public_url": "http://treadle.example"}, "Public address", "broken"),
        ({"public_url": "http://127.0.0.1:8700"}, "Public address", "look"),
        ({"public_url": "https://treadle.example/app"}, "Public address", "look"),
    ],
)
async def test_settings_that_cannot_work(
    service: Accounts, changed: dict[str, object], name: str, verdict: str
) -> None:
    service.settings = service.settings.model_copy(update=changed)
    line = (await look(service, network=False))[name]
    assert line.verdict == verdict
    assert line.todo


async def test_threads_out_of_reach(service: Accounts, sandbox: Sandbox) -> None:
    await sandbox.stop()
    lines = await look(service)
    assert lines["Threads and clock"].verdict == "broken"
    assert lines["Id and secret"].verdict == "unknown"


async def test_a_clock_that_is_wrong(service: Accounts) -> None:
    service.now = time.time
    assert (await look(service))["Threads and clock"].verdict == "fine"
    service.now = lambda: time.time() - 7200
    line = (await look(service))["Threads and clock"]
    assert line.verdict == "broken"
    assert "slow" in line.found


async def test_permissions_are_held_against_what_is_scheduled(service: Accounts, sandbox: Sandbox) -> None:
    token = sandbox.control.token("ada", scopes=["threads_basic", "threads_content_publish"])["access_token"]
    stored = await connect.add_token(service, "wsp_one", SecretStr(token), actor="cli")
    assert isinstance(stored, Stored)
    with service.db.begin() as conn:
        conn.execute(
            sa.insert(posts).values(
                id="pst_1", workspace_id="wsp_one", account_id=stored.account_id, state="scheduled", due_at=9e9,
                max_lateness=1.0, created_at=0.0, updated_at=0.0,
            )
        )  # fmt: skip
        conn.execute(
            sa.insert(parts).values(
                id="prt_1", post_id="pst_1", workspace_id="wsp_one", account_id=stored.account_id, threads_user_id="1",
                position=0, kind="TEXT", body={"options": {"location_id": "9"}},
            )
        )  # fmt: skip
    line = (await look(service, network=False))["Account @ada"]
    assert line.verdict == "broken"
    assert "threads_location_tagging" in line.found


async def test_what_the_answers_told_of_the_app(service: Accounts) -> None:
    with service.db.begin() as conn:
        service.block(
            conn, from_pattern("app_in_development"), scope="app", key="1", workspace_id="wsp_one", now=service.now()
        )
    line = (await look(service, network=False))["App mode"]
    assert (line.verdict, line.pattern) == ("broken", "app_in_development")


async def test_a_key_that_is_missing_and_rights_that_are_open(service: Accounts, sandbox: Sandbox) -> None:
    stored = await connect.add_token(
        service, "wsp_one", SecretStr(sandbox.control.token("ada")["access_token"]), actor="cli"
    )
    assert isinstance(stored, Stored)
    with service.db.begin() as conn:
        conn.execute(sa.update(accounts).values(token_enc=b"gAAAAA-not-ours"))
    assert service.vault.path is not None
    service.vault.path.chmod(0o644)
    lines = await look(service, network=False)
    assert lines["Stored secrets"].verdict == "broken"
    assert lines["Encryption keys"].todo.startswith("chmod 600")
    assert doctor.worst(list(lines.values())) == "broken"


async def test_many_accounts_that_are_well_share_a_line(service: Accounts) -> None:
    now = service.now()
    with service.db.begin() as conn:
        for n in range(doctor.WELL_MOST + 3):
            ill = n in (5, 7)
            conn.execute(
                sa.insert(accounts).values(
                    id=f"acc_{n}", workspace_id="wsp_two" if n == 5 else "wsp_one", threads_user_id=str(n),
                    username=f"user{n:02}", health="reconnect" if ill else "active", created_at=now, updated_at=now,
                    token_expires_at=now + (n + 20) * 86_400,
                )
            )  # fmt: skip
    everywhere = await look(service, network=False)
    assert [name for name in everywhere if "ccount" in name] == ["Account @user05", "Account @user07", "Other accounts"]
    assert everywhere["Other accounts"].found.startswith(
        "41 accounts are healthy; the first access token to expire has 20 d"
    )
    async with guarded_session(Trust.OPERATOR) as session:
        ours = await doctor.examine(service, session, network=False, workspace="wsp_two")
    assert [line.name for line in ours if "ccount" in line.name] == ["Account @user05"]


async def test_accounts_are_asked_about_all_at_once(service: Accounts) -> None:
    now, asked = service.now(), 0

    def count(*_: object) -> None:
        nonlocal asked
        asked += 1

    async def questions(accounts_there: int) -> int:
        nonlocal asked
        with service.db.begin() as conn:
            for n in range(accounts_there):
                row = {"id": f"acc_{now}_{accounts_there}_{n}", "threads_user_id": f"{accounts_there}{n:04}"}
                conn.execute(sa.insert(accounts).values(workspace_id="wsp_one", created_at=now, updated_at=now, **row))
        asked = 0
        await look(service, network=False)
        return asked

    sa.event.listen(service.db.engine, "before_cursor_execute", count)
    assert await questions(1) == await questions(30)


async def test_a_misspelled_variable_is_pointed_out(service: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREADLE_PUBLC_URL", "https://treadle.example")
    monkeypatch.setenv("TREADLE_PORT_8700_TCP", "tcp://10.0.0.1:8700")  # what Kubernetes sets for a service
    line = (await look(service, network=False))["Setting names"]
    assert line.verdict == "look"
    assert "'public_url'" in line.found
    assert "8700" not in line.found
